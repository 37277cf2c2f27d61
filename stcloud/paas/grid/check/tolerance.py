"""What is wide enough to be a fault. Tested by `tests/paas/grid/check/test_coverage.py`."""

from __future__ import annotations

import numpy as np
import shapely

from stcloud.paas.grid.check.inspected import Geometries, Positions, polygonal

__all__ = ["mean_width", "opened", "shrunk"]


def shrunk(shapes: Geometries, tolerance_m: float) -> Geometries:
    """Return the shapes without a margin as wide as the tolerance: where discs of that radius have their centres."""
    return np.asarray(shapely.buffer(shapes, -tolerance_m, quad_segs=4))


def opened(shapes: Geometries, tolerance_m: float) -> tuple[Geometries, Positions]:
    """Parts of each shape into which a disc wider than the tolerance fits, and the positions of their shapes.

    Noise may tie a fault to others by threads; shrinking parts them, growing gives each its size again.
    """
    parts, source = shapely.get_parts(shapes, return_index=True)
    large = (
        shapely.area(parts) > np.pi * tolerance_m**2
    )  # as a disc is; of less, shrinking may leave rounding errors
    parts, source = parts[large], source[large]
    cores, part = shapely.get_parts(shrunk(parts, tolerance_m), return_index=True)
    kept = ~shapely.is_empty(cores)
    cores, part = cores[kept], part[kept]
    grown = shapely.buffer(cores, tolerance_m * 1.5, join_style="mitre")
    return polygonal(np.asarray(shapely.intersection(grown, parts[part]))), source[part]


def mean_width(shapes: Geometries) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return the mean width of each shape, metres: what a long strip of its area and perimeter would have."""
    widths: np.ndarray[tuple[int], np.dtype[np.float64]] = 2 * shapely.area(shapes) / shapely.length(shapes)
    return widths
