"""Conflicts between two plans of parcels, area by area; beside GeoPandas' overlay.

Parcels are invented: quadrilaterals that share their corners, every seventh of them with a corner cut out, in a plan
that lies some metres beside the other. We read them from the city, the peer from two GeoParquet files. All parcels
conflict with all they overlap, so that both must give the same pieces: as many, with the same sum of areas. In a
second measure only three uses of ten exclude each other, and the peer chooses rows before it overlays. Seconds are of
the processor, of all its cores: a busy machine does not change them much.
"""

from __future__ import annotations

import shutil
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import shapely

import stcloud
from bench.data import CRS, SEED, ZONE, Scale
from bench.process import apart
from bench.report import Finding, Target

__all__ = ["findings"]

_SIDE_M, _WEST, _SOUTH = 24.0, 571_300.0, 4_488_300.0
_USES = ("dwelling", "shop", "office", "school", "works", "depot", "farm", "park", "road", "water")
_FEW = list(_USES[:3])
_TIMES = 3
_SAME = 1e-6
_PLANS = ("landuse", "farmland")


def findings(scale: Scale) -> Iterator[Finding]:
    """Measure all pairs, then those of three uses."""
    count = {"small": 20_000, "full": 100_000}[scale.name]
    folder = scale.folder / "plans"
    city = _city(folder, count)
    for name, few in (("all uses", False), ("three uses of ten", True)):
        ours = apart(our_conflicts, city=str(city), few=few)
        peer = apart(overlaid, folder=str(folder), few=few)
        differing = int(
            ours.result["pieces"] != peer.result["pieces"]
            or abs(ours.result["area_m2"] / peer.result["area_m2"] - 1) > _SAME
        )
        more = {
            "conflicts": ours.result["pieces"], "area_m2": ours.result["area_m2"], "cpu_s": ours.result["seconds"],
            "peer_cpu_s": peer.result["seconds"], "first_cpu_s": ours.result["first_s"],
            "peak_gb": round(ours.peak_gb, 2), "peer_peak_gb": round(peer.peak_gb, 2),
            "differing": {"GeoPandas": differing},
        }  # fmt: skip
        yield Finding(
            f"conflicts of {count:,} x {count:,} parcels, {name}, processor",
            statistics.median(ours.result["seconds"]), "s", "GeoPandas overlay",
            statistics.median(peer.result["seconds"]), Target(ratio=0.5, most=30), Target(ratio=0.25), more,
        )  # fmt: skip


def our_conflicts(city: str, few: bool) -> dict[str, Any]:  # noqa: FBT001
    """Find conflicts several times; the first run, which imports, is left out."""
    uses = _FEW if few else []
    sides = {"first": {"layer": "landuse", "use": uses}, "second": {"layer": "farmland", "use": uses}}
    rules = {"id": "bench", "slivers": {"area_m2": 0.0}, "exclude": [{"id": "any", **sides}]}
    seconds, areas, pieces = [], 0.0, 0
    with stcloud.open(city) as opened:
        for _ in range(_TIMES + 1):
            start = time.process_time()
            rows = opened.conflicts(_PLANS, rules=rules, at="2024-06-01").to_arrow()
            seconds.append(time.process_time() - start)
            areas, pieces = float(np.sum(rows["area_m2"].to_numpy())), len(rows)
    return {"seconds": seconds[1:], "first_s": seconds[0], "area_m2": areas, "pieces": pieces}


def overlaid(folder: str, few: bool) -> dict[str, Any]:  # noqa: FBT001
    """Overlay the same parcels with GeoPandas; pieces of less than a square millimetre touch."""
    seconds, areas, pieces = [], 0.0, 0
    for _ in range(_TIMES + 1):
        start = time.process_time()
        frames = [geopandas.read_parquet(Path(folder, f"{name}.parquet")) for name in _PLANS]
        if few:
            frames = [frame[frame["use"].isin(_FEW)] for frame in frames]
        shared = geopandas.overlay(*frames, how="intersection", keep_geom_type=True).area
        seconds.append(time.process_time() - start)
        shared = shared[shared >= _SAME]
        areas, pieces = float(shared.sum()), len(shared)
    return {"seconds": seconds[1:], "area_m2": areas, "pieces": pieces}


def _city(folder: Path, count: int) -> Path:
    """Write two plans, and load them into a city."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    stcloud.create(folder / "city", crs=CRS, zone=ZONE).close()
    with stcloud.open(folder / "city") as city:
        for number, name in enumerate(_PLANS):
            frame = _parcels(count, number)
            frame.to_parquet(folder / f"{name}.parquet")
            city.load(name, frame, key="id", valid_from="2024-01-01")
    return folder / "city"


def _parcels(count: int, number: int) -> geopandas.GeoDataFrame:
    """Draw the parcels of a plan."""
    chance = np.random.default_rng([SEED, 9, number])
    across = int(np.ceil(np.sqrt(count)))
    corner = np.stack(np.meshgrid(np.arange(across + 1), np.arange(across + 1)), axis=-1) * _SIDE_M
    corner = corner + chance.uniform(-4, 4, corner.shape) + (_WEST + 9.0 * number, _SOUTH + 7.0 * number)
    corner = np.round(corner, 3)
    rings = np.stack([corner[:-1, :-1], corner[:-1, 1:], corner[1:, 1:], corner[1:, :-1]], axis=2)
    rings = rings.reshape(-1, 4, 2)[:count]
    shapes = shapely.polygons(rings)
    bent = np.arange(3, count, 7)
    a, b, c, d = (rings[bent, at] for at in range(4))
    shapes[bent] = shapely.polygons(
        np.stack([a, b, (b + c) / 2, (a + b + c + d) / 4, (c + d) / 2, d], axis=1)
    )
    return geopandas.GeoDataFrame(
        {"id": [f"{number}-{at}" for at in range(count)], "use": chance.choice(_USES, count)},
        geometry=shapes, crs=CRS,
    )  # fmt: skip
