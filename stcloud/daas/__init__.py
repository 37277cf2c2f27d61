"""Time-stamped layers (ring: daas).

Knows: definitions, cleaning, loads and their reckoning, what layers' tables look like, the two clocks and
their algebra. Must not know: questions (paas), cities as a whole (city), commands and pages (saas).

Nouns: `Definition` (how to read a source, what a layer is), `Cleaner` (text in, typed rows and refusals out),
`Reckoning` (what became of every row), `Ledger` (every load), `EventLayer` (a layer's table under one writer).

Of features: `Pieces` and `state` (the algebra, pure), `Surveyor` (text and geometry in), `Verdict` (what a load
changes), `Revision` (one load), `FeatureLayer` (the table: beliefs and ends).

Start reading at `definition.py`, then `ingest.py`; of features at `timeline.py`, then `revision.py`.
"""
