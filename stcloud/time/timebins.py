"""The bins of a piece of time: where each begins, its number for engines, its label for people.

Tested by `tests/time/test_every.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from stcloud.time.binning import Binning
from stcloud.time.micros import Bools, Micros

if TYPE_CHECKING:
    from stcloud.time.span import Span

__all__ = ["TimeBins"]

_MOST_LISTED = 5_000_000  # more than there are bins of days, and less than a few hours span in numbers


@dataclass(frozen=True, slots=True, eq=False)
class TimeBins:
    """Bins that follow each other without a gap; make it with ``Every.cut``.

    Parameters
    ----------
    binning
        What engines group by to get these bins, and no other numbers.
    span
        The time that was cut; with both ends.
    edges_us
        ``(n + 1,)`` int64 UTC microseconds, ascending strictly: bin i is ``[edges_us[i], edges_us[i + 1])``.
    numbers
        ``(n,)`` int64, as ``binning.numbers`` gives them; each once.

    Examples
    --------
    >>> from stcloud.time import Every, Zone, parse_when
    >>> zone = Zone("America/New_York")
    >>> bins = Every.parse("1M").cut(parse_when("2024-01-15/2024-05", zone), zone)
    >>> bins.labels().tolist(), bins.whole.tolist()
    (['2024-01', '2024-02', '2024-03', '2024-04'], [False, True, True, True])
    """

    binning: Binning
    span: Span
    edges_us: Micros
    numbers: Micros

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def whole(self) -> Bools:
        """``(n,)`` bool: whether a bin lies in the span with all of its time."""
        start_us, end_us = self.span.start_us, self.span.end_us
        assert start_us is not None and end_us is not None  # noqa: S101, PT018  (what is cut has both ends)
        return np.asarray((self.edges_us[:-1] >= start_us) & (self.edges_us[1:] <= end_us), dtype=np.bool_)

    def without_partial(self) -> TimeBins:
        """Return the whole bins: none, with a single edge, where the span has no whole one.

        Examples
        --------
        >>> from stcloud.time import Every, Zone, parse_when
        >>> zone = Zone("America/New_York")
        >>> bins = Every.parse("1W").cut(parse_when("2024-12", zone), zone)
        >>> len(bins), bins.without_partial().labels().tolist()
        (6, ['2024-W49', '2024-W50', '2024-W51', '2024-W52'])
        """
        whole = self.whole
        first = 0 if len(whole) and whole[0] else min(1, len(whole))
        last = first + int(whole.sum())
        return replace(self, edges_us=self.edges_us[first : last + 1], numbers=self.numbers[first:last])

    def labels(self) -> npt.NDArray[Any]:
        """Return the labels of the bins, ``(n,)`` object array of str: as of `Bin`, of n days the first day.

        Raises
        ------
        InvalidInput
            ``time-out-of-range``: the first bin begins before the year 1.
        """
        return self.binning.labels(self.numbers)

    def position(self, numbers: Micros) -> npt.NDArray[np.intp]:
        """Return the place of each group among the bins.

        Parameters
        ----------
        numbers
            ``(m,)`` int64, as an engine that groups by ``binning`` gives them.

        Returns
        -------
        ``(m,)`` intp; -1 for a number of none of the bins. O(m log n).

        Examples
        --------
        >>> from stcloud.time import Every, Zone, parse_when
        >>> zone = Zone("America/New_York")
        >>> bins = Every.parse("1Y").cut(parse_when("2020/2024", zone), zone)
        >>> bins.position(np.array([2023, 2019, 2020])).tolist()
        [3, -1, 0]
        """
        numbers = np.asarray(numbers, dtype=np.int64)
        if not len(self):
            return np.full(numbers.shape, -1, dtype=np.intp)
        first = int(self.numbers.min())
        reach = int(self.numbers.max()) - first + 1
        if reach <= _MOST_LISTED:
            places = np.full(reach + 1, -1, dtype=np.intp)  # the last is of all numbers beyond
            places[self.numbers - first] = np.arange(len(self))
            beyond = (numbers < first) | (numbers >= first + reach)
            return places[np.where(beyond, reach, numbers - first)]
        # Numbers of hours are far apart, and not in order of time where a clock was set back by more than an hour.
        order = np.argsort(self.numbers)
        ascending = self.numbers[order]
        slot = np.minimum(np.searchsorted(ascending, numbers), len(self) - 1)
        return np.where(ascending[slot] == numbers, order[slot], -1)
