"""`stcloud timeline`. Tested by `tests/saas/cli/test_features.py`."""

from __future__ import annotations

from typing import Annotated

import typer

from stcloud.saas.cli.asking import (
    ByOption,
    CrsOption,
    GroupOption,
    KnownAtOption,
    MeasureOption,
    WhatOption,
    question_of,
)
from stcloud.saas.cli.drawing import Drawing, StepChartOption, TitleOption
from stcloud.saas.cli.option import (
    CityFolder,
    EngineOption,
    FormatOption,
    LayerName,
    OutputOption,
    SafeCsvOption,
    WhereOption,
    open_city,
    read_places,
    split,
)
from stcloud.saas.cli.output import note, print_answer
from stcloud.saas.cli.target import target_of

__all__ = ["timeline"]


def timeline(
    city: CityFolder,
    layer: LayerName,
    what: WhatOption = None,
    where: WhereOption = None,
    crs: CrsOption = None,
    during: Annotated[
        str | None, typer.Option(help="One span: 2024, 2024-03, A/B; default: all time.")
    ] = None,
    end: Annotated[
        str | None,
        typer.Option(help="Events: column with their end, e.g. closed_at; an empty value means no end."),
    ] = None,
    known_at: KnownAtOption = None,
    group: GroupOption = None,
    by: ByOption = None,
    measure: MeasureOption = None,
    chart: StepChartOption = None,
    title: TitleOption = None,
    engine: EngineOption = "duckdb",
    form: FormatOption = None,
    output: OutputOption = None,
    safe_csv: SafeCsvOption = False,  # noqa: FBT002
) -> None:
    """Count or sum at every instant. Features, or events that have an end."""
    target = target_of(form, output, safe_csv=safe_csv)
    drawing = Drawing.of(None, title, None, chart=chart)
    opened = open_city(city, engine)
    given = {"layer": layer, "what": what, "where": where, "crs": crs, "known_at": known_at, "group": group}
    narrowed = question_of(opened.configuration, given).narrow(opened.query(layer), read_places)
    answer = narrowed.timeline(*(measure or []), by=split(by), during=during, end=end)
    notes = drawing.notes_of_timeline(
        narrowed, answer, measure or []
    )  # first: what cannot be drawn is refused
    note(", ".join(f"{name} {value}" for name, value in answer.facts.items()))
    print_answer(answer, target)
    for text in notes:
        note(text)
