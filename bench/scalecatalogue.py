"""A catalogue of many layers: how long it takes to open the city, to name its layers, and to list them all."""

from __future__ import annotations

import os
import shutil
import statistics
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import stcloud
from bench.report import Finding, Target
from bench.scalewatch import watched
from stcloud.testing.events import define, rows

__all__ = ["city_of_layers", "findings"]

_ROWS = 200
_TIMES = 5
_LOADS = 30


def findings(folder: Path, layers: int) -> Iterator[Finding]:
    """Measure a city whose layers were loaded once, and one whose layers have a checkpoint each."""
    for loads in (1, _LOADS):
        city = folder / f"city-{layers}-layers"
        shutil.rmtree(city, ignore_errors=True)
        city_of_layers(city, layers, loads)
        runs = [watched(listing, city=str(city)) for _ in range(_TIMES)]
        shutil.rmtree(city)
        name = f"{layers:,} layers, each loaded {loads} ×"
        must = Target(most=1), Target(most=2)
        for part, target in zip(("open", "list"), must, strict=True):
            seconds = [run.result[part] for run in runs]
            cpu_s = [run.result[f"{part}_cpu"] for run in runs]
            more = {"s": seconds, "cpu_s": cpu_s, "peak_gb": round(max(run.peak_gb for run in runs), 2)}
            yield Finding(f"{part}: {name}", statistics.median(seconds), "s", must=target, more=more)


def city_of_layers(city: Path, layers: int, loads: int = 1) -> None:
    """Make a city of many layers: one is loaded, its folder and definition copied, and its entry repeated."""
    source = city.with_suffix(".csv")
    with stcloud.create(city, crs="EPSG:32651", zone="Asia/Shanghai") as made:
        for number in range(loads):
            source.write_text(rows(_ROWS, note=f"load {number}"))
            made.load("layer-0000", source, definition=define())
        first = made.layer("layer-0000").loads[0]
        place = city / "layers"
        names = [f"layer-{number:04d}" for number in range(1, layers)]
        for name in names:
            shutil.copytree(place / "layer-0000", place / name, copy_function=os.link)  # files never change
            shutil.copy(place / "layer-0000.toml", place / f"{name}.toml")
        made._catalogue.ledger.write([replace(first, layer=name) for name in names])  # noqa: SLF001
    source.unlink()


def listing(city: str) -> dict[str, Any]:
    """Open a city and one layer of it; then list all, with what `stcloud layers` prints of each."""
    start, cpu = time.perf_counter(), time.process_time()
    opened = stcloud.open(city)
    opened.layer("layer-0000")
    ready, ready_cpu = time.perf_counter(), time.process_time()
    summaries = [
        (layer.name, layer.kind, layer.events, layer.span_us, layer.extent, layer.bytes)
        for layer in opened.layers()
    ]
    done, done_cpu = time.perf_counter(), time.process_time()
    return {
        "open": round(ready - start, 3), "list": round(done - ready, 3), "layers": len(summaries),
        "open_cpu": round(ready_cpu - cpu, 3), "list_cpu": round(done_cpu - ready_cpu, 3),
    }  # fmt: skip
