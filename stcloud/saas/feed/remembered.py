"""What feeds remember in bounded memory: hashes with a number each, and places in the order of a stream.

Tested by `tests/saas/feed/test_remembered.py`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["Hashes", "Numbers", "Ranges"]

Numbers = NDArray[np.int64]
_MOST_PIECES = 16
_NONE = np.empty(0, np.int64)


class _Generation:
    """Hashes in sorted pieces, merged as they become many; each with its greatest number."""

    def __init__(self, hashes: Numbers = _NONE, numbers: Numbers = _NONE) -> None:
        self.pieces: list[tuple[Numbers, Numbers]] = []
        self.size = 0
        self.add(hashes, numbers)

    def add(self, hashes: Numbers, numbers: Numbers) -> None:
        if not len(hashes):
            return
        self.pieces.append(_sorted(hashes, numbers))
        self.size += len(hashes)
        if len(self.pieces) > _MOST_PIECES:
            whole = _sorted(*self.pairs)
            self.pieces, self.size = [whole], len(whole[0])

    @property
    def pairs(self) -> tuple[Numbers, Numbers]:
        hashes, numbers = zip(*self.pieces, strict=True) if self.pieces else ((_NONE,), (_NONE,))
        return np.concatenate(hashes), np.concatenate(numbers)

    def raise_to(self, greatest: Numbers, hashes: Numbers) -> None:
        for known, numbers in self.pieces:
            place = np.minimum(np.searchsorted(known, hashes), len(known) - 1)
            hit = known[place] == hashes
            greatest[hit] = np.maximum(greatest[hit], numbers[place[hit]])


class Hashes:
    """Hashes with the greatest number that came with each: at least the last ``most``, at the most twice as many.

    Examples
    --------
    >>> known = Hashes(most=100)
    >>> known.add(np.array([7, 5, 5]), np.array([1, 4, 2]))
    >>> known.greatest(np.array([5, 6]), otherwise=-1).tolist()
    [4, -1]
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._older, self._newer = _Generation(), _Generation()

    def add(self, hashes: Numbers, numbers: Numbers) -> None:
        """Remember some."""
        self._newer.add(hashes, numbers)
        if self._newer.size >= self._most:
            self._older, self._newer = self._newer, _Generation()

    def greatest(self, hashes: Numbers, *, otherwise: int) -> Numbers:
        """Return the greatest number of each hash, or another one where it is not known."""
        greatest = np.full(len(hashes), otherwise, np.int64)
        self._older.raise_to(greatest, hashes)
        self._newer.raise_to(greatest, hashes)
        return greatest

    @property
    def generations(self) -> list[tuple[Numbers, Numbers]]:
        """Hashes and numbers, older ones first: what `add` takes to remember the same."""
        return [self._older.pairs, self._newer.pairs]


class Ranges:
    """Whole numbers as ranges: however many, they need as much memory as there are gaps.

    Parameters
    ----------
    most
        Ranges, at most; beyond it the lowest are forgotten.

    Examples
    --------
    >>> known = Ranges(most=100)
    >>> known.add(np.array([3, 1, 2, 7]))
    >>> known.starts.tolist(), known.ends.tolist()
    ([1, 7], [3, 7])
    >>> known.has(np.array([0, 2, 5, 7])).tolist()
    [False, True, False, True]
    """

    def __init__(self, most: int, starts: Numbers = _NONE, ends: Numbers = _NONE) -> None:
        self._most = most
        self.starts, self.ends = _NONE, _NONE
        self._join(starts, ends)

    def add(self, numbers: Numbers) -> None:
        """Remember some."""
        self._join(numbers, numbers)

    def add_ranges(self, starts: Numbers, ends: Numbers) -> None:
        """Remember all numbers of some ranges, whose ends belong to them."""
        self._join(starts, ends)

    def has(self, numbers: Numbers) -> NDArray[np.bool_]:
        """Return which of some numbers are known."""
        if not len(self.starts):
            return np.zeros(len(numbers), np.bool_)
        place = np.searchsorted(self.starts, numbers, side="right") - 1
        known: NDArray[np.bool_] = (place >= 0) & (numbers <= self.ends[np.maximum(place, 0)])
        return known

    def _join(self, starts: Numbers, ends: Numbers) -> None:
        starts, ends = np.concatenate((self.starts, starts)), np.concatenate((self.ends, ends))
        if not len(starts):
            return
        order = np.argsort(starts, kind="stable")
        starts, reached = starts[order], np.maximum.accumulate(ends[order])
        begins = np.flatnonzero(np.concatenate(([True], starts[1:] > reached[:-1] + 1)))
        last = np.append(begins[1:], len(starts)) - 1
        starts, ends = starts[begins], reached[last]
        if len(starts) > self._most:
            starts, ends = starts[-self._most :], ends[-self._most :]
        self.starts, self.ends = starts, ends


def _sorted(hashes: Numbers, numbers: Numbers) -> tuple[Numbers, Numbers]:
    """Return each hash once, ascending, with its greatest number."""
    order = np.lexsort((numbers, hashes))
    hashes, numbers = hashes[order], numbers[order]
    last = np.append(hashes[1:] != hashes[:-1], [True] * min(len(hashes), 1))
    return hashes[last], numbers[last]
