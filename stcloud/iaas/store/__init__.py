"""Where a city's bytes lie (ring: iaas, its lowest room).

Knows: stores (bytes by key, in a folder or in memory), the probe of what they promise, a city's folder with its locks
and working space, and errors of the operating system. Must not know: tables, source files, engines,
layers.

Nouns: `Store` (get, put, put_if_absent, list, delete), key, prefix, `LocalStore`, `MemoryStore`, `Folder` (a city's
place on disk), arrays kept in it, `storage_errors` (every refusal of the operating system as one kind of error).

Start reading at `model.py`, then `local.py` and `folder.py`. Every store passes ``tests/conformance/test_stores.py``.
"""
