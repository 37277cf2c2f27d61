"""Options by which the command line asks a question, alike in all commands that do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from stcloud.saas.cli.option import read_place

if TYPE_CHECKING:
    from stcloud.paas.query import Query

__all__ = [
    "AfterOption",
    "AsOfOption",
    "ByOption",
    "HavingOption",
    "HoursOption",
    "KnownAtOption",
    "LimitOption",
    "MeasureOption",
    "OrderOption",
    "RelationOption",
    "UntilOption",
    "WeekdaysOption",
    "WhatOption",
    "WhenOption",
    "WhereOption",
    "asked_of",
]

WhatOption = Annotated[
    list[str] | None,
    typer.Option(help="CQL2 filter, text or JSON, e.g. \"status = 'open'\"; several must all hold."),
]
WhereOption = Annotated[
    list[str] | None,
    typer.Option(
        help="bbox:W,S,E,N (degrees), wkt:…, cell:ID, file:area.geojson, unit:PREFIX or duty:LAYER:ID; "
        "several are united."
    ),
]
WhenOption = Annotated[
    list[str] | None,
    typer.Option(help="2024, 2024-03, 2024-W12, A/B, A/.. (half-open); several are united."),
]
WeekdaysOption = Annotated[str | None, typer.Option(help="mon-fri, or sat,sun, of the city's calendar.")]
HoursOption = Annotated[
    str | None, typer.Option(help="07:00-10:00, on the city's wall clock; several by comma.")
]
KnownAtOption = Annotated[str | None, typer.Option(help="Answer as it was known at this instant.")]
AsOfOption = Annotated[str | None, typer.Option(help="Features that were there at this instant.")]
RelationOption = Annotated[
    str | None,
    typer.Option(
        help="How periods lie to the time: intersects (of features the default), disjoint, before, after, meets, "
        "met-by, overlaps, overlapped-by, starts, started-by, during, contains, finishes, finished-by, equals."
    ),
]
ByOption = Annotated[
    list[str] | None,
    typer.Option(
        help="Group by cell:100m (any level), unit, community, street, district, duty:LAYER, hour, day, week, "
        "month, quarter, year, weekday, hour-of-day, column"
    ),
]
MeasureOption = Annotated[
    list[str] | None,
    typer.Option(
        help="Told of each group: count, distinct(X), sum(X), mean(X), min(X), max(X), median(X), p90(X); X is a "
        "column, arithmetic, or a duration as days(closed - opened). Several; name = … names the field."
    ),
]
UntilOption = Annotated[
    str | None, typer.Option(help="Durations without an end count until this instant; 'open' tells how many.")
]
HavingOption = Annotated[
    str | None, typer.Option(help="CQL2 over the answer's fields: groups of which it is true.")
]
OrderOption = Annotated[
    list[str] | None, typer.Option(help="Field to order by, -FIELD for the greatest first; several by comma.")
]
LimitOption = Annotated[int | None, typer.Option(help="At most so many rows or groups.", min=0)]
AfterOption = Annotated[
    str | None, typer.Option(help="The cursor that came with the page before: the next page.")
]


def asked_of(
    asked: Query,
    what: list[str] | None,
    where: list[str] | None,
    when: list[str] | None,
    weekdays: str | None,
    hours: str | None,
    known_at: str | None,
    *,
    as_of: str | None = None,
    relation: str | None = None,
) -> Query:
    """Narrow a question by what the command line says."""
    if what:
        asked = asked.what(*what)
    if where:
        asked = asked.where(*(read_place(one) for one in where))
    if when or weekdays or hours or relation:
        asked = asked.when(*(when or []), weekdays=weekdays, hours=hours, relation=relation)
    if as_of is not None:
        asked = asked.as_of(as_of)
    return asked if known_at is None else asked.known_at(known_at)
