"""Check of a unit grid: clean grids of 140,000 cells with few and with many vertices, and one with faults.

The grids are invented (`stcloud.testing.town`). The peer is GeoPandas on a tenth of the grid, given the same tenth:
the overlay of the cells with themselves finds the overlaps, and nothing else that a check finds.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from typing import Any

import geopandas
import numpy as np
import shapely
from numpy.typing import NDArray

from bench.data import CRS, SEED, Scale
from bench.process import apart
from bench.report import Finding, Target
from stcloud.iaas.bundle import bundled_text
from stcloud.paas.grid.check import inspect
from stcloud.paas.grid.scheme import Scheme
from stcloud.testing.town import noisy, quads

__all__ = ["findings"]

_NX, _NY, _FAULTS, _TIMES = 375, 374, 100, 3
_MUST, _AIM = Target(most=10), Target(most=4)


def findings(scale: Scale) -> Iterator[Finding]:
    """Inspect each grid in a process of its own; the first time counts apart, it imports and compiles."""
    for name, kind in (
        ("4 vertices", "quads"),
        ("30 vertices", "noisy"),
        (f"{_FAULTS} gaps planted", "faulty"),
    ):
        done = apart(check, kind=kind, nx=_NX, ny=_NY, times=_TIMES if scale.name == "full" else 1)
        more = done.result | {"peak_gb": round(done.peak_gb, 2)}
        expected = {"gap": _FAULTS} if kind == "faulty" else {}
        more["differing"] = {"what was planted": int(done.result["found"] != expected)}
        yield Finding(
            f"check of {_NX * _NY:,} cells, {name}", statistics.median(done.result["seconds"]), "s", "", None,
            _MUST if kind == "quads" else None, _AIM if kind == "quads" else None, more,
        )  # fmt: skip
    ours = apart(check, kind="quads", nx=_NX, ny=_NY // 10, times=1).result["seconds"][0]
    peer = apart(overlay, nx=_NX, ny=_NY // 10).result
    name = f"check of {_NX * (_NY // 10):,} cells, 4 vertices"
    yield Finding(name, ours, "s", "GeoPandas overlay (overlaps only)", peer, Target(ratio=1))


def check(kind: str, nx: int, ny: int, times: int) -> dict[str, Any]:
    """Inspect a grid with its communities some times; tell the seconds of each and what was found."""
    cells, codes, communities, names = _grid(kind, nx, ny)
    scheme = Scheme.from_toml(bundled_text("grids", "unit-grid-15.toml"), name="unit-grid-15.toml")
    seconds, found = [], dict[str, int]()
    for _ in range(1 + times):
        start = time.perf_counter()
        found = inspect(cells, codes, communities, names, scheme=scheme).counts
        seconds.append(round(time.perf_counter() - start, 3))
    found.pop("small-cell", None)  # noise makes a cell or two smaller than half the target
    return {"first_s": seconds[0], "seconds": seconds[1:], "found": found}


def overlay(nx: int, ny: int) -> float:
    """Let GeoPandas intersect the cells with themselves; tell the seconds."""
    cells = geopandas.GeoDataFrame(geometry=quads(nx, ny, SEED)[0], crs=CRS)
    start = time.perf_counter()
    geopandas.overlay(cells, cells, how="intersection", keep_geom_type=True)
    return round(time.perf_counter() - start, 3)


def _grid(kind: str, nx: int, ny: int) -> tuple[NDArray[Any], ...]:
    cells, codes = quads(nx, ny, SEED)
    if kind == "noisy":
        cells = noisy(cells, 30, SEED)
    names, member = np.unique(codes.astype("U12"), return_inverse=True)
    order = np.argsort(member, kind="stable")
    parts = np.split(cells[order], np.cumsum(np.bincount(member))[:-1])
    communities = np.array([shapely.coverage_union_all(part) for part in parts], object)
    if kind == "faulty":
        some = np.random.default_rng(SEED).choice(len(cells), _FAULTS, replace=False)
        cells[some] = shapely.difference(cells[some], shapely.buffer(shapely.centroid(cells[some]), 5))
    return cells, codes, communities, names
