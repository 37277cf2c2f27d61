"""Layers' tables (ring: daas): columns, files, the two clocks and their algebra, and how a load is taken back.

Nouns: `LayerTable` (of any kind), `EventLayer`, `FeatureLayer`, `Attribute` (a column of the source as it is kept),
`Pieces` (periods of keys). Start at `schema.py` and `timeline.py`.
"""
