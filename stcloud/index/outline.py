"""Polygons as the plain edges of their rings."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

import numpy as np
import shapely
import xxhash
from numpy.typing import NDArray

from stcloud.errors import InvalidInput

__all__ = ["Outlines", "outlines_of"]

Floats: TypeAlias = NDArray[np.float64]

_AREAS = (-1, 3, 6)  # none, Polygon, MultiPolygon
_MOST_VERTICES = 2**31 - 1


class Outlines(NamedTuple):
    """Cells as edges; rings, holes and parts are not distinguished, for the even-odd rule needs no more.

    Parameters
    ----------
    xy
        ``(v, 2)`` float64, metres: vertices ring by ring, each ring closed.
    first
        ``(e,)`` int32: the vertex each edge starts at; it ends at the next one.
    cells
        ``(n + 1,)`` int64: where each cell starts in ``first``.
    """

    xy: Any
    first: Any
    cells: Any

    @property
    def digest(self) -> str:
        """128 bits as hexadecimal text, the same for the same vertices in the same order."""
        state = xxhash.xxh3_128()
        for part in self:
            state.update(np.ascontiguousarray(part).data)
        return state.hexdigest()


def outlines_of(cells: NDArray[Any]) -> Outlines:
    """Return the edges of polygons.

    Parameters
    ----------
    cells
        ``(n,)`` shapely polygons and multipolygons, metres; None and empty ones have no edges. Heights of vertices
        are dropped.

    Raises
    ------
    InvalidInput
        ``not-an-area``, ``not-finite``, ``too-many-vertices``

    Examples
    --------
    >>> outlines_of(np.array([shapely.box(0, 0, 1, 1), None, shapely.box(1, 0, 2, 1)])).cells.tolist()
    [0, 4, 4, 8]
    """
    strange = np.flatnonzero(~np.isin(shapely.get_type_id(cells), _AREAS))
    if strange.size:
        row = int(strange[0])
        raise InvalidInput("not-an-area", f"cell {row} is a {cells[row].geom_type}", hint="give polygons")
    parts, cell_of_part = shapely.get_parts(cells, return_index=True)
    rings, part_of_ring = shapely.get_rings(parts, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    if len(xy) > _MOST_VERTICES:
        raise InvalidInput("too-many-vertices", f"{len(xy):,} vertices", hint="give fewer cells at once")
    owner = cell_of_part[part_of_ring[ring]]
    wrong = np.flatnonzero(~np.isfinite(xy).all(axis=1))
    if wrong.size:
        at, place = int(wrong[0]), tuple(xy[wrong[0]].tolist())
        raise InvalidInput("not-finite", f"cell {owner[at]} has a vertex at {place}", hint="repair the cell")
    first = np.flatnonzero(ring[:-1] == ring[1:])
    starts = np.searchsorted(owner[first], np.arange(cells.size + 1))
    return Outlines(xy, first.astype(np.int32), starts)
