"""`stcloud load`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stcloud.errors import InvalidInput, NotFound, StcloudError
from stcloud.saas.cli.exits import report
from stcloud.saas.cli.option import CityFolder, FormatOption, LayerName, OutputOption, open_city, split
from stcloud.saas.cli.output import note
from stcloud.saas.cli.reckoning import Reckonings
from stcloud.saas.cli.target import RECORDS, Target, target_of
from stcloud.saas.plaintext import visible

if TYPE_CHECKING:
    from rich.progress import Progress

    from stcloud.city import City
    from stcloud.daas.ledger import Reckoning
    from stcloud.iaas.job import Job

__all__ = [
    "Crs",
    "DatumName",
    "EncodingName",
    "Key",
    "Lat",
    "Lon",
    "SourceLayer",
    "TimeColumn",
    "TimeFormat",
    "X",
    "Y",
    "ZoneName",
    "load",
    "watched",
]

Key = Annotated[
    list[str] | None,
    typer.Option("--key", help="Column(s) that identify an event or a feature, comma-separated."),
]
TimeColumn = Annotated[str | None, typer.Option("--time", help="Column with the time of the event.")]
TimeFormat = Annotated[
    list[str] | None,
    typer.Option("--time-format", help="Format of times: iso, or e.g. '%m/%d/%Y %H:%M'."),
]
Lon = Annotated[str | None, typer.Option("--lon", help="Column of longitudes, degrees.")]
Lat = Annotated[str | None, typer.Option("--lat", help="Column of latitudes, degrees.")]
X = Annotated[str | None, typer.Option("--x", help="Column of eastings, in --crs.")]
Y = Annotated[str | None, typer.Option("--y", help="Column of northings, in --crs.")]
Crs = Annotated[str | None, typer.Option("--crs", help="CRS of the coordinates.")]
DatumName = Annotated[
    str | None,
    typer.Option("--datum", help="Datum of longitudes and latitudes: wgs84, cgcs2000, gcj02 or bd09."),
]
ZoneName = Annotated[
    str | None, typer.Option("--zone", help="Time zone of the file's times; default: the city's.")
]
SourceLayer = Annotated[
    str | None,
    typer.Option("--source-layer", help="Layer to read, of a file with several.", show_default=False),
]
EncodingName = Annotated[str | None, typer.Option("--encoding", help="Encoding of the file; default: utf-8.")]


class LoadMode(StrEnum):
    """How rows meet what the layer holds."""

    SNAPSHOT = "snapshot"
    CHANGES = "changes"
    APPEND = "append"
    DELETE = "delete"


Sources = Annotated[
    list[Path] | None, typer.Argument(help="Files to load, in the given order.", show_default=False)
]
DefinitionName = Annotated[
    str | None, typer.Option(help="How to read the files: a bundled definition's name or a TOML file.")
]
HowToMeet = Annotated[
    LoadMode | None,
    typer.Option(
        help="Replace the whole layer; add and update by key; reject known keys; or end keys. "
        "Default: changes of events, snapshot of features."
    ),
]
ValidFrom = Annotated[
    str | None, typer.Option(help="Features: start of validity, e.g. 2023-01-01, in the city's zone.")
]
ValidTo = Annotated[str | None, typer.Option(help="Features: end of validity (exclusive); default: open.")]
Undo = Annotated[str | None, typer.Option(metavar="LOAD", help="Undo this load instead of loading.")]
MaxRejected = Annotated[
    str, typer.Option(help="Maximum of rejected rows, a number or a share; beyond it nothing is loaded.")
]
AllowMissing = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-missing",
        help="Column(s) of the layer that the files may lack, comma-separated.",
        show_default=False,
    ),
]
Empty = Annotated[
    bool, typer.Option("--empty", help="Accept a snapshot without rows, which ends every feature.")
]
KeepGoing = Annotated[bool, typer.Option("--keep-going", help="Continue with the next file after a failure.")]
Again = Annotated[bool, typer.Option("--again", help="Load a file even if it was loaded already.")]


def load(
    city: CityFolder,
    layer: LayerName,
    sources: Sources = None,
    definition: DefinitionName = None,
    mode: HowToMeet = None,
    valid_from: ValidFrom = None,
    valid_to: ValidTo = None,
    undo: Undo = None,
    max_rejected: MaxRejected = "5%",
    again: Again = False,  # noqa: FBT002
    allow_missing: AllowMissing = None,
    empty: Empty = False,  # noqa: FBT002
    keep_going: KeepGoing = False,  # noqa: FBT002
    key: Key = None,
    time: TimeColumn = None,
    time_format: TimeFormat = None,
    lon: Lon = None,
    lat: Lat = None,
    x: X = None,
    y: Y = None,
    crs: Crs = None,
    datum: DatumName = None,
    zone: ZoneName = None,
    source_layer: SourceLayer = None,
    encoding: EncodingName = None,
    form: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Load files into a layer, or undo a load. A load is atomic and idempotent, and accounts for every row."""
    target = target_of(form, output, offered=RECORDS)
    opened = open_city(city)
    options: dict[str, Any] = {
        "key": split(key) or None, "time": time, "time_formats": time_format or None, "lon": lon, "lat": lat,
        "x": x, "y": y, "crs": crs, "datum": datum, "zone": zone, "source_layer": source_layer, "encoding": encoding,
    }  # fmt: skip
    given = {name: value for name, value in options.items() if value is not None}
    period: dict[str, Any] = {"mode": mode and mode.value, "valid_from": valid_from, "valid_to": valid_to}
    if undo is not None:
        _refuse_besides_undo(sources, definition, *given.values(), *period.values())
        printer = Reckonings(opened, layer, target)
        with printer.opened():
            printer.add(opened.undo(layer, undo))
        return
    if not sources:
        raise InvalidInput(
            "no-source", f"no sources were named to load into '{layer}'", hint="name one file or more"
        )
    options = {
        **period, "max_rejected": max_rejected, "again": again, "allow_missing": split(allow_missing),
        "empty": empty, "keep_going": keep_going, "definition": definition, **given,
    }  # fmt: skip
    _load(opened, layer, sources, options, target)


