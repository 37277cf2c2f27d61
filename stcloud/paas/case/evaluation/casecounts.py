"""Counts of cases by group: many conditions in one pass over batches of facts.

Tested by `tests/paas/case/evaluation/test_casecounts.py`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from stcloud.time import Bools, Micros

__all__ = ["LANE_ROWS", "CaseCounts", "GroupsOfRows", "counts_of", "sums_of"]

LANE_ROWS = (1 << 17) - 1
"""The most rows of a batch: counts of three conditions are added up as one float, exactly."""
_LANE = float(1 << 17)
_LOW_BITS = 26
_DENSE = 1 << 16
_SHIFT = 1 << 31


class GroupsOfRows:
    """The groups of some rows, numbered from 0 on.

    Parameters
    ----------
    keys
        For each key that groups are told apart by, ``(n,)`` int64.
    within
        ``(n,)`` bool: rows that count; others are in no group.

    Attributes
    ----------
    places
        ``(n,)`` intp: the number of each row's group; the number of groups for rows that do not count.
    keys
        ``(groups, keys)`` int64.
    sizes
        ``(groups,)`` int64: how many rows count; a group may have none.
    """

    def __init__(self, keys: Sequence[Micros], within: Bools) -> None:
        count = len(within)
        place, self.keys = np.zeros(count, np.int64), np.zeros((1, 0), np.int64)
        for numbers in keys:
            place, self.keys = _split(place, self.keys, numbers)
        self.places = place if within.all() else np.where(within, place, len(self.keys))
        self.sizes = np.bincount(self.places, minlength=len(self.keys) + 1)[: len(self.keys)]

    def __len__(self) -> int:
        return len(self.keys)


def _split(
    place: Micros, keys: npt.NDArray[np.int64], numbers: Micros
) -> tuple[Micros, npt.NDArray[np.int64]]:
    """Tell the rows of each group apart by another key."""
    if not len(numbers):
        return place, np.zeros((0, keys.shape[1] + 1), np.int64)
    most, least = _DENSE + 4 * len(numbers), int(numbers.min())
    reach = int(numbers.max()) - least + 1
    if reach * len(keys) <= most:
        inner, listed = numbers - least, np.arange(least, least + reach)
    else:
        listed, inner = np.unique(numbers, return_inverse=True)
        reach = len(listed)
    joined = inner if keys.shape[1] == 0 else place * reach + inner
    groups = np.arange(reach * len(keys))
    if len(groups) > most:
        groups, joined = np.unique(joined, return_inverse=True)
    return joined, np.column_stack([keys[groups // reach], listed[groups % reach]])


def counts_of(groups: GroupsOfRows, masks: Sequence[Bools]) -> npt.NDArray[np.int64]:
    """Return how many rows of each group each mask has: ``(groups, masks)``.

    Parameters
    ----------
    groups
        Of `LANE_ROWS` rows at most.
    masks
        ``(n,)`` bool each.
    """
    counts = np.zeros((len(groups), len(masks)), np.int64)
    for first in range(0, len(masks), 3):
        weights = masks[first].astype(np.float64)
        for lane, mask in enumerate(masks[first + 1 : first + 3], start=1):
            weights += mask * _LANE**lane
        lanes = np.bincount(groups.places, weights, len(groups) + 1)[: len(groups)].astype(np.int64)
        for lane in range(len(masks[first : first + 3])):
            counts[:, first + lane] = (lanes >> (17 * lane)) & LANE_ROWS
    return counts


def sums_of(groups: GroupsOfRows, mask: Bools, values: Micros) -> npt.NDArray[np.int64]:
    """Return exact sums of values of each group's rows in a mask, in two columns: multiples of 2^26, and the rest.

    Parameters
    ----------
    groups, mask
        As in `counts_of`.
    values
        ``(n,)`` int64 of less than 2^52.
    """
    chosen = np.where(mask, values, 0)
    high = chosen >> _LOW_BITS
    halves = (high, chosen - (high << _LOW_BITS))
    return np.column_stack([
        np.bincount(groups.places, half, len(groups) + 1)[: len(groups)].astype(np.int64) for half in halves
    ])  # fmt: skip


class CaseCounts:
    """Counts by group, added up over batches.

    Parameters
    ----------
    columns
        How many counts a group has.
    """

    def __init__(self, columns: int) -> None:
        self._codes = np.zeros(0, np.int64)  # of the groups, ascending; their rows are as they came
        self._rows = np.zeros(0, np.intp)
        self._keys: list[npt.NDArray[np.int64]] = []
        self._counts = np.zeros((16, columns), np.int64)

    def add(self, groups: GroupsOfRows, columns: npt.NDArray[np.intp], counts: npt.NDArray[np.int64]) -> None:
        """Add counts of groups of a batch to some columns; groups without rows are no groups."""
        present = np.flatnonzero(groups.sizes)
        rows = self._rows_of(groups.keys[present])
        self._counts[np.ix_(rows, columns)] += counts[present]

    def _rows_of(self, keys: npt.NDArray[np.int64]) -> npt.NDArray[np.intp]:
        """Return the row of each group, new ones for those that were not there."""
        codes = _codes(keys)
        place = np.searchsorted(self._codes, codes)
        known = np.append(self._codes, -1)[place] == codes
        if not known.all():
            new = np.flatnonzero(~known)
            self._keys.append(keys[new])
            added = len(self._rows) + np.arange(len(new))
            joined = np.append(self._codes, codes[new])
            order = np.argsort(joined)
            self._codes, self._rows = joined[order], np.append(self._rows, added)[order]
            self._grow()
            place = np.searchsorted(self._codes, codes)
        return self._rows[place]

    def _grow(self) -> None:
        if len(self._rows) > len(self._counts):
            more = np.zeros((2 * len(self._rows), self._counts.shape[1]), np.int64)
            more[: len(self._counts)] = self._counts
            self._counts = more

    @property
    def keys(self) -> npt.NDArray[np.int64]:
        """``(groups, keys)`` int64."""
        return np.concatenate(self._keys) if self._keys else np.zeros((0, 0), np.int64)

    @property
    def counts(self) -> npt.NDArray[np.int64]:
        """``(groups, columns)`` int64."""
        return self._counts[: len(self._rows)]


def _codes(keys: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return a number for each group, of one or two keys within 32 bits each; never negative."""
    codes = np.zeros(len(keys), np.int64)
    for column in range(keys.shape[1]):
        codes = (codes << 32 if column else codes) + keys[:, column] + (_SHIFT if column else _SHIFT >> 1)
    return codes
