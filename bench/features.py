"""A feature layer: nightly snapshots that change little, states of the past, small questions, memory, disk.

Parcels are invented (`bench.parcels`). The peer of a load is GeoPandas that reads the same file into memory; the peer
of a question is GeoPandas that reads the place from a GeoPackage of just that version.
"""

from __future__ import annotations

import datetime as dt
import shutil
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import shapely

import stcloud
from bench.data import CRS, SEED, ZONE, Scale
from bench.parcels import DEFINITION, SIDE_M, SOUTH, WEST, columns, write
from bench.process import Done, apart
from bench.report import Finding, Target
from stcloud.daas.load.feature_load import FeatureMode

__all__ = ["findings"]

_LAYER = "parcels"
_PLACES = 20
_SPARE = 3
_VERSIONS = 10
_READS = 3
_FIRST = dt.date(2024, 1, 1)


@dataclass(frozen=True, slots=True)
class _Size:
    """Parcels of the nightly snapshots, how many nights, and parcels of the layer that is asked."""

    nightly: int
    nights: int
    asked: int


_SIZES = {"small": _Size(50_000, 10, 100_000), "full": _Size(1_000_000, 30, 2_400_000)}


def findings(scale: Scale) -> Iterator[Finding]:
    """Measure the nights, then the layer of ten versions."""
    yield from _nights(scale.folder, _SIZES[scale.name])
    yield from _versions(scale.folder, _SIZES[scale.name])


def _nights(folder: Path, size: _Size) -> Iterator[Finding]:
    """Load a snapshot each night of which 1 % differs, then one that says the same in another order."""
    city, source = _founded(folder / "city-nights"), folder / "night.fgb"
    first, reads = _load(city, write(source, size.nightly)[0], 0), [_read(source)]
    loads, changed_mb = [], []
    for night in range(1, size.nights + 1):
        shares = [0.01] * night
        changed_mb.append(write(source, size.nightly, shares, newest=True)[1] / 1e6)
        loads.append(_load(city, write(source, size.nightly, shares)[0], night))
        if night < _READS:
            reads.append(_read(source))
    write(source, size.nightly, [0.01] * size.nights, shuffled=True)
    same, read = [_load(city, source, size.nights + 1)], [_read(source)]
    for again in range(2, _READS + 1):
        same.append(_load(city, source, size.nights + again))
        read.append(_read(source))
    written_mb = [one.result["written_mb"] for one in loads]
    more: dict[str, Any] = {
        "loads_s": _seconds(loads), "reads_s": _seconds(reads), "first_load_s": round(first.seconds, 2),
        "first": first.result, "first_night": loads[0].result, "last_night": loads[-1].result,
        "peak_gb": round(max(one.peak_gb for one in loads), 2),
    }  # fmt: skip
    _clear(city, source)
    name = f"snapshot load, {size.nightly:,} polygons, 1 % changed"
    yield Finding(name, _middle(loads), "s", "read_file", _middle(reads), Target(ratio=2), None, more)
    yield Finding(
        "the same, nothing changed, other row order", _middle(same), "s", "read_file", _middle(read),
        Target(ratio=1.2), None, {"loads_s": _seconds(same), "reads_s": _seconds(read), "ours": same[0].result},
    )  # fmt: skip
    must = Target(ratio=10)
    name = "bytes written by that change"
    yield Finding(name, written_mb[0], "MB", "changed rows", changed_mb[0], must)
    name = f"bytes written by {size.nights} nights, files merged"
    more = {"written_mb": [round(one, 3) for one in written_mb]}
    yield Finding(name, sum(written_mb), "MB", "changed rows", sum(changed_mb), must, None, more)


def _versions(folder: Path, size: _Size) -> Iterator[Finding]:
    """Load two snapshots 5 % apart, then changes of 1 % until there are ten versions; ask past states of them."""
    city, source = _founded(folder / "city-versions"), folder / "version.fgb"
    shares, much = [0.05] + [0.01] * (_VERSIONS - 2), f"{size.asked / 1e6:g}M features"
    loads = [
        _load(city, write(source, size.asked)[0], 0),
        _load(city, write(source, size.asked, shares[:1])[0], 1),
    ]
    read = _read(source)
    state = apart(ask_state, city=str(city), day=_day(0)).result
    for version in range(2, _VERSIONS):
        write(source, size.asked, shares[:version], newest=True)
        loads.append(_load(city, source, version, mode="changes"))
    asked = _VERSIONS // 2
    package, _ = write(folder / "version.gpkg", size.asked, shares[:asked])
    ours = apart(ask_places, city=str(city), day=_day(asked), count=size.asked).result
    peer = apart(read_places, package=str(package), count=size.asked).result
    layer_mb, package_mb = _megabytes(city), package.stat().st_size / 1e6
    late = apart(ask_state, city=str(city), day=_day(0)).result
    _clear(city, source, package)
    must = Target(most=5)
    more = {"rows": state["rows"], "again_s": state["again_s"], "ten_versions_s": late["first_s"]}
    name = f"state of a layer of {much} at a past instant, to Arrow"
    yield Finding(name, state["first_s"], "s", "", None, must, None, more)
    more = {"differing": {"GeoPandas": _differing(ours["found"], peer["found"])}, "ms": ours["ms"]}
    more |= {"first_ms": ours["first_ms"], "found": ours["found"], "peer_ms": peer["ms"]}
    name = f"1 km² at one instant, {much}, {_VERSIONS} versions, p50 of {_PLACES}"
    yield Finding(
        name, statistics.median(ours["ms"]), "ms", "GeoPandas, GPKG", statistics.median(peer["ms"]),
        Target(most=30), None, more,
    )  # fmt: skip
    more = {"peaks_gb": [round(one.peak_gb, 2) for one in loads], "loads_s": _seconds(loads)}
    yield Finding(
        f"memory of a load, {much}", max(one.peak_gb for one in loads), "GB", "read_file", read.peak_gb,
        Target(most=2), None, more,
    )  # fmt: skip
    more = {"written_mb": [round(one.result["written_mb"], 2) for one in loads]}
    name = f"on disk, {much}, {_VERSIONS} versions"
    yield Finding(name, layer_mb, "MB", f"{_VERSIONS} GPKG", _VERSIONS * package_mb, None, None, more)


