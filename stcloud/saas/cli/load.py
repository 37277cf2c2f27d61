"""`stcloud load`."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stcloud.errors import InvalidInput, NotFound, StcloudError
from stcloud.saas.cli.exits import ALERT, report
from stcloud.saas.cli.journal import Journal
from stcloud.saas.cli.loadopen311 import Endpoint, FromOpen311, Since
from stcloud.saas.cli.option import CityFolder, FormatOption, LayerName, OutputOption, open_city, split
from stcloud.saas.cli.output import note
from stcloud.saas.cli.reckoning import Reckonings
from stcloud.saas.cli.signals import say
from stcloud.saas.cli.target import RECORDS, Target, target_of
from stcloud.saas.cli.watch import watching
from stcloud.saas.plaintext import visible

if TYPE_CHECKING:
    from stcloud.city import City
    from stcloud.daas.load.limit import Limit
    from stcloud.daas.reckoning import Reckoning

__all__ = [
    "Crs",
    "DatumName",
    "EncodingName",
    "Key",
    "Lat",
    "Lon",
    "Mover",
    "SourceLayer",
    "TimeColumn",
    "TimeFormat",
    "X",
    "Y",
    "ZoneName",
    "load",
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
Mover = Annotated[
    str | None,
    typer.Option("--mover", help="Column that says whose fix a row is, e.g. vehicle.", show_default=False),
]
ZoneName = Annotated[
    str | None, typer.Option("--zone", help="Time zone of the file's times; default: the city's.")
]
SourceLayer = Annotated[
    str | None,
    typer.Option(
        "--source-layer",
        help="Layer to read, of a file with several; of a zip file of tables a pattern, '*': all.",
        show_default=False,
    ),
]
EncodingName = Annotated[str | None, typer.Option("--encoding", help="Encoding of the file; default: utf-8.")]


_STDIN = Path("-")


class LoadMode(StrEnum):
    """How rows meet what the layer holds."""

    SNAPSHOT = "snapshot"
    CHANGES = "changes"
    APPEND = "append"
    DELETE = "delete"


SourceFormat = Annotated[
    str | None,
    typer.Option(
        "--source-format",
        help="Format of stdin or of a file whose name does not tell it: csv, geojson, ndjson, parquet, …",
        show_default=False,
    ),
]
Sources = Annotated[
    list[Path] | None,
    typer.Argument(
        help="Files, folders or quoted patterns to load, in the given order; - for stdin.", show_default=False
    ),
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
CompleteTo = Annotated[
    str | None,
    typer.Option(
        metavar="DATE|RULE",
        help="Until when a file has all that happened, if not until now: a date (its end), an instant, latest, "
        "latest-day, -week, -month, -year, loaded. Later steps of cubes are unknown.",
        show_default=False,
    ),
]
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
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Read, check and reckon, and write nothing to the city.")
]
Log = Annotated[
    Path | None,
    typer.Option(
        "--log", help="Append what becomes of each file to this file, as JSON lines.", show_default=False
    ),
]
AlertRejected = Annotated[
    str | None,
    typer.Option(
        help="Load as ever, and exit with code 8 if more rows of a file are rejected: a number or a share.",
        show_default=False,
    ),
]
EngineUrl = Annotated[
    str | None,
    typer.Option(
        "--engine",
        metavar="URL",
        help="Load on a cluster: sc://host:port, a Spark Connect endpoint that sees the city and the files.",
        show_default=False,
    ),
]
Again = Annotated[bool, typer.Option("--again", help="Load a file even if it was loaded already.")]


def load(
    city: CityFolder,
    layer: LayerName,
    sources: Sources = None,
    definition: DefinitionName = None,
    mode: HowToMeet = None,
    valid_from: ValidFrom = None,
    valid_to: ValidTo = None,
    complete_to: CompleteTo = None,
    undo: Undo = None,
    from_open311: FromOpen311 = None,
    since: Since = None,
    max_rejected: MaxRejected = "5%",
    alert_rejected: AlertRejected = None,
    dry_run: DryRun = False,  # noqa: FBT002
    log: Log = None,
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
    mover: Mover = None,
    source_layer: SourceLayer = None,
    source_format: SourceFormat = None,
    encoding: EncodingName = None,
    engine: EngineUrl = None,
    form: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Load files into a layer, or undo a load. A load is atomic and idempotent, and accounts for every row."""
    target = target_of(form, output, offered=RECORDS)
    alert, journal = Alert.of(alert_rejected), Journal(log, str(city), layer, dry_run)
    given = _stated(
        key=split(key) or None, time=time, time_formats=time_format or None, lon=lon, lat=lat, x=x, y=y, crs=crs,
        datum=datum, zone=zone, mover=mover, encoding=encoding, source_layer=source_layer,
        source_format=source_format,
    )  # fmt: skip
    period = {"mode": mode and mode.value, "valid_from": valid_from, "valid_to": valid_to}
    states = {**period, "complete_to": complete_to, "engine": engine}
    with journal.recording([str(source) for source in sources or ()]):
        endpoint = Endpoint.of(str(city), from_open311, since, zone)
        loading = Loading(open_city(city), layer, target, journal, alert)
        if undo is not None:
            besides = (sources, definition, dry_run, endpoint, *given.values(), *states.values())
            return _undo(loading, undo, besides)
        options: dict[str, Any] = {
            **states, "max_rejected": max_rejected, "again": again, "allow_missing": split(allow_missing),
            "empty": empty, "keep_going": keep_going, "dry_run": dry_run, "definition": definition, **given,
        }  # fmt: skip
        _load_from(endpoint, loading, sources or [], options, given)
        return alert.end()


