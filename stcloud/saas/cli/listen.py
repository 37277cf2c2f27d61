"""`stcloud listen`. Tested by `tests/saas/cli/test_listen.py`."""

from __future__ import annotations

import hashlib
import os
import re
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stcloud.errors import InvalidInput
from stcloud.saas.cli.load import (
    Crs,
    DatumName,
    DefinitionName,
    Key,
    Lat,
    Lon,
    Mover,
    TimeColumn,
    TimeFormat,
    X,
    Y,
    ZoneName,
)
from stcloud.saas.cli.option import CityFolder, FormatOption, LayerName, OutputOption, open_city, split
from stcloud.saas.cli.output import note, print_records
from stcloud.saas.cli.target import RECORDS, target_of

if TYPE_CHECKING:
    from stcloud.city import City
    from stcloud.iaas.feed.message import Feed
    from stcloud.saas.feed import Listener

__all__ = ["listen"]

_TOKEN = "STCLOUD_FEED_TOKEN"  # noqa: S105  (a variable's name)
_UNITS = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|min|h)")
_LONGEST_S = 86_400.0

From = Annotated[
    str,
    typer.Option(
        "--from",
        metavar="FOLDER|URL",
        help="Where messages come from: a folder where files arrive, http://HOST:PORT (CloudEvents that are posted "
        "there), nats://HOST/STREAM, mqtt://HOST/TOPIC, open311+https://…, gtfs+https://…/vehiclepositions.pb.",
        show_default=False,
    ),
]
Every = Annotated[
    str, typer.Option(metavar="DURATION", help="Load what has come so often, e.g. 1s, 10s, 5min.")
]
Poll = Annotated[
    str | None,
    typer.Option(
        metavar="DURATION", help="Ask an address of open311+ or gtfs+ so often, e.g. 15s; default: --every.",
        show_default=False,
    ),
]  # fmt: skip
MostRows = Annotated[int, typer.Option(min=1, help="Messages of one load, at most.")]
Snapshot = Annotated[
    bool,
    typer.Option(
        "--snapshot", help="Each message states all features of the layer: those that it lacks end then."
    ),
]
BodyFormat = Annotated[
    str | None,
    typer.Option(
        "--source-format",
        help="What messages hold, whatever they say: json, ndjson, csv, gtfs-realtime; of files as for load.",
        show_default=False,
    ),
]
Name = Annotated[
    str | None,
    typer.Option(
        help="What a broker knows the listener by; default: from city and layer.", show_default=False
    ),
]
TokenFile = Annotated[
    Path | None,
    typer.Option(
        help="File with the token that who posts must bear, or with the password at a broker; "
        f"default: ${_TOKEN}.",
        show_default=False,
    ),
]
MaxRejected = Annotated[
    str,
    typer.Option(
        help="Of a file: maximum of rejected rows, a number or a share; beyond it the file goes to refused/."
    ),
]
Once = Annotated[bool, typer.Option("--once", help="End after the first batch.")]
UntilIdle = Annotated[bool, typer.Option("--until-idle", help="End when nothing came for --every.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print no line for each batch.")]


