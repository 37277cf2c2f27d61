"""What people touch (ring: saas). Knows everything below; nothing below knows it.

Rooms: `cli` (commands: parse, call one method, print), `report` (map pictures), `demo`. The environment and
the terminal are read only here.
"""
