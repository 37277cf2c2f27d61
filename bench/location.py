"""Which cell: 10M points among the cells of a city, beside GeoPandas that joins the same points.

The peer's time counts its points built from coordinates, as ours are given, and its index, which it builds anew.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
from numpy.typing import NDArray

from bench.data import CRS, SEED, Scale
from bench.process import apart
from bench.quads import Quads
from bench.report import Finding, Target
from stcloud.index import Locator

__all__ = ["findings"]

_WEST, _SOUTH, _SIDE_M, _CELLS = 571_300.0, 4_488_300.0, 100.0, 374  # 374 x 374 cells: 139,876
_JITTER_M, _NOISE_M = 25.0, 4.0
_TIMES = 10
_PEER_CHUNK = 2_500_000  # GeoPandas holds all of its points and pairs in memory

Floats = NDArray[np.float64]


def findings(scale: Scale) -> Iterator[Finding]:
    """Measure quads, cells of 30 vertices, then points in the cells' order, and how they are made ready."""
    yield from _cells(scale, "jittered quads", (0, 0), Target(most=2.5), Target(most=1.0))
    yield from _cells(scale, "cells of 30 noisy vertices", (6, 7), Target(most=4.0), Target(most=1.2))


def _cells(scale: Scale, kind: str, bends: tuple[int, int], must: Target, aim: Target) -> Iterator[Finding]:
    folder = scale.folder / "locator"
    built = apart(build, folder=str(folder), bends=bends).result
    ours = apart(ask, folder=str(folder), points=scale.points).result
    peer = apart(join, bends=bends, points=scale.points).result
    differing = {"GeoPandas": int(ours["sum"] != peer["sum"]) + int(ours["inside"] != peer["inside"])}
    million = f"{scale.points / 1e6:g}M points"
    more: dict[str, Any] = {"differing": differing, **ours, "peer_s": peer["random_s"]}
    yield Finding(
        f"{million}, {built['cells']:,} {kind}", statistics.median(ours["random_s"]), "s", "sjoin",
        peer["random_s"], must, aim, more,
    )  # fmt: skip
    yield Finding(
        "the same in the order of the cells", statistics.median(ours["ordered_s"]), "s", "sjoin",
        peer["ordered_s"], Target(most=0.8),
    )  # fmt: skip
    tenth = ours["random_s"][-1]
    yield Finding(
        "the first call in a new process", ours["random_s"][0], "s", "the tenth", tenth, Target(ratio=1.1)
    )
    yield Finding("index built", built["seconds"], "s", "", None, Target(most=3), None, built)
    yield Finding("index in memory", built["megabytes"], "MB", "", None, Target(most=500))


def build(folder: str, bends: tuple[int, int]) -> dict[str, Any]:
    """Build a locator and keep it; the first time may compile, the second counts."""
    cells = _city(bends)
    ids = np.arange(len(cells))
    Locator.of(cells[:9], ids[:9])
    start = time.perf_counter()
    locator = Locator.of(cells, ids)
    seconds = time.perf_counter() - start
    Path(folder).mkdir(parents=True, exist_ok=True)
    arrays = locator.arrays()
    for name, values in arrays.items():
        np.save(Path(folder) / f"{name}.npy", values)
    megabytes = sum(one.nbytes for one in arrays.values()) / 1e6
    return {"cells": len(cells), "seconds": seconds, "megabytes": megabytes}


def ask(folder: str, points: int) -> dict[str, Any]:
    """Map the index and ask ten times, then ten times in the order of the cells."""
    x, y = _points(points)
    start = time.perf_counter()
    locator = Locator.from_arrays(
        {one.stem: np.load(one, mmap_mode="r") for one in Path(folder).glob("*.npy")}
    )
    open_s = time.perf_counter() - start
    cpu_s = -time.process_time()
    random_s = [_seconds(locator, x, y) for _ in range(_TIMES)]
    cpu_s = (cpu_s + time.process_time()) / _TIMES  # of all cores, which others may use too
    found = locator.locate(x, y)
    order = np.argsort(found, kind="stable")
    x, y = x[order], y[order]
    ordered_s = [_seconds(locator, x, y) for _ in range(_TIMES)]
    return {
        "open_s": round(open_s, 3), "cpu_s": round(cpu_s, 2), "random_s": random_s, "ordered_s": ordered_s,
        "sum": int(found.sum(dtype=np.int64)), "inside": int((found >= 0).sum()),
    }  # fmt: skip


def join(bends: tuple[int, int], points: int) -> dict[str, Any]:
    """Let GeoPandas join the points, some at a time."""
    x, y = _points(points)
    polygons = geopandas.GeoDataFrame(geometry=_city(bends), crs=CRS)
    found, random_s = _join(polygons, x, y)
    order = np.argsort(found, kind="stable")
    _, ordered_s = _join(polygons, x[order], y[order])
    inside = int((found >= 0).sum())
    return {"random_s": random_s, "ordered_s": ordered_s, "sum": int(found.sum()), "inside": inside}


def _join(polygons: geopandas.GeoDataFrame, x: Floats, y: Floats) -> tuple[NDArray[np.int64], float]:
    found = np.full(len(x), -1)
    start = time.perf_counter()
    for at in range(0, len(x), _PEER_CHUNK):
        part = slice(at, at + _PEER_CHUNK)
        asked = geopandas.GeoDataFrame(geometry=geopandas.points_from_xy(x[part], y[part]), crs=CRS)
        joined = geopandas.sjoin(asked, polygons, predicate="within")
        found[part][joined.index.to_numpy()] = joined["index_right"].to_numpy()
    return found, time.perf_counter() - start


def _seconds(locator: Locator, x: Floats, y: Floats) -> float:
    start = time.perf_counter()
    locator.locate(x, y)
    return time.perf_counter() - start


def _points(count: int) -> tuple[Floats, Floats]:
    """Return points strewn over the city, which is the worst order for a cache."""
    chance = np.random.default_rng([SEED, 11])
    side = _CELLS * _SIDE_M
    return chance.uniform(_WEST, _WEST + side, count), chance.uniform(_SOUTH, _SOUTH + side, count)


def _city(bends: tuple[int, int]) -> NDArray[Any]:
    """Return cells that leave no gap: jittered corners, and noisy bends along flat and steep edges."""
    quads = Quads(_CELLS, _SIDE_M, _JITTER_M, _NOISE_M, bends)
    return quads.draw(_WEST, _SOUTH, np.random.default_rng([SEED, 12]))
