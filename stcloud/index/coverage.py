"""The area that each polygon has in each square of a raster.

The area below an edge, between two rows and two columns, is the integral of a straight line that is cut at the
rows. Summed along a ring, with its direction as the sign, that is the area of the polygon within the square.
"""

from __future__ import annotations

from functools import partial
from typing import Any, TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray

from stcloud.errors import InvalidInput
from stcloud.index.kernel import kernel, pays, plainly

__all__ = ["box_areas"]

Floats: TypeAlias = NDArray[np.float64]
Indices: TypeAlias = NDArray[np.int64]

MAX_SQUARES = 50_000_000
_STEPS = 5.0  # of `PLAIN_STEPS` that Python takes for an edge or a square


def box_areas(
    polygons: NDArray[np.object_], origin: tuple[int, int], side_m: int
) -> tuple[Indices, Floats, Floats, Floats]:
    """Return the area of each polygon in each square that it has area in.

    Parameters
    ----------
    polygons
        ``(n,)`` Polygons or MultiPolygons, valid, in a metric CRS; empty ones have area nowhere.
    origin
        Corner of one square, metres.
    side_m
        Side of the squares, metres.

    Returns
    -------
    ``(polygon, x, y, area_m2)``, each ``(k,)``, in order of polygons: position of the polygon, centre of the
    square in metres, area above 0.

    Raises
    ------
    InvalidInput
        ``too-many-cells`` (more than 50 million in the polygons' boxes).

    Notes
    -----
    Exact but for rounding, 1e-12 of a square or so; the areas of a polygon sum to its area. O(edges × the rows
    of a polygon's box + squares of the boxes).

    Examples
    --------
    >>> _, x, y, areas = box_areas(np.array([shapely.box(50, 0, 150, 100)]), (0, 0), 100)
    >>> x.tolist(), y.tolist(), areas.tolist()
    ([50.0, 150.0], [50.0, 50.0], [5000.0, 5000.0])
    """
    filled = np.flatnonzero(~shapely.is_empty(polygons))
    if not len(filled):
        return np.empty(0, np.int64), np.empty(0), np.empty(0), np.empty(0)
    polygons = polygons[filled]
    bounds = shapely.bounds(polygons) - np.tile(np.asarray(origin, np.float64), 2)
    first = np.floor(bounds[:, :2] / side_m).astype(np.int64)
    count = np.floor(bounds[:, 2:] / side_m).astype(np.int64) - first + 1
    starts = np.concatenate([[0], np.cumsum(count[:, 0] * count[:, 1])])
    if starts[-1] > MAX_SQUARES:
        raise InvalidInput(
            "too-many-cells",
            f"the polygons touch {starts[-1]:,} cells of {side_m} m",
            hint="ask for larger cells",
        )
    corners = np.asarray(origin, np.float64) + first * float(side_m)
    areas = np.zeros(starts[-1])
    steps = shapely.get_num_coordinates(polygons) @ count[:, 1] + 4 * len(areas)
    integrate = _integrate if pays(_integrate, steps * _STEPS) else partial(plainly, _integrate)
    integrate(*_rings(polygons), corners, count, starts, float(side_m), areas)
    held = np.flatnonzero(areas > 0)
    owner = np.searchsorted(starts, held, side="right") - 1
    column, row = np.divmod(held - starts[owner], count[owner, 1])
    x = corners[owner, 0] + (column + 0.5) * side_m
    y = corners[owner, 1] + (row + 0.5) * side_m
    return filled[owner], x, y, areas[held]


def _rings(polygons: NDArray[np.object_]) -> tuple[Floats, Indices, Indices]:
    """Return the coordinates, where each ring starts in them, and where each polygon starts in the rings.

    Shells run clockwise and holes do not: then what lies below an edge that goes east counts, and what lies
    below one that goes west counts off.
    """
    oriented = shapely.orient_polygons(polygons, exterior_cw=True)
    _, coordinates, offsets = shapely.to_ragged_array(oriented, include_z=False)
    owners = offsets[1] if len(offsets) == 2 else offsets[1][offsets[2]]
    return coordinates, offsets[0].astype(np.int64), owners.astype(np.int64)


@kernel
def _integrate(
    coordinates: Any, rings: Any, owners: Any, corners: Any, count: Any, starts: Any, side: Any, areas: Any
) -> None:
    for owner in range(len(corners)):
        x0, y0 = corners[owner]
        columns, rows = count[owner]
        squares = areas[starts[owner] : starts[owner + 1]].reshape((columns, rows))
        for ring in range(owners[owner], owners[owner + 1]):
            for at in range(rings[ring], rings[ring + 1] - 1):
                x1, y1 = coordinates[at, 0] - x0, coordinates[at, 1] - y0
                x2, y2 = coordinates[at + 1, 0] - x0, coordinates[at + 1, 1] - y0
                if x1 < x2:
                    _add_edge(squares, x1, y1, x2, y2, side, 1.0)
                elif x2 < x1:
                    _add_edge(squares, x2, y2, x1, y1, side, -1.0)


@kernel
def _add_edge(squares: Any, x1: Any, y1: Any, x2: Any, y2: Any, side: Any, sign: Any) -> None:
    """Add the area below an edge that goes east, in every square."""
    slope = (y2 - y1) / (x2 - x1)
    for column in range(int(x1 // side), min(int(x2 // side) + 1, squares.shape[0])):
        left, right = max(x1, column * side), min(x2, (column + 1) * side)
        if right <= left:
            continue
        start = y1 if left == x1 else y1 + (left - x1) * slope
        end = y2 if right == x2 else y1 + (right - x1) * slope
        low, high = min(start, end), max(start, end)
        for row in range(min(int(high // side) + 1, squares.shape[1])):
            squares[column, row] += sign * _below(low - row * side, high - row * side, right - left, side)


@kernel
def _below(low: Any, high: Any, width: Any, top: Any) -> Any:
    """Return the area below a line from one height to another over a width, between 0 and ``top``."""
    if high <= 0.0:
        return 0.0
    if low >= top:
        return top * width
    over = width * (high - top) / (high - low) if high > top else 0.0
    under = width * -low / (high - low) if low < 0.0 else 0.0
    return over * top + (width - over - under) * (max(low, 0.0) + min(high, top)) / 2
