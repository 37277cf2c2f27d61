"""What happened in an area during three months, by cell and week: from our files, PostGIS, and GeoPandas in memory.

Every party answers the same questions, each once, in a process of its own. The first one counts apart, and so do the
twenty after it, when a process still opens files that it has not seen; a hundred others make everybody warm. Nobody
keeps results. All must count the same.
"""

from __future__ import annotations

import functools
import gc
import shutil
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas
import pandas as pd
import shapely
from geopandas.sindex import SpatialIndex

import stcloud
from bench import postgis
from bench.data import CRS, ZONE, Question, Scale, events, questions
from bench.process import apart
from bench.report import Finding, Target

__all__ = ["answers", "growth"]

_COUNT = 20
_SPARE = 3
_OTHERS = 100
_ASKED = 1 + _SPARE + _COUNT + _OTHERS + _COUNT
_QUESTION = "polygon × 3 months → cell × week"
_LAYER = """
id = "events"
kind = "event"
key = ["id"]
[time]
column = "at"
[space]
x = "x"
y = "y"
crs = "EPSG:32618"
"""


@dataclass(frozen=True, slots=True)
class Replies:
    """Seconds of the first question and of the others, what was counted, and seconds to get ready."""

    first_s: float | None = None
    early: Sequence[float] = ()
    seconds: Sequence[float] = ()
    counted: Sequence[Sequence[int]] = ()
    ready_s: float | None = None
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def p50_ms(self) -> float | None:
        """Median of the warm questions."""
        return statistics.median(self.seconds) * 1e3 if self.seconds else None

    @property
    def early_ms(self) -> float | None:
        """Median of the questions after the first."""
        return statistics.median(self.early) * 1e3 if self.early else None

    @property
    def first_ms(self) -> float | None:
        """The first question."""
        return None if self.first_s is None else self.first_s * 1e3

    @property
    def spread(self) -> dict[str, Any]:
        """What is worth keeping beside the median."""
        return {
            **self.more,
            "ms": sorted(round(one * 1e3, 2) for one in self.seconds),
            "ready_s": self.ready_s,
        }


def answers(scale: Scale) -> Iterator[Finding]:
    """Measure the questions beside both peers."""
    source = events(scale.events, scale.folder)
    ours, server = _ours(source, scale), _postgis(source)
    memory = Replies(**apart(geopandas_replies, source=str(source)).result)
    peers = {"PostGIS": server, "GeoPandas": memory}
    more = {"ours": ours.spread, **{name: peer.spread for name, peer in peers.items()}}
    more["differing"] = {name: _differing(ours, peer) for name, peer in peers.items()}
    size = f"{scale.events / 1e6:g}M events"
    name = f"{_QUESTION}, {size}, p50 of {_COUNT}"
    must, aim = Target(ratio=0.5, most=20), Target(ratio=0.5, most=8)
    yield Finding(name, ours.p50_ms, "ms", "PostGIS", server.p50_ms, must, aim, more)
    yield Finding(
        "the same, points in memory", ours.p50_ms, "ms", "GeoPandas", memory.p50_ms, None, Target(ratio=1)
    )
    yield Finding("the same, among the first of a process", ours.early_ms, "ms", "PostGIS", server.early_ms)
    yield Finding("the same, first question", ours.first_ms, "ms", "PostGIS", server.first_ms)
    yield Finding(f"load {size}, peer: copy and index", ours.ready_s, "s", "PostGIS", server.ready_s)


def growth(scale: Scale) -> Iterator[Finding]:
    """Measure whether answers take longer where there are more events in the same city and years."""
    few, many = (_ours(events(count, scale.folder), scale) for count in (scale.events, scale.more_events))
    size, less = (f"{count / 1e6:g}M events" for count in (scale.more_events, scale.events))
    more = {"ours": many.spread, less: few.spread}
    yield Finding(
        f"{_QUESTION}, {size}", many.p50_ms, "ms", less, few.p50_ms, Target(ratio=1.5, most=25),
        Target(ratio=1, most=8), more,
    )  # fmt: skip
    yield Finding("the same, among the first of a process", many.early_ms, "ms", less, few.early_ms)
    yield Finding(f"load {size}", many.ready_s, "s", less, few.ready_s)


def _differing(ours: Replies, peer: Replies) -> int:
    """In how many questions a peer counts other events or groups."""
    return sum(list(mine) != list(theirs) for mine, theirs in zip(ours.counted, peer.counted, strict=False))


