"""Sequences: what held during periods, at every instant, with the exact instants at which it changes.

Sums are exact until they are returned: floats are added as whole numbers of their smallest unit, so that what came
and went leaves nothing behind, and no instant looks like a change that is none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stcloud.daas.table.timeline import Ints

__all__ = ["Amount", "Steps", "sequence"]

_UNIT = 1 << 1074  # the smallest float64 is one of it


@dataclass(frozen=True, slots=True, eq=False)
class Amount:
    """What periods hold.

    Parameters
    ----------
    count
        ``(n,)`` int64: how many.
    total
        ``(n,)`` int or float64: how much together, where a measure needs it.
    """

    count: Ints
    total: NDArray[Any] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Steps:
    """What held when, of each group; by group, then time.

    Attributes
    ----------
    group
        ``(k,)`` int64.
    start_us, end_us
        ``(k,)`` int64, half-open, UTC microseconds; `FOREVER`: no end is known.
    counts, totals
        For each amount ``(k,)`` int64, and ``(k,)`` objects, ints or floats, or None where it has no total.
    """

    group: Ints
    start_us: Ints
    end_us: Ints
    counts: tuple[Ints, ...]
    totals: tuple[NDArray[Any] | None, ...]


def sequence(
    group: Ints, start_us: Ints, end_us: Ints, amounts: Sequence[Amount], span: tuple[int | None, int | None]
) -> Steps:
    """Return how much held at every instant.

    Parameters
    ----------
    group
        ``(n,)`` int64.
    start_us, end_us
        ``(n,)`` int64: the periods, half-open, UTC microseconds.
    amounts
        What each period holds.
    span
        ``[first, last)``, UTC microseconds: the steps of a group begin and end there; None: with its first and
        last period. Where there are no periods, there are steps of group 0.

    Notes
    -----
    Between two steps of a group nothing changes, and from one to the next something does; at an instant of a step
    counts and totals are those of the periods that hold the instant. O(n log n).

    Examples
    --------
    >>> ones = np.ones(2, np.int64)
    >>> steps = sequence(ones, np.array([0, 5]), np.array([9, 12]), [Amount(ones)], (None, None))
    >>> steps.start_us.tolist(), steps.counts[0].tolist()
    ([0, 5, 9], [1, 2, 1])
    """
    first, last = span
    start = start_us if first is None else np.maximum(start_us, first)
    end = end_us if last is None else np.minimum(end_us, last)
    held = start < end
    whole = np.concatenate([group[held], group[held]])
    at = np.concatenate([start[held], end[held]])
    ends = _ends(np.unique(group) if len(group) else np.zeros(1, np.int64), span)
    order, place = _places(np.concatenate([whole, ends[:, 0]]), np.concatenate([at, ends[:, 1]]))
    counts = [_running(amount.count[held], place, len(order)) for amount in amounts]
    totals = [
        None if amount.total is None else _totals(amount.total[held], place, len(order)) for amount in amounts
    ]
    return _steps(order, counts, totals)


def _ends(groups: Ints, span: tuple[int | None, int | None]) -> Ints:
    """Return ``(group, instant)`` where the steps of groups begin and end, whatever their periods are."""
    instants = [instant for instant in span if instant is not None]
    ends: Ints = np.array([(group, at) for group in groups for at in instants], np.int64).reshape(-1, 2)
    return ends


def _places(group: Ints, at_us: Ints) -> tuple[Ints, Ints]:
    """Return the distinct pairs in order, and the place of each among them."""
    pairs = np.stack([group, at_us], axis=1)
    order, place = np.unique(pairs, axis=0, return_inverse=True)
    return order, place.ravel()


def _running(value: NDArray[Any], place: Ints, count: int) -> NDArray[Any]:
    """Return how much holds from each place on: what begins there is added, what ends taken away."""
    change = np.zeros(count, value.dtype)
    n = len(value)
    np.add.at(change, place[:n], value)
    np.subtract.at(change, place[n : 2 * n], value)
    running: NDArray[Any] = np.cumsum(change)  # of a group all comes to nothing at its end
    return running


def _exact(values: NDArray[Any]) -> NDArray[Any]:
    """Return values as whole numbers of the smallest unit."""
    exact = np.empty(len(values), object)
    whole = np.issubdtype(values.dtype, np.integer)
    exact[:] = [value * _UNIT if whole else _units(value) for value in values.tolist()]
    return exact


def _units(value: float) -> int:
    over, under = value.as_integer_ratio()
    return over * (_UNIT // under)


def _steps(order: Ints, counts: list[Ints], totals: list[NDArray[Any] | None]) -> Steps:
    """Return the steps: from each place to the next of its group, those that are alike made one."""
    inner = np.append(order[1:, 0] == order[:-1, 0], False) if len(order) else np.zeros(0, bool)
    changes = np.ones(len(order), bool)
    same = inner[:-1].copy()
    for values in (*counts, *(total for total in totals if total is not None)):
        same &= np.asarray(values[1:] == values[:-1], bool)
    changes[1:] = ~same
    starts = np.flatnonzero(inner & changes)
    stops = np.flatnonzero(changes | ~inner)
    last = stops[np.searchsorted(stops, starts, side="right")] if len(starts) else starts
    return Steps(
        order[starts, 0], order[starts, 1], order[last, 1], tuple(count[starts] for count in counts),
        tuple(None if total is None else total[starts] for total in totals),
    )  # fmt: skip


def _totals(values: NDArray[Any], place: Ints, count: int) -> NDArray[Any]:
    """Return the totals from each place on, each rounded once."""
    whole = np.issubdtype(values.dtype, np.integer)
    totals = np.empty(count, object)
    totals[:] = [
        total // _UNIT if whole else total / _UNIT
        for total in _running(_exact(values), place, count).tolist()
    ]
    return totals
