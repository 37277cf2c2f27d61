"""What the command line says of time: options that commands share, and the question they make."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from stcloud.paas.query import Query

__all__ = [
    "AsOfOption",
    "CalendarOption",
    "DaysOption",
    "HoursOption",
    "Moment",
    "MonthsOption",
    "NowOption",
    "RelationOption",
    "SeasonsOption",
    "WeekdaysOption",
    "WhenOption",
]

WhenOption = Annotated[
    list[str] | None,
    typer.Option(
        help="2024, 2024-03, 2024-W12, A/B, A/.. (half-open), today, last week, 'last 7 days'; several are united."
    ),
]
WeekdaysOption = Annotated[str | None, typer.Option(help="mon-fri, or sat,sun, of the city's calendar.")]
HoursOption = Annotated[
    str | None, typer.Option(help="07:00-10:00, on the city's wall clock; several by comma.")
]
MonthsOption = Annotated[str | None, typer.Option(help="6-8, jun-aug or dec-feb; several by comma.")]
SeasonsOption = Annotated[
    str | None,
    typer.Option(help="winter, spring, summer, autumn, of the city's hemisphere; several by comma."),
]
DaysOption = Annotated[
    str | None, typer.Option(help="working, or free: weekends and public holidays of the calendar.")
]
CalendarOption = Annotated[
    str | None, typer.Option(help="Whose working days: CN, US-NY; default: the city's, if it has one.")
]
NowOption = Annotated[
    str | None, typer.Option(help="What time it is for 'last 7 days' and the like; default: the present.")
]

AsOfOption = Annotated[str | None, typer.Option(help="Features that were there at this instant.")]
RelationOption = Annotated[
    str | None,
    typer.Option(
        help="How periods lie to the time: intersects (of features the default), disjoint, before, after, meets, "
        "met-by, overlaps, overlapped-by, starts, started-by, during, contains, finishes, finished-by, equals."
    ),
]


@dataclass(frozen=True, slots=True)
class Moment:
    """What was said of time, as written; None: nothing."""

    when: list[str] | None = None
    weekdays: str | None = None
    hours: str | None = None
    months: str | None = None
    seasons: str | None = None
    days: str | None = None
    calendar: str | None = None
    now: str | None = None
    relation: str | None = None
    as_of: str | None = None

    def narrow(self, asked: Query) -> Query:
        """Narrow a question; the present is read from the clock only where a relative time needs it."""
        again = {
            "weekdays": self.weekdays,
            "hours": self.hours,
            "months": self.months,
            "seasons": self.seasons,
            "days": self.days,
            "calendar": self.calendar,
            "relation": self.relation,
        }
        if self.when or any(one is not None for one in again.values()):
            asked = asked.when(*(self.when or []), **again, now=self._now())
        return asked if self.as_of is None else asked.as_of(self.as_of)

    def _now(self) -> str | int | None:
        from stcloud.time import is_relative  # noqa: PLC0415

        if self.now is not None or not any(map(is_relative, self.when or [])):
            return self.now
        from stcloud.iaas.clock import system_clock  # noqa: PLC0415

        return system_clock() // 1_000_000 * 1_000_000
