"""Requests to a served city, beside tipg and pygeoapi over PostGIS with the same events, in the same run.

All answer on loopback, on two cores that they share with who asks. Where a peer or PostGIS is not installed, our own
figures are measured without it.
"""

from __future__ import annotations

import contextlib
import math
import re
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from urllib.parse import quote, urlsplit

from bench import postgis
from bench.data import Question, Scale, events, questions
from bench.query import load_events
from bench.report import Finding, Target
from bench.webpeers import Server, pygeoapi, tipg

__all__ = ["findings", "served"]

_BOX_DEG, _LIMIT, _ZOOM = 0.02, 100, 14
_SPARE = 35
"""So many others are asked before: a service that runs has decoded columns, and a database has read pages."""
_CLIENTS, _MIXED_S = 16, 8.0
_MOST_EVENTS = 1_000_000
_PEER, _OTHER = "tipg over PostGIS", "pygeoapi over PostGIS"


def findings(scale: Scale) -> Iterator[Finding]:
    """Measure pages, tiles, pinned pages, and many clients at once."""
    count = min(scale.events, _MOST_EVENTS)
    source = events(count, scale.folder)
    city = scale.folder / f"city-services-{count}"
    if not city.exists():
        load_events(str(city), str(source))
    asked = questions(_SPARE + 30)
    with served(city) as own, contextlib.ExitStack() as stack:
        peer, other = _peers(stack, source, scale.folder)
        yield _pages(own, peer, asked, _PEER)
        yield from _tiles(own, peer, asked)
        if other is not None:
            yield _pages(own, other, asked, _OTHER)
        yield _pinned(own, asked)
        yield _mixed(own, asked)


def _items(server: Server, question: Question) -> str:
    x, y = question.polygon.centroid.coords[0]
    half = _BOX_DEG / 2
    box = ",".join(f"{number:.6f}" for number in (x - half, y - half, x + half, y + half))
    return f"{server.prefix}/items?bbox={box}&{_span(question)}&limit={_LIMIT}"


def _span(question: Question) -> str:
    first, last = (at.strftime("%Y-%m-%dT%H:%M:%SZ") for at in question.span)
    return f"datetime={quote(f'{first}/{last}')}"


def _tile(server: Server, question: Question, *, months: bool) -> str:
    lon, lat = question.polygon.centroid.coords[0]
    across = 2**_ZOOM
    column = int((lon + 180) / 360 * across)
    row = int((1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * across)
    return f"{server.prefix}/tiles/WebMercatorQuad/{_ZOOM}/{row}/{column}" + (
        f"?{_span(question)}" if months else ""
    )


def _peers(stack: contextlib.ExitStack, source: Path, folder: Path) -> tuple[Server | None, Server | None]:
    """Start tipg and pygeoapi over PostGIS with the same events; None where one of them is missing."""
    try:
        connection = stack.enter_context(postgis.server())
    except postgis.Missing:
        return None, None
    postgis.fill(connection, source)
    connection.execute("ALTER TABLE events ADD PRIMARY KEY (id)")
    return stack.enter_context(tipg(connection)), stack.enter_context(pygeoapi(connection, folder))


def _pages(own: Server, peer: Server | None, asked: Sequence[Question], name: str) -> Finding:
    ours, theirs = _in_turns(own, peer, _items, asked)
    measure = f"items: {_BOX_DEG}° × 3 months, limit {_LIMIT}, with numberMatched"
    return Finding(measure, ours, "ms", name, theirs, Target(ratio=1.0), Target(ratio=0.7))


def _tiles(own: Server, peer: Server | None, asked: Sequence[Question]) -> Iterator[Finding]:
    if own.get(_tile(own, asked[0], months=False))[0] == 404:
        return

    def path(server: Server, question: Question) -> str:
        if server is own:
            return _tile(server, question, months=False)
        parts = _tile(server, question, months=False).split("/")
        return "/".join([*parts[:-2], parts[-1], parts[-2]])  # tipg has column before row

    ours, theirs = _in_turns(own, peer, path, asked)
    yield Finding(
        f"tile z{_ZOOM}, all years", ours, "ms", _PEER, theirs, Target(ratio=1.0), Target(ratio=0.7)
    )
    months, _ = _in_turns(own, None, lambda server, question: _tile(server, question, months=True), asked)
    yield Finding(
        f"tile z{_ZOOM}, 3 months", months, "ms", "own, all years", ours, Target(ratio=0.5), Target(ratio=0.3)
    )


def _pinned(own: Server, asked: Sequence[Question]) -> Finding:
    taken = []
    for question in asked:
        _, _, headers = own.get(_items(own, question))
        there = urlsplit(headers["content-location"])
        pinned = f"{there.path}?{there.query}"
        _, _, headers = own.get(pinned)
        taken.append(own.timed_ms(pinned, {"If-None-Match": headers["etag"]}, status=304))
    return Finding(
        "pinned page again (304)",
        statistics.median(taken[_SPARE:]),
        "ms",
        must=Target(most=5),
        aim=Target(most=2),
    )


def _mixed(own: Server, asked: Sequence[Question]) -> Finding:
    """Ask pages and the like from several clients at once; the last of a hundred beside the middle one."""
    taken: list[float] = []
    ends = time.monotonic() + _MIXED_S

    def client(number: int) -> None:
        mine = Server(own.port, own.prefix)
        while time.monotonic() < ends:
            question = asked[(number + len(taken)) % len(asked)]
            taken.append(mine.timed_ms(_items(mine, question)))

    threads = [threading.Thread(target=client, args=(number,)) for number in range(_CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    taken.sort()
    p50, p99 = taken[len(taken) // 2], taken[int(len(taken) * 0.99)]
    more = {"requests": len(taken), "per_s": len(taken) / _MIXED_S}
    return Finding(
        f"{_CLIENTS} clients: p99 beside p50", p99, "ms", "p50", p50, Target(ratio=6), Target(ratio=4), more
    )


def _in_turns(
    own: Server, peer: Server | None, path: Callable[[Server, Question], str], asked: Sequence[Question]
) -> tuple[float, float | None]:
    ours, theirs = [], []
    for question in asked:
        ours.append(own.timed_ms(path(own, question)))
        if peer is not None:
            theirs.append(peer.timed_ms(path(peer, question)))
    return statistics.median(ours[_SPARE:]), statistics.median(theirs[_SPARE:]) if theirs else None


@contextlib.contextmanager
def served(city: Path) -> Iterator[Server]:
    command = [sys.executable, "-m", "stcloud", "serve", str(city), "--port", "0"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        match = None
        while match is None and process.stderr is not None:
            line = process.stderr.readline()
            if not line:
                raise RuntimeError("stcloud serve did not start")
            match = re.search(r":(\d+)/", line)
        yield Server(int(match[1]) if match else 0, "/collections/events")
    finally:
        process.terminate()
        process.wait(20)
