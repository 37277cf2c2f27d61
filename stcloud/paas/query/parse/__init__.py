"""Parsing: places as people write them, made conditions (ring: paas, in query).

Knows: specs of places, the names of layers, unit codes. Must not know: what features are where; it reads no row.

Nouns: `read_places` (the places of one ``where``), `read_where` (areas and cells), `UnitIndex` (that events are
indexed on a grid, and the words for it). Filters are read in `filter`, measures in `measure`, ways of joining in
`join`.

Tested by `tests/conformance/test_where.py`.
"""
