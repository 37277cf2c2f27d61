"""Cuts through a polygon from vertex to vertex: inside its outline, around buildings, without a geometry library.

Tested by `tests/paas/grid/division/test_cut.py`.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from stcloud.index.kernel import kernel

__all__ = ["Obstacles", "first_cut", "inside", "is_free", "is_free_way"]

_NEAR_M = 1e-3
_PART_M = 0.1

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Obstacles = tuple[Floats, Ints, Floats, Ints]
"""Buildings: corners of closed rings, where each ring starts, discs with weights, numbers of those that are near."""


def _touches_at_once(
    x: Floats, y: Floats, i: int, j: int, px: float, py: float, qx: float, qy: float
) -> bool:
    dx, dy = qx - px, qy - py
    length = np.hypot(dx, dy)
    dx, dy = dx / length, dy / length
    side = dx * (y - py) - dy * (x - px)
    before = np.roll(side, 1)
    apart = ((before > _NEAR_M) & (side > _NEAR_M)) | ((before < -_NEAR_M) & (side < -_NEAR_M))
    b = np.flatnonzero(~apart)
    a = np.where(b > 0, b - 1, len(x) - 1)
    other = (a != i) & (b != i) & (a != j) & (b != j)
    a, b = a[other], b[other]
    ex, ey = x[b] - x[a], y[b] - y[a]
    near = _NEAR_M * np.hypot(ex, ey)
    side_p = ex * (py - y[a]) - ey * (px - x[a])
    side_q = ex * (qy - y[a]) - ey * (qx - x[a])
    clear = ((side_p > near) & (side_q > near)) | ((side_p < -near) & (side_q < -near))
    return not bool(clear.all())


@partial(kernel, plain=_touches_at_once)
def _touches(x: Floats, y: Floats, i: int, j: int, px: float, py: float, qx: float, qy: float) -> bool:
    """Tell whether segment p-q touches the ring, to a millimetre, beyond the edges at vertices i and j."""
    n, dx, dy = len(x), qx - px, qy - py
    length = np.hypot(dx, dy)
    dx, dy = dx / length, dy / length
    side_a = dx * (y[n - 1] - py) - dy * (x[n - 1] - px)
    for b in range(n):
        a = b - 1 if b else n - 1
        side_b = dx * (y[b] - py) - dy * (x[b] - px)
        apart = (side_a > _NEAR_M and side_b > _NEAR_M) or (side_a < -_NEAR_M and side_b < -_NEAR_M)
        side_a = side_b
        if apart or i in (a, b) or j in (a, b):
            continue
        ex, ey = x[b] - x[a], y[b] - y[a]
        near = _NEAR_M * np.hypot(ex, ey)
        side_p = ex * (py - y[a]) - ey * (px - x[a])
        side_q = ex * (qy - y[a]) - ey * (qx - x[a])
        if not ((side_p > near and side_q > near) or (side_p < -near and side_q < -near)):
            return True
    return False


@kernel
def _leads_inside(x: Floats, y: Floats, i: int, px: float, py: float) -> bool:
    """Tell whether the way from vertex i of a counter-clockwise ring to point p starts into the polygon."""
    n = len(x)
    before, after = (i - 1) % n, (i + 1) % n
    ax, ay = x[after] - x[i], y[after] - y[i]
    bx, by = x[before] - x[i], y[before] - y[i]
    cx, cy = px - x[i], py - y[i]
    left_a = ax * cy - ay * cx > _NEAR_M * np.hypot(ax, ay)
    right_b = bx * cy - by * cx < -_NEAR_M * np.hypot(bx, by)
    convex = ax * by - ay * bx > 0.0
    return bool((left_a and right_b) if convex else (left_a or right_b))


@kernel
def is_free(x: Floats, y: Floats, i: int, j: int) -> bool:
    """Tell whether the chord i-j lies inside the ring and touches it at its ends only."""
    if not (_leads_inside(x, y, i, x[j], y[j]) and _leads_inside(x, y, j, x[i], y[i])):
        return False
    return not _touches(x, y, i, j, x[i], y[i], x[j], y[j])


@kernel
def is_free_way(x: Floats, y: Floats, i: int, j: int, way: Floats) -> bool:
    """Whether a way from vertex i to vertex j lies inside the ring, touches it at its ends only, and is simple."""
    last = len(way) - 1
    if not _leads_inside(x, y, i, way[1, 0], way[1, 1]):
        return False
    if not _leads_inside(x, y, j, way[last - 1, 0], way[last - 1, 1]):
        return False
    for k in range(last):
        first, second = i if k == 0 else -1, j if k + 1 == last else -1
        if _touches(x, y, first, second, way[k, 0], way[k, 1], way[k + 1, 0], way[k + 1, 1]):
            return False
        for m in range(k - 1):
            legs = (way[m, 0], way[m, 1], way[m + 1, 0], way[m + 1, 1], way[k, 0], way[k, 1])
            if _meet(legs, way[k + 1, 0], way[k + 1, 1]):
                return False
    return True


@kernel
def _meet(legs: tuple[float, ...], qx: float, qy: float) -> bool:
    """Tell whether segment a-b meets segment p-q; ``legs`` are the coordinates of a, b and p."""
    ax, ay, bx, by, px, py = legs
    side_a = (qx - px) * (ay - py) - (qy - py) * (ax - px)
    side_b = (qx - px) * (by - py) - (qy - py) * (bx - px)
    side_p = (bx - ax) * (py - ay) - (by - ay) * (px - ax)
    side_q = (bx - ax) * (qy - ay) - (by - ay) * (qx - ax)
    return bool(side_a * side_b <= 0.0 and side_p * side_q <= 0.0)


@kernel
def parting(
    px: float, py: float, qx: float, qy: float, corners: Floats, start: int, stop: int
) -> tuple[float, int, int]:
    """Return where along segment p-q it parts a building by more than a decimetre, and its outermost corners.

    Negative where it does not. The corners are the one furthest to the right of the segment, and to the left.
    """
    dx, dy = qx - px, qy - py
    length = np.hypot(dx, dy)
    dx, dy = dx / length, dy / length
    low, high, right, left, where = 1e9, -1e9, start, start, 1e9
    ox, oy = corners[start, 0] - px, corners[start, 1] - py
    side, along = dx * oy - dy * ox, dx * ox + dy * oy
    for k in range(start + 1, stop):
        ox, oy = corners[k, 0] - px, corners[k, 1] - py
        next_side, next_along = dx * oy - dy * ox, dx * ox + dy * oy
        if next_side < low:
            low, right = next_side, k
        if next_side > high:
            high, left = next_side, k
        if (side > 0.0) != (next_side > 0.0):
            at = along + (next_along - along) * side / (side - next_side)
            if 0.0 < at < length:
                where = min(where, at)
        side, along = next_side, next_along
    return (where if where < 1e9 and low < -_PART_M and high > _PART_M else -1.0), right, left


@kernel
def first_cut(
    px: float, py: float, qx: float, qy: float, obstacles: Obstacles
) -> tuple[int, int, int, float]:
    """Return the first building segment p-q parts (-1: none), its outermost corners, and the weight of all."""
    corners, starts, discs, near = obstacles
    dx, dy = qx - px, qy - py
    length = np.hypot(dx, dy)
    dx, dy, total, first, parted, right, left = dx / length, dy / length, 0.0, 1e300, -1, -1, -1
    for which in near:
        ox, oy, radius = discs[which, 0] - px, discs[which, 1] - py, discs[which, 2]
        if abs(dx * oy - dy * ox) > radius or not -radius < dx * ox + dy * oy < length + radius:
            continue
        where, low, high = parting(px, py, qx, qy, corners, starts[which], starts[which + 1])
        if where >= 0.0:
            total += discs[which, 3]
            if where < first:
                first, parted, right, left = where, which, low, high
    return parted, right, left, total


def _inside_at_once(ring: Floats, points: Floats) -> NDArray[np.bool_]:
    (ax, ay), (bx, by) = ring[:-1].T, ring[1:].T
    px, py = points[:, :1], points[:, 1:]
    crossed = (ay > py) != (by > py)
    with np.errstate(divide="ignore", invalid="ignore"):  # level edges cross no height
        is_left = px < ax + (bx - ax) * (py - ay) / (by - ay)
    is_inside: NDArray[np.bool_] = np.count_nonzero(crossed & is_left, axis=1) % 2 == 1
    return is_inside


@partial(kernel, plain=_inside_at_once)
def inside(ring: Floats, points: Floats) -> NDArray[np.bool_]:
    """Tell which points lie in a closed ring."""
    is_inside = np.zeros(len(points), np.bool_)
    for k in range(len(points)):
        px, py, within = points[k, 0], points[k, 1], False
        for a in range(len(ring) - 1):
            ax, ay, bx, by = ring[a, 0], ring[a, 1], ring[a + 1, 0], ring[a + 1, 1]
            if (ay > py) != (by > py) and px < ax + (bx - ax) * (py - ay) / (by - ay):
                within = not within
        is_inside[k] = within
    return is_inside
