"""Reached streets: pieces of edges in reach and out of it, and the areas near them, for maps.

Tested by `tests/paas/reach/test_reachedstreets.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import shapely
from shapely.ops import substring

from stcloud.paas.reach.streetlines import Flags, Floats, Ints, Shapes
from stcloud.paas.reach.streetpieces import StreetPieces
from stcloud.paas.reach.walkgraph import WalkGraph

__all__ = ["BUFFER_M", "ReachedStreets"]

BUFFER_M = 30.0
"""Half the width of reached streets as an area, metres."""

_QUARTER = 4  # segments of a quarter of a circle
_LEAST_M = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class ReachedStreets:
    """Pieces of edges, ``(n,)``, each wholly in reach or out of it.

    Parameters
    ----------
    piece
        Number of the piece of a street.
    length_m
        How long each is, metres.
    seconds
        From its nearer end to a service; infinite: there is no walk.
    reached
        Whether it is in reach.
    shapes
        Lines of shapely.
    """

    piece: Ints
    length_m: Floats
    seconds: Floats
    reached: Flags
    shapes: Shapes

    @classmethod
    def of(cls, graph: WalkGraph, pieces: StreetPieces, limit_s: float) -> ReachedStreets:
        """Cut each edge where the time of a walk to the nearest service ends."""
        node_s = graph.nearest()[0]
        length, speed = graph.to_m - graph.from_m, graph.speed_mps
        start_s, end_s = node_s[graph.from_node], node_s[graph.to_node]
        ahead = np.clip((limit_s - start_s) * speed, 0.0, length)
        back = length - np.clip((limit_s - end_s) * speed, 0.0, length)
        whole = ahead >= back - _LEAST_M
        ahead, back = np.where(whole, length, ahead), np.where(whole, length, back)
        zero = np.zeros(len(length))
        edges = np.arange(len(length))
        edge = np.concatenate([edges, edges, edges])
        first, last = np.concatenate([zero, ahead, back]), np.concatenate([ahead, back, length])
        reached = np.repeat([True, False, True], len(length))
        order = np.lexsort((first, edge))
        order = order[(last - first)[order] > _LEAST_M]
        edge, first, last = edge[order], first[order], last[order]
        ends_s = [
            np.minimum(start_s[edge] + at / speed[edge], end_s[edge] + (length[edge] - at) / speed[edge])
            for at in (first, last)
        ]
        piece, from_m, to_m = graph.piece[edge], graph.from_m[edge] + first, graph.from_m[edge] + last
        shapes = np.array(pieces.shapes[piece], object)
        part = (from_m > _LEAST_M) | (to_m < pieces.length_m[piece] - _LEAST_M)
        for place in np.flatnonzero(part).tolist():
            shapes[place] = substring(shapes[place], from_m[place], to_m[place])
        return cls(piece, to_m - from_m, np.minimum(*ends_s), reached[order], shapes)

    def areas(self) -> tuple[Shapes, Shapes]:
        """Return the area near reached streets, and that near others without it; each None where there is none."""
        areas = [_near(self.shapes[kept]) for kept in (self.reached, ~self.reached)]
        areas[1] = shapely.difference(areas[1], areas[0])
        return np.array(areas, object), shapely.area(areas)


def _near(lines: Shapes) -> shapely.Geometry:
    return shapely.union_all(shapely.buffer(lines, BUFFER_M, quad_segs=_QUARTER))


def minutes_column(seconds: Floats) -> pa.Array:
    """Return minutes; null where there is no walk."""
    return pa.array(seconds / 60.0, mask=~np.isfinite(seconds))
