"""Engines: stages of SQL and functions over Arrow batches, run over tables (ring: iaas).

Knows: SQL, relations of files, DuckDB and Spark Connect. Must not know: plans, layers, clocks, source files.

Nouns: `Engine`, `Stage` (`Fetch`, `Sql`, `Refine`), `Relation` (files under a name), `Duck` (embedded; its
statements run on `Connections`), `Spark` (any Spark Connect endpoint).

Start reading at `model.py`, then `duck.py`. Every engine passes ``tests/conformance/test_engines.py``.
"""
