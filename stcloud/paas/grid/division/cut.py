"""The best cut through a polygon: every chord ranked from prefix sums, the first that stands taken."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from stcloud.index.kernel import kernel
from stcloud.paas.grid.division.chord import Obstacles, first_cut, is_free, is_free_way
from stcloud.paas.grid.division.cost import cells_cost, cells_costs

__all__ = ["best_cut", "detour"]

_TRIED = 1500
_BENT = 400
_BENDS = 10
_LEAST = 0.4

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def _sums_at_once(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    next_x, next_y = np.roll(x, -1), np.roll(y, -1)
    area, way = np.zeros(len(x) + 1), np.zeros(len(x) + 1)
    np.cumsum((x * next_y - next_x * y) / 2.0, out=area[1:])
    np.cumsum(np.hypot(next_x - x, next_y - y), out=way[1:])
    return area, way


@partial(kernel, plain=_sums_at_once)
def _sums(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Return prefix sums of the area and the length of a ring."""
    n = len(x)
    area, way = np.zeros(n + 1), np.zeros(n + 1)
    for k in range(n):
        b = k + 1 if k + 1 < n else 0
        area[k + 1] = area[k] + (x[k] * y[b] - x[b] * y[k]) / 2.0
        way[k + 1] = way[k] + np.hypot(x[b] - x[k], y[b] - y[k])
    return area, way


@kernel
def _parts(area: Floats, length: Floats, i: int, j: int, way: Floats) -> tuple[float, float, float, float]:
    """Return area and outline of the part between vertices i and j and the way that joins them, and of the other."""
    cut, left = 0.0, area[j] - area[i]
    for k in range(len(way) - 1):
        left -= (way[k, 0] * way[k + 1, 1] - way[k + 1, 0] * way[k, 1]) / 2.0
        cut += np.hypot(way[k + 1, 0] - way[k, 0], way[k + 1, 1] - way[k, 1])
    between = length[j] - length[i]
    return left, between + cut, area[-1] - left, length[-1] - between + cut


def _ranked_at_once(
    x: Floats, y: Floats, area: Floats, way: Floats, ends: Ints, target: float, weights: tuple[float, ...]
) -> tuple[Floats, Ints, Ints]:
    first, second = np.triu_indices(len(ends), 1)
    i, j = ends[first], ends[second]
    left = area[j] - area[i] + (x[j] * y[i] - x[i] * y[j]) / 2.0
    right = area[-1] - left
    large = np.minimum(left, right) >= _LEAST * target
    i, j, left, right = i[large], j[large], left[large], right[large]
    chord = np.hypot(x[j] - x[i], y[j] - y[i])
    outlines = np.concatenate((way[j] - way[i] + chord, way[-1] - way[j] + way[i] + chord))
    both = cells_costs(np.concatenate((left, right)), outlines, target, weights)
    cost = both[: len(i)] + both[len(i) :]
    order = np.argsort(cost, kind="stable")
    return cost[order], i[order], j[order]


@partial(kernel, plain=_ranked_at_once)
def _ranked(
    x: Floats, y: Floats, area: Floats, way: Floats, ends: Ints, target: float, weights: tuple[float, ...]
) -> tuple[Floats, Ints, Ints]:
    """Return every chord by its cost of area and outline alone, cheapest first."""
    n = len(x)
    size = len(ends) * (len(ends) - 1) // 2
    cost, first, second, count = np.empty(size), np.empty(size, np.int64), np.empty(size, np.int64), 0
    for s in range(len(ends)):
        for t in range(s + 1, len(ends)):
            i, j = ends[s], ends[t]
            chord = np.hypot(x[j] - x[i], y[j] - y[i])
            left = area[j] - area[i] + (x[j] * y[i] - x[i] * y[j]) / 2.0
            right = area[n] - left
            if min(left, right) < _LEAST * target:
                continue
            cost[count] = cells_cost(left, way[j] - way[i] + chord, target, weights)[0]
            cost[count] += cells_cost(right, way[n] - way[j] + way[i] + chord, target, weights)[0]
            first[count], second[count] = i, j
            count += 1
    order = np.argsort(cost[:count], kind="mergesort")
    return cost[:count][order], first[:count][order], second[:count][order]