def load(city: str, source: str, day: str, mode: FeatureMode) -> dict[str, Any]:
    """Load a file, true from a day on."""
    opened = stcloud.open(city)
    definition = stcloud.Definition.from_toml(DEFINITION, name=_LAYER)
    reckoning = opened.load(_LAYER, source, definition=definition, mode=mode, valid_from=day)
    return {**reckoning.counts, "files": len(opened.layer(_LAYER).snapshot.files)}


def read(source: str) -> int:
    """Let GeoPandas read a file into memory."""
    return len(geopandas.read_file(source))


def ask_state(city: str, day: str) -> dict[str, Any]:
    """Ask for a whole state of the layer, twice; the first question opens the city."""
    seconds, rows = [], 0
    for _ in range(2):
        start = time.perf_counter()
        rows = len(stcloud.open(city).features(_LAYER).as_of(day).to_arrow())
        seconds.append(time.perf_counter() - start)
    return {"rows": rows, "first_s": seconds[0], "again_s": round(seconds[1], 3)}


def ask_places(city: str, day: str, count: int) -> dict[str, Any]:
    """Ask what was in some places on a day; the first question opens the city."""
    opened = stcloud.open(city)
    return _timed(count, lambda place: len(opened.features(_LAYER).as_of(day, where=place)))


def read_places(package: str, count: int) -> dict[str, Any]:
    """Let GeoPandas read the places from a GeoPackage, by its index."""
    return _timed(count, lambda place: len(geopandas.read_file(package, mask=place)))


def _timed(count: int, ask: Callable[[geopandas.GeoSeries], int]) -> dict[str, Any]:
    """Ask of each place; the first question counts apart, a few more warm up and count for nothing."""
    seconds, found = [], []
    for place in _places(count):
        start = time.perf_counter()
        found.append(ask(place))
        seconds.append(round((time.perf_counter() - start) * 1e3, 2))
    return {"first_ms": seconds[0], "ms": seconds[1 + _SPARE :], "found": found}


def _places(count: int) -> list[geopandas.GeoSeries]:
    """Return squares of 1 km², in the city's metres, within the lattice of the parcels."""
    room = columns(count) * SIDE_M - 1000
    corners = np.random.default_rng([SEED, 9]).uniform(0, room, (1 + _SPARE + _PLACES, 2))
    corners += np.array([WEST, SOUTH])
    boxes = shapely.box(*corners.T, *(corners.T + 1000))
    return [geopandas.GeoSeries([one], crs=CRS) for one in boxes]


def _founded(city: Path) -> Path:
    shutil.rmtree(city, ignore_errors=True)
    stcloud.create(city, crs=CRS, zone=ZONE)
    return city


def _load(city: Path, source: Path, day: int, mode: str = "snapshot") -> Done:
    """Load in a process of its own; also tell by how much the city's folder grew."""
    before = _megabytes(city)
    done = apart(load, city=str(city), source=str(source), day=_day(day), mode=mode)
    done.result["written_mb"] = _megabytes(city) - before
    return done


def _read(source: Path) -> Done:
    return apart(read, source=str(source))


def _day(number: int) -> str:
    return (_FIRST + dt.timedelta(days=number)).isoformat()


def _megabytes(folder: Path) -> float:
    return sum(one.stat().st_size for one in folder.rglob("*") if one.is_file()) / 1e6


def _seconds(runs: list[Done]) -> list[float]:
    return [round(one.seconds, 2) for one in runs]


def _middle(runs: list[Done]) -> float:
    return statistics.median(one.seconds for one in runs)


def _differing(ours: list[int], theirs: list[int]) -> int:
    return sum(mine != other for mine, other in zip(ours, theirs, strict=True))


def _clear(city: Path, *files: Path) -> None:
    shutil.rmtree(city, ignore_errors=True)
    for one in files:
        one.unlink(missing_ok=True)
