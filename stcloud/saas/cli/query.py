"""`stcloud query`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stcloud.saas.cli.option import (
    CityFolder,
    EngineOption,
    Format,
    FormatOption,
    LayerName,
    OutputOption,
    WhereOption,
    open_city,
    read_places,
    split,
)
from stcloud.saas.cli.output import note, print_answer

if TYPE_CHECKING:
    from stcloud.paas.query import Query

__all__ = ["asked_of", "query"]


def query(
    city: CityFolder,
    layer: LayerName,
    what: Annotated[
        list[str] | None,
        typer.Option(help="CQL2 filter, text or JSON, e.g. \"status = 'open'\"; several must all hold."),
    ] = None,
    where: WhereOption = None,
    when: Annotated[
        list[str] | None,
        typer.Option(help="2024, 2024-03, 2024-W12, A/B, A/.. (half-open); several are united."),
    ] = None,
    weekdays: Annotated[str | None, typer.Option(help="mon-fri, or sat,sun, of the city's calendar.")] = None,
    hours: Annotated[
        str | None, typer.Option(help="07:00-10:00, on the city's wall clock; several by comma.")
    ] = None,
    known_at: Annotated[str | None, typer.Option(help="Answer as it was known at this instant.")] = None,
    by: Annotated[
        list[str] | None,
        typer.Option(
            help="Count by cell:100m (any level), unit, community, street, district, duty:LAYER, hour, day, week, "
            "month, quarter, year, weekday, hour-of-day, column"
        ),
    ] = None,
    grid_at: Annotated[
        str | None, typer.Option(help="Count units as the grid was at this instant, whenever events were.")
    ] = None,
    count: Annotated[bool, typer.Option("--count", help="Count all of them.")] = False,  # noqa: FBT002
    limit: Annotated[int | None, typer.Option(help="At most so many rows.", min=0)] = None,
    engine: EngineOption = "duckdb",
    explain: Annotated[bool, typer.Option("--explain", help="Say what would be read.")] = False,  # noqa: FBT002
    picture: Annotated[
        Path | None, typer.Option("--map", help="Draw the answer as a map into this PNG.")
    ] = None,
    form: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Ask what happened where and when: rows, or counts with --by."""
    groups = split(by)
    asked = asked_of(open_city(city, engine).query(layer), what, where, when, weekdays, hours, known_at)
    asked = asked if grid_at is None else asked.restated(grid_at)
    understood = ", ".join(f"{name} {value}" for name, value in asked.facts().items())
    if explain:
        found = asked.explain(groups if groups or count else None)
        note(understood)
        typer.echo(json.dumps(found.to_dict(), ensure_ascii=False) if form is Format.JSON else str(found))
        return
    answer = asked.count(groups) if groups or count else asked.rows(limit)
    note(understood)  # not before: what cannot be asked has one line, the error
    print_answer(answer, form, output)
    if picture is not None:
        from stcloud.saas.report import map_answer  # noqa: PLC0415

        note(f"map: {map_answer(asked, answer, picture)}")


def asked_of(
    asked: Query,
    what: list[str] | None,
    where: list[str] | None,
    when: list[str] | None,
    weekdays: str | None,
    hours: str | None,
    known_at: str | None,
) -> Query:
    """Narrow a question by what the command line says."""
    if what:
        asked = asked.what(*what)
    if where:
        asked = asked.where(*(read_places(one) for one in where))
    if when or weekdays or hours:
        asked = asked.when(*(when or []), weekdays=weekdays, hours=hours)
    return asked if known_at is None else asked.known_at(known_at)
