"""`stcloud tracks`. Tested by `tests/saas/cli/test_tracks.py`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stcloud.errors import InvalidInput
from stcloud.saas.cli.asking import CrsOption, KnownAtOption, PinOption, WhatOption
from stcloud.saas.cli.moment import HoursOption, MonthsOption, NowOption, WeekdaysOption
from stcloud.saas.cli.option import (
    CityFolder,
    FormatOption,
    LayerName,
    OutputOption,
    SafeCsvOption,
    WhereOption,
    open_city,
    read_places,
    split,
)
from stcloud.saas.cli.output import note, print_answer, print_text
from stcloud.saas.cli.target import document_path, target_of

if TYPE_CHECKING:
    from pathlib import Path

    from stcloud.city import City
    from stcloud.paas.movement import TrackQuery
    from stcloud.paas.query import Answer

__all__ = ["tracks"]


class TrackResult(StrEnum):
    """What is shown of tracks."""

    TRACKS = "tracks"
    SEGMENTS = "segments"
    STOPS = "stops"
    TRIPS = "trips"
    DWELL = "dwell"
    ORIGINS = "origins"
    MEETINGS = "meetings"
    PASSES = "passes"
    CURRENT = "current"
    MFJSON = "mfjson"


_OPTIONS: Mapping[TrackResult, frozenset[str]] = {
    TrackResult.TRACKS: frozenset(),
    TrackResult.SEGMENTS: frozenset(),
    TrackResult.STOPS: frozenset(("within", "at-least", "gap")),
    TrackResult.TRIPS: frozenset(("within", "at-least", "gap")),
    TrackResult.DWELL: frozenset(("cell", "every", "by-mover", "gap")),
    TrackResult.ORIGINS: frozenset(("cell", "within", "at-least", "gap")),
    TrackResult.MEETINGS: frozenset(("within", "at-least", "gap", "with", "with-mover")),
    TrackResult.PASSES: frozenset(("within", "at-least", "gap", "near")),
    TrackResult.CURRENT: frozenset(("at", "max-age", "near", "nearest", "within")),
    TrackResult.MFJSON: frozenset(("gap",)),
}
"""Options of each result that others have no use for."""

AsOption = Annotated[TrackResult, typer.Option("--as", help="What to show.")]
DuringOption = Annotated[
    list[str] | None,
    typer.Option(
        help="Fixes of this time: 2024-03-01, A/B, last week; repeat it for alternatives. Of meetings and passes "
        "one span."
    ),
]
MoverOption = Annotated[
    list[str] | None, typer.Option("--mover", help="Only these movers; separate several by commas.")
]
WithinOption = Annotated[
    str | None,
    typer.Option(
        help="Of stops, trips, meetings, passes: the distance, 50m (the default); of current: at most."
    ),
]
AtLeastOption = Annotated[
    str | None,
    typer.Option(
        "--at-least", help="How long a stop (default: 5min), a meeting or a pass lasts: 30s, 5min, 1h."
    ),
]
GapOption = Annotated[
    str | None,
    typer.Option(help="A longer time without a fix is not observed, or ends a trip; default: 10min."),
]
CellOption = Annotated[
    str | None, typer.Option(help="Of dwell (default: 100m) and origins (unit): 100m, 1km, unit, in:LAYER.")
]
EveryOption = Annotated[str | None, typer.Option(help="Of dwell: steps of time, 1h (the default), 1D, 1W …")]
ByMoverOption = Annotated[bool, typer.Option("--by-mover", help="Of dwell: of each mover by itself.")]
WithOption = Annotated[
    str | None, typer.Option("--with", help="Of meetings: another layer of movers.", show_default=False)
]
WithMoverOption = Annotated[
    list[str] | None, typer.Option("--with-mover", help="Of meetings: only with these movers.")
]
AtOption = Annotated[str | None, typer.Option("--at", help="Of current: as of this instant; default: now.")]
MaxAgeOption = Annotated[
    str | None, typer.Option("--max-age", help="Of current: leave out movers without a fix for so long.")
]
NearOption = Annotated[
    str | None,
    typer.Option(
        metavar="LON,LAT", help="Of passes: near this place; of current: nearest to it.", show_default=False
    ),
]
NearestOption = Annotated[int | None, typer.Option("--nearest", help="With --near: how many; default: 1.")]


def tracks(
    city: CityFolder,
    layer: LayerName,
    result: AsOption = TrackResult.TRACKS,
    during: DuringOption = None,
    mover: MoverOption = None,
    weekdays: WeekdaysOption = None,
    hours: HoursOption = None,
    months: MonthsOption = None,
    what: WhatOption = None,
    where: WhereOption = None,
    crs: CrsOption = None,
    now: NowOption = None,
    known_at: KnownAtOption = None,
    pin: PinOption = False,  # noqa: FBT002
    within: WithinOption = None,
    at_least: AtLeastOption = None,
    gap: GapOption = None,
    cell: CellOption = None,
    every: EveryOption = None,
    by_mover: ByMoverOption = False,  # noqa: FBT002
    with_layer: WithOption = None,
    with_mover: WithMoverOption = None,
    at: AtOption = None,
    max_age: MaxAgeOption = None,
    near: NearOption = None,
    nearest: NearestOption = None,
    form: FormatOption = None,
    output: OutputOption = None,
    safe_csv: SafeCsvOption = False,  # noqa: FBT002
) -> None:
    """Show where movers were. Tracks, stops, trips, time in cells, meetings, last positions; as they were known."""
    given = {
        "within": within, "at-least": at_least, "gap": gap, "cell": cell, "every": every,
        "by-mover": by_mover or None, "with": with_layer, "with-mover": with_mover, "at": at, "max-age": max_age,
        "near": near, "nearest": nearest,
    }  # fmt: skip
    stated = {name: value for name, value in given.items() if value is not None}
    _refuse_unused(result, stated)
    is_document = result is TrackResult.MFJSON and form is None
    if is_document:
        document_path(output, ".json", ".mfjson")
    target = target_of(form, None if is_document else output, safe_csv=safe_csv)
    opened = open_city(city)
    spans = tuple(during or ())
    question = _at_times(
        opened.tracks(layer), result, spans, now, weekdays=weekdays, hours=hours, months=months
    )
    question = _of_movers(question, mover)
    question = question.what(*what, crs=crs) if what else question
    question = question.where(*map(read_places, where), crs=crs) if where else question
    question = question.known_at(known_at) if known_at else question
    if result is TrackResult.MFJSON:
        _print_mfjson(question, gap, output, stated_form=form is not None)
        return
    answer = _ANSWERS[result](opened, question, stated | {"during": spans})
    note(", ".join(f"{name} {value}" for name, value in answer.facts.items() if name != "pin"))
    print_answer(answer, target)
    if pin and answer.pin is not None:
        note(answer.pin.text)


def _at_times(
    question: TrackQuery, result: TrackResult, spans: tuple[str, ...], now: str | None, **recurring: Any
) -> TrackQuery:
    """Return the question for fixes of some times; meetings and passes are cut to their span later."""
    whole = result in (TrackResult.MEETINGS, TrackResult.PASSES)
    if any(recurring.values()) or (spans and not whole):
        return question.when(*(() if whole else spans), **recurring, now=now)
    return question


def _refuse_unused(result: TrackResult, stated: Mapping[str, Any]) -> None:
    """Refuse an option that the result has no use for."""
    for name in stated:
        if name not in _OPTIONS[result]:
            others = ", ".join(f"--as {other}" for other, options in _OPTIONS.items() if name in options)
            raise InvalidInput(
                "option-unused", f"--{name} says nothing of --as {result}", hint=f"it is of {others}"
            )
    if "nearest" in stated and "near" not in stated:
        raise InvalidInput(
            "option-unused", "--nearest says how many, and no place is named", hint="add --near LON,LAT"
        )
    if "within" in stated and result is TrackResult.CURRENT and "near" not in stated:
        raise InvalidInput(
            "option-unused", "--within says how far, and no place is named", hint="add --near LON,LAT"
        )


def _of_movers(question: TrackQuery, names: list[str] | None) -> TrackQuery:
    return question.movers(*split(names)) if names else question


def _print_mfjson(question: TrackQuery, gap: str | None, output: Path | None, *, stated_form: bool) -> None:
    if stated_form:
        raise InvalidInput("several-results", "--as mfjson is a format of its own", hint="leave out --format")
    print_text(json.dumps(question.to_mfjson(gap=gap), ensure_ascii=False) + "\n", output)


def _chosen(stated: Mapping[str, Any], **names: str) -> dict[str, Any]:
    """Return the keywords of a method that were stated, by the names of their options."""
    return {keyword: stated[option] for keyword, option in names.items() if option in stated}


def _trip_rules(stated: Mapping[str, Any]) -> dict[str, Any]:
    return _chosen(stated, gap="gap", distance="within", dwell="at-least")


def _dwell(_: City, question: TrackQuery, stated: Mapping[str, Any]) -> Answer:
    chosen = _chosen(stated, cell="cell", every="every", gap="gap", by_mover="by-mover")
    return question.dwell(**chosen).answer()


def _meetings(opened: City, question: TrackQuery, stated: Mapping[str, Any]) -> Answer:
    layer, others = stated.get("with"), stated.get("with-mover")
    other = None
    if layer is not None or others is not None:
        other = opened.tracks(layer or question.name)
        other = other if question.query.known is None else other.known_at(question.query.known)
        other = _of_movers(other, others)
    chosen = _chosen(stated, within="within", lasting="at-least", gap="gap")
    return question.meetings(other, **chosen, during=_span(stated))


def _passes(_: City, question: TrackQuery, stated: Mapping[str, Any]) -> Answer:
    if "near" not in stated:
        raise InvalidInput("no-place", "--as passes was asked without a place", hint="add --near LON,LAT")
    chosen = _chosen(stated, within="within", lasting="at-least", gap="gap")
    return question.passes(stated["near"], **chosen, during=_span(stated))


def _span(stated: Mapping[str, Any]) -> str | None:
    """Return the one span that meetings are cut to."""
    spans: tuple[str, ...] = stated["during"]
    if len(spans) > 1:
        raise InvalidInput(
            "one-span", "meetings are cut to one span, and several were named", hint="name one"
        )
    return spans[0] if spans else None


def _current(_: City, question: TrackQuery, stated: Mapping[str, Any]) -> Answer:
    chosen = _chosen(stated, at="at", max_age="max-age")
    if "near" not in stated:
        return question.current(**chosen)
    return question.nearest(
        stated["near"], stated.get("nearest", 1), **chosen, **_chosen(stated, within="within")
    )


_ANSWERS: Mapping[TrackResult, Callable[[City, TrackQuery, Mapping[str, Any]], Answer]] = {
    TrackResult.TRACKS: lambda _, question, __: question.tracks(),
    TrackResult.SEGMENTS: lambda _, question, __: question.segments(),
    TrackResult.STOPS: lambda _, question, stated: question.stops(
        **_chosen(stated, within="within", at_least="at-least", gap="gap")
    ),
    TrackResult.TRIPS: lambda _, question, stated: question.trips(**_trip_rules(stated)),
    TrackResult.DWELL: _dwell,
    TrackResult.ORIGINS: lambda _, question, stated: question.origin_destination(
        stated.get("cell", "unit"), **_trip_rules(stated)
    ),
    TrackResult.MEETINGS: _meetings,
    TrackResult.PASSES: _passes,
    TrackResult.CURRENT: _current,
}