@functools.cache
def _ours(source: Path, scale: Scale) -> Replies:
    city = scale.folder / f"city-{source.stem}"
    loaded: dict[str, Any] = {}
    if not (scale.reuse and city.exists()):
        part = city.with_suffix(".part")
        for old in (city, part):
            shutil.rmtree(old, ignore_errors=True)
        done = apart(load_events, city=str(part), source=str(source))
        part.rename(city)
        loaded = {"load_s": round(done.seconds, 2), "load_peak_gb": round(done.peak_gb, 2), **done.result}
    _warm(city)
    replies = apart(our_replies, city=str(city)).result
    if not scale.reuse:
        shutil.rmtree(city, ignore_errors=True)
    return Replies(**replies, ready_s=loaded.get("load_s"), more=loaded)


def _warm(folder: Path) -> None:
    """Bring files into the system's cache, where those of a party that has just loaded are."""
    for path in folder.rglob("*.parquet"):
        with path.open("rb", buffering=0) as file:
            while file.read(1 << 24):
                pass


def load_events(city: str, source: str) -> dict[str, Any]:
    """Load the events into a new city."""
    stcloud.create(city, crs=CRS, zone=ZONE)
    opened = stcloud.open(city)
    definition = stcloud.Definition.from_toml(_LAYER, name="events")
    reckoning = opened.load("events", source, definition=definition)
    layer = opened.layer("events")
    return {
        "accepted": reckoning.accepted,
        "files": len(layer.snapshot.files),
        "megabytes": round(layer.bytes / 1e6),
    }


def our_replies(city: str) -> dict[str, Any]:
    """Ask our questions of a city; the first one opens it."""
    asked = questions(_ASKED)
    opened = None
    seconds, counted = [], []
    for question in asked:
        start = time.perf_counter()
        opened = opened or stcloud.open(city)
        asking = opened.query("events").where(question.polygon).when(question.when)
        answer = asking.count(by=["cell:100m", "week"])
        seconds.append(time.perf_counter() - start)
        counted.append([sum(answer.to_arrow()["count"].to_pylist()), len(answer)])
    return _told(seconds, counted)


def geopandas_replies(source: str) -> dict[str, Any]:
    """Ask the questions of points in memory whose index is built beforehand."""
    start = time.perf_counter()
    rows = pd.read_parquet(source)
    index = geopandas.GeoSeries.from_xy(rows["x"], rows["y"], crs=CRS).sindex
    index.query(shapely.Point(0, 0))
    ready_s = time.perf_counter() - start
    gc.collect()
    seconds, counted = [], []
    for question in questions(_ASKED):
        start = time.perf_counter()
        counts = _in_memory(rows, index, question)
        seconds.append(time.perf_counter() - start)
        counted.append([int(counts.sum()), len(counts)])
    return {**_told(seconds, counted), "ready_s": ready_s}


def _in_memory(rows: pd.DataFrame, index: SpatialIndex, question: Question) -> pd.Series[int]:
    first, last = question.span
    found = rows.iloc[index.query(question.metric, predicate="intersects")]
    found = found[(found["at"] >= first) & (found["at"] < last)]
    local = found["at"].dt.tz_convert(ZONE).dt.tz_localize(None)
    monday = local.dt.normalize() - pd.to_timedelta(local.dt.dayofweek, unit="D")
    counts: pd.Series[int] = found.groupby([found["x"] // 100, found["y"] // 100, monday]).size()
    return counts


def _postgis(source: Path) -> Replies:
    try:
        with postgis.server() as connection:
            version, ready_s = postgis.version(connection), postgis.fill(connection, source)
            asked = [postgis.ask(connection, question) for question in questions(_ASKED)]
    except postgis.Missing as missing:
        return Replies(more={"missing": str(missing)})
    told = _told([seconds for seconds, _, _ in asked], [[found, groups] for _, found, groups in asked])
    return Replies(**told, ready_s=ready_s, more={"version": version})


def _told(seconds: list[float], counted: list[list[int]]) -> dict[str, Any]:
    """The first question apart, those after it, and those that come when all are warm."""
    early = seconds[1 + _SPARE : 1 + _SPARE + _COUNT]
    return {"first_s": seconds[0], "early": early, "seconds": seconds[-_COUNT:], "counted": counted}