def listen(
    city: CityFolder,
    layer: LayerName,
    source: From,
    every: Every = "10s",
    poll: Poll = None,
    most_rows: MostRows = 100_000,
    snapshot: Snapshot = False,  # noqa: FBT002
    once: Once = False,  # noqa: FBT002
    until_idle: UntilIdle = False,  # noqa: FBT002
    source_format: BodyFormat = None,
    name: Name = None,
    token_file: TokenFile = None,
    max_rejected: MaxRejected = "5%",
    definition: DefinitionName = None,
    key: Key = None,
    mover: Mover = None,
    time: TimeColumn = None,
    time_format: TimeFormat = None,
    lon: Lon = None,
    lat: Lat = None,
    x: X = None,
    y: Y = None,
    crs: Crs = None,
    datum: DatumName = None,
    zone: ZoneName = None,
    quiet: Quiet = False,  # noqa: FBT002
    form: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Load what arrives in a feed into a layer, each message once.

    It goes on until Ctrl-C. A message is acknowledged when its rows are visible. A first load needs a definition, or
    options that say how to read rows, as `load` does. At the end the counts of all batches are printed.
    """
    target = target_of(form, output, offered=RECORDS)
    options: dict[str, Any] = {
        "definition": definition, "key": split(key) or None, "mover": mover, "time": time,
        "time_formats": time_format or None, "lon": lon, "lat": lat, "x": x, "y": y,
        "crs": crs, "datum": datum, "zone": zone, "max_rejected": max_rejected,
    }  # fmt: skip
    every_s, token, opened = _seconds(every), _token(token_file), open_city(city)
    feed = _feed(source, name or _known_as(city, layer), token, zone or opened.configuration.zone.name, poll)
    from stcloud.saas.feed.garbage import garbage_between_batches  # noqa: PLC0415

    with opened, _ending() as stop, garbage_between_batches() as rest:
        listener = _listener(opened, layer, feed, options, rest, quiet=quiet)
        listener.every_s, listener.most_rows = every_s, most_rows
        listener.source_format, listener.snapshot = source_format, snapshot
        counts = listener.run(stop, once=once, until_idle=until_idle)
    print_records([counts.to_record()], target)


def _listener(
    city: City, layer: str, feed: Feed, options: Mapping[str, Any], rest: Callable[[], None], *, quiet: bool
) -> Listener:
    """Return what listens, with the options that are stated; it says what becomes of each batch."""
    from stcloud.saas.feed import BatchOutcome, Listener  # noqa: PLC0415  (keeps --help light)

    def on_batch(outcome: BatchOutcome) -> None:
        rest()
        if not quiet:
            note(outcome.line())
        if outcome.problem is not None:
            note(f"standing questions were not asked: {outcome.problem}")

    return Listener(
        city, layer, feed, options={name: stated for name, stated in options.items() if stated is not None},
        on_batch=on_batch, on_open=lambda: note(f"listening to {feed.address} (Ctrl-C ends it)"),
    )  # fmt: skip


def _feed(source: str, name: str, token: str | None, zone: str, poll: str | None) -> Feed:
    poll_s = None if poll is None else _seconds(poll)
    if source.startswith("open311+"):
        from stcloud.saas.feed.polled import Open311Feed  # noqa: PLC0415

        return Open311Feed(source.removeprefix("open311+"), zone, poll_s=poll_s)
    if source.startswith("gtfs+"):
        from stcloud.saas.feed.polledpositions import PolledPositions  # noqa: PLC0415

        return PolledPositions(source.removeprefix("gtfs+"), poll_s=poll_s)
    if poll is not None:
        raise InvalidInput(
            "option-unused", "--poll says how often an address is asked, and this feed is none that is asked",
            hint="leave it out; --every says how often rows are loaded",
        )  # fmt: skip
    from stcloud.iaas.feed.address import open_feed  # noqa: PLC0415

    return open_feed(source, name, token)


def _known_as(city: str, layer: str) -> str:
    """Return a name at brokers that listeners of other cities do not have."""
    place = city if "://" in city else str(Path(city).absolute())
    return f"stcloud-{layer}-{hashlib.sha256(place.encode()).hexdigest()[:12]}"


def _seconds(text: str) -> float:
    """Return a duration in seconds; `InvalidInput` ``unreadable-duration``.

    >>> _seconds("10s"), _seconds("500ms"), _seconds("5min")
    (10.0, 0.5, 300.0)
    """
    match = _DURATION.fullmatch(text.strip())
    seconds = float(match[1]) * _UNITS[match[2]] if match else 0.0
    if not 0.01 <= seconds <= _LONGEST_S:
        raise InvalidInput(
            "unreadable-duration",
            f"'{text}' is no duration between 10ms and 24h",
            hint="write 500ms, 10s, 5min or 1h",
        )
    return seconds


def _token(path: Path | None) -> str | None:
    if path is None:
        return os.environ.get(_TOKEN) or None
    from stcloud.iaas.store.folder import read_text  # noqa: PLC0415

    token = read_text(path).strip()
    if not token:
        raise InvalidInput("token-needed", f"{path} holds no token", hint="write it into the file")
    return token


@contextmanager
def _ending() -> Iterator[threading.Event]:
    """Give an event that Ctrl-C, SIGTERM and SIGHUP set; the second of them ends the command at once."""
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in numbers}

    def end(number: int, frame: Any) -> None:
        handler = before[signal.Signals(number)]
        if stop.is_set() and callable(handler):
            handler(number, frame)
        stop.set()

    for number, handler in before.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, end)
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
