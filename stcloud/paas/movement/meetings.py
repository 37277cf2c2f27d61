"""Meetings: when two movers were near each other, or one near a place.

Between their fixes movers go straight and at constant speed.

Tested by `tests/paas/movement/test_meetings.py` and `tests/properties/test_movement.py`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stcloud.index.crossing import Moves
from stcloud.index.encounter import encounters, passes
from stcloud.paas.movement.fixes import Fixes, Floats, Ints
from stcloud.paas.movement.motionrules import MeetingRule
from stcloud.time import Zone
from stcloud.time.micros import SECOND_US

__all__ = ["meetings_table", "passes_table"]


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
    periods = _Periods(my_mover[met.left], their_mover[met.right], met.from_us, met.to_us, met.least_m)
    if same:
        movers = fixes.movers, others.movers
        periods = periods.taken(_different(*movers, periods.left, periods.right, each_once=each_once))
    if span_us is not None:
        periods = periods.cut(*span_us)
    left, right, from_us, to_us, least_m = _joined(periods)
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


def passes_table(
    fixes: Fixes, place: tuple[float, float], rule: MeetingRule, zone: Zone, *, span_us: tuple[int, int] | None = None
) -> pa.Table:  # fmt: skip
    """Return when movers were near a place.

    Parameters
    ----------
    fixes, place, rule
        The tracks; x and y in the city's CRS, metres; how near, for how long.
    zone, span_us
        As for `meetings_table`.

    Returns
    -------
    ``mover``, ``from``, ``to`` (closed), ``duration_s``, ``least_m``; by mover, time.
    """
    moves, mover = _moves(fixes, rule.gap_us)
    met = passes(moves, *place, rule.within_m)
    periods = _Periods(
        mover[met.left], np.zeros(len(met.left), np.int64), met.from_us, met.to_us, met.least_m
    )
    left, _, from_us, to_us, least_m = _joined(periods if span_us is None else periods.cut(*span_us))
    lasted = to_us - from_us >= rule.lasting_us
    return pa.table(
        {
            "mover": fixes.movers.take(pa.array(left[lasted])),
            "from": fixes.instants(from_us[lasted], zone),
            "to": fixes.instants(to_us[lasted], zone),
            "duration_s": (to_us - from_us)[lasted] / SECOND_US,
            "least_m": least_m[lasted],
        }
    )


class _Periods(NamedTuple):
    """Closed periods in which two movers, by position, were near each other, and their least distance then."""

    left: Ints
    right: Ints
    from_us: Ints
    to_us: Ints
    least_m: Floats

    def taken(self, rows: NDArray[Any]) -> _Periods:
        """Return some of them, by position or mask."""
        return _Periods(
            self.left[rows], self.right[rows], self.from_us[rows], self.to_us[rows], self.least_m[rows]
        )  # fmt: skip

    def cut(self, first_us: int, last_us: int) -> _Periods:
        """Return what lies within a closed period."""
        within = self._replace(
            from_us=np.maximum(self.from_us, first_us), to_us=np.minimum(self.to_us, last_us)
        )
        return within.taken(within.from_us <= within.to_us)


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
    mine, theirs = (
        np.array([number[word] for word in some.to_pylist()], np.int64) for some in (movers, others)
    )
    if not len(left):
        return np.zeros(0, np.bool_)
    before: NDArray[np.bool_] = mine[left] < theirs[right] if each_once else mine[left] != theirs[right]
    return before


def _joined(periods: _Periods) -> _Periods:
    """Return the periods of each pair, those that touch each other as one, ordered by pair, then time."""
    ordered = periods.taken(np.lexsort((periods.to_us, periods.from_us, periods.right, periods.left)))
    if not len(ordered.left):
        return ordered
    pair = np.cumsum(np.append(True, (np.diff(ordered.left) != 0) | (np.diff(ordered.right) != 0)))
    reached_us = _running_most(pair, ordered.to_us)
    first = np.append(True, (np.diff(pair) != 0) | (ordered.from_us[1:] > reached_us[:-1]))
    starts = np.flatnonzero(first)
    return ordered.taken(starts)._replace(
        to_us=np.maximum.reduceat(ordered.to_us, starts), least_m=np.minimum.reduceat(ordered.least_m, starts)
    )


def _running_most(pair: Ints, values: Ints) -> Ints:
    """Return the greatest value so far within each pair."""
    base = int(values.min())
    span = int(values.max()) - base + 1
    if int(pair[-1]) * span >= 2**62:  # so many pairs over so long a time: one after the other
        parts = [np.maximum.accumulate(part) for part in np.split(values, np.flatnonzero(np.diff(pair)) + 1)]
        return np.concatenate(parts)
    return np.maximum.accumulate(pair * span + (values - base)) - pair * span + base
