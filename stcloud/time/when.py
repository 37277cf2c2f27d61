"""The time condition of a query: spans, and within them days of the week and hours of the day."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from stcloud.errors import InvalidInput
from stcloud.time.expression import parse_instant, parse_when, read_when
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
from stcloud.time.span import Spans

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stcloud.time.micros import Bools, Micros
    from stcloud.time.zone import Zone

__all__ = ["When", "parse_instant", "parse_when"]


@dataclass(frozen=True, slots=True)
class When:
    """A set of instants: in one of the spans, and on one of the weekdays, and in one of the hours.

    ``When.of`` makes it from what people write.

    Parameters
    ----------
    spans
        Half-open, UTC microseconds.
    zone
        The zone whose wall clock decides weekdays and hours.
    weekdays
        Numbers from 1 (Monday) to 7; None: all.
    hours
        Half-open ranges of minutes since midnight, sorted and disjoint, within 0 to 1440; None: all.
    notes
        What was adjusted in reading, in words; not part of the value.

    Raises
    ------
    InvalidInput
        ``unreadable-weekdays``, ``unreadable-hours``.

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
    notes: tuple[str, ...] = field(default=(), compare=False)

    def __post_init__(self) -> None:
        if self.weekdays is not None:
            parse_weekdays(self.weekdays)
        if self.hours is not None and parse_hours(hours_text(self.hours)) != self.hours:
            raise InvalidInput(
                "unreadable-hours", f"{self.hours} are not sorted and disjoint", hint="use When.of"
            )

    @classmethod
    def of(
        cls,
        *texts: str,
        zone: Zone,
        weekdays: str | Iterable[int] | None = None,
        hours: str | None = None,
    ) -> When:
        """Read a condition as people write it.

        Parameters
        ----------
        texts
            As for ``parse_when``; time in any of them counts. None at all: always.
        zone
            The city's zone.
        weekdays
            As for ``parse_weekdays``: ``mon-fri``, ``sat,sun``, ``fri-mon`` or numbers; None: all.
        hours
            As for ``parse_hours``: ``07:00-10:00``, ``22:00-06:00``; None: all.

        Raises
        ------
        InvalidInput
            ``unreadable-time``, ``unreadable-weekdays``, ``unreadable-hours``.
        """
        read = [read_when(text, zone) for text in texts]
        return cls(
            spans=Spans.of(span for span, _ in read) if read else Spans.always(),
            zone=zone,
            weekdays=None if weekdays is None else parse_weekdays(weekdays),
            hours=None if hours is None else parse_hours(hours),
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
        Weekday and hour are those of the wall clock at the instant: after midnight, hours that run over it
        belong to the new day; a repeated hour counts both times. O(n).
        """
        utc_us = np.asarray(utc_us, dtype=np.int64)
        inside = self.spans.contains(utc_us)
        if self.weekdays is None and self.hours is None:
            return inside
        local_us = self.zone.to_local(utc_us)
        if self.weekdays is not None:
            inside &= on_weekdays(local_us, self.weekdays)
        if self.hours is not None:
            inside &= in_hours(local_us, self.hours)
        return inside

    def describe(self) -> str:
        """Say what was understood, in ISO 8601 with offsets, and what was adjusted."""
        said = self.spans.text(self.zone)
        if self.weekdays is not None:
            said += f", on {weekdays_text(self.weekdays)}"
        if self.hours is not None:
            said += f", at {hours_text(self.hours)}"
        return "; ".join((f"{said} ({self.zone})", *self.notes))
