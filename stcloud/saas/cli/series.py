"""`stcloud series`. Tested by `tests/saas/cli/test_series.py`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stcloud.errors import InvalidInput
from stcloud.saas.cli.asking import CrsOption, KnownAtOption, PinOption
from stcloud.saas.cli.moment import (
    CalendarOption,
    DaysOption,
    HoursOption,
    MonthsOption,
    NowOption,
    SeasonsOption,
    WeekdaysOption,
    WhenOption,
)
from stcloud.saas.cli.option import (
    CityFolder,
    FormatOption,
    LayerName,
    OutputFormat,
    SafeCsvOption,
    WhereOption,
    open_city,
    read_places,
    split,
)
from stcloud.saas.cli.output import note, print_answer
from stcloud.saas.cli.target import Target, picture_path, target_of
from stcloud.saas.seriesfile import SERIES_SUFFIX, check_series_path, write_series

if TYPE_CHECKING:
    import pyarrow as pa

    from stcloud.paas.query import Answer
    from stcloud.paas.series.resampled import Resampled
    from stcloud.paas.series.seriesquery import SeriesQuery

__all__ = ["series"]

AtOption = Annotated[
    list[str] | None, typer.Option(help="Stations, by key; separate several by commas, or repeat it.")
]
ValueOption = Annotated[
    list[str] | None, typer.Option(help="Values, e.g. PM2.5; separate several by commas. Default: all.")
]
ResampleOption = Annotated[
    str | None, typer.Option(help="Results for bins of the city's clock: 1h, 1d, 1W, 1M, 1Y, 7d.")
]
MethodOption = Annotated[
    str, typer.Option(help="Of --resample: mean, max, min, sum, count, median, p90; several by commas.")
]
CompleteOption = Annotated[
    str | None,
    typer.Option(help="Of --resample: how many values a bin needs, '18 of 24', or any; default: as defined."),
]
SeriesChartOption = Annotated[
    Path | None,
    typer.Option("--chart", help="Draw the results of --resample as lines into this PNG, SVG or PDF file."),
]
GapsOption = Annotated[bool, typer.Option("--gaps", help="List the gaps: steps without a value.")]
LatenessOption = Annotated[
    bool, typer.Option("--lateness", help="Show how long after their time readings became known, in hours.")
]
SeriesOutputOption = Annotated[
    Path | None,
    typer.Option(
        "--output", "-o", help="Write to this file: .nc (CF), or a table by its suffix.", show_default=False
    ),
]


def series(
    city: CityFolder,
    layer: LayerName,
    at: AtOption = None,
    value: ValueOption = None,
    where: WhereOption = None,
    crs: CrsOption = None,
    when: WhenOption = None,
    weekdays: WeekdaysOption = None,
    hours: HoursOption = None,
    months: MonthsOption = None,
    seasons: SeasonsOption = None,
    days: DaysOption = None,
    calendar: CalendarOption = None,
    now: NowOption = None,
    known_at: KnownAtOption = None,
    pin: PinOption = False,  # noqa: FBT002
    resample: ResampleOption = None,
    method: MethodOption = "mean",
    complete: CompleteOption = None,
    gaps: GapsOption = False,  # noqa: FBT002
    lateness: LatenessOption = False,  # noqa: FBT002
    chart: SeriesChartOption = None,
    form: FormatOption = None,
    output: SeriesOutputOption = None,
    safe_csv: SafeCsvOption = False,  # noqa: FBT002
) -> None:
    """Show what stations measured. Readings, gaps, results by day, lateness; as they were known."""
    _refuse_several(resample=resample is not None, gaps=gaps, lateness=lateness)
    is_dataset = output is not None and output.suffix.lower() == SERIES_SUFFIX
    _check_chart(chart, resample)
    target = None if is_dataset else target_of(form, output, safe_csv=safe_csv)
    if is_dataset and output is not None:
        _refuse_dataset(gaps=gaps, lateness=lateness)
        check_series_path(output)
    opened = open_city(city)
    wanted = opened.series(layer)
    times = when or ()
    if times or any((weekdays, hours, months, seasons, days)):
        wanted = wanted.when(
            *times, weekdays=weekdays, hours=hours, months=months, seasons=seasons, days=days, calendar=calendar,
            now=now,
        )  # fmt: skip
    wanted = wanted.known_at(known_at) if known_at else wanted
    wanted = wanted.at(*(split(at) or ())) if at else wanted
    wanted = wanted.values(*(split(value) or ())) if value else wanted
    wanted = wanted.where(*map(read_places, where), crs=crs) if where else wanted
    made = None if resample is None else wanted.resample(resample, method, complete=complete)
    if output is not None and is_dataset:
        _write(wanted, made, output)
    else:
        _show(wanted, made, gaps=gaps, lateness=lateness, target=target or Target())
    if chart is not None and made is not None:
        _draw(made, opened.name, chart)
    if pin:
        note(wanted.pin.text)


def _refuse_several(**chosen: bool) -> None:
    names = [f"--{name}" for name, is_chosen in chosen.items() if is_chosen]
    if len(names) > 1:
        raise InvalidInput(
            "several-results", f"{' and '.join(names)} give different tables", hint="name one of them"
        )


def _check_chart(chart: Path | None, resample: str | None) -> None:
    """Refuse a chart that there is nothing for, or that could not be written, before anything is read."""
    if chart is None:
        return
    if resample is None:
        raise InvalidInput(
            "no-chart", "a chart shows results of bins, and none are asked for", hint="add --resample 1d"
        )
    picture_path(chart)


def _draw(made: Resampled, city: str, path: Path) -> None:
    from stcloud.saas.report import chart_series  # noqa: PLC0415  (slow to import)

    chart_series(made, city, path, note)
    note(f"chart: {path}")


def _refuse_dataset(**chosen: bool) -> None:
    names = [f"--{name}" for name, is_chosen in chosen.items() if is_chosen]
    if names:
        raise InvalidInput(
            "several-results", f"{names[0]} is a table, and a file {SERIES_SUFFIX} holds a dataset",
            hint="let the name of the file end in .csv, .parquet or .json",
        )  # fmt: skip


def _write(wanted: SeriesQuery, made: Resampled | None, path: Path) -> None:
    dataset = write_series(wanted.to_xarray if made is None else made.to_xarray, path)
    sizes = " × ".join(f"{dataset.sizes[name]:,} {name}" for name in ("station", "time"))
    note(f"{path}: {sizes}")


def _show(wanted: SeriesQuery, made: Resampled | None, *, gaps: bool, lateness: bool, target: Target) -> None:
    """Print a table: what was chosen, else the readings."""
    answer = wanted.gaps() if gaps else wanted.lateness() if lateness else _rows(wanted, made)
    if made is not None:
        note(f"bins of {made.every} ({made.zone}), complete if {made.complete}")
    note(", ".join(f"{name} {text}" for name, text in answer.facts.items()))
    if target.form is OutputFormat.TABLE and target.path is None:
        answer = replace(answer, table=_without_idle(answer.table))
    print_answer(answer, target)


def _without_idle(table: pa.Table) -> pa.Table:
    """Return a table for a person: without flags that all say good, and what only programs need."""
    idle = {"recorded", *(("from", "to") if "time" in table.schema.names else ())}
    for name in table.schema.names:
        if name.endswith("_flag") and set(table[name].unique().to_pylist()) <= {"good", "complete"}:
            idle.add(name)
    return table.drop_columns([name for name in table.schema.names if name in idle])


def _rows(wanted: SeriesQuery, made: Resampled | None) -> Answer:
    from stcloud.paas.query import Answer  # noqa: PLC0415  (slow to import)

    table = wanted.to_arrow() if made is None else made.to_arrow()
    return Answer(table, wanted.query.subject.configuration.lattice, wanted.facts(), pin=wanted.pin)
