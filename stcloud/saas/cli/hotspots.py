"""`stcloud hotspots`. Tested by `tests/saas/cli/test_hotspots.py`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from enum import StrEnum
from functools import partial as partial_of
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
    EveryOption,
    ExtentOption,
    PartialOption,
    PartialSteps,
    make_cube,
    narrowed_query,
    understood,
)
from stcloud.saas.cli.drawing import Drawing, MapOption, TitleOption, UnderOption
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
    OutputOption,
    SafeCsvOption,
    WhereOption,
    open_city,
)
from stcloud.saas.cli.output import note, print_answer, print_records, print_text
from stcloud.saas.cli.target import Target, target_of

if TYPE_CHECKING:
    from stcloud.city import City
    from stcloud.paas.cube.hotspot_result import HotSpots
    from stcloud.paas.query import Answer
    from stcloud.saas.report import MapOptions
    from stcloud.space import Lattice

__all__ = ["hotspots"]

_TOP = ("class", "hot_steps", "trend_z")


class Usual(StrEnum):
    """The bins whose mean and standard deviation are the usual ones."""

    CUBE = "cube"
    STEP = "step"
    WINDOW = "window"


Measure = Annotated[str, typer.Option(help="A count or a sum, as for query.")]
Distance = Annotated[
    str | None,
    typer.Option(help="Neighbours are cells with centres at most so far: 300m; default: those that touch."),
]
Nearest = Annotated[int | None, typer.Option(help="Neighbours are so many nearest cells.", min=1)]
Steps = Annotated[
    int, typer.Option(help="So many earlier steps belong to the neighbourhood of a bin.", min=0)
]
Both = Annotated[bool, typer.Option("--both", help="As many later steps belong to it, too.")]
Reference = Annotated[
    Usual, typer.Option(help="What is usual is that of all known bins of the cube, the step or the window.")
]
Uncorrected = Annotated[
    bool, typer.Option("--uncorrected", help="Do not correct significance for the number of tests.")
]
Alpha = Annotated[float, typer.Option(help="Level of trends.", min=0, max=1)]
KeepWarmUp = Annotated[
    bool, typer.Option("--keep-warm-up", help="Keep the first steps, which reach back less far, in trends.")
]
WithEventsOnly = Annotated[
    bool, typer.Option("--with-events-only", help="Analyse only cells that ever had an event.")
]
PerKm2 = Annotated[
    bool | None,
    typer.Option(
        "--per-km2/--as-they-are",
        help="Compare what cells have for each km², or as it is; default: for each km² if they differ in area.",
    ),
]
Top = Annotated[int, typer.Option(help="Show so many of the cells with the most hot steps.", min=0)]


def hotspots(
    city: CityFolder,
    layer: Annotated[str | None, typer.Argument(help="Name of the layer.", show_default=False)] = None,
    cell: CellOption = "100m",
    every: EveryOption = "1W",
    measure: Measure = "count",
    distance: Distance = None,
    nearest: Nearest = None,
    steps: Steps = 1,
    both: Both = False,  # noqa: FBT002
    reference: Reference = Usual.CUBE,
    uncorrected: Uncorrected = False,  # noqa: FBT002
    alpha: Alpha = 0.1,
    keep_warm_up: KeepWarmUp = False,  # noqa: FBT002
    with_events_only: WithEventsOnly = False,  # noqa: FBT002
    per_km2: PerKm2 = None,
    top: Top = 10,
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
    picture: MapOption = None,
    title: TitleOption = None,
    under: UnderOption = None,
    engine: EngineOption = "duckdb",
    form: FormatOption = None,
    output: OutputOption = None,
    safe_csv: SafeCsvOption = False,  # noqa: FBT002
) -> None:
    """Find hot and cold spots. Where counts are unusual among their neighbours, and how that has changed."""
    given = {**locals(), "measure": [measure]}  # options are called as the arguments they become
    target = target_of(form, output, safe_csv=safe_csv)
    drawing = Drawing.of(picture, title, under)
    opened = open_city(city, engine)
    made = make_cube(opened, given)
    result = made.hotspots(
        distance_m=_metres(distance), nearest=nearest, steps=steps, both=both, reference=reference.value,
        corrected=not uncorrected, alpha=alpha, skip_warm_up=not keep_warm_up, with_events_only=with_events_only,
        per_km2=per_km2,
    )  # fmt: skip
    drawn = drawing.notes_of_features(partial_of(_map, opened, given, result))
    for text in (understood(made), *([made.facts["pin"]] if pin else []), *result.notes, *drawn):
        note(text)
    _show(result, opened.configuration.lattice, target, top)


def _map(
    opened: City, given: Mapping[str, Any], result: HotSpots, path: Path, tell: Callable[[str], None],
    options: MapOptions,
) -> Path:  # fmt: skip
    from stcloud.saas.report import map_hotspots  # noqa: PLC0415  (slow to import)

    return map_hotspots(narrowed_query(opened, given)[0], result, path, tell, options=options)


def _show(result: HotSpots, lattice: Lattice, target: Target, top: int) -> None:
    """Print classes and the hottest cells for a person, or write the table of all cells."""
    answer = _answer(result, lattice)
    if target.form is OutputFormat.TABLE and target.path is None:
        print_records(_classes(result))
        _print_top(result, answer, top)
    else:
        print_answer(answer, target)
        note(", ".join(f"{record['class']} {record['cells']:,}" for record in _classes(result)))


def _metres(text: str | None) -> float | None:
    from stcloud.paas.query.join.how import read_distance  # noqa: PLC0415  (slow to import)

    return None if text is None else read_distance(text).metres


def _classes(result: HotSpots) -> list[dict[str, Any]]:
    """Return how many cells are of each class that there is, in the order of classes."""
    import numpy as np  # noqa: PLC0415  (keeps --help light)

    from stcloud.paas.cube.hotspot import CLASSES  # noqa: PLC0415

    counts = np.bincount(result.classes.astype(np.int64) + 1, minlength=len(CLASSES) + 1).tolist()
    ordered = [*zip(CLASSES, counts[1:], strict=True), ("not analysed", counts[0])]
    return [{"class": name, "cells": count} for name, count in ordered if count]


def _answer(result: HotSpots, lattice: Lattice) -> Answer:
    """Return the table of cells as an answer, which is printed and written in every format."""
    import numpy as np  # noqa: PLC0415  (keeps --help light)
    import pyarrow as pa  # noqa: PLC0415

    from stcloud.paas.query import Answer  # noqa: PLC0415
    from stcloud.paas.query.answer.group_place import GroupPieces, GroupPlace  # noqa: PLC0415

    cells = result.cube.cells
    shapes, ends = cells.shapes, np.iinfo(np.int64)
    place = None
    if shapes is not None:
        always = np.full(len(cells), ends.min), np.full(len(cells), ends.max)
        place = GroupPlace(
            cells.noun, lambda: GroupPieces(cells.names.cast(pa.string()), shapes(), *always), 0
        )
    return Answer(result.to_arrow(), lattice, result.cube.facts, groups=(cells.noun,), place=place)


def _print_top(result: HotSpots, answer: Answer, most: int) -> None:
    """Print the cells with the most hot steps; of as many the ones that are the hottest at last."""
    import numpy as np  # noqa: PLC0415  (keeps --help light)

    hot = (result.levels > 0).sum(axis=0)
    last = np.nan_to_num(result.z[-1], nan=-np.inf)
    order = [row for row in np.lexsort((-last, -hot)).tolist() if hot[row]][:most]
    if not order:
        return
    print_text("\n")
    table = answer.table.select([result.cube.cells.noun, *_TOP]).take(order)
    print_answer(replace(answer, table=table, groups=(), place=None))
