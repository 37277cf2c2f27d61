"""Loading a service-request export: CSV to a queryable, clustered layer, beside DuckDB writing one sorted Parquet."""

from __future__ import annotations

import functools
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb

import stcloud
from bench.data import CRS, ZONE, Scale, requests
from bench.process import Done, apart
from bench.report import Finding, Target
from bench.requests import HEADER

__all__ = ["loads", "longer"]


def loads(scale: Scale) -> Iterator[Finding]:
    """Measure time and memory of a load."""
    source = requests(scale.requests, scale.folder)
    runs = _runs(source, scale)
    ours, peer = (min(found, key=lambda one: one.seconds) for found in zip(*runs, strict=True))
    more = {
        "source_gb": round(source.stat().st_size / 1e9, 2),
        "runs_s": [[round(one.seconds, 2) for one in run] for run in runs],
        "cpu_s": [[round(one.cpu_s, 2) for one in run] for run in runs],
        "ours": ours.result,
        "peer": peer.result,
    }
    size = f"{scale.requests:,} rows, {len(HEADER)} columns"
    must, aim = Target(ratio=2), Target(ratio=1.2)
    yield Finding(f"load CSV, {size}", ours.seconds, "s", "DuckDB", peer.seconds, must, aim, more)
    cpu_s, peer_cpu_s = (min(one.cpu_s for one in found) for found in zip(*runs, strict=True))
    yield Finding("the same, time of all cores", cpu_s, "s", "DuckDB", peer_cpu_s)
    must, aim = Target(most=1.5), Target(most=0.7)
    yield Finding("the same, memory", ours.peak_gb, "GB", "DuckDB", peer.peak_gb, must, aim)


def longer(scale: Scale) -> Iterator[Finding]:
    """Measure whether memory grows with the source."""
    shorter = min(run[0].peak_gb for run in _runs(requests(scale.requests, scale.folder), scale))
    done = _load_ours(requests(scale.more_requests, scale.folder), scale)
    must, aim = Target(ratio=1.2, most=1.5), Target(ratio=1.2, most=0.7)
    name = f"memory, {scale.more_requests:,} rows"
    more = {"seconds": round(done.seconds, 2), "ours": done.result}
    yield Finding(name, done.peak_gb, "GB", f"{scale.requests:,} rows", shorter, must, aim, more)


@functools.cache
def _runs(source: Path, scale: Scale) -> list[tuple[Done, Done]]:
    """Load with each in turns."""
    _warm(source)
    return [(_load_ours(source, scale), _load_duck(source, scale)) for _ in range(scale.repeats)]


def _load_ours(source: Path, scale: Scale) -> Done:
    """Load the export into a new city, in a process of its own."""
    city = scale.folder / "city-requests"
    try:
        return apart(_ours, city=str(city), source=str(source))
    finally:
        shutil.rmtree(city, ignore_errors=True)


def _load_duck(source: Path, scale: Scale) -> Done:
    """Let DuckDB do the least that makes the export a sorted Parquet file, in a process of its own."""
    target = scale.folder / "sorted.parquet"
    try:
        return apart(_duck, source=str(source), target=str(target))
    finally:
        target.unlink(missing_ok=True)


def _ours(city: str, source: str) -> dict[str, Any]:
    stcloud.create(city, crs=CRS, zone=ZONE)
    opened = stcloud.open(city)
    reckoning = opened.load("requests", source, definition="nyc-311")
    layer = opened.layer("requests")
    return {**reckoning.counts, "files": len(layer.snapshot.files), "megabytes": round(layer.bytes / 1e6)}


def _duck(source: str, target: str) -> dict[str, Any]:
    query = f"""COPY (SELECT * FROM read_csv('{source}') ORDER BY "Created Date") TO '{target}' (FORMAT parquet)"""
    connection = duckdb.connect(config={"temp_directory": f"{target}.tmp"})
    connection.execute("SET enable_progress_bar = false")
    (rows,) = connection.execute(query).fetchone() or (0,)
    return {"rows": rows, "megabytes": round(Path(target).stat().st_size / 1e6)}


def _warm(path: Path) -> None:
    """Read a file once, so that who comes first is not who waits for the disk."""
    with path.open("rb") as file:
        while file.read(1 << 24):
            pass
