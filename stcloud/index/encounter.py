"""Encounters: when movers on straight moves at constant speed were near each other, or near a place.

Moves of a slot of time are searched by a tree of their boxes: slots lie side by side in one tree, so that moves of
different slots never meet in it. Then the distance of two moves is the root of a square of time, solved exactly.

Tested by `tests/index/test_encounter.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from stcloud.index.array import Ints, Metres
from stcloud.index.crossing import Moves

__all__ = ["Encounters", "encounters", "passes"]

AT_ONCE = 500_000
"""Boxes in a tree."""
_LONG = 4  # slots are so much longer than a move usually is
_ROUNDING_M = 5e-7  # distances are compared as micrometres
_MOST_SLOTS = 4_000_000


class Encounters(NamedTuple):
    """When two moves were near each other: closed periods, which may be an instant.

    Parameters
    ----------
    left, right
        ``(k,)`` int64, positions of the moves.
    from_us, to_us
        ``(k,)`` int64, UTC microseconds, the whole ones within the period.
    least_m
        ``(k,)`` float64, the least distance in the period, metres.
    """

    left: Ints
    right: Ints
    from_us: Ints
    to_us: Ints
    least_m: Metres


def encounters(left: Moves, right: Moves, within_m: float, *, at_once: int = AT_ONCE) -> Encounters:
    """Return when moves of one set were near moves of another, ordered by left, then right.

    Parameters
    ----------
    left, right
        The moves; one that takes no time is a place at an instant.
    within_m
        The distance, inclusive, 0 or more.
    at_once
        How many moves a tree has, about.

    Examples
    --------
    >>> zero, time = np.zeros(1), np.zeros(1, np.int64)
    >>> there = Moves(time, time + 10, zero, zero, zero, zero)
    >>> passing = Moves(time, time + 10, zero - 5, zero, zero + 5, zero)
    >>> met = encounters(there, passing, 2.0)
    >>> met.from_us.item(), met.to_us.item(), met.least_m.item()
    (3, 7, 0.0)
    """
    pairs = _candidates(left, right, within_m, at_once)
    parts = [_exact(left, right, at, other, within_m) for at, other in pairs]
    if not parts:
        none = np.zeros(0, np.int64)
        return Encounters(none, none, none, none, np.zeros(0))
    joined = _of([np.concatenate(columns) for columns in zip(*parts, strict=True)])
    return _of([column[np.lexsort((joined.right, joined.left))] for column in joined])


def passes(moves: Moves, x: float, y: float, within_m: float) -> Encounters:
    """Return when moves were near a place, ordered by move; ``right`` is that of `left`.

    Parameters
    ----------
    moves
        The moves; one that takes no time is a place at an instant.
    x, y, within_m
        The place, metres, and the distance, inclusive, 0 or more.

    Examples
    --------
    >>> zero, time = np.zeros(1), np.zeros(1, np.int64)
    >>> met = passes(Moves(time, time + 10, zero - 5, zero, zero + 5, zero), 0.0, 0.0, 2.0)
    >>> met.from_us.item(), met.to_us.item(), met.least_m.item()
    (3, 7, 0.0)
    """
    more_m = within_m + 1e-3
    near = (np.minimum(moves.x, moves.to_x) <= x + more_m) & (np.maximum(moves.x, moves.to_x) >= x - more_m)
    near &= (np.minimum(moves.y, moves.to_y) <= y + more_m) & (np.maximum(moves.y, moves.to_y) >= y - more_m)
    rows = np.flatnonzero(near)
    chosen, each = moves.taken(rows), np.arange(len(rows))
    at_x, at_y = np.full(len(rows), x), np.full(len(rows), y)
    still = Moves(chosen.from_us, chosen.to_us, at_x, at_y, at_x, at_y)
    met = _exact(chosen, still, each, each, within_m)
    return met._replace(left=rows[met.left], right=rows[met.right])


def _of(columns: Sequence[Any]) -> Encounters:
    left, right, from_us, to_us, least_m = columns
    return Encounters(left, right, from_us, to_us, least_m)


def _candidates(left: Moves, right: Moves, within_m: float, at_once: int) -> Iterator[tuple[Ints, Ints]]:
    """Give pairs of moves that overlap in time and whose boxes are near each other, each once."""
    if not len(left.x) or not len(right.x):
        return
    base_us, slot_us = _slots(left, right)
    (mine, my_slot), (others, their_slot) = (_slotted(moves, base_us, slot_us) for moves in (left, right))
    west = min(_least(left.x, left.to_x), _least(right.x, right.to_x))
    width_m = max(_most(left.x, left.to_x), _most(right.x, right.to_x)) - west + 4 * (within_m + 1.0)
    for low, high in _blocks(my_slot, their_slot, at_once):
        begin, end = np.searchsorted(my_slot, (low, high)).tolist()
        first, last = np.searchsorted(their_slot, (low, high)).tolist()
        if begin == end or first == last:
            continue
        rows, partners = mine[begin:end], others[first:last]
        beside = np.unique(np.concatenate([my_slot[begin:end], their_slot[first:last]]))
        apart = (
            np.searchsorted(beside, slot) * width_m for slot in (my_slot[begin:end], their_slot[first:last])
        )
        apart_m = [place - west for place in apart]
        tree = shapely.STRtree(_boxes(right.taken(partners), apart_m[1], 0.0))
        at, other = tree.query(_boxes(left.taken(rows), apart_m[0], within_m + 1e-3))
        slot, at, other = my_slot[begin:end][at], rows[at], partners[other]
        began_us = np.maximum(left.from_us[at], right.from_us[other])
        meet = (began_us <= np.minimum(left.to_us[at], right.to_us[other])) & (
            (began_us - base_us) // slot_us == slot
        )
        yield at[meet], other[meet]


def _slots(left: Moves, right: Moves) -> tuple[int, int]:
    """Return where slots of time begin, and how long they are."""
    first_us = int(min(left.from_us.min(), right.from_us.min()))
    last_us = int(max(left.to_us.max(), right.to_us.max()))
    lasted_us = np.concatenate([moves.to_us - moves.from_us for moves in (left, right)])
    usual_us = int(np.median(lasted_us[lasted_us > 0])) if (lasted_us > 0).any() else 0
    return first_us, max(usual_us * _LONG, (last_us - first_us) // _MOST_SLOTS + 1, 1_000_000)


def _slotted(moves: Moves, base_us: int, slot_us: int) -> tuple[Ints, Ints]:
    """Return each move in each slot that it lies in, ordered by slot: positions of moves, slots."""
    first, last = (moves.from_us - base_us) // slot_us, (moves.to_us - base_us) // slot_us
    counts = last - first + 1
    row = np.repeat(np.arange(len(first)), counts)
    slot = first[row] + np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
    order = np.argsort(slot, kind="stable")
    return row[order], slot[order]


def _blocks(my_slot: Ints, their_slot: Ints, at_once: int) -> Iterator[tuple[int, int]]:
    """Give ranges of slots that hold so few moves that one tree takes them, slots that are never cut."""
    both = np.sort(np.concatenate([my_slot, their_slot]))
    low, end = 0, len(both)
    while low < end:
        slot = int(both[low])
        high = int(both[low + at_once]) if low + at_once < end else int(both[-1]) + 1
        high = max(high, slot + 1)
        yield slot, high
        low = int(np.searchsorted(both, high))


def _boxes(moves: Moves, apart_m: NDArray[Any], more_m: float) -> np.ndarray:
    x, to_x = moves.x + apart_m, moves.to_x + apart_m
    boxes: np.ndarray = shapely.box(
        np.minimum(x, to_x) - more_m, np.minimum(moves.y, moves.to_y) - more_m,
        np.maximum(x, to_x) + more_m, np.maximum(moves.y, moves.to_y) + more_m,
    )  # fmt: skip
    return boxes


def _exact(left: Moves, right: Moves, at: Ints, other: Ints, within_m: float) -> Encounters:
    """Return the periods in which pairs of moves are within the distance."""
    began_us = np.maximum(left.from_us[at], right.from_us[other])
    ended_us = np.minimum(left.to_us[at], right.to_us[other])
    lasted_us = ended_us - began_us
    (px, py), (qx, qy) = (_apart(left, right, at, other, instant_us) for instant_us in (began_us, ended_us))
    wx, wy = qx - px, qy - py  # over the whole of the common time
    reach = (within_m + _ROUNDING_M) ** 2
    before, after = px * px + py * py <= reach, qx * qx + qy * qy <= reach
    a, half = wx * wx + wy * wy, px * wx + py * wy
    with np.errstate(divide="ignore", invalid="ignore"):
        root = np.sqrt(np.maximum(half * half - a * (px * px + py * py - reach), 0.0))
        low, high = (-half - root) / a, (-half + root) / a
        nearest = np.clip(np.where(a > 0, -half / a, 0.0), 0.0, 1.0)
    nx, ny = px + nearest * wx, py + nearest * wy
    met = before | after | (nx * nx + ny * ny <= reach)
    low, high = (np.where(np.isfinite(share), np.clip(share, 0.0, 1.0), 0.0) for share in (low, high))
    from_us = began_us + np.where(before, 0, np.ceil(low * lasted_us)).astype(np.int64)
    to_us = np.where(after, ended_us, began_us + np.floor(high * lasted_us).astype(np.int64))
    met &= from_us <= to_us
    least_m = np.sqrt(np.minimum(np.minimum(px * px + py * py, qx * qx + qy * qy), nx * nx + ny * ny))
    return _of([column[met] for column in (at, other, from_us, to_us, least_m)])


def _apart(left: Moves, right: Moves, at: Ints, other: Ints, instant_us: Ints) -> tuple[Metres, Metres]:
    (x, y), (to_x, to_y) = left.at(at, instant_us), right.at(other, instant_us)
    return x - to_x, y - to_y


def _least(start: Metres, end: Metres) -> float:
    return float(min(start.min(), end.min()))


def _most(start: Metres, end: Metres) -> float:
    return float(max(start.max(), end.max()))
