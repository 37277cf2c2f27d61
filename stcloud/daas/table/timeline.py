"""The two-clock algebra, pure: what is believed of when, before and after something is stated.

A *timeline* is, for each key, periods of valid time that do not overlap, each with a content. A *statement* says of
one key, for one period, that it has a content or is not there. Stating gives the next timeline; the difference
between the two is what a load writes: pieces whose belief ends, and pieces whose belief begins.

Keys and contents are numbers here: equal numbers mean equal keys and equal contents. Periods are half-open, UTC
microseconds. `docs/explanation/time-stamped-layers.md` has the laws.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from stcloud.errors import InternalError, InvalidInput

__all__ = ["ABSENT", "ALWAYS", "FOREVER", "Change", "Ints", "Pieces", "distinct", "reverse", "state"]

Ints: TypeAlias = NDArray[np.int64]

ALWAYS, FOREVER = -(2**63), 2**63 - 1
"""Ends of valid time; `FOREVER` as an end means that none is known."""

ABSENT = -1
"""Content of a statement that says a key is not there."""

_UNSTATED = -2


@dataclass(frozen=True, slots=True, eq=False)
class Pieces:
    """Periods of keys, with their content.

    Parameters
    ----------
    key, content
        ``(n,)`` int64. Content is 0 or more, or `ABSENT` in statements.
    start_us, end_us
        ``(n,)`` int64, half-open periods of valid time, not empty. Periods of one key do not overlap.

    Raises
    ------
    InvalidInput
        ``empty-period``, ``overlapping-periods``

    Examples
    --------
    >>> Pieces.of([(7, 10, 20, 0), (7, 20, 30, 1)]).to_list()
    [(7, 10, 20, 0), (7, 20, 30, 1)]
    """

    key: Ints
    start_us: Ints
    end_us: Ints
    content: Ints

    def __post_init__(self) -> None:
        if len({len(column) for column in self.columns}) > 1 or (self.content < ABSENT).any():
            raise InternalError("bad-pieces", "columns of pieces differ in length, or a content is no number")
        if (self.start_us >= self.end_us).any():
            raise InvalidInput("empty-period", "a period ends before it begins, or as it begins")
        order = np.lexsort((self.start_us, self.key))
        key, start, end = self.key[order], self.start_us[order], self.end_us[order]
        if ((key[1:] == key[:-1]) & (start[1:] < end[:-1])).any():
            raise InvalidInput("overlapping-periods", "two periods of one key overlap")

    @classmethod
    def of(cls, rows: list[tuple[int, int, int, int]]) -> Pieces:
        """Make pieces of ``(key, start_us, end_us, content)``."""
        key, start_us, end_us, content = np.array(rows, np.int64).reshape(-1, 4).T
        return cls(key, start_us, end_us, content)

    def __len__(self) -> int:
        return len(self.key)

    def to_list(self) -> list[tuple[int, int, int, int]]:
        """Return ``(key, start_us, end_us, content)`` of each."""
        return list(zip(*(column.tolist() for column in self.columns), strict=True))

    def take(self, chosen: NDArray[np.bool_] | Ints) -> Pieces:
        """Return some of the pieces."""
        return Pieces(*(column[chosen] for column in self.columns))

    @property
    def columns(self) -> tuple[Ints, Ints, Ints, Ints]:
        """Key, start, end, content."""
        return self.key, self.start_us, self.end_us, self.content


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """What stating something changes.

    Attributes
    ----------
    ended
        Positions among the pieces believed before whose belief ends, ascending.
    begun
        Pieces whose belief begins, by key and start.
    """

    ended: Ints
    begun: Pieces


def state(believed: Pieces, stated: Pieces) -> Change:
    """Return what changes when something is stated.

    Parameters
    ----------
    believed
        The timelines of all keys that are spoken of; others may be there too and stay as they are.
    stated
        What is stated. For its periods it replaces what was believed.

    Notes
    -----
    Afterwards touching periods of equal content are one. A piece that would be believed just as before is left
    alone, so stating what is believed already changes nothing. Takes n log n.

    Examples
    --------
    >>> believed = Pieces.of([(1, 0, 100, 5)])
    >>> change = state(believed, Pieces.of([(1, 20, 30, 6)]))
    >>> change.ended.tolist(), change.begun.to_list()
    ([0], [(1, 0, 20, 5), (1, 20, 30, 6), (1, 30, 100, 5)])
    >>> len(state(believed, Pieces.of([(1, 20, 30, 5)])).begun)
    0
    """
    after = _after(believed, stated)
    old, new = _numbered(believed, after)
    return Change(np.flatnonzero(~np.isin(old, new)), after.take(~np.isin(new, old)))


def reverse(before: Pieces, after: Pieces, now: Pieces) -> Pieces:
    """Return what must be stated to take back a change.

    Parameters
    ----------
    before, after
        What was believed just before the change, and just after it, of the keys that it changed.
    now
        What is believed of them now.

    Returns
    -------
    What was believed before, for the time that the change changed and that is still as it left it.

    Examples
    --------
    >>> before, after = Pieces.of([(1, 0, 9, 5)]), Pieces.of([(1, 0, 9, 6)])
    >>> reverse(before, after, Pieces.of([(1, 0, 4, 6), (1, 4, 9, 7)])).to_list()
    [(1, 0, 4, 5)]
    """
    key, time, (old, new, held) = _laid(((before, ABSENT), (after, ABSENT), (now, ABSENT)))
    return _pieces(key, time, np.where((old != new) & (held == new), old, _UNSTATED), _UNSTATED)


def _after(believed: Pieces, stated: Pieces) -> Pieces:
    """Return the timelines once ``stated`` is believed."""
    key, time, (before, change) = _laid(((believed, ABSENT), (stated, _UNSTATED)))
    return _pieces(key, time, np.where(change == _UNSTATED, before, change), ABSENT)


def _laid(given: Sequence[tuple[Pieces, int]]) -> tuple[Ints, Ints, list[Ints]]:
    """Cut the time of all keys where a piece begins or ends; return the cuts and what holds from each on.

    With each set of pieces comes the content that stands where none of them lies.
    """
    keys = np.concatenate([key for pieces, _ in given for key in (pieces.key, pieces.key)])
    times = np.concatenate([time for pieces, _ in given for time in (pieces.start_us, pieces.end_us)])
    first, place = distinct(keys, times)
    parts = np.split(place, np.cumsum([len(pieces) for pieces, _ in given for _ in (0, 1)])[:-1])
    contents = [
        _filled(len(first), starts, ends, pieces.content, nothing)
        for (pieces, nothing), starts, ends in zip(given, parts[::2], parts[1::2], strict=True)
    ]
    return keys[first], times[first], contents


def _pieces(key: Ints, time: Ints, content: Ints, nothing: int) -> Pieces:
    """Return what holds from each cut on as pieces, touching equal ones made one."""
    fresh = np.ones(len(key), np.bool_)  # where something begins or ends
    fresh[1:] = (key[1:] != key[:-1]) | (content[1:] != content[:-1])
    key, time, content = key[fresh], time[fresh], content[fresh]
    there = (
        content != nothing
    )  # the last cut of a key ends its last piece, so the next cut is of the same key
    ends = np.append(time[1:], 0)
    return Pieces(key[there], time[there], ends[there], content[there])


def _filled(count: int, starts: Ints, ends: Ints, content: Ints, nothing: int) -> Ints:
    """Return the content that holds from each cut on, ``nothing`` where no piece lies."""
    given = np.full(count, -3, np.int64)
    given[ends] = nothing
    given[starts] = content  # where one piece ends and another begins, the one that begins counts
    last = np.maximum.accumulate(np.where(given == -3, -1, np.arange(count)))
    return np.where(last < 0, nothing, given[last])


def _numbered(first: Pieces, second: Pieces) -> tuple[Ints, Ints]:
    """Return a number for each piece of both; equal pieces have equal numbers."""
    columns = [np.concatenate(pair) for pair in zip(first.columns, second.columns, strict=True)]
    _, number = distinct(*columns)
    return number[: len(first)], number[len(first) :]


def distinct(*columns: Ints) -> tuple[Ints, Ints]:
    """Return the position of one of each distinct row, in order, and each row's rank among them."""
    order = np.lexsort(columns[::-1])
    fresh = np.ones(len(order), np.bool_)
    fresh[1:] = np.any([column[order][1:] != column[order][:-1] for column in columns], axis=0)
    rank = np.empty(len(order), np.int64)
    rank[order] = np.cumsum(fresh) - 1
    return order[fresh], rank
