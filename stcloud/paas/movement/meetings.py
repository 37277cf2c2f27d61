"""Meetings: when two movers were near each other, straight and at constant speed between their fixes.

Tested by `tests/paas/movement/test_meetings.py` and `tests/properties/test_movement.py`.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stcloud.index.crossing import Moves
from stcloud.index.encounter import encounters
from stcloud.paas.movement.fixes import Fixes, Floats, Ints
from stcloud.paas.movement.motionrules import MeetingRule
from stcloud.time import Zone
from stcloud.time.micros import SECOND_US

__all__ = ["meetings_table"]


def meetings_table(
    fixes: Fixes, others: Fixes, rule: MeetingRule, zone: Zone, *, same: bool, each_once: bool,
    span_us: tuple[int, int] | None = None,
) -> pa.Table:  # fmt: skip
    """Return the meetings of movers with others.

    Parameters
    ----------
    fixes, others, rule
        The tracks, and what a meeting is.
    zone
        The city's.
    same
        Whether both are of one layer: nobody meets himself.
    each_once
        Whether of two movers only one is named first, that with the smaller name.
    span_us
        Meetings are cut to this time, closed, UTC microseconds; None: they are not.

    Returns
    -------
    ``mover``, ``other``, ``from``, ``to`` (closed), ``duration_s``, ``least_m``; by mover, other, time.
    """
    mine, my_mover = _moves(fixes, rule.gap_us)
    theirs, their_mover = _moves(others, rule.gap_us)
    met = encounters(mine, theirs, rule.within_m)
    left, right = my_mover[met.left], their_mover[met.right]
    apart = _different(fixes.movers, others.movers, left, right, each_once=each_once) if same else np.ones(len(left), np.bool_)
    left, right, from_us, to_us, least_m = (
        part[apart] for part in (left, right, met.from_us, met.to_us, met.least_m)
    )
    if span_us is not None:
        from_us, to_us = np.maximum(from_us, span_us[0]), np.minimum(to_us, span_us[1])
        kept = from_us <= to_us
        left, right, from_us, to_us, least_m = (part[kept] for part in (left, right, from_us, to_us, least_m))
    left, right, from_us, to_us, least_m = _joined(left, right, from_us, to_us, least_m)
    lasted = to_us - from_us >= rule.lasting_us
    return pa.table(
        {
            "mover": fixes.movers.take(pa.array(left[lasted])),
            "other": others.movers.take(pa.array(right[lasted])),
            "from": fixes.instants(from_us[lasted], zone),
            "to": fixes.instants(to_us[lasted], zone),
            "duration_s": (to_us - from_us)[lasted] / SECOND_US,
            "least_m": least_m[lasted],
        }
    )


def _moves(fixes: Fixes, gap_us: int) -> tuple[Moves, Ints]:
    """Return what was observed, with its mover: segments, and fixes that no segment leads to or from, as instants."""
    segments = fixes.observed(gap_us)
    alone = np.ones(len(fixes), np.bool_)
    alone[segments] = False
    alone[segments + 1] = False
    single = np.flatnonzero(alone)
    moves, here = fixes.moves(segments), (fixes.time_us[single], fixes.x[single], fixes.y[single])
    at_us, x, y = here
    both = Moves(*(np.concatenate(pair) for pair in zip(moves, (at_us, at_us, x, y, x, y), strict=True)))
    return both, fixes.mover[fixes.track[np.concatenate([segments, single])]]


def _different(
    movers: pa.Array, others: pa.Array, left: Ints, right: Ints, *, each_once: bool
) -> NDArray[np.bool_]:
    """Tell which pairs are of two movers; with ``each_once`` of which the first has the smaller name."""
    words = sorted({*movers.to_pylist(), *others.to_pylist()})
    number = {word: at for at, word in enumerate(words)}
    mine, theirs = (np.array([number[word] for word in some.to_pylist()], np.int64) for some in (movers, others))
    if not len(left):
        return np.zeros(0, np.bool_)
    before: NDArray[np.bool_] = mine[left] < theirs[right] if each_once else mine[left] != theirs[right]
    return before


def _joined(left: Ints, right: Ints, from_us: Ints, to_us: Ints, least_m: Floats) -> tuple[Ints, Ints, Ints, Ints, Floats]:
    """Return the periods of each pair, those that touch each other as one, ordered by pair, then time."""
    order = np.lexsort((to_us, from_us, right, left))
    left, right, from_us, to_us, least_m = (part[order] for part in (left, right, from_us, to_us, least_m))
    if not len(left):
        return left, right, from_us, to_us, least_m
    pair = np.cumsum(np.append(True, (np.diff(left) != 0) | (np.diff(right) != 0)))  # noqa: FBT003
    reached_us = _running_most(pair, to_us)
    first = np.append(True, (np.diff(pair) != 0) | (from_us[1:] > reached_us[:-1]))  # noqa: FBT003
    starts = np.flatnonzero(first)
    return (
        left[starts], right[starts], from_us[starts], np.maximum.reduceat(to_us, starts),
        np.minimum.reduceat(least_m, starts),
    )  # fmt: skip


def _running_most(pair: Ints, values: Ints) -> Ints:
    """Return the greatest value so far within each pair."""
    base = int(values.min())
    span = int(values.max()) - base + 1
    if int(pair[-1]) * span >= 2**62:  # so many pairs over so long a time: one after the other
        parts = [np.maximum.accumulate(part) for part in np.split(values, np.flatnonzero(np.diff(pair)) + 1)]
        return np.concatenate(parts)
    return np.maximum.accumulate(pair * span + (values - base)) - pair * span + base
