"""Time-stamped layers (ring: daas).

Knows: definitions, cleaning, loads and their reckoning, what an event layer's table looks like, the two
clocks. Must not know: questions (paas), cities as a whole (city), commands and pages (saas).

Nouns: `Definition` (how to read a source, what a layer is), `Cleaner` (text in, typed rows and refusals out),
`Reckoning` (what became of every row), `Ledger` (every load), `EventLayer` (a layer's table under one writer).

Start reading at `definition.py`, then `ingest.py`.
"""
