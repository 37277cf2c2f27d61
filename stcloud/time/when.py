"""The time condition of a query: spans, and within them months, days and hours that come again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from stcloud.errors import InvalidInput
from stcloud.time.expression import parse_instant, parse_when, read_when
from stcloud.time.instant import Instant, instant_us
from stcloud.time.micros import DAY_US
from stcloud.time.recurrence import (
    Hours,
    Weekdays,
    hours_text,
    in_hours,
    on_weekdays,
    parse_hours,
    parse_weekdays,
    weekdays_text,
)
from stcloud.time.relative import is_relative, read_relative
from stcloud.time.season import Months, in_months, months_text, parse_months, parse_seasons
from stcloud.time.span import Span, Spans
from stcloud.time.workday import Days

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stcloud.time.micros import Bools, Micros
    from stcloud.time.zone import Zone

__all__ = ["When", "parse_instant", "parse_when"]


@dataclass(frozen=True, slots=True)
class When:
    """A set of instants: in one of the spans, and in one of the months, on such a day, in one of the hours.

    ``When.of`` makes it from what people write.

    Parameters
    ----------
    spans
        Half-open, UTC microseconds.
    zone
        The zone whose wall clock decides months, days and hours.
    weekdays
        Numbers from 1 (Monday) to 7; None: all.
    hours
        Half-open ranges of minutes since midnight, sorted and disjoint, within 0 to 1440; None: all.
    months
        Numbers from 1 (January) to 12; None: all.
    days
        Working or free days of a country; None: all.
    notes
        What was adjusted or taken for the present in reading, in words; not part of the value.

    Raises
    ------
    InvalidInput
        ``unreadable-weekdays``, ``unreadable-hours``, ``unreadable-months``; ``unknown-year``: a span with both ends
        has days of which the calendar does not know whether they are working days, and the city's are not to be read.

    Examples
    --------
    >>> from stcloud.time import Zone
    >>> when = When.of("2024-03", weekdays="mon-fri", hours="07:00-10:00", zone=Zone("America/New_York"))
    >>> when.describe()
    '2024-03-01T00:00-05:00/2024-04-01T00:00-04:00, on mon,tue,wed,thu,fri, at 07:00-10:00 (America/New_York)'
    """

    spans: Spans
    zone: Zone
    weekdays: Weekdays | None = None
    hours: Hours | None = None
    months: Months | None = None
    days: Days | None = None
    notes: tuple[str, ...] = field(default=(), compare=False)

    def __post_init__(self) -> None:
        if self.weekdays is not None:
            parse_weekdays(self.weekdays)
        if self.hours is not None and parse_hours(hours_text(self.hours)) != self.hours:
            raise InvalidInput(
                "unreadable-hours", f"{self.hours} are not sorted and disjoint", hint="use When.of"
            )
        if self.months is not None:
            parse_months(self.months)
        if self.days is not None and not self.days.of_city:
            self.days.calendar.require(year for span in self.spans for year in _years(span, self.zone))

    @property
    def recurs(self) -> bool:
        """Whether it asks for months, days or hours that come again."""
        return any(rule is not None for rule in (self.weekdays, self.hours, self.months, self.days))

    @classmethod
    def of(
        cls,
        *texts: str,
        zone: Zone,
        weekdays: str | Iterable[int] | None = None,
        hours: str | None = None,
        months: str | int | Iterable[int] | None = None,
        seasons: str | None = None,
        days: str | Days | None = None,
        calendar: str | None = None,
        southern: bool = False,
        now: Instant | None = None,
    ) -> When:
        """Read a condition as people write it.

        Parameters
        ----------
        texts
            As for ``parse_when`` or ``read_relative``; time in any of them counts. None at all: always.
        zone
            The city's zone.
        weekdays
            As for ``parse_weekdays``: ``mon-fri``, ``sat,sun``, ``fri-mon`` or numbers; None: all.
        hours
            As for ``parse_hours``: ``07:00-10:00``, ``22:00-06:00``; None: all.
        months, seasons
            As for ``parse_months`` and ``parse_seasons``: ``jun-aug``, ``winter``; of both those in both.
        days, calendar
            As for ``Days.parse``: ``working`` or ``free`` days of ``CN``, ``US-NY``, …; or what it gives.
        southern
            Whether seasons are those of the southern hemisphere.
        now
            What time it is for relative texts, such as ``last 7 days``.

        Raises
        ------
        InvalidInput
            ``unreadable-time``, ``unreadable-weekdays``, ``unreadable-hours``, ``unreadable-months``,
            ``unknown-season``, ``unknown-days``, ``unknown-calendar``, ``unknown-year``, ``calendar-needed``,
            ``calendar-unused``; ``no-month``: the months are in none of the seasons; ``now-needed``: a relative
            text, and no ``now``.
        """
        now_us = None if now is None else instant_us(now, zone)
        read = [_read(text, zone, now_us) for text in texts]
        return cls(
            spans=Spans.of(span for span, _ in read) if read else Spans.always(),
            zone=zone,
            weekdays=None if weekdays is None else parse_weekdays(weekdays),
            hours=None if hours is None else parse_hours(hours),
            months=_months(months, seasons, southern=southern),
            days=days if isinstance(days, Days) else Days.parse(days, calendar),
            notes=tuple(note for _, notes in read for note in notes),
        )

    def matches(self, utc_us: Micros) -> Bools:
        """Tell for each instant whether it fulfils the condition: the meaning that engines must agree with.

        Parameters
        ----------
        utc_us
            ``(n,)`` int64 UTC microseconds.

        Returns
        -------
        ``(n,)`` bool.

        Notes
        -----
        Month, day and hour are those of the wall clock at the instant: after midnight, hours that run over it
        belong to the new day; a repeated hour counts both times. Years of which a calendar does not know the
        working days raise ``unknown-year``. O(n).
        """
        utc_us = np.asarray(utc_us, dtype=np.int64)
        inside = self.spans.contains(utc_us)
        if not self.recurs:
            return inside
        local_us = self.zone.to_local(utc_us)
        if self.weekdays is not None:
            inside &= on_weekdays(local_us, self.weekdays)
        if self.hours is not None:
            inside &= in_hours(local_us, self.hours)
        if self.months is not None:
            inside &= in_months(local_us, self.months)
        if self.days is not None:
            inside[inside] = self.days.among(local_us[inside])
        return inside

    def describe(self) -> str:
        """Say what was understood, in ISO 8601 with offsets, and what was adjusted."""
        text = self.spans.text(self.zone)
        if self.months is not None:
            text += f", in {months_text(self.months)}"
        if self.weekdays is not None:
            text += f", on {weekdays_text(self.weekdays)}"
        if self.days is not None:
            text += f", on {self.days}"
        if self.hours is not None:
            text += f", at {hours_text(self.hours)}"
        return "; ".join((f"{text} ({self.zone})", *self.notes))


def _read(text: str, zone: Zone, now_us: int | None) -> tuple[Span, tuple[str, ...]]:
    if not is_relative(text):
        return read_when(text, zone)
    if now_us is None:
        raise InvalidInput(
            "now-needed",
            f"'{text}' depends on what time it is, which was not given",
            hint='give it, such as now="2024-04-01T12:00"',
        )
    return read_relative(text, now_us, zone), (f"'{text}' is as of {zone.iso(now_us)}",)


def _months(
    months: str | int | Iterable[int] | None, seasons: str | None, *, southern: bool
) -> Months | None:
    rules = [] if months is None else [parse_months(months)]
    rules += [] if seasons is None else [parse_seasons(seasons, southern=southern)]
    if not rules:
        return None
    if not (shared := frozenset.intersection(*rules)):
        raise InvalidInput(
            "no-month",
            f"{months_text(rules[0])} is not in {seasons}, which is {months_text(rules[1])}",
            hint="ask for one of them",
        )
    return shared


def _years(span: Span, zone: Zone) -> range:
    """Years of the wall clock that a span with both ends has days of; none where an end is open."""
    if span.start_us is None or span.end_us is None:
        return range(0)
    ends_us = zone.to_local(np.array([span.start_us, span.end_us - 1], dtype=np.int64))
    first, last = (ends_us // DAY_US).view("M8[D]").astype("M8[Y]").astype(np.int64) + 1970
    return range(int(first), int(last) + 1)
