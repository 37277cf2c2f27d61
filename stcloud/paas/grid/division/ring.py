"""Closed rings of coordinates: their measures, the vertices along a way, and slits that join holes to the outline."""

from __future__ import annotations

import itertools
import math
from functools import partial

import numpy as np
import shapely
from numpy.typing import NDArray

from stcloud.index.kernel import kernel
from stcloud.paas.grid.division.cut import detour
from stcloud.paas.grid.division.ground import Plot

__all__ = ["along", "keyhole", "measures", "without_slits"]

_TRIED = 48
_BUILDING_M = 200.0
_TOUCH_M = 1e-3

Floats = NDArray[np.float64]
Geometries = NDArray[np.object_]


def _measures_at_once(ring: Floats) -> tuple[float, float]:
    at = ring - ring[0]
    (ax, ay), (bx, by) = at[:-1].T, at[1:].T
    area, length = np.cumsum((ax * by - bx * ay) / 2.0), np.cumsum(np.hypot(bx - ax, by - ay))
    return float(area[-1]), float(length[-1])


@partial(kernel, plain=_measures_at_once)
def measures(ring: Floats) -> tuple[float, float]:
    """Return area (positive if counter-clockwise) and length of a closed ring."""
    area = length = 0.0
    for k in range(len(ring) - 1):
        ax, ay = ring[k, 0] - ring[0, 0], ring[k, 1] - ring[0, 1]
        bx, by = ring[k + 1, 0] - ring[0, 0], ring[k + 1, 1] - ring[0, 1]
        area += (ax * by - bx * ay) / 2.0
        length += math.hypot(bx - ax, by - ay)
    return area, length


def _stepped(start: Floats, end: Floats, step_m: float) -> Floats:
    """Return points from a start to before an end, no farther apart than a step."""
    count = max(1, math.ceil(math.hypot(*(end - start)) / step_m))
    points: Floats = start + (end - start) * (np.arange(count) / count)[:, None]
    return points


def along(corners: Floats, step_m: float) -> Floats:
    """Return points along a way, its corners among them, no farther apart than a step."""
    legs = [_stepped(start, end, step_m) for start, end in itertools.pairwise(corners)]
    points: Floats = np.concatenate([*legs, corners[-1:]])
    return points


def keyhole(polygon: shapely.Polygon, plot: Plot, step_m: float) -> Floats:
    """Return one counter-clockwise ring that goes to each hole and back along a slit, around buildings."""
    shell, *holes = (shapely.get_coordinates(part) for part in shapely.get_rings(shapely.normalize(polygon)))
    ring: Floats = shell if measures(shell)[0] > 0 else shell[::-1]
    holes = [hole if measures(hole)[0] < 0 else hole[::-1] for hole in holes]
    for hole in sorted(holes, key=lambda hole: tuple(hole.max(axis=0)), reverse=True):
        at, to, corners = _slit(ring, hole, polygon, plot)
        way = along(corners, step_m)
        ring = np.concatenate((ring[:at], way, hole[to + 1 : -1], hole[:to], way[::-1], ring[at + 1 :]))
    return ring


def _slit(ring: Floats, hole: Floats, polygon: shapely.Polygon, plot: Plot) -> tuple[int, int, Floats]:
    """Return the vertices of ring and hole that the best slit joins, and its corners."""
    away = np.hypot(*(ring[:-1, None] - hole[None, :-1]).transpose(2, 0, 1))
    order = np.argsort(away, axis=None, kind="stable")
    order = order[np.count_nonzero(away < _TOUCH_M) :]
    outline = shapely.union_all([shapely.LineString(ring), shapely.boundary(polygon)])
    best, slit = math.inf, (0, 0, ring[:1])
    pairs = np.stack(np.unravel_index(order, away.shape), axis=1)
    for tried, (at, to) in enumerate(pairs.tolist()):
        if tried >= _TRIED and best < math.inf:
            break
        start, end = ring[at] - plot.origin, hole[to] - plot.origin
        obstacles = plot.obstacles(np.stack((start, end)))
        way, parted = detour(start[0], start[1], end[0], end[1], obstacles)
        corners = np.concatenate((ring[at : at + 1], way[1:-1] + plot.origin, hole[to : to + 1]))
        line = shapely.LineString(corners)
        cost = line.length + _BUILDING_M * parted
        if cost < best and line.covered_by(polygon) and len(shapely.get_parts(line & outline)) == 2:
            best, slit = cost, (at, to, corners)
    return slit


def without_slits(ring: Floats) -> Geometries:
    """Return the polygons left of a closed ring, less the segments it runs along in both directions.

    They are several where the ring touches itself.
    """
    at = [tuple(vertex) for vertex in ring.tolist()]
    steps = set(itertools.pairwise(at))
    left = [shapely.LineString(step) for step in sorted(steps) if step[::-1] not in steps]
    parts = shapely.get_parts(shapely.orient_polygons(shapely.polygonize(left)))
    firsts = [shapely.get_coordinates(part.exterior)[:2].tolist() for part in parts]
    inner = [(tuple(start), tuple(end)) in steps for start, end in firsts]
    inside: Geometries = parts[inner]
    return inside
