"""Where: what may be asked of places, and which rows lie there (ring: paas, in query).

Knows: areas, cells, unit codes, features of layers as they were, distances, and, or, not. Must not know: engines,
measures, commands.

Nouns: `Place` (areas and cells united), a `Formula` (places joined by and, or, not), `Located` (a formula of places
that may name other layers, as it was asked), a `PlaceContext` (what may be named), a *site* (something that a row
is tested against), `Siting` (keeps the events that lie there), `Touch` (keeps the features that touch it, or are
near), a `Region` (cells that hold an area, inner and edge), an `Extent` (what holds a place, for pruning).

Start reading at `where.py` and `refine.py` (areas), then `formula.py`, `reading.py`, `located.py`, `site.py` and
`touch.py`; what places that name other layers stand for is decided in `resolve`.
"""
