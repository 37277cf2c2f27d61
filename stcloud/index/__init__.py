"""Indexes of points, polygons and periods, compiled with numba (ring: pure, above space and time).

Knows: arrays of coordinates in metres and of instants in UTC microseconds, shapely geometries, keys. Must not know:
layers, codes, files, engines, queries, reference systems, zones.

Nouns: a `Locator` finds the polygons that hold points; an `AsOfIndex` finds the features that held, or were near,
events at their own instants. *Outlines* are polygons as edges; a *strip* is the part of a polygon between two
heights, with the edges that pass it; *bins* are squares that know which polygons cover them; *buckets* are squares
that know which segments pass them; a *run* is a piece of a feature's history in which its shape stayed the same; a
*time slice* is a span of valid time with the runs that were valid in it.

Start reading at `locator.py`, then `edge.py` (the rule for a point on an edge) and `lookup.py`; for features in time
at `asof.py`, then `timeslice.py`, `within.py` and `nearest.py`. `coverage.py` is for itself: the area of polygons in
squares. So are the weights of polygons on a raster, `pixelweights.py`, and what `cellsums.py`, `cellspread.py` and
`cellquantile.py` compute with them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stcloud.late import late_names

if TYPE_CHECKING:
    from stcloud.index.asof import AsOfIndex
    from stcloud.index.cellquantile import cell_quantiles
    from stcloud.index.cellspread import cell_spread
    from stcloud.index.cellsums import cell_sums
    from stcloud.index.coverage import box_areas
    from stcloud.index.locator import Locator, digest_of
    from stcloud.index.pixelweights import PixelWeights
    from stcloud.index.version import encode_keys

__all__ = [
    "AsOfIndex",
    "Locator",
    "PixelWeights",
    "box_areas",
    "cell_quantiles",
    "cell_spread",
    "cell_sums",
    "digest_of",
    "encode_keys",
]

_HOMES = {
    "AsOfIndex": ".asof", "Locator": ".locator", "box_areas": ".coverage", "digest_of": ".locator",
    "encode_keys": ".version", "PixelWeights": ".pixelweights", "cell_quantiles": ".cellquantile",
    "cell_spread": ".cellspread", "cell_sums": ".cellsums",
}  # fmt: skip

__getattr__ = late_names(__name__, _HOMES)  # numba and pyarrow are slow to import
