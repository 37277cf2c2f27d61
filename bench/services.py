"""Requests to a served city, beside tipg over PostGIS with the same events, in the same run.

Both answer on loopback, on two cores that they share with who asks. Where tipg or PostGIS is not installed, our own
figures are measured alone.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import math
import os
import re
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlsplit

from bench import postgis
from bench.data import Question, Scale, events, questions
from bench.query import load_events
from bench.report import Finding, Target

__all__ = ["findings"]

_BOX_DEG, _LIMIT, _ZOOM = 0.02, 100, 14
_SPARE = 5
_CLIENTS, _MIXED_S = 16, 8.0
_MOST_EVENTS = 1_000_000
_PEER = "tipg over PostGIS"


def findings(scale: Scale) -> Iterator[Finding]:
    """Measure pages, tiles, pinned pages, and many clients at once."""
    count = min(scale.events, _MOST_EVENTS)
    source = events(count, scale.folder)
    city = scale.folder / f"city-services-{count}"
    if not city.exists():
        load_events(str(city), str(source))
    asked = questions(_SPARE + 30)
    with _ours(city) as own, contextlib.ExitStack() as stack:
        peer = _peer(stack, source)
        yield _pages(own, peer, asked)
        yield from _tiles(own, peer, asked)
        yield _pinned(own, asked)
        yield _mixed(own, asked)


@dataclass(slots=True)
class _Server:
    """A server on loopback, and one connection to it."""

    port: int
    prefix: str
    _connection: http.client.HTTPConnection | None = field(default=None)

    def get(self, path: str, headers: dict[str, str] | None = None) -> tuple[int, bytes, dict[str, str]]:
        if self._connection is None:
            self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        self._connection.request("GET", path, headers=headers or {})
        response = self._connection.getresponse()
        return (
            response.status,
            response.read(),
            {name.lower(): value for name, value in response.getheaders()},
        )

    def timed_ms(self, path: str, headers: dict[str, str] | None = None, status: int = 200) -> float:
        start = time.perf_counter()
        got, body, _ = self.get(path, headers)
        taken = time.perf_counter() - start
        if got != status:
            raise RuntimeError(f"{path}: {got}: {body[:300]!r}")
        return taken * 1e3


def _items(server: _Server, question: Question) -> str:
    x, y = question.polygon.centroid.coords[0]
    half = _BOX_DEG / 2
    box = ",".join(f"{number:.6f}" for number in (x - half, y - half, x + half, y + half))
    return f"{server.prefix}/items?bbox={box}&{_span(question)}&limit={_LIMIT}&f=geojson"


def _span(question: Question) -> str:
    first, last = (at.strftime("%Y-%m-%dT%H:%M:%SZ") for at in question.span)
    return f"datetime={quote(f'{first}/{last}')}"


def _tile(server: _Server, question: Question, *, months: bool) -> str:
    lon, lat = question.polygon.centroid.coords[0]
    across = 2**_ZOOM
    column = int((lon + 180) / 360 * across)
    row = int((1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * across)
    return f"{server.prefix}/tiles/WebMercatorQuad/{_ZOOM}/{row}/{column}" + (
        f"?{_span(question)}" if months else ""
    )


def _pages(own: _Server, peer: _Server | None, asked: Sequence[Question]) -> Finding:
    ours, theirs = _in_turns(own, peer, _items, asked)
    name = f"items: {_BOX_DEG}° × 3 months, limit {_LIMIT}, with numberMatched"
    return Finding(name, ours, "ms", _PEER, theirs, Target(ratio=1.0), Target(ratio=0.7))


def _tiles(own: _Server, peer: _Server | None, asked: Sequence[Question]) -> Iterator[Finding]:
    if own.get(_tile(own, asked[0], months=False))[0] == 404:
        return

    def path(server: _Server, question: Question) -> str:
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


def _pinned(own: _Server, asked: Sequence[Question]) -> Finding:
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


def _mixed(own: _Server, asked: Sequence[Question]) -> Finding:
    """Ask pages and the like from several clients at once; the last of a hundred beside the middle one."""
    taken: list[float] = []
    ends = time.monotonic() + _MIXED_S

    def client(number: int) -> None:
        mine = _Server(own.port, own.prefix)
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
    own: _Server, peer: _Server | None, path: Callable[[_Server, Question], str], asked: Sequence[Question]
) -> tuple[float, float | None]:
    ours, theirs = [], []
    for question in asked:
        ours.append(own.timed_ms(path(own, question)))
        if peer is not None:
            theirs.append(peer.timed_ms(path(peer, question)))
    return statistics.median(ours[_SPARE:]), statistics.median(theirs[_SPARE:]) if theirs else None


@contextlib.contextmanager
def _ours(city: Path) -> Iterator[_Server]:
    command = [sys.executable, "-m", "stcloud", "serve", str(city), "--port", "0"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        match = None
        while match is None and process.stderr is not None:
            line = process.stderr.readline()
            if not line:
                raise RuntimeError("stcloud serve did not start")
            match = re.search(r":(\d+)/", line)
        yield _Server(int(match[1]) if match else 0, "/collections/events")
    finally:
        process.terminate()
        process.wait(20)


def _peer(stack: contextlib.ExitStack, source: Path) -> _Server | None:
    """Start tipg over PostGIS with the same events; None where one of them is missing."""
    try:
        import tipg  # noqa: F401, PLC0415

        connection = stack.enter_context(postgis.server())
    except (ImportError, postgis.Missing):
        return None
    postgis.fill(connection, source)
    connection.execute("ALTER TABLE events ADD PRIMARY KEY (id)")
    port = _free_port()
    environment = {
        **os.environ,
        "DATABASE_URL": f"postgresql://bench@{quote(connection.info.host, safe='')}:5432/postgres",
        "TIPG_TABLE_CONFIG__public_events__datetimecol": "at",
        "TIPG_CACHECONTROL": "",
    }
    command = [sys.executable, "-m", "uvicorn", "tipg.main:app", "--port", str(port), "--log-level", "error"]
    process = subprocess.Popen(command, env=environment)
    stack.callback(process.wait, 20)
    stack.callback(process.terminate)
    server = _Server(port, "/collections/public.events")
    for _ in range(300):
        with contextlib.suppress(OSError, http.client.HTTPException, json.JSONDecodeError):
            if server.get("/collections")[0] == 200:
                return server
        server._connection = None  # noqa: SLF001
        time.sleep(0.1)
    raise RuntimeError("tipg did not start")


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])
