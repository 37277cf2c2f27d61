"""Starting: what a fresh process takes to import the package, to open a city, and to give its first answers.

All are seconds of CPU of a whole process with warm files, the median of several; the first run, which may compile, is
left out, except where the measure is the first run itself.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import geopandas
import numpy as np
import pandas as pd
import shapely

import stcloud
from bench.data import Scale
from bench.report import Finding, Target

__all__ = ["findings"]

_TIMES = 7
_EVENTS, _SIDE, _VERTICES = 5_000, 8, 1_000  # 64 areas of a thousand vertices each
_WEST, _SOUTH, _CELL_M = 500_000.0, 3_380_000.0, 1_000.0
_CRS = "EPSG:4548"
_HELP = "import sys; sys.argv = ['stcloud', '--help']; from stcloud.saas.cli import main; main()"
_OPEN = "import stcloud; city = stcloud.open({city!r})"
_COUNT = _OPEN + "; city.query('events').when('2024-03').count(by=['week'])"
_GROUPS = _OPEN + "; city.query('events').count(by=['in:areas'])"
_PEER = """
import geopandas, pandas
rows = pandas.read_csv({folder!r} + "/events.csv")
points = geopandas.GeoDataFrame(rows, geometry=geopandas.points_from_xy(rows.x, rows.y), crs="{crs}")
areas = geopandas.read_file({folder!r} + "/areas.gpkg")
points.sjoin(areas, predicate="intersects").groupby("name_right").size()
"""


def findings(scale: Scale) -> Iterator[Finding]:
    """Measure the start of the package, of a city, of the command, and of the first answers."""
    folder = scale.folder / "start"
    city = _city(folder)
    bare = _cpu_s("pass")
    peer = _cpu_s(_PEER.format(folder=str(folder), crs=_CRS))
    yield _finding("import stcloud", "import stcloud", bare, most=0.35)
    yield _finding("stcloud --help", _HELP, bare, most=0.5)
    yield _finding("open a city", _OPEN.format(city=city), bare, most=0.4)
    yield _finding("open a city, count by week", _COUNT.format(city=city), bare)
    groups = _GROUPS.format(city=city)
    name = f"open a city, count {_EVENTS:,} events by in: of {_SIDE * _SIDE} areas"
    yield Finding(name, _cpu_s(groups), "s CPU", "GeoPandas sjoin from files", peer, Target(ratio=2.0))
    first = _first_cpu_s(groups, folder / "numba")
    yield Finding(
        f"{name}, freshly installed", first, "s CPU", "GeoPandas sjoin from files", peer, Target(ratio=2.0)
    )


def _finding(name: str, code: str, bare: float, *, most: float | None = None) -> Finding:
    targets = (None, None) if most is None else (Target(most=most), Target(most=most / 2))
    return Finding(name, _cpu_s(code), "s CPU", "bare python", bare, *targets)


def _cpu_s(code: str) -> float:
    """Seconds of CPU, user and system, of a whole process."""
    return statistics.median([_run(code, {}) for _ in range(_TIMES + 1)][1:])


def _first_cpu_s(code: str, cache: Path) -> float:
    """The same of a process that finds nothing compiled."""
    shutil.rmtree(cache, ignore_errors=True)
    return _run(code, {"NUMBA_CACHE_DIR": str(cache)})


def _run(code: str, environment: dict[str, str]) -> float:
    before = os.times()
    subprocess.run(
        [sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL, env={**os.environ, **environment}
    )
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def _city(folder: Path) -> str:
    """Make a small city, and the same in files for the peer; return its folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    chance = np.random.default_rng(7)
    x, y = (low + chance.uniform(0, _SIDE * _CELL_M, _EVENTS) for low in (_WEST, _SOUTH))
    at = pd.Timestamp("2024-01-01") + pd.to_timedelta(chance.integers(0, 365 * 86_400, _EVENTS), unit="s")
    rows = pd.DataFrame({"name": np.arange(_EVENTS), "at": at, "x": x.round(2), "y": y.round(2)})
    rows.to_csv(folder / "events.csv", index=False)
    corners = [(_WEST + _CELL_M * i, _SOUTH + _CELL_M * j) for i in range(_SIDE) for j in range(_SIDE)]
    shapes = [shapely.box(west, south, west + _CELL_M, south + _CELL_M) for west, south in corners]
    areas = {"name": [f"area {number:02}" for number in range(len(shapes))]}
    fine = shapely.segmentize(np.array(shapes), 4 * _CELL_M / _VERTICES)
    geopandas.GeoDataFrame(areas, geometry=fine, crs=_CRS).to_file(folder / "areas.gpkg")
    with stcloud.create(folder / "city", crs=_CRS, zone="Asia/Shanghai") as city:
        city.load("events", folder / "events.csv", key=["name"], time="at", x="x", y="y", crs=_CRS)
        city.load("areas", folder / "areas.gpkg", key=["name"], valid_from="2000-01-01")
    return str(folder / "city")
