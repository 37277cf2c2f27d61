"""`stcloud join`. Tested by `tests/saas/test_caller.py`."""

from __future__ import annotations

from typing import Annotated

import typer

from stcloud.errors import InvalidInput
from stcloud.saas.cli.asking import CrsOption, PinOption, question_of
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
    EngineOption,
    FormatOption,
    LayerName,
    OutputOption,
    SafeCsvOption,
    ToOption,
    open_city,
    read_places,
)
from stcloud.saas.cli.output import note
from stcloud.saas.cli.stream import print_stream
from stcloud.saas.cli.target import target_of

__all__ = ["join"]

How = Annotated[
    str,
    typer.Option(
        help="within (one feature), intersects (all of them), 'within 20 m', nearest, 'nearest 2 within 200 m', "
        "or at: the value of a scene."
    ),
]
At = Annotated[
    str | None, typer.Option(help="Use features at this instant; default: at each event's own time.")
]
KnownAt = Annotated[str | None, typer.Option(help="Use what was known at this instant, or at a pin.")]
Value = Annotated[
    list[str] | None,
    typer.Option(help="LAYER has readings: give this value of the nearest station; repeatable."),
]
WithinTime = Annotated[
    str | None, typer.Option(help="How far a reading may be from the event in time: 1h; default: a step.")
]
Band = Annotated[
    str | None, typer.Option(help="With --how at: the band of a layer of scenes, or arithmetic of bands.")
]
Inner = Annotated[bool, typer.Option("--inner", help="Leave out events without a partner.")]


def join(
    city: CityFolder,
    events: Annotated[str, typer.Argument(help="Layer of events.", show_default=False)],
    layer: LayerName,
    how: How = "within",
    at: At = None,
    known_at: KnownAt = None,
    pin: PinOption = False,  # noqa: FBT002
    inner: Inner = False,  # noqa: FBT002
    value: Value = None,
    within: WithinTime = None,
    band: Band = None,
    what: Annotated[list[str] | None, typer.Option(help="CQL2 filter of the events.")] = None,
    where: Annotated[
        list[str] | None, typer.Option(help="Events in these places; forms as for query.")
    ] = None,
    crs: CrsOption = None,
    when: WhenOption = None,
    weekdays: WeekdaysOption = None,
    hours: HoursOption = None,
    months: MonthsOption = None,
    seasons: SeasonsOption = None,
    days: DaysOption = None,
    calendar: CalendarOption = None,
    now: NowOption = None,
    engine: EngineOption = "duckdb",
    form: FormatOption = None,
    output: OutputOption = None,
    to: ToOption = None,
    safe_csv: SafeCsvOption = False,  # noqa: FBT002
) -> None:
    """Join events with features, readings or scenes. As they were at each event's own time."""
    target = target_of(form, output, safe_csv=safe_csv)
    if to is not None and (form or output):
        raise InvalidInput(
            "rows-only", "--to writes Parquet there, and --format and --output say something else",
            hint="give one of them",
        )  # fmt: skip
    opened = open_city(city, engine)
    given = {
        "layer": events, "what": what, "where": where, "crs": crs, "when": when, "weekdays": weekdays, "hours": hours,
        "months": months, "seasons": seasons, "days": days, "calendar": calendar, "now": now, "known_at": known_at,
    }  # fmt: skip
    narrowed = question_of(opened.configuration, given).narrow(opened.query(events), read_places)
    joining = narrowed.joining(
        layer, how, at=at, known_at=known_at, inner=inner, value=value or (), within=within, band=band
    )
    if to is not None:
        joining.write_parquet(to)
    rows = None if to is not None else joining.reader()
    note(", ".join(f"{name} {value}" for name, value in joining.facts.items()))
    if pin:
        note(joining.pin.text)
    if rows is None:
        note(f"written: {to}")
    else:
        print_stream(rows, opened.configuration.lattice, target, joining.coded)
