"""Options by which the command line says when, alike in all commands that query."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = [
    "AsOfOption",
    "CalendarOption",
    "DaysOption",
    "HoursOption",
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
