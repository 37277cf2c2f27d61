"""Cubes of events, and what is found in them: hot spots, trends, and what a load makes new.

Peers do the same in memory: pandas counts by cell and week and makes a dataset of xarray, scipy multiplies by a
sparse matrix. Those that are too slow for all cells, pymannkendall and esda, do a sample; their seconds are scaled to
all. Every party works in a process of its own.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

import stcloud
from bench.data import ZONE, Scale, events
from bench.process import apart
from bench.query import load_events
from bench.report import Finding, Target
from stcloud.paas.cube.cube import Cube
from stcloud.paas.cube.getis import getis_ord
from stcloud.paas.cube.neighbours import CellNeighbours
from stcloud.paas.cube.trend import mann_kendall
from stcloud.paas.query.run.cubing import CubeShape, cubed
from stcloud.paas.query.run.refreshing import refreshed
from stcloud.saas.cubefile import write_cube

__all__ = ["findings"]

_TIMES = 3
_WHEN = "2020/2025"  # 260 whole weeks
_SHAPE = CubeShape("100m", "1W")
_DISTANCE_M, _STEPS = 300.0, 2
_SAMPLE = 60
_AREAS, _EVENTS = 59, 5_000

Ints = NDArray[np.int64]


def findings(scale: Scale) -> Iterator[Finding]:
    """Measure the cube, what is found in it, its refresh, and the first small cube of a process."""
    count = {"small": 500_000, "full": 10_000_000}[scale.name]
    source, folder = events(count, scale.folder), scale.folder / "cube"
    city = _city(source, folder, reuse=scale.reuse)
    arrays = str(folder / "counts.npy")
    made = apart(our_cube, city=str(city), store=str(folder / "cube.zarr"), arrays=arrays)
    theirs = apart(pandas_cube, source=str(source))
    size = f"{count / 1e6:g}M events, {made.result['cells']:,} cells × {made.result['steps']} weeks"
    more = {"ours": made.result, "pandas": theirs.result, "peak_gb": round(made.peak_gb, 2)}
    more["differing"] = {"pandas": int(made.result["sum"] != theirs.result["sum"])}
    yield Finding(
        f"cube of {size}, to Zarr", _median(made.result), "s", "pandas, to xarray in memory",
        _median(theirs.result), Target(most=4), Target(most=2), more,
    )  # fmt: skip
    yield Finding("the same, memory", made.peak_gb, "GB", "pandas", theirs.peak_gb, Target(most=2))
    yield from _statistics(arrays)
    spots = apart(our_hotspots, city=str(city))
    yield Finding(
        "emerging hot spots, end to end", _median(spots.result), "s", "", None, Target(most=12), Target(most=5),
        spots.result | {"peak_gb": round(spots.peak_gb, 2)},
    )  # fmt: skip
    again = apart(our_refresh, city=str(city)).result
    yield Finding(
        "refresh after 1 % new events, in the last two bins", statistics.median(again["seconds"]), "s", "a rebuild",
        statistics.median(again["rebuild"]), Target(ratio=0.05), Target(ratio=0.02), again,
    )  # fmt: skip
    yield _first(folder)


def _median(result: dict[str, Any]) -> float:
    return float(statistics.median(result["seconds"]))


def _timed(work: Callable[[], Any], times: int = _TIMES) -> tuple[list[float], Any]:
    """Return seconds of some times, after one that counts not, and what was made last."""
    work()
    seconds, result = [], None
    for _ in range(times):
        start = time.perf_counter()
        result = work()
        seconds.append(round(time.perf_counter() - start, 4))
    return seconds, result


def _city(source: Path, folder: Path, *, reuse: bool) -> Path:
    city = folder / f"city-{source.stem}"
    if not (reuse and city.exists()):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        apart(load_events, city=str(city), source=str(source))
    return city


def _cube(city: str) -> Cube:
    return cubed(stcloud.open(city).query("events").when(_WHEN).inquiry(), _SHAPE)


def our_cube(city: str, store: str, arrays: str) -> dict[str, Any]:
    """Make the cube and write it; keep its counts for the other measures."""

    def work() -> Cube:
        shutil.rmtree(store, ignore_errors=True)
        cube = _cube(city)
        write_cube(cube, store)
        return cube

    seconds, cube = _timed(work)
    steps, cells = cube.shape
    np.save(arrays, cube.dense())
    np.save(arrays.replace(".npy", "-xy.npy"), np.array([cube.cells.x, cube.cells.y]))
    return {"seconds": seconds, "cells": cells, "steps": steps, "sum": int(cube.measure().values.sum())}


def pandas_cube(source: str) -> dict[str, Any]:
    """Count events in memory by cell and week of the city's clock, and make a dense dataset."""
    frame = pq.read_table(source, columns=["at", "x", "y"]).to_pandas()
    first, last = (pd.Timestamp(text, tz=ZONE) for text in ("2020-01-06", "2024-12-30"))

    def work() -> Any:
        kept = frame[(frame["at"] >= first) & (frame["at"] < last)]
        local = kept["at"].dt.tz_convert(ZONE).dt.tz_localize(None)
        week = local.dt.normalize() - pd.to_timedelta(local.dt.dayofweek, unit="D")
        counts = kept.groupby(
            [week, (kept["y"] // 100).rename("row"), (kept["x"] // 100).rename("column")]
        ).size()
        return counts.to_xarray().fillna(0)

    seconds, dataset = _timed(work)
    return {"seconds": seconds, "sum": int(dataset.sum())}


def _statistics(arrays: str) -> Iterator[Finding]:
    ours = apart(our_statistics, arrays=arrays)
    theirs = apart(scipy_gi, arrays=arrays)
    sample = apart(sampled, arrays=arrays).result
    result = ours.result
    name = f"Gi* of every bin, {_DISTANCE_M:.0f} m and {_STEPS} steps"
    gi = statistics.median(result["gi"])
    differing = {"scipy": int(abs(result["gi_sum"] - theirs.result["sum"]) > 1e-6 * abs(result["gi_sum"]))}
    more = {"ours": result, "scipy": theirs.result, "differing": differing}
    yield Finding(
        name, gi, "s", "scipy, sparse matrix", _median(theirs.result), Target(most=3), Target(most=0.8), more
    )
    yield Finding("the same", gi, "s", f"esda, scaled from {sample['esda_bins']:,} bins", sample["esda"])
    yield Finding("the same with trends, memory", ours.peak_gb, "GB", "scipy", theirs.peak_gb, Target(most=2))
    for what, key in (("counts", "counts"), ("z", "z")):
        yield Finding(
            f"Mann-Kendall with ties, every cell, of {what}", statistics.median(result[key]), "s",
            f"pymannkendall, scaled from {_SAMPLE} cells", sample[key], Target(most=5), Target(most=2),
        )  # fmt: skip


def our_statistics(arrays: str) -> dict[str, Any]:
    """Compute Gi* and trends of all cells."""
    values, (x, y) = np.load(arrays), np.load(arrays.replace(".npy", "-xy.npy"))
    known, near = np.ones(values.shape, np.bool_), CellNeighbours.within(x, y, _DISTANCE_M)
    gi, z = _timed(lambda: getis_ord(values, known, near, steps=_STEPS))
    total = float(z.sum())
    counts, _ = _timed(lambda: mann_kendall(values, known))
    trends, _ = _timed(lambda: mann_kendall(z, known))
    return {"gi": gi, "gi_sum": total, "counts": counts, "z": trends}


def scipy_gi(arrays: str) -> dict[str, Any]:
    """Compute Gi* with a sparse matrix of neighbours, all bins known, sums as floats."""
    from scipy.sparse import csr_array  # noqa: PLC0415  (of this process alone)

    values, (x, y) = np.load(arrays).astype(np.float64).T.copy(), np.load(arrays.replace(".npy", "-xy.npy"))
    near = CellNeighbours.within(x, y, _DISTANCE_M)
    matrix = csr_array((np.ones(len(near.cell)), near.cell, near.start))

    def over_steps(part: NDArray[np.float64]) -> NDArray[np.float64]:
        whole = part.copy()
        for apart_by in range(1, _STEPS + 1):
            whole[:, apart_by:] += part[:, :-apart_by]
        return whole

    def work() -> NDArray[np.float64]:
        n, mean, deviation = values.size, values.mean(), values.std()
        sums = over_steps(matrix @ values)
        counts = over_steps(np.repeat(np.diff(near.start)[:, None].astype(float), values.shape[1], axis=1))
        z: NDArray[np.float64] = (sums - mean * counts) / (
            deviation * np.sqrt((n * counts - counts**2) / (n - 1))
        )
        return z

    seconds, z = _timed(work)
    return {"seconds": seconds, "sum": float(z.sum())}


def sampled(arrays: str) -> dict[str, Any]:
    """Let those that are slow do a sample, and scale their seconds to all."""
    import libpysal  # noqa: PLC0415  (of this process alone)
    import pymannkendall  # noqa: PLC0415  (of this process alone)
    from esda.getisord import G_Local  # noqa: PLC0415  (of this process alone)

    values, (x, y) = np.load(arrays), np.load(arrays.replace(".npy", "-xy.npy"))
    chosen = np.random.default_rng(1).choice(values.shape[1], _SAMPLE, replace=False)
    series = values[:, chosen].T.astype(float)
    noisy = series + np.random.default_rng(2).random(series.shape)  # as various as z
    trends = {}
    for name, part in (("counts", series[series.std(axis=1) > 0]), ("z", noisy)):
        start = time.perf_counter()
        for row in part:
            pymannkendall.original_test(row)
        trends[name] = (time.perf_counter() - start) / len(part) * values.shape[1]
    few = np.flatnonzero((x < x.min() + 3_000) & (y < y.min() + 3_000))
    near = CellNeighbours.within(x[few], y[few], _DISTANCE_M)
    parts = np.split(near.cell, near.start[1:-1])
    weights = libpysal.weights.W(
        {cell: part.tolist() for cell, part in enumerate(parts)}, silence_warnings=True
    )
    start = time.perf_counter()
    G_Local(values[0, few].astype(float) + 1, weights, transform="B", star=None, permutations=0)
    scale = values.size / len(few)
    return trends | {"esda": (time.perf_counter() - start) * scale, "esda_bins": len(few)}


def our_hotspots(city: str) -> dict[str, Any]:
    """Count the cube and find its emerging hot spots."""
    seconds, spots = _timed(lambda: _cube(city).hotspots(distance_m=_DISTANCE_M, steps=_STEPS))
    return {"seconds": seconds, "cells": len(spots)}


def our_refresh(city: str) -> dict[str, Any]:
    """Load 1 % new events of the last two weeks into a copy of the city, and refresh the cube and count it anew."""
    copy = Path(city).with_name("refreshed")
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(city, copy)
    cube = _cube(str(copy))
    opened = stcloud.open(copy)
    opened.load("events", _new_events(opened.layer("events").rows))
    query = opened.query("events").when(_WHEN)
    seconds, renewed = _timed(lambda: refreshed(cube, query.inquiry(), _SHAPE))
    rebuild, anew = _timed(lambda: cubed(query.inquiry(), _SHAPE))
    shutil.rmtree(copy)
    alike = (
        renewed.leftovers == anew.leftovers
        and renewed.measure().values.tobytes() == anew.measure().values.tobytes()
    )
    return {"seconds": seconds, "rebuild": rebuild, "differing": {"a rebuild": int(not alike)}}


def _new_events(known: int) -> pa.Table:
    chance, count = np.random.default_rng(5), known // 100
    first_us = int(pd.Timestamp("2024-12-16", tz=ZONE).timestamp()) * 1_000_000
    at = first_us + chance.integers(0, 14 * 86_400, count) * 1_000_000
    x, y = chance.uniform(1_000, 36_000, (2, count))
    return pa.table({
        "id": np.arange(count) + known, "at": pa.array(at).cast(pa.timestamp("us", "UTC")),
        "x": 571_300 + x, "y": 4_488_300 + y, "category": pa.array(["category 001"] * count),
    })  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Small:
    """A city with areas, for the first cube of a process."""

    folder: Path

    def make(self) -> None:
        """Make the city anew."""
        import geopandas  # noqa: PLC0415  (of this process alone)
        import shapely  # noqa: PLC0415  (of this process alone)

        shutil.rmtree(self.folder, ignore_errors=True)
        chance = np.random.default_rng(7)
        x, y = 500_000 + chance.uniform(0, 10_000, _EVENTS), 3_380_000 + chance.uniform(0, 10_000, _EVENTS)
        at = pd.Timestamp("2024-01-01") + pd.to_timedelta(chance.integers(0, 365 * 86_400, _EVENTS), unit="s")
        rows = pd.DataFrame({"id": np.arange(_EVENTS), "at": at, "x": x, "y": y})
        corners = [(500_000 + 1_000 * (n % 10), 3_380_000 + 1_000 * (n // 10)) for n in range(_AREAS)]
        shapes = [shapely.box(west, south, west + 1_000, south + 1_000) for west, south in corners]
        areas = geopandas.GeoDataFrame(
            {"name": [f"area {n:02}" for n in range(_AREAS)]}, geometry=shapes, crs="EPSG:4548"
        )
        with stcloud.create(self.folder, crs="EPSG:4548", zone="Asia/Shanghai") as city:
            city.load("events", rows, key=["id"], time="at", x="x", y="y", crs="EPSG:4548")
            city.load("areas", areas, key=["name"], valid_from="2000-01-01")


_SMALL = """
import sys, stcloud
from stcloud.paas.query.run.cubing import CubeShape, cubed
cube = cubed(stcloud.open({city!r}).query("events").when("2024").inquiry(), CubeShape("in:areas", "1M"))
assert cube.shape == ({areas}, 12)[::-1] and int(cube.dense().sum()) > 0
assert "numba" not in sys.modules
"""


def _first(folder: Path) -> Finding:
    """Measure a whole process that makes a small cube, and finds nothing compiled."""
    small = _Small(folder / "small")
    small.make()
    code = _SMALL.format(city=str(small.folder), areas=_AREAS)

    def work() -> None:
        place = {"NUMBA_CACHE_DIR": str(folder / "nothing")}
        subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, **place})

    seconds, _ = _timed(work)
    name = f"first cube of a process, {_AREAS} areas × 12 months, nothing compiled"
    return Finding(
        name, statistics.median(seconds), "s", "", None, Target(most=2), Target(most=1), {"seconds": seconds}
    )
