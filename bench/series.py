"""Series: 1.5 million hourly readings of six values, loaded, and laid out by station and time, beside pandas.

The peer reads the same file, sorts it and writes one Parquet file, which knows no clocks, keys or corrections; it
lays the readings out by ``set_index([...]).to_xarray()``. Both must find the same sums.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import stcloud
from bench.data import Scale
from bench.process import Done, apart
from bench.report import Finding, Target

__all__ = ["findings"]

_CRS, _ZONE = "EPSG:32650", "Asia/Shanghai"
_NAMES = ("PM2.5", "PM10", "SO2", "NO2", "CO", "O3")
_STATIONS = 35
_SIZES = {"small": 4_300, "full": 43_000}
"""Hours of each station."""
_DEFINITION = """
id = "air"
kind = "event"
null = ["", "NA"]
[time]
column = "time"
[space]
none = true
[series]
station = "station"
step = "1h"
complete = "18 of 24"
[series.values]
"""


def findings(scale: Scale) -> Iterator[Finding]:
    """Measure the load, the layout, and daily means."""
    hours = _SIZES[scale.name]
    source = _source(scale.folder, hours)
    rows = f"{_STATIONS * hours:,} readings × {len(_NAMES)}"
    runs = [(_load_ours(source, scale), _load_pandas(source, scale)) for _ in range(scale.repeats)]
    ours, peer = (min(done, key=lambda one: one.seconds) for done in zip(*runs, strict=True))
    more = {
        "runs_s": [[round(one.seconds, 2) for one in run] for run in runs],
        "cpu_s": ours.cpu_s,
        "peer_cpu_s": peer.cpu_s,
    }
    yield Finding(
        f"load CSV, {rows}", ours.seconds, "s", "pandas", peer.seconds, Target(most=8), Target(most=4), more
    )
    laid = apart(_lay_ours, city=str(scale.folder / "city-series")).result
    beside = apart(_lay_pandas, target=str(scale.folder / "series.parquet")).result
    more = {
        "ours": laid,
        "pandas": beside,
        "differing": {"pandas": int(abs(laid["sum"] - beside["sum"]) > 1e-6 * beside["sum"])},
    }
    must, aim = Target(most=1.5), Target(most=0.6)
    yield Finding(
        f"by station and time, {rows}", laid["lay_s"], "s", "pandas", beside["lay_s"], must, aim, more
    )
    yield Finding(f"daily means, {rows}", laid["days_s"], "s", "pandas", beside["days_s"])
    shutil.rmtree(scale.folder / "city-series", ignore_errors=True)


def _source(folder: Path, hours: int) -> Path:
    """Return a file of readings, made once."""
    import numpy as np  # noqa: PLC0415
    import pandas as pd  # noqa: PLC0415

    path = folder / f"series-{hours}.csv"
    if path.exists():
        return path
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(7)
    times = pd.date_range("2013-03-01", periods=hours, freq="h").strftime("%Y-%m-%d %H:%M:%S")
    parts = []
    for station in range(_STATIONS):
        values = {}
        for name in _NAMES:
            values[name] = np.round(rng.gamma(2, 30, hours))
            values[name][rng.random(hours) < 0.02] = np.nan
        parts.append(pd.DataFrame({"station": f"S{station:02}", "time": times, **values}))
    pd.concat(parts).to_csv(path, index=False, na_rep="NA", float_format="%g")
    return path


def _load_ours(source: Path, scale: Scale) -> Done:
    city = scale.folder / "city-series"
    shutil.rmtree(city, ignore_errors=True)
    return apart(_ours, city=str(city), source=str(source))


def _load_pandas(source: Path, scale: Scale) -> Done:
    return apart(_pandas, source=str(source), target=str(scale.folder / "series.parquet"))


def _ours(city: str, source: str) -> dict[str, Any]:
    values = "".join(f'"{name}" = {{ unit = "ug/m3", plausible = [0, 5000] }}\n' for name in _NAMES)
    definition = stcloud.Definition.from_toml(_DEFINITION + values, name="air.toml")
    with stcloud.create(city, crs=_CRS, zone=_ZONE) as opened:
        return dict(opened.load("air", source, definition=definition).counts)


def _pandas(source: str, target: str) -> int:
    import pandas as pd  # noqa: PLC0415

    frame = pd.read_csv(source, na_values=["NA"])
    frame["time"] = pd.to_datetime(frame["time"]).dt.tz_localize(_ZONE).dt.tz_convert("UTC")
    frame.sort_values(["station", "time"]).to_parquet(target)
    return len(frame)


def _lay_ours(city: str) -> dict[str, float]:
    import xarray  # noqa: F401, PLC0415  (imported by both before they begin)

    with stcloud.open(city) as opened:
        best: dict[str, float] = {}
        for _ in range(3):
            begin = time.perf_counter()
            dataset = opened.series("air").to_xarray()
            laid = time.perf_counter()
            days = opened.series("air").resample("1d", "mean")
            done = time.perf_counter()
            best = {
                "lay_s": min(laid - begin, best.get("lay_s", 1e9)),
                "days_s": min(done - laid, best.get("days_s", 1e9)),
            }
        return {**best, "sum": float(dataset["PM2.5"].sum()), "days": len(days.labels)}


def _lay_pandas(target: str) -> dict[str, float]:
    import pandas as pd  # noqa: PLC0415
    import xarray  # noqa: F401, PLC0415

    best: dict[str, float] = {}
    for _ in range(3):
        begin = time.perf_counter()
        dataset = pd.read_parquet(target).set_index(["station", "time"]).to_xarray()
        laid = time.perf_counter()
        frame = pd.read_parquet(target)
        day = frame["time"].dt.tz_convert(_ZONE).dt.floor("D")
        means = frame.groupby(["station", day])[list(_NAMES)].agg(["mean", "count"])
        done = time.perf_counter()
        best = {
            "lay_s": min(laid - begin, best.get("lay_s", 1e9)),
            "days_s": min(done - laid, best.get("days_s", 1e9)),
        }
    return {**best, "sum": float(dataset["PM2.5"].sum()), "days": len(means)}
