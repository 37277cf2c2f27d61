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
        help="2024, 2024-03, 2024-W12, A/B, A/.. (half-open), today, last week, 'last 7 days'. "
        "Repeat it for alternatives."
    ),
]
WeekdaysOption = Annotated[
    str | None, typer.Option(help="Days of the week in local time: mon-fri, or sat,sun.")
]
HoursOption = Annotated[
    str | None, typer.Option(help="Hours in local time: 07:00-10:00; separate several by commas.")
]
MonthsOption = Annotated[
    str | None, typer.Option(help="6-8, jun-aug or dec-feb; separate several by commas.")
]
SeasonsOption = Annotated[
    str | None,
    typer.Option(
        help="winter, spring, summer or autumn, of the city's hemisphere; separate several by commas."
    ),
]
DaysOption = Annotated[
    str | None, typer.Option(help="working, or free (weekends and public holidays), of the calendar.")
]
CalendarOption = Annotated[
    str | None, typer.Option(help="Calendar of working days: CN, US-NY; default: the city's.")
]
NowOption = Annotated[
    str | None,
    typer.Option(help="Instant from which 'last 7 days' and the like count; default: the present."),
]

AsOfOption = Annotated[str | None, typer.Option(help="Features that were valid at this instant.")]
RelationOption = Annotated[
    str | None,
    typer.Option(
        help="Relation of the period to the time: intersects (default of features), disjoint, before, after, meets, "
        "met-by, overlaps, overlapped-by, starts, started-by, during, contains, finishes, finished-by, equals."
    ),
]
