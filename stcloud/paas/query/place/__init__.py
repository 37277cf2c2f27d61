"""Geometry of places: which points lie there, and which shapes touch it (ring: paas, in query).

Knows: areas, cells, versions of features, distances, and, or, not. Must not know: plans, layers, engines, measures.

Nouns: a `Formula` (places joined by and, or, not), a *site* (something that a point is tested against), `Touching`
(something that a shape is tested against), a `Region` (cells that hold an area, inner and edge), an `Extent` (what
holds a place, for pruning), a `History` (versions of features).

Start reading at `region.py` (areas), then `formula.py`, `decide.py`, `site.py` and `touch.py`. How places are written
is read in `parse`; what those stand for that name other layers is decided in `resolve`.
"""
