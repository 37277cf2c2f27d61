"""Packages on disk (ring: iaas): files that cities exchange, and how they are signed, checked and fetched.

Knows bytes, zip files, Parquet and keys; must not know layers and what a package means. Nouns: `PackageFile` (members
by name, stored and never executed), `RowFile` (rows as GeoParquet), `Signature`. Start reading at `packagefile`.
"""
