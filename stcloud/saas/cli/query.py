"""`stcloud query`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stcloud.saas.cli.asking import (
    AfterOption,
    ByOption,
    HavingOption,
    KnownAtOption,
    LimitOption,
    MeasureOption,
    OrderOption,
    UntilOption,
    WhatOption,
    asked_of,
)
from stcloud.saas.cli.moment import (
    AsOfOption,
    CalendarOption,
    DaysOption,
    HoursOption,
    Moment,
    MonthsOption,
    NowOption,
    RelationOption,
    SeasonsOption,
    WeekdaysOption,
    WhenOption,
)
from stcloud.saas.cli.option import (
    CityFolder,
    EngineOption,
    Format,
    FormatOption,
    LayerName,
    OutputOption,
    WhereOption,
    open_city,
    split,
)
from stcloud.saas.cli.output import note, print_answer

if TYPE_CHECKING:
    from stcloud.paas.query import Answer, Query

__all__ = ["query"]


def query(
    city: CityFolder,
    layer: LayerName,
    what: WhatOption = None,
    where: WhereOption = None,
    when: WhenOption = None,
    weekdays: WeekdaysOption = None,
    hours: HoursOption = None,
    months: MonthsOption = None,
    seasons: SeasonsOption = None,
    days: DaysOption = None,
    calendar: CalendarOption = None,
    relation: RelationOption = None,
    now: NowOption = None,
    as_of: AsOfOption = None,
    known_at: KnownAtOption = None,
    by: ByOption = None,
    measure: MeasureOption = None,
    until: UntilOption = None,
    having: HavingOption = None,
    grid_at: Annotated[
        str | None, typer.Option(help="Count units as the grid was at this instant, whenever events were.")
    ] = None,
    count: Annotated[bool, typer.Option("--count", help="Count all of them.")] = False,  # noqa: FBT002
    order: OrderOption = None,
    limit: LimitOption = None,
    after: AfterOption = None,
    engine: EngineOption = "duckdb",
    explain: Annotated[bool, typer.Option("--explain", help="Say what would be read.")] = False,  # noqa: FBT002
    picture: Annotated[
        Path | None, typer.Option("--map", help="Draw the answer as a map into this PNG.")
    ] = None,
    form: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Ask what happened where and when: rows, or measures of groups with --by and --measure."""
    groups, fields = split(by), split(order)
    moment = Moment(when, weekdays, hours, months, seasons, days, calendar, now, relation, as_of)
    asked = asked_of(open_city(city, engine).query(layer), what, where, moment, known_at)
    asked = asked if grid_at is None else asked.restated(grid_at)
    summed = bool(groups or count or measure or having or until)
    if explain:
        _explain(asked, groups if summed else None, form)
        return
    answer = (
        asked.measure(
            *(measure or []), by=groups, until=until, having=having, order=fields, limit=limit, after=after
        )
        if summed
        else asked.rows(limit, order=fields, after=after)
    )
    _print(asked, answer, form, output, picture)


def _explain(asked: Query, groups: list[str] | None, form: Format | None) -> None:
    found = asked.explain(groups)
    note(_understood(asked.facts()))
    typer.echo(json.dumps(found.to_dict(), ensure_ascii=False) if form is Format.JSON else str(found))


def _print(
    asked: Query, answer: Answer, form: Format | None, output: Path | None, picture: Path | None
) -> None:
    note(_understood(answer.facts))  # not before: what cannot be asked has one line, the error
    print_answer(answer, form, output)
    if answer.next is not None:
        note(f"there are more: --after {answer.next}")
    if picture is not None:
        from stcloud.saas.report import map_answer  # noqa: PLC0415

        note(f"map: {map_answer(asked, answer, picture)}")


def _understood(facts: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {value}" for name, value in facts.items())