@kernel
def detour(px: float, py: float, qx: float, qy: float, obstacles: Obstacles) -> tuple[Floats, float]:
    """Return a way from p to q around buildings, corner by corner, and the weight of those it still parts.

    Where a leg parts a building it is led by way of the building's outermost corner on the nearer side; so walls
    that buildings share are followed.
    """
    corners = obstacles[0]
    way, count, k, total = np.empty((_BENDS, 2)), 2, 0, 0.0
    way[0, 0], way[0, 1], way[1, 0], way[1, 1] = px, py, qx, qy
    while k + 1 < count:
        ax, ay, bx, by = way[k, 0], way[k, 1], way[k + 1, 0], way[k + 1, 1]
        parted, right, left, weight = first_cut(ax, ay, bx, by, obstacles)
        if parted < 0 or count == _BENDS:
            total += weight
            k += 1
            continue
        off_right = abs((bx - ax) * (corners[right, 1] - ay) - (by - ay) * (corners[right, 0] - ax))
        off_left = abs((bx - ax) * (corners[left, 1] - ay) - (by - ay) * (corners[left, 0] - ax))
        corner = right if off_right < off_left else left
        for later in range(count, k + 1, -1):
            way[later, 0], way[later, 1] = way[later - 1, 0], way[later - 1, 1]
        way[k + 1, 0], way[k + 1, 1] = corners[corner, 0], corners[corner, 1]
        count += 1
    return way[:count], total


@kernel
def _best_chord(
    x: Floats, y: Floats, ranked: tuple[Floats, Ints, Ints], obstacles: Obstacles, building: float
) -> tuple[int, float, float]:
    """Return the rank of the cheapest chord (-1: none is free), its cost, and how much of that buildings are."""
    cost, first, second = ranked
    rank, best, hurt = -1, np.inf, 0.0
    for k in range(min(len(cost), _TRIED)):
        if cost[k] >= best:
            break
        i, j = first[k], second[k]
        cut = building * first_cut(x[i], y[i], x[j], y[j], obstacles)[3]
        if cost[k] + cut < best and is_free(x, y, i, j):
            rank, best, hurt = k, cost[k] + cut, cut
    return rank, best, hurt


@kernel
def best_cut(
    x: Floats, y: Floats, ends: Ints, target: float, weights: tuple[float, ...], obstacles: Obstacles, building: float
) -> tuple[int, int, Floats, float, float]:  # fmt: skip
    """Return the cheapest cut: vertices i < j (i is -1: none), way ``(k, 2)``, cost, and what of it is for buildings.

    Chords are tried from the cheapest by area and outline: what stands in the way only adds to that, so the search
    may end early. If the best of them parts a building, ways around buildings are tried in the same order.

    Parameters
    ----------
    x, y
        Corners of a counter-clockwise ring, open, near the origin.
    ends
        Numbers of the vertices at which a cut may end.
    target, weights
        As `cells_cost` takes them.
    obstacles, building
        Buildings, and the cost of parting one.
    """
    area, length = _sums(x, y)
    ranked = _ranked(x, y, area, length, ends, target, weights)
    cost, first, second = ranked
    rank, best, hurt = _best_chord(x, y, ranked, obstacles, building)
    cut_i, cut_j, way = -1, -1, np.empty((2, 2))
    if rank >= 0:
        cut_i, cut_j = first[rank], second[rank]
        way[0, 0], way[0, 1], way[1, 0], way[1, 1] = x[cut_i], y[cut_i], x[cut_j], y[cut_j]
    bends = rank < 0 or hurt > 0.0
    for k in range(min(len(cost), _BENT) if bends else 0):
        if cost[k] >= best:
            break
        i, j = first[k], second[k]
        bent, cut = detour(x[i], y[i], x[j], y[j], obstacles)
        left, outline_left, right, outline_right = _parts(area, length, i, j, bent)
        if len(bent) == 2 or min(left, right) < _LEAST * target:
            continue
        full = building * cut + cells_cost(left, outline_left, target, weights)[0]
        full += cells_cost(right, outline_right, target, weights)[0]
        if full < best and is_free_way(x, y, i, j, bent):
            best, hurt, cut_i, cut_j, way = full, building * cut, i, j, bent
    return cut_i, cut_j, way, best, hurt
