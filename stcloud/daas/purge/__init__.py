"""Purges (ring: daas): removal of persons' values and of expired rows, everywhere and for good.

Knows: which rows of a layer a purge is of, what lies where of them, how a purge is recorded and completed. Must not
know: how a filter is read (a function tests rows), how a question is answered.

Nouns: `PurgeScope` (what is removed), `PurgeRecord` (what was, without any value), `Purge` (one that is being done).
Start at `scope.py`, then `purge.py`.
"""
