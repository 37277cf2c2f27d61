"""Options by which the command line asks a question, alike in all commands that do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from stcloud.saas.cli.moment import Moment
from stcloud.saas.cli.option import read_places

if TYPE_CHECKING:
    from stcloud.paas.query import Query

__all__ = [
    "AfterOption",
    "ByOption",
    "HavingOption",
    "KnownAtOption",
    "LimitOption",
    "MeasureOption",
    "OrderOption",
    "UntilOption",
    "WhatOption",
    "asked_of",
]

WhatOption = Annotated[
    list[str] | None,
    typer.Option(help="CQL2 filter, text or JSON, e.g. \"status = 'open'\"; several must all hold."),
]
KnownAtOption = Annotated[str | None, typer.Option(help="Answer as it was known at this instant.")]
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
    asked: Query, what: list[str] | None, where: list[str] | None, moment: Moment, known_at: str | None
) -> Query:
    """Narrow a question by what the command line says."""
    if what:
        asked = asked.what(*what)
    if where:
        asked = asked.where(*(read_places(one) for one in where))
    asked = moment.narrow(asked)
    return asked if known_at is None else asked.known_at(known_at)
