"""Keys of the rows that a load brings: which are new, changed, known or repeated (ring: iaas).

Knows: keys, digests, and files of rows whose keys are known. Must not know: layers, definitions, the two clocks.

Nouns: `Keys` (what came), `KnownRows` (what it is compared with), `Settled` (the outcome).

Few keys are settled in memory, many by DuckDB, with the same outcome. Start reading at `keys.py`.
"""
