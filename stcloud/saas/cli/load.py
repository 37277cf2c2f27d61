"""`stcloud load`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stcloud.errors import InvalidInput
from stcloud.saas.cli.option import CityFolder, Format, LayerName, open_city, split
from stcloud.saas.cli.output import note, print_records

if TYPE_CHECKING:
    from stcloud.city import City
    from stcloud.daas.draft import Drafted
    from stcloud.daas.ledger import Reckoning
    from stcloud.iaas.job import Job

__all__ = [
    "Crs",
    "Encoding",
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
    list[str] | None, typer.Option("--key", help="Column(s) that identify an event or a feature, by comma.")
]
TimeColumn = Annotated[str | None, typer.Option("--time", help="Column that tells when it happened.")]
TimeFormat = Annotated[
    list[str] | None,
    typer.Option("--time-format", help="How times are written: iso, or e.g. '%m/%d/%Y %H:%M'."),
]
Lon = Annotated[str | None, typer.Option("--lon", help="Column of longitudes, degrees.")]
Lat = Annotated[str | None, typer.Option("--lat", help="Column of latitudes, degrees.")]
X = Annotated[str | None, typer.Option("--x", help="Column of eastings, in --crs.")]
Y = Annotated[str | None, typer.Option("--y", help="Column of northings, in --crs.")]
Crs = Annotated[str | None, typer.Option("--crs", help="CRS of the coordinates.")]
ZoneName = Annotated[
    str | None, typer.Option("--zone", help="Time zone of the file's times; default: the city's.")
]
SourceLayer = Annotated[
    str | None, typer.Option("--source-layer", help="Layer of a file that holds several.", show_default=False)
]
Encoding = Annotated[str | None, typer.Option("--encoding", help="Encoding of the file; default: utf-8.")]


class LoadMode(StrEnum):
    """How rows meet what the layer holds."""

    SNAPSHOT = "snapshot"
    CHANGES = "changes"
    APPEND = "append"
    DELETE = "delete"


Sources = Annotated[
    list[Path] | None, typer.Argument(help="Files to load, in this order.", show_default=False)
]
DefinitionName = Annotated[
    str | None, typer.Option(help="How to read the files: a bundled definition's name or a TOML file.")
]
HowToMeet = Annotated[
    LoadMode | None,
    typer.Option(
        help="The layer is exactly this; add and update by key; refuse known keys; or end keys. "
        "Default: changes of events, snapshot of features."
    ),
]
ValidFrom = Annotated[
    str | None, typer.Option(help="Features: from when on it was so, e.g. 2023-01-01, in the city's zone.")
]
ValidTo = Annotated[
    str | None, typer.Option(help="Features: until before when it was so; default: an open end.")
]
Undo = Annotated[
    str | None, typer.Option(metavar="LOAD", help="Features: take back this load instead of loading.")
]
MaxRejected = Annotated[
    str, typer.Option(help="Rows, or a share of them, that may be rejected before nothing is loaded.")
]
Again = Annotated[bool, typer.Option("--again", help="Load even what was loaded already.")]
ReckoningFormat = Annotated[Format, typer.Option("--format", "-f", help="How to print the reckoning.")]


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
    key: Key = None,
    time: TimeColumn = None,
    time_format: TimeFormat = None,
    lon: Lon = None,
    lat: Lat = None,
    x: X = None,
    y: Y = None,
    crs: Crs = None,
    zone: ZoneName = None,
    source_layer: SourceLayer = None,
    encoding: Encoding = None,
    form: ReckoningFormat = Format.TABLE,
) -> None:
    """Load files into a layer: atomic, idempotent, every row accounted for. Or take back a load."""
    opened = open_city(city)
    said: dict[str, Any] = {
        "key": split(key) or None, "time": time, "time_formats": time_format or None, "lon": lon, "lat": lat,
        "x": x, "y": y, "crs": crs, "zone": zone, "source_layer": source_layer, "encoding": encoding,
    }  # fmt: skip
    given = {name: value for name, value in said.items() if value is not None}
    period: dict[str, Any] = {"mode": mode and mode.value, "valid_from": valid_from, "valid_to": valid_to}
    if undo is not None:
        _refuse_besides_undo(sources, definition, *given.values(), *period.values())
        reckonings = [opened.undo(layer, undo)]
    else:
        options = {**period, "max_rejected": max_rejected, "again": again}
        reckonings = _load(opened, layer, sources or [], definition, given, options)
    _print(reckonings, opened.charter.zone.iso, form)


def _load(
    opened: City,
    layer: str,
    sources: list[Path],
    definition: str | None,
    given: dict[str, Any],
    options: dict[str, Any],
) -> list[Reckoning]:
    if not sources:
        raise InvalidInput(
            "no-source", f"no sources were named to load into '{layer}'", hint="name one file or more"
        )
    drafted = _drafted(opened, layer, sources[0], definition, given, options)
    chosen = drafted.definition if drafted else definition
    with watched() as job:
        reckonings = opened.load(layer, *sources, definition=chosen, job=job, **options)
    if drafted and drafted.fresh:
        text = drafted.definition.to_toml()
        note(f"derived definition, saved with the city as layers/{layer}.toml:\n\n{text}")
    return reckonings


def _refuse_besides_undo(*given: object) -> None:
    if any(given):
        raise InvalidInput(
            "undo-alone",
            "--undo takes back a load and loads nothing",
            hint="leave out files and other options",
        )


def _drafted(
    opened: City, layer: str, source: Path, definition: str | None, given: dict[str, Any], options: Any
) -> Drafted | None:
    """Return the definition that the options make, if they say something; a period makes one of features."""
    dated = options["valid_from"] is not None or options["mode"] == LoadMode.SNAPSHOT
    if not given and (definition or not dated):
        return None
    return opened.draft(layer, source, definition=definition, dated=dated, **given)


def _print(reckonings: list[Reckoning], iso: Any, form: Format) -> None:
    for one in reckonings:
        at = iso(one.recorded_at_us)
        if one.known:
            note(f"{one.source} was loaded already, at {at} (load {one.load}); nothing changed")
        for what, reasons in (("unplaced", one.unplaced_by), ("rejected", one.rejected_by)):
            if reasons:
                listed = ", ".join(f"{reason} {count:,}" for reason, count in sorted(reasons.items()))
                note(f"{one.source}: {what}: {listed}")
    records = [
        {
            "load": one.load,
            "layer": one.layer,
            "source": one.source,
            "recorded_at": iso(one.recorded_at_us),
            "known": one.known,
        }
        | one.counts
        for one in reckonings
    ]
    if form is Format.JSON and len(records) == 1:
        import json  # noqa: PLC0415

        typer.echo(json.dumps(records[0], ensure_ascii=False))
    else:
        hidden = {"layer", "known"} if form is Format.TABLE else set()
        print_records([{k: v for k, v in one.items() if k not in hidden} for one in records], form)


@contextmanager
def watched() -> Iterator[Job]:
    """Give a job whose progress shows on stderr, a bar for each file, and which Ctrl-C cancels."""
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    from stcloud.iaas.job import Job  # noqa: PLC0415

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        tasks: dict[str, Any] = {}

        def show(step: str, done: int, total: int) -> None:
            subject = step.rpartition(": ")[0]
            if subject not in tasks:
                tasks[subject] = bars.add_task(step)
            bars.update(tasks[subject], description=step, completed=done, total=total or None)

        yield Job(progress=show)
