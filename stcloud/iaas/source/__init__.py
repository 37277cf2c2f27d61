"""Source files that people name: rows of any format, as text columns in batches (ring: iaas).

Knows: formats and their suffixes, encodings, archives, what GDAL may open and what it misreads, hostile files.
Must not know: tables, engines, definitions, what a column means.

Nouns: `Source` (an opened file), `Reading` (what a file does not declare), `Batch`, `Refusal` (a row or value that
cannot be read), `Format` (a name, suffixes and a reader).

Readers import the protocol, the registry loads readers; neither knows the other's inside. Start reading at
`protocol.py`, then `registry.py`, then a reader: `delimited.py`, `jsonrows.py`, `parquet.py`, `vector.py`.
"""