@dataclass(slots=True)
class Alert:
    """Watches for files of which more rows are rejected than a limit says; None: for none."""

    limit: Limit | None
    files: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, text: str | None) -> Alert:
        """Read ``--alert-rejected``."""
        from stcloud.daas.load.limit import Limit  # noqa: PLC0415  (keeps --help light)

        return cls(None if text is None else Limit.parse(text))

    def add(self, reckoning: Reckoning) -> None:
        """Look at a reckoning, also of a file that was loaded before: a command that is repeated ends alike."""
        rejected, read = reckoning.rejected, reckoning.read
        if self.limit is not None and self.limit.exceeded(rejected=rejected, read=read):
            self.files.append(f"{reckoning.source} ({rejected:,} of {read:,})")

    def end(self) -> None:
        """End the command with its own exit code when there was such a file."""
        if self.files:
            say(visible(f"more rows than --alert-rejected are rejected: {', '.join(self.files)}"))
            raise typer.Exit(ALERT)


@dataclass(frozen=True, slots=True)
class Loading:
    """Where a load goes to, and who hears of it."""

    city: City
    layer: str
    target: Target
    journal: Journal
    alert: Alert

    def heard(self, reckoning: Reckoning) -> None:
        """Log a reckoning, and look whether it is one to alert of."""
        self.journal.add(reckoning, self.city.configuration.zone)
        self.alert.add(reckoning)


def _stated(**options: Any) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


def _undo(loading: Loading, load: str, besides: Iterable[object]) -> None:
    _refuse_besides_undo(besides)
    printer = Reckonings(loading.city, loading.layer, loading.target)
    with printer.opened():
        undone = loading.city.undo(loading.layer, load)
        loading.heard(undone)
        printer.add(undone)


def _load(loading: Loading, sources: list[Path], options: dict[str, Any], given: dict[str, Any]) -> None:
    from stcloud.iaas.source.paths import expanded  # noqa: PLC0415  (keeps --help light)

    opened, layer = loading.city, loading.layer
    if not sources:
        raise _no_source(layer)
    sources = [Path(str(source)) for source in expanded(sources)]
    names = ["stdin" if path == _STDIN else path.name for path in sources]
    printer = Reckonings(opened, layer, loading.target, names)
    named = [sys.stdin.buffer if path == _STDIN else path for path in sources]
    fresh = options["definition"] is None and not _is_there(opened, layer)
    dry_run = options["dry_run"]
    with printer.opened(), watching() as watch:

        def on_loaded(reckoning: Reckoning) -> None:
            nonlocal fresh
            with watch.paused():
                loading.heard(reckoning)
                if fresh:
                    _show_definition(loading, sources[0], options, given)
                    fresh = False
                printer.add(reckoning)

        def on_failed(error: StcloudError) -> None:
            with watch.paused():
                loading.journal.fail(error)
                report(error)

        opened.load(layer, *named, job=watch.job, on_loaded=on_loaded, on_failed=on_failed, **options)
    if dry_run:
        note("dry run: nothing was written to the city")
    else:
        _offer_index(opened, layer)


def _load_from(
    endpoint: Endpoint | None, loading: Loading, sources: list[Path], options: dict[str, Any],
    given: dict[str, Any],
) -> None:  # fmt: skip
    """Load files, or what an endpoint has, as one file; what was read is let go of once it is loaded."""
    if endpoint is None:
        _load(loading, sources, options, given)
        return
    endpoint.refuse_besides(sources)
    if options["definition"] is None and not _is_there(loading.city, loading.layer):
        options["definition"] = "open311"
    with endpoint.read(loading.city, loading.layer, keep=options["dry_run"]) as requests:
        if options["complete_to"] is None:
            options["complete_to"] = loading.city.configuration.zone.iso(requests.until_us)
        if requests.requests:
            _load(loading, [requests.path], options, given)


def _show_definition(loading: Loading, source: Path, options: dict[str, Any], given: dict[str, Any]) -> None:
    """Show the definition that a first load derived; a dry run has saved none."""
    if not options["dry_run"]:
        text = loading.city.layer(loading.layer).definition.to_toml()
        note(f"derived definition, saved with the city as layers/{loading.layer}.toml:\n\n{text}")
        return
    if source == _STDIN:  # it was read, and cannot be read again
        return
    dated = options["valid_from"] is not None or options["mode"] == "snapshot"
    text = loading.city.draft(loading.layer, source, dated=dated, **given).definition.to_toml()
    note(f"derived definition, which a load would save as layers/{loading.layer}.toml:\n\n{text}")


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


def _no_source(layer: str) -> InvalidInput:
    return InvalidInput(
        "no-source", f"no sources were named to load into '{layer}'", hint="name one file or more"
    )


def _refuse_besides_undo(given: Iterable[object]) -> None:
    if any(given):
        raise InvalidInput(
            "undo-alone",
            "--undo takes back a load and loads nothing",
            hint="leave out files and other options",
        )
