"""Vector tiles: how long the bytes of 10,000 points take, and tiles of a city of a million events, warm.

The peer of the bytes is `mapbox-vector-tile`, which is written in plain Python, where it is installed. Figures are
seconds of the processor, the median of several runs: other programs of the machine do not count.
"""

from __future__ import annotations

import importlib
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

import stcloud
from bench.data import CRS, ZONE, Scale, events
from bench.report import Finding, Target
from stcloud.paas.tile.commands import commands_of_points
from stcloud.paas.tile.encoding import encode_layer, key_ids
from stcloud.paas.tile.tags import tags_of
from stcloud.space.tilegrid import Tile

__all__ = ["findings"]

_POINTS, _EVENTS, _RUNS = 10_000, 1_000_000, 15
_LON, _LAT = -73.98, 40.72


def findings(scale: Scale) -> Iterator[Finding]:
    """Measure the writing of a tile, and tiles of a city."""
    yield _written()
    with stcloud.open(_city(scale.folder)) as city:
        query = city.query("events")
        for z in (8, 10, 12):
            yield Finding(f"tile z{z}, 1M events of five years", _tile_ms(query, z), "ms")
        whole, few = _tile_ms(query, 14), _tile_ms(query.when("2022-03/2022-06"), 14)
        yield Finding("tile z14, 1M events of five years", whole, "ms", aim=Target(most=15))
        must, aim = Target(ratio=0.5), Target(ratio=0.3)
        yield Finding("tile z14, three months", few, "ms", "our tile of five years", whole, must, aim)


def _tile_ms(query: stcloud.Query, z: int) -> float:
    at = Tile.at(_LON, _LAT, z)
    return _median_ms(lambda: query.tile(at.z, at.x, at.y))


def _median_ms(act: Callable[[], object], runs: int = _RUNS) -> float:
    act()
    times = []
    for _ in range(runs):
        start = time.process_time()
        act()
        times.append((time.process_time() - start) * 1e3)
    return statistics.median(times)


def _written() -> Finding:
    """Write 10,000 points with five attributes."""
    chance = np.random.default_rng(7)
    x, y = chance.integers(0, 4096, (2, _POINTS))
    columns = {
        "key": pa.array([f"SR-{number}" for number in range(_POINTS)]),
        "category": pa.array(chance.choice(["pothole", "noise", "graffiti"], _POINTS)),
        "priority": pa.array(chance.integers(0, 10, _POINTS)),
        "cost": pa.array(chance.normal(100, 20, _POINTS)),
        "open": pa.array(chance.random(_POINTS) < 0.5),
    }

    def ours() -> bytes:
        return encode_layer(
            "points", commands_of_points(x, y), tags_of(columns, _POINTS), key_ids(columns["key"])
        )

    peer = _plain(x.tolist(), y.tolist(), pa.table(columns).to_pylist())
    name, most = f"{_POINTS:,} points as bytes", Target(most=52)
    return Finding(name, _median_ms(ours), "ms", "mapbox-vector-tile", peer, most, Target(most=20))


def _plain(x: list[int], y: list[int], attributes: list[dict[str, Any]]) -> float | None:
    try:
        mapbox_vector_tile: Any = importlib.import_module("mapbox_vector_tile")  # it need not be installed
    except ImportError:
        return None
    features = [
        {"geometry": f"POINT({a} {b})", "properties": row} for a, b, row in zip(x, y, attributes, strict=True)
    ]
    return _median_ms(lambda: mapbox_vector_tile.encode([{"name": "points", "features": features}]), 3)


def _city(folder: Path) -> Path:
    """Return a city of a million events, made once."""
    made = folder / "tiles-city"
    if not made.exists():
        frame: pd.DataFrame = pq.read_table(events(_EVENTS, folder)).to_pandas()
        part = folder / "tiles-city.part"
        stcloud.create(part, crs=CRS, zone=ZONE)
        with stcloud.open(part) as city:
            city.load("events", frame, key="id", time="at", x="x", y="y", crs=CRS)
        part.rename(made)
    return made
