"""Sources in memory: frames, Arrow streams, features and file objects, each spooled to a file (ring: iaas).

Rows become a Parquet file, features become GeoJSON or JSON, bytes stay as they are. So what is loaded from memory
takes the way of every file: same types, same refusals, same numbers of rows. Rows and features are identified by
their content, whatever pieces they come in.

Knows: what such objects are known by and how they are read. Must not know: what a layer is, nor where a city lies.

Nouns: a `MemoryKind` (which objects, and how they are spooled), a `SourceFile` (what comes out), a `ContentDigest`
(the identity of rows).

Start reading at `spooling.py`, then a kind: `rows.py` with `frame.py`, `features.py`, `content.py`.
"""
