"""Delta tables: immutable snapshots to read, one atomic commit to change (ring: iaas).

Knows: the log and its state, data files and their footers, row groups, checksums, digests of rows, external sorts,
which files to merge and which to delete. Must not know: SQL, engines, source files, what a layer is or what two
clocks mean.

Nouns: `Table` and `Snapshot` (a Delta table, one version of it), `File` (a data file with its statistics), footer,
checksum, `Sorter` (rows by part and order, on disk when they are many).

Start reading at `table.py`, then `snapshot.py`, `datafile.py` and `log.py`.
"""
