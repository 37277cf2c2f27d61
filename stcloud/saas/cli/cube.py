"""`stcloud cube`. Tested by `tests/saas/cli/test_cube.py`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stcloud.saas.cli.asking import (
    CrsOption,
    GridAtOption,
    GroupOption,
    KnownAtOption,
    PinOption,
    SavedOption,
    WhatOption,
)
from stcloud.saas.cli.cubing import (
    CellOption,
    CubeMeasureOption,
    CubeOutputOption,
    EveryOption,
    ExtentOption,
    PartialOption,
    PartialSteps,
    RefreshOption,
    cube_target,
    former_cube,
    make_cube,
    understood,
)
from stcloud.saas.cli.moment import (
    CalendarOption,
    DaysOption,
    HoursOption,
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
    FormatOption,
    OutputFormat,
    SafeCsvOption,
    WhereOption,
    open_city,
    split,
)
from stcloud.saas.cli.output import note, print_answer, print_table, print_to

if TYPE_CHECKING:
    from stcloud.paas.cube.cube import Cube

__all__ = ["cube"]


def cube(
    city: CityFolder,
    layer: Annotated[str | None, typer.Argument(help="Name of the layer.", show_default=False)] = None,
    cell: CellOption = "100m",
    every: EveryOption = "1W",
    by: Annotated[
        list[str] | None,
        typer.Option(help="Further axes: columns, weekday, hour-of-day, …; separate several by commas."),
    ] = None,
    measure: CubeMeasureOption = None,
    partial: PartialOption = PartialSteps.DROP,
    extent: ExtentOption = None,
    what: WhatOption = None,
    where: WhereOption = None,
    crs: CrsOption = None,
    when: WhenOption = None,
    weekdays: WeekdaysOption = None,
    hours: HoursOption = None,
    months: MonthsOption = None,
    seasons: SeasonsOption = None,
    days: DaysOption = None,
    calendar: CalendarOption = None,
    relation: RelationOption = None,
    now: NowOption = None,
    known_at: KnownAtOption = None,
    pin: PinOption = False,  # noqa: FBT002
    grid_at: GridAtOption = None,
    group: GroupOption = None,
    saved: SavedOption = None,
    engine: EngineOption = "duckdb",
    form: FormatOption = None,
    output: CubeOutputOption = None,
    refresh: RefreshOption = False,  # noqa: FBT002
    safe_csv: SafeCsvOption = False,  # noqa: FBT002
) -> None:
    """Count by cell and step of time. Events in each step, or features at its start."""
    given = {**locals(), "by": split(by)}  # options are called as the arguments they become
    target = cube_target(form, output, safe_csv=safe_csv)
    former = former_cube(target) if refresh else None
    opened = open_city(city, engine)
    made = make_cube(opened, given, former)
    note(understood(made))
    if pin:
        note(made.facts["pin"])
    if isinstance(target, Path):
        _write(made, target)
    elif target.form is OutputFormat.TABLE:
        rows = _summary(made)
        print_to(target.path, lambda sink: print_table(list(rows[0]), rows, sink, len(rows), header=False))
    else:
        from stcloud.paas.query import Answer  # noqa: PLC0415  (slow to import)

        print_answer(Answer(made.to_arrow(), opened.configuration.lattice), target)


def _write(cube: Cube, path: Path) -> None:
    """Write a cube into a file for cubes; its size comes first, for what takes long."""
    from stcloud.saas.cubefile import write_cube  # noqa: PLC0415  (slow to import)

    bins = " × ".join(f"{size:,} {name}" for name, size in zip(cube.dims, cube.shape, strict=True))
    note(f"{path}: {bins}; {cube.megabytes:,.1f} MB for each measure, with all bins")
    write_cube(cube, path)


def _summary(cube: Cube) -> list[dict[str, Any]]:
    """Return what a cube is, a line for each of its parts."""
    steps, cells = cube.shape[:2]
    known = int(cube.known.sum())
    lines = {
        "steps": f"{steps:,} of {cube.every}, {cube.labels[0]} to {cube.labels[-1]} ({cube.zone})",
        "cells": f"{cells:,} of {cube.cells.noun}",
        **{axis.name: f"{len(axis.values):,} classes" for axis in cube.classes},
        "known": f"{known:,} of {steps * cells:,} bins of a step and a cell",
        "with rows": f"{len(cube.at):,} bins",
        **{name: _range(cube, name) for name in cube.measures},
        "in no bin": ", ".join(f"{reason} {count:,}" for reason, count in cube.leftovers.items()),
        "size": f"{cube.megabytes:,.1f} MB for each measure, with all bins",
    }
    return [{"part": part, "text": text} for part, text in lines.items()]


def _range(cube: Cube, name: str) -> str:
    import numpy as np  # noqa: PLC0415  (keeps --help light)

    measure = cube.measures[name]
    values = measure.values[~np.isnan(measure.values.astype(np.float64))]
    if not len(values):
        return "no value"
    least, most, total = (_shown(value.item()) for value in (values.min(), values.max(), values.sum()))
    in_all = measure.joined == "sum" and not cube.of_instants
    return f"{f'{total} in all, ' if in_all else ''}{least} to {most} in a bin with rows"


def _shown(value: float) -> str:
    from stcloud.saas.cli.readable import short_number  # noqa: PLC0415

    return f"{value:,}" if isinstance(value, int) else short_number(value)
