"""Where a city's bytes lie (ring: iaas, its lowest room).

Knows: folders, files written whole or not at all, locks, and what the operating system says when it refuses.
Must not know: tables, source files, engines, layers.

Nouns: `Folder` (a city's place on disk), arrays kept beside it, `storage_errors` (every refusal of the operating
system as one kind of error).

Start reading at `folder.py`.
"""
