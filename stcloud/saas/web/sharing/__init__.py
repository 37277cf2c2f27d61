"""Delta Sharing: layers as tables that other tools read, each derived at one pin, as files of Parquet.

Ring: saas. It knows the protocol (lists, versions, metadata, files), which layers a principal is given whole, and the
files that are derived of them. It must not know how questions are answered: a table is a question's rows.

Nouns: `SharedTable` (a layer at one of its versions), `TableVersion`, `TableFiles` (what is derived, in a bounded
folder), `TableFile`, `FileAddresses` (addresses that are signed). Start at `sharingroutes.py`.

Tested by `tests/saas/web/sharing`.
"""
