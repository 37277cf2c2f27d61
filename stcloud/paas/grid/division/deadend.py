"""Ends of streets that meet nothing: near misses, stubs, and dead ends worth leading on.

Tested by `tests/paas/grid/division/test_network.py`.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import shapely
from numpy.typing import NDArray

from stcloud.index.kernel import pays, plainly
from stcloud.paas.grid.division.cut import detour
from stcloud.paas.grid.division.ground import PlotIndex
from stcloud.paas.grid.division.preset import Preset

__all__ = ["led_on"]

_BACK_M = 8.0
_DETOUR, _ASIDE_M = 3.0, 40.0
_WAY_STEPS = 500.0
_ANGLES = np.radians([0.0, -15.0, 15.0, -30.0, 30.0, -50.0, 50.0, -75.0, 75.0])

Geometries = NDArray[np.object_]
Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]


def led_on(lines: Geometries, fixed: Flags, buildings: Geometries, preset: Preset) -> Geometries:
    """Return the lines, stubs pruned, with a link from each other dead end to what lies near or ahead.

    Parameters
    ----------
    lines, fixed
        ``(n,)`` noded LineStrings in metres; which of them are no streets.
    buildings
        Polygons that links are led around.
    preset
        Its ``stretch_m``, ``stub_m`` and ``link_m``.
    """
    kept, is_fixed = lines, fixed
    for _ in range(2):
        owner, tip, _ = _dead_ends(kept, is_fixed)
        near = _near(kept, owner, tip, preset.stretch_m)
        stub = np.zeros(len(kept), dtype=np.bool_)
        stub[owner[shapely.is_missing(near) & (shapely.length(kept[owner]) < preset.stub_m)]] = True
        kept, is_fixed = kept[~stub], is_fixed[~stub]
    owner, tip, heading = _dead_ends(kept, is_fixed)
    near = _near(kept, owner, tip, preset.stretch_m)
    far = shapely.is_missing(near)
    ahead = _ahead(kept, owner[far], tip[far], heading[far], buildings, preset.link_m)
    links = np.concatenate((near[~far], ahead))
    return np.concatenate((kept, links[~shapely.is_missing(links)]))


def _dead_ends(lines: Geometries, fixed: Flags) -> tuple[NDArray[np.intp], Floats, Floats]:
    """Return whose ends meet nothing, where they are ``(n, 2)``, and which way they point ``(n,)`` in radians."""
    both = shapely.get_coordinates(shapely.get_point(np.repeat(lines, 2), np.tile([0, -1], len(lines))))
    _, number, times = np.unique(both[:, 0] + 1j * both[:, 1], return_inverse=True, return_counts=True)
    owner = np.repeat(np.arange(len(lines)), 2)
    dead = np.flatnonzero((times[number] == 1) & ~fixed[owner])
    back = np.where(dead % 2 == 0, _BACK_M, -_BACK_M)
    behind = shapely.get_coordinates(shapely.line_interpolate_point(lines[owner[dead]], back))
    tip = both[dead]
    return owner[dead], tip, np.arctan2(*(tip - behind).T[::-1])


def _near(lines: Geometries, owner: NDArray[np.intp], tip: Floats, within_m: float) -> Geometries:
    """Return the shortest way to another line, None where none is near or it leads back along the own line."""
    links = np.full(len(owner), None, dtype=object)
    if not len(owner):
        return links
    points = shapely.points(tip)
    end, line = shapely.STRtree(lines).query(points, predicate="dwithin", distance=within_m)
    other = line != owner[end]
    end, line = end[other], line[other]
    away = shapely.distance(points[end], lines[line])
    order = np.lexsort((line, away, end))
    first = order[np.unique(end[order], return_index=True)[1]]
    links[end[first]] = shapely.shortest_line(points[end[first]], lines[line[first]])
    return links


def _ahead(
    lines: Geometries,
    owner: NDArray[np.intp],
    tip: Floats,
    heading: Floats,
    buildings: Geometries,
    most_m: float,
) -> Geometries:
    """Return the cheapest way ahead that meets a line, led around buildings, or None."""
    links = np.full(len(owner), None, dtype=object)
    if not len(owner):
        return links
    angle = heading[:, None] + _ANGLES
    to = tip[:, None] + most_m * np.stack((np.cos(angle), np.sin(angle)), axis=-1)
    start = np.repeat(tip, len(_ANGLES), axis=0)
    rays = shapely.linestrings(np.stack((start, to.reshape(-1, 2)), axis=1))
    ways = _until(rays, start, lines, np.repeat(owner, len(_ANGLES)))
    cost = shapely.length(ways) * np.tile(1 + 0.8 * np.abs(_ANGLES), len(owner))
    cost[np.isnan(cost) | (cost == 0)] = np.inf
    if len(buildings):
        cost[shapely.STRtree(buildings).query(ways, predicate="intersects")[0]] *= _DETOUR
    cost = cost.reshape(len(owner), -1)
    best = np.argmin(cost, axis=1)
    rows = np.arange(len(owner))
    is_met = np.isfinite(cost[rows, best])
    links[is_met] = _routed(ways.reshape(len(owner), -1)[rows, best][is_met], buildings)
    return links


def _routed(ways: Geometries, buildings: Geometries) -> Geometries:
    """Lead ways around buildings they meet; None where that fails."""
    routed = ways.copy()
    met = np.unique(shapely.STRtree(buildings).query(ways, predicate="intersects")[0])
    if len(met):
        lead = detour if pays(detour, len(met) * _WAY_STEPS) else partial(plainly, detour)
        plots = PlotIndex.of(buildings, buildings[:0]).plots(shapely.buffer(ways[met], _ASIDE_M))
        for row, plot in zip(met.tolist(), plots, strict=True):
            ends = shapely.get_coordinates(ways[row]) - plot.origin
            obstacles = (plot.corners, plot.starts, plot.discs, np.arange(len(plot.discs)))
            (px, py), (qx, qy) = ends
            way, parted = lead(px, py, qx, qy, obstacles)
            routed[row] = None if parted else shapely.LineString(way + plot.origin)
    return routed


def _until(rays: Geometries, start: Floats, lines: Geometries, owner: NDArray[np.intp]) -> Geometries:
    """Cut rays where they first meet a line; None where they meet none."""
    ray, line = shapely.STRtree(lines).query(rays, predicate="intersects")
    points = shapely.points(start)
    met = shapely.intersection(rays[ray], lines[line])
    away = shapely.distance(points[ray], met)
    away[(line == owner[ray]) & (away < 1e-3)] = np.inf
    order = np.lexsort((line, away, ray))
    first = order[np.unique(ray[order], return_index=True)[1]]
    first = first[np.isfinite(away[first])]
    ways = np.full(len(rays), None, dtype=object)
    ways[ray[first]] = shapely.shortest_line(points[ray[first]], met[first])
    return ways
