"""Time-stamped layers (ring: daas).

Knows: definitions, cleaning, loads and their reckoning, what layers' tables look like, the two clocks and
their algebra. Must not know: questions (paas), cities as a whole (city), commands and pages (saas).

Rooms: `definition` (what a layer is and how to read its source), `kind` (what differs between layers of events, of
features and of other kinds), `load` (from a file to one commit and a reckoning), `table` (what layers' tables look
like, the two clocks and their algebra).

Nouns: `CityConfiguration`, `Catalogue` (which layers there are), `Definition`, `LoadRequest` (what a caller states),
`Reckoning` (what became of every row), `Ledger` (every load, each chained to the one before), `Quarantine` (refused
rows), `EventLayer` (a layer's table under one writer).

Of features: `Pieces` (the algebra of both clocks, pure), `ChangeSet` (what a load changes), `FeatureLayer` (the
table: versions and their ends).

Start reading at `definition/definition.py`, then `load/loader.py`; of features at `table/timeline.py`.
"""