def _load(opened: City, layer: str, sources: list[Path], options: dict[str, Any], target: Target) -> None:
    printer = Reckonings(opened, layer, target, [path.name for path in sources])
    fresh = options["definition"] is None and not _is_there(opened, layer)
    with printer.opened(), watching() as watch:

        def on_loaded(reckoning: Reckoning) -> None:
            nonlocal fresh
            with watch.paused():
                if fresh:
                    text = opened.layer(layer).definition.to_toml()
                    note(f"derived definition, saved with the city as layers/{layer}.toml:\n\n{text}")
                    fresh = False
                printer.add(reckoning)

        def on_failed(error: StcloudError) -> None:
            with watch.paused():
                report(error)

        opened.load(layer, *sources, job=watch.job, on_loaded=on_loaded, on_failed=on_failed, **options)
    _offer_index(opened, layer)


def _offer_index(opened: City, grid: str) -> None:
    """Say in one line which events a unit grid could give their cells."""
    if getattr(opened.layer(grid).definition, "grid", None) is None:
        return
    events = [
        candidate.name
        for candidate in opened.layers()
        if not candidate.layer_kind.versioned and "st_unit" not in candidate.snapshot.schema.names
    ]
    if events:
        others = f" (and so {', '.join(events[1:])})" if events[1:] else ""
        note(
            f"to give events the cells that held them: stcloud grid index CITY {events[0]} --grid {grid}{others}"
        )


def _is_there(opened: City, layer: str) -> bool:
    try:
        opened.layer(layer)
    except NotFound:
        return False
    return True


def _refuse_besides_undo(*given: object) -> None:
    if any(given):
        raise InvalidInput(
            "undo-alone",
            "--undo takes back a load and loads nothing",
            hint="leave out files and other options",
        )


@dataclass(frozen=True, slots=True)
class Watch:
    """A job, and the bars that show its progress."""

    job: Job
    bars: Progress

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Take the bars away while something is printed."""
        self.bars.stop()
        try:
            yield
        finally:
            self.bars.start()


@contextmanager
def watched() -> Iterator[Job]:
    """Give a job whose progress shows on stderr, a bar for each file, and which Ctrl-C cancels."""
    with watching() as watch:
        yield watch.job


@contextmanager
def watching() -> Iterator[Watch]:
    """Give a watched job and its bars."""
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    from stcloud.iaas.job import Job  # noqa: PLC0415

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    console = Console(stderr=True)
    with Progress(
        *columns, console=console, transient=True, redirect_stdout=False, disable=not console.is_terminal
    ) as bars:
        tasks: dict[str, Any] = {}

        def show(step: str, done: int, total: int) -> None:
            step = visible(step)
            subject = step.rpartition(": ")[0]
            if subject not in tasks:
                tasks[subject] = bars.add_task(step)
            bars.update(tasks[subject], description=step, completed=done, total=total or None)

        yield Watch(Job(progress=show), bars)
