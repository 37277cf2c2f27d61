"""What people touch (ring: saas). Knows everything below; nothing below knows it.

Rooms: `cli` (commands: parse, call one method, print), `report` (maps and charts), `demo` (an invented city and a
tour of it). The environment and the terminal are read only here.
"""
