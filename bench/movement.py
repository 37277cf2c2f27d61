"""Movement: tracks and stops of many fixes, the time in cells, meetings; beside movingpandas.

Vehicles are invented: each drives and rests by turns, a fix every ten seconds. We read fixes from a city; the peer
has them as a frame in memory, and fewer of them, since it takes long: both are compared by point. The rules of stops
differ (the peer's is about the diameter of a run), so their counts are told and not compared.
"""

from __future__ import annotations

import shutil
import time
import warnings
from collections.abc import Callable, Iterator
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

__all__ = ["findings"]

_CRS = "EPSG:32650"
_STEP_S = 10
_VEHICLES = 1_000
_PEER_FIXES = 100_000
_STOP = {"within": "50 m", "at_least": "5 min"}


def findings(scale: Scale) -> Iterator[Finding]:
    """Measure tracks, stops, dwell and meetings of a day or so of vehicles."""
    count = {"small": 1_000_000, "full": 10_000_000}[scale.name]
    city = _city(scale.folder / "movement", count)
    ours, peer = apart(our_tracks, city=city), apart(movingpandas_tracks)
    fixes, done = ours.result["fixes"], ours.result
    peer_ns = None if peer.result is None else peer.result["seconds"] / _PEER_FIXES * 1e9
    size = f"{fixes / 1e6:.1f}M fixes of {_VEHICLES:,} vehicles"
    more = {name: value for name, value in done.items() if name != "fixes"}
    more |= {"peak_gb": round(ours.peak_gb, 2), "cpu_s": round(ours.cpu_s, 1)}
    seconds = done["tracks_s"] + done["stops_s"]
    yield Finding(f"{size}: tracks and stops", seconds, "s", must=Target(most=10), more=more)
    yield Finding(
        f"{size}: the same, a fix", seconds / fixes * 1e9, "ns", f"movingpandas, {_PEER_FIXES:,} fixes", peer_ns,
        Target(ratio=1), Target(ratio=0.02), peer.result,
    )  # fmt: skip
    yield Finding(f"{size}: seconds by 100 m and hour", done["dwell_s"], "s")
    yield Finding(f"{size}: meetings of all in an hour", done["meetings_s"], "s")


def our_tracks(city: str) -> dict[str, Any]:
    """Ask for tracks, stops, dwell and meetings, each from the files."""
    with stcloud.open(city) as opened:
        tracks = opened.tracks("vehicles")
        done: dict[str, Any] = {"fixes": opened.layer("vehicles").events}
        tracks.stops(**_STOP)  # imports, and loops that are compiled, once per installation
        asks: dict[str, Callable[[], Any]] = {
            "tracks": tracks.tracks,
            "stops": lambda: tracks.stops(**_STOP),
            "dwell": lambda: tracks.dwell("100m", "1h").to_arrow(),
            "meetings": lambda: tracks.during("2024-03-01T01:00/2024-03-01T02:00").meetings(within="50 m"),
        }
        for name, ask in asks.items():
            start = time.perf_counter()
            done[name] = len(ask())
            done[f"{name}_s"] = round(time.perf_counter() - start, 3)
        return done


def movingpandas_tracks() -> dict[str, Any] | None:
    """Do the same with movingpandas, of fewer fixes; None: it is not installed."""
    warnings.simplefilter("ignore")
    try:
        import movingpandas  # noqa: PLC0415  (a peer that need not be installed)
    except ImportError:
        return None
    import geopandas  # noqa: PLC0415

    frame = _fixes(_PEER_FIXES)
    given = geopandas.GeoDataFrame(
        frame[["vehicle", "at"]], geometry=geopandas.points_from_xy(frame["x"], frame["y"]), crs=_CRS
    )
    start = time.perf_counter()
    tracks = movingpandas.TrajectoryCollection(given, "vehicle", t="at")
    lengths = [track.get_length() for track in tracks.trajectories]
    stops = movingpandas.TrajectoryStopDetector(tracks).get_stop_points(
        max_diameter=100, min_duration=pd.Timedelta("5min")
    )
    return {"seconds": round(time.perf_counter() - start, 3), "tracks": len(lengths), "stops": len(stops)}


def _fixes(count: int) -> pd.DataFrame:
    """Return fixes by time: each vehicle drives for half an hour, and rests for ten minutes."""
    chance = np.random.default_rng([SEED, 51])
    vehicles = min(_VEHICLES, max(count // 1_000, 1))
    steps = count // vehicles
    drives = (np.arange(steps)[:, None] + chance.integers(0, 240, vehicles)) % 240 < 180
    ways = np.where(
        drives, chance.uniform(20, 160, (steps, vehicles)), chance.uniform(0, 2, (steps, vehicles))
    )
    turns = chance.normal(0, 0.5, (steps, vehicles)).cumsum(axis=0)
    x, y = (
        500_000 + 20_000 * chance.random(vehicles) + (ways * part(turns)).cumsum(axis=0)
        for part in (np.cos, np.sin)
    )
    return pd.DataFrame({
        "id": np.arange(steps * vehicles),
        "vehicle": np.tile([f"v{number:04}" for number in range(vehicles)], steps),
        "at": np.repeat(pd.date_range("2024-03-01", periods=steps, freq=f"{_STEP_S}s"), vehicles),
        "x": x.ravel().round(2), "y": y.ravel().round(2) + 3_500_000,
    })  # fmt: skip


def _city(folder: Path, count: int) -> str:
    """Make the city; return where it is."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    pq.write_table(pa.Table.from_pandas(_fixes(count), preserve_index=False), folder / "fixes.parquet")
    with stcloud.create(folder / "city", crs=_CRS, zone="UTC") as city:
        city.load(
            "vehicles", folder / "fixes.parquet", key="id", time="at", x="x", y="y", crs=_CRS, mover="vehicle",
        )  # fmt: skip
    return str(folder / "city")
