"""The standard order of cells inside a community: one rule, for those who number cells and those who check.

The published rule is a sentence, "from west to east, then from north to south". Read exactly: the plane has rows
as high as a cell of the target area is wide, 100 m, those of the lattice; rows from north to south, and in each row
the cells from west to east. A cell's place depends on no other cell: what is in order stays so when some cells end.

Tested by `tests/paas/grid/check/test_order.py`.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from stcloud.errors import InvalidInput

__all__ = ["ROW_M", "centres", "standard_order"]

Floats: TypeAlias = NDArray[np.float64]

ROW_M = 100.0
"""Height of a row, the square root of the target area of 10,000 m²."""


def centres(cells: NDArray[np.object_]) -> tuple[Floats, Floats]:
    """Return the points by which cells are put in order: their centroids.

    A centroid may lie outside of its cell, but it moves as little as the cell's edge does; a point on the surface
    jumps. So noise in the coordinates does not renumber a community.

    Parameters
    ----------
    cells
        ``(n,)`` polygons in a metric CRS.

    Returns
    -------
    ``(x, y)``, float64, metres; NaN for an empty or missing cell.

    Examples
    --------
    >>> [one.tolist() for one in centres(np.array([shapely.box(0, 0, 100, 50)]))]
    [[50.0], [25.0]]
    """
    points = shapely.centroid(cells)
    return shapely.get_x(points), shapely.get_y(points)


def standard_order(
    x: ArrayLike, y: ArrayLike, community: ArrayLike, *, row_m: float = ROW_M
) -> NDArray[np.intp]:
    """Return the positions of cells in the order in which they are numbered.

    Parameters
    ----------
    x, y
        ``(n,)`` float64, metres, of the cells' `centres`; no NaN.
    community
        ``(n,)``, anything that sorts: what is numbered apart. Cells that begin later in a community that has cells
        already (a re-division) are a group of their own.
    row_m
        Height of a row, metres: the square root of the target area.

    Returns
    -------
    ``(n,)`` positions: communities in ascending order, the cells of each together, in standard order.

    Raises
    ------
    InvalidInput
        ``invalid-row``

    Notes
    -----
    A row begins at each multiple of ``row_m`` in y and holds its south edge. Rows from north to south; in a row by x
    from west to east; of equal x the northern one first; of equal centres, which disjoint cells hardly have, the one
    given first. The order does not depend on the order of the input, nor that of two cells on any third. O(n log n).

    Examples
    --------
    Two rows of three, the lower row shifted a little:

    >>> x = [50, 150, 250, 60, 160, 260]
    >>> y = [170, 150, 140, 55, 60, 40]
    >>> standard_order(x, y, ["a"] * 6).tolist()
    [0, 1, 2, 3, 4, 5]
    >>> standard_order(x[::-1], y[::-1], ["a"] * 6).tolist()
    [5, 4, 3, 2, 1, 0]
    """
    if not row_m > 0:
        raise InvalidInput("invalid-row", f"a row is {row_m:g} m high", hint="give a height above 0")
    east, north = np.asarray(x, np.float64), np.asarray(y, np.float64)
    _, group = np.unique(np.asarray(community), return_inverse=True)
    return np.lexsort((-north, east, -np.floor(north / row_m), group))
