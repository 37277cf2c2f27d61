"""The step of a series or a cube: how time is cut into bins of the city's clock.

Bins of hours, days, weeks, months, quarters and years are those of `Bin`. Bins of n days count back from the end
of the time that is cut: the last one ends with the last day of it, so that it is never cut short by a day.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from stcloud.errors import InvalidInput
from stcloud.time.bin import Bin
from stcloud.time.binning import Binning
from stcloud.time.day_run import MOST_DAYS, DayRun
from stcloud.time.micros import DAY_US, HOUR_US, Micros
from stcloud.time.span import Span
from stcloud.time.timebins import TimeBins
from stcloud.time.zone import Zone

__all__ = ["Every"]

_UNITS = {
    "1h": Bin.HOUR, "1D": Bin.DAY, "1W": Bin.WEEK, "1M": Bin.MONTH, "1Q": Bin.QUARTER, "1Y": Bin.YEAR,
}  # fmt: skip
_TEXTS = {unit: text for text, unit in _UNITS.items()}
_DAYS = re.compile(r"([1-9][0-9]{0,9})D")
_HINT = f"use {', '.join(_UNITS)} or {', '.join(_TEXTS)}, or days such as 7D or 28D"
_MOST_BINS = 2_000_000


@dataclass(frozen=True, slots=True)
class Every:
    """A step of time: an hour, a day, a week, a month, a quarter, a year, or several days.

    Parameters
    ----------
    unit
        A calendar bin that is a span of time.
    count
        How many of them; more than 1 of days only.

    Raises
    ------
    InvalidInput
        ``unknown-step``: time is not cut so.

    Examples
    --------
    >>> from stcloud.time import parse_when
    >>> zone = Zone("America/New_York")
    >>> bins = Every.parse("7D").cut(parse_when("2024-03-01/2024-03-15", zone), zone)
    >>> bins.labels().tolist(), [zone.iso(edge) for edge in bins.edges_us.tolist()]
    (['2024-03-01', '2024-03-08'], ['2024-03-01T00:00-05:00', '2024-03-08T00:00-05:00', '2024-03-15T00:00-04:00'])
    """

    unit: Bin
    count: int = 1

    def __post_init__(self) -> None:
        most = MOST_DAYS if self.unit is Bin.DAY else 1
        if self.unit.recurs or not 1 <= self.count <= most:
            raise InvalidInput("unknown-step", f"no step of time '{self.count} {self.unit}'", hint=_HINT)

    def __str__(self) -> str:
        return _TEXTS[self.unit] if self.count == 1 else f"{self.count}D"

    @classmethod
    def parse(cls, text: str) -> Every:
        """Read a step: ``1h``, ``1D``, ``1W``, ``1M``, ``1Q``, ``1Y``, ``7D`` or ``hour``, ``day``, ``week``, ….

        Parameters
        ----------
        text
            The step; ``1D`` and ``day`` are the same one, ``1W`` (ISO weeks) and ``7D`` are not.

        Raises
        ------
        InvalidInput
            ``unknown-step``, with what there is.

        Examples
        --------
        >>> Every.parse("week"), str(Every.parse("28D"))
        (Every(unit=<Bin.WEEK: 'week'>, count=1), '28D')
        >>> Every.parse("3h")
        Traceback (most recent call last):
        stcloud.errors.InvalidInput: no step of time '3h'; use 1h, 1D, 1W, ...
        """
        unit = _UNITS.get(text)
        if unit is None and text in _TEXTS:
            unit = Bin(text)
        days = _DAYS.fullmatch(text)
        if unit is None and (days is None or int(days[1]) > MOST_DAYS):
            raise InvalidInput("unknown-step", f"no step of time '{text}'", hint=_HINT)
        return cls(unit) if unit is not None else cls(Bin.DAY, int(days[1]) if days else 1)

    def cut(self, span: Span, zone: Zone) -> TimeBins:
        """Return all bins that meet a piece of time, in order.

        Parameters
        ----------
        span
            What to cut, with both ends.
        zone
            The zone on whose wall clock the calendar is read.

        Returns
        -------
        The bins, whole ones and those that the span begins or ends in. A repeated hour is two bins, a skipped hour
        or day none.

        Raises
        ------
        InvalidInput
            ``unbounded-span``: the span has an open end. ``too-many-bins``: there would be more than two million.
            ``time-out-of-range``.

        Notes
        -----
        An instant lies in the bin of its own number, unless clocks were set back over midnight (America/St_Johns
        until 2011): minutes of a day that has ended lie in the day after, and count for their own (see `Bin.span`).

        Examples
        --------
        >>> from stcloud.time import parse_when
        >>> zone = Zone("America/New_York")
        >>> len(Every.parse("1h").cut(parse_when("2024-11-03", zone), zone))
        25
        """
        if span.start_us is None or span.end_us is None:
            raise InvalidInput(
                "unbounded-span", "time with an open end cannot be cut into bins",
                hint="give both ends, e.g. 2024-01-01/2024-06-30",
            )  # fmt: skip
        if self.unit is Bin.HOUR:
            _require_few((span.end_us - span.start_us) // HOUR_US + 1, self)
            return TimeBins(Bin.HOUR, span, *_hours(span.start_us, span.end_us, zone))
        days = _day_reached(span.start_us, zone), _day_reached(span.end_us - 1, zone)
        binning = self.unit if self.count == 1 else DayRun(self.count, (days[1] + 1) % self.count)
        return TimeBins(binning, span, *self._of_days(binning, days, zone))

    def _of_days(self, binning: Binning, days: tuple[int, int], zone: Zone) -> tuple[Micros, Micros]:
        """Return edges and numbers of the bins from a first to a last day, without those that the zone skipped."""
        first, last = binning.of_days(np.array(days, dtype=np.int64)).tolist()
        _require_few(last - first + 1, self)
        numbers = np.arange(first, last + 2)
        edges_us = zone.reached(binning.first_days(numbers) * DAY_US)
        kept = np.append(edges_us[:-1] < edges_us[1:], True)
        return edges_us[kept], numbers[kept][:-1]


def _require_few(count: int, every: Every) -> None:
    if count > _MOST_BINS:
        raise InvalidInput(
            "too-many-bins", f"the time has {count:,} bins of {every}: more than {_MOST_BINS:,}",
            hint="take a longer step, or a shorter time",
        )  # fmt: skip


def _day_reached(at_us: int, zone: Zone) -> int:
    """Return the latest day that the wall clock has shown by an instant: minutes shown again begin no day anew."""
    pieces = zone.offsets(at_us - 2 * DAY_US, at_us + 1)
    last_us = np.append(pieces.starts_us[1:], at_us + 1) - 1
    return int((last_us + pieces.offsets_us).max()) // DAY_US


def _hours(start_us: int, end_us: int, zone: Zone) -> tuple[Micros, Micros]:
    """Return edges and numbers of the hours that meet a span: shorter ones where the clock was set within them."""
    pieces = zone.offsets(start_us - 2 * HOUR_US, end_us + 2 * HOUR_US)
    last_us = np.append(pieces.starts_us[1:], end_us + 2 * HOUR_US) - 1
    starts = []
    for begin_us, offset_us, until_us in zip(pieces.starts_us, pieces.offsets_us, last_us, strict=True):
        hours = np.arange((begin_us + offset_us) // HOUR_US, (until_us + offset_us) // HOUR_US + 1)
        starts.append(np.maximum(hours * HOUR_US - offset_us, begin_us))
    edges_us = np.concatenate(starts)
    low = int(np.searchsorted(edges_us, start_us, side="right")) - 1
    high = int(np.searchsorted(edges_us, end_us, side="left"))
    return edges_us[low : high + 1], Bin.HOUR.numbers(edges_us[low:high], zone)
