"""Episodes: of 35 stations over five years of hours, listed and derived; beside pandas by hand.

Readings are invented: fine dust that wanders, three per cent of it missing, five other values beside it. We read them
from the layer, the peer from a Parquet file in order of station and time, of which it needs three columns. Both must
give the same episodes. A derivation after another day of readings is measured beside the peer over all of them.
"""

from __future__ import annotations

import shutil
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

import stcloud
from bench.data import SEED, Scale
from bench.process import apart
from bench.report import Finding, Target
from stcloud.daas.definition import Definition

__all__ = ["findings"]

_TIMES = 5
_STATIONS = 35
_VALUES = ("PM2.5", "PM10", "SO2", "NO2", "CO", "O3")
_AIR = """
id = "air"
kind = "event"
[time]
column = "at"
[space]
none = true
[series]
station = "station"
step = "1h"
[series.values]
""" + "".join(f'"{name}" = {{ unit = "ug/m3", plausible = [0, 2000] }}\n' for name in _VALUES)
_RULE = {"id": "smog", "value": "PM2.5", "above": 115.0, "ends_below": 75.0, "for": "3h", "gap": "1h"}
_HOUR = pd.Timedelta("1h")


def findings(scale: Scale) -> Iterator[Finding]:
    """Measure episodes that are listed, derived, and derived again after a day."""
    years = {"small": 1, "full": 5}[scale.name]
    city, source = _city(scale.folder / "episodes", years)
    ours, peer = apart(our_episodes, city=city), apart(pandas_episodes, source=source)
    size = f"{_STATIONS} stations x {years} years, {ours.result['readings'] / 1e6:.2f}M readings"
    more = {
        "seconds": ours.result["seconds"], "peer_seconds": peer.result["seconds"], "peak_gb": round(ours.peak_gb, 2),
        "episodes": ours.result["episodes"], "differing": {"pandas": int(ours.result["sums"] != peer.result["sums"])},
    }  # fmt: skip
    peer_s = statistics.median(peer.result["seconds"])
    yield Finding(
        f"episodes of {size}", statistics.median(ours.result["seconds"]), "s", "pandas from Parquet", peer_s,
        Target(most=2), Target(most=0.7), more,
    )  # fmt: skip
    derived = apart(our_derivations, city=city, years=years).result
    yield Finding(
        f"episodes of {size}, derived into a layer", derived["full"], "s", "pandas from Parquet", peer_s
    )
    yield Finding(
        "the same after another day of readings", derived["again"], "s", "pandas, all of it again", peer_s,
        more={"readings": derived["readings"]},
    )  # fmt: skip


def our_episodes(city: str) -> dict[str, Any]:
    """List episodes several times; the first run, which imports, is left out."""
    seconds = []
    with stcloud.open(city) as opened:
        for _ in range(_TIMES + 1):
            start = time.perf_counter()
            rows = opened.episodes("air", _RULE).to_arrow()
            seconds.append(time.perf_counter() - start)
        sums = _sums(
            rows["from"].cast(pa.int64()).to_numpy(), rows["peak"].to_numpy(), rows["readings"].to_numpy()
        )
        return {
            "seconds": seconds[1:], "episodes": len(rows), "sums": sums, "readings": opened.layer("air").events,
        }  # fmt: skip


def our_derivations(city: str, years: int) -> dict[str, Any]:
    """Derive episodes into a layer, load another day, and derive again."""
    with stcloud.open(city) as opened:
        start = time.perf_counter()
        opened.episodes("air", _RULE).derive("smog")
        full = time.perf_counter() - start
        opened.load("air", pa.Table.from_pandas(_day(years), preserve_index=False))
        start = time.perf_counter()
        done = opened.episodes("air", _RULE).derive("smog")
        again = time.perf_counter() - start
    return {"full": full, "again": again, "readings": done.readings}


def pandas_episodes(source: str) -> dict[str, Any]:
    """Do the same with pandas: runs by cumulative sums, and groups of them."""
    seconds = []
    for _ in range(_TIMES + 1):
        start = time.perf_counter()
        frame = pd.read_parquet(source, columns=["station", "at", "PM2.5"]).dropna()
        apart_ = (frame["station"] != frame["station"].shift()) | (frame["at"].diff() > 2 * _HOUR)
        beyond, lasting = frame["PM2.5"] > 115, frame["PM2.5"] >= 75
        stretch = (apart_ | (beyond != beyond.shift())).cumsum()
        times = frame[beyond].groupby(stretch[beyond])["at"].agg(["min", "max"])
        long = times[times["max"] + _HOUR - times["min"] >= 3 * _HOUR].index
        run = (apart_ | (lasting != lasting.shift())).cumsum()
        started = (beyond & stretch.isin(long)).groupby(run).cummax()
        within = frame[lasting & started]
        groups = within.groupby(run[within.index])
        rows = groups.agg(start=("at", "min"), peak=("PM2.5", "max"), readings=("PM2.5", "size"))
        seconds.append(time.perf_counter() - start)
    starts = rows["start"].astype("datetime64[us, UTC]").astype("int64").to_numpy()
    return {
        "seconds": seconds[1:],
        "sums": _sums(starts, rows["peak"].to_numpy(), rows["readings"].to_numpy()),
    }


def _sums(start_us: np.ndarray, peak: np.ndarray, readings: np.ndarray) -> list[float]:
    return [len(start_us), int(start_us.sum() // 1_000_000), round(float(peak.sum()), 3), int(readings.sum())]


def _readings(hours: int) -> pd.DataFrame:
    """Return readings of all stations: fine dust wanders between clean and dirty, by station and time."""
    chance = np.random.default_rng([SEED, 35])
    steps = chance.normal(0, 9, (_STATIONS, hours)).cumsum(axis=1)
    dust = np.round(np.abs((steps + 1_000_000) % 560 - 280), 1)  # there and back
    dust[chance.random(dust.shape) < 0.03] = np.nan
    frame = pd.DataFrame({
        "station": np.repeat([f"S{number:02}" for number in range(_STATIONS)], hours),
        "at": np.tile(pd.date_range("2020-01-01", periods=hours, freq="h", tz="UTC"), _STATIONS),
        "PM2.5": dust.ravel(),
    })  # fmt: skip
    for factor, name in enumerate(_VALUES[1:], start=2):
        frame[name] = np.round(frame["PM2.5"] * factor / 3, 1)
    return frame


def _day(years: int) -> pd.DataFrame:
    hours = years * 8_760
    frame = _readings(hours + 24)
    return frame[frame.groupby("station").cumcount() >= hours]


def _city(folder: Path, years: int) -> tuple[str, str]:
    """Make the city, and the file for the peer; return where they are."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    frame = _readings(years * 8_760)
    table = pa.Table.from_pandas(frame, preserve_index=False)
    pq.write_table(table, folder / "air.parquet")
    with stcloud.create(folder / "city", crs="EPSG:32650", zone="Asia/Shanghai") as city:
        city.load("air", folder / "air.parquet", definition=Definition.from_toml(_AIR, name="air"))
    return str(folder / "city"), str(folder / "air.parquet")
