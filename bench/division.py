"""Dividing an invented town into unit cells, beside equal-area Voronoi cells and plain road blocks."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from bench.data import Scale
from bench.report import Finding, Target
from stcloud.paas.grid.division import PRESETS, Division, Quality, divide
from stcloud.paas.grid.division.network import canonical, noded
from stcloud.paas.grid.division.quality import measured
from stcloud.testing.town import Town, town

__all__ = ["findings"]

_SIDES_M = {"small": 3_000, "full": 10_000}
_TARGET_M2 = 10_000.0
_LLOYD = 12
_WORKERS = 2

Geometries = NDArray[np.object_]
Ints = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class _Measure:
    """A figure of the report, as a cost, and what it may be at most."""

    name: str
    figure: str
    most: float | None
    lack: bool = False

    def of(self, quality: Quality) -> float:
        """Return the cost: the figure, or what it lacks to 1."""
        value = float(getattr(quality, self.figure))
        return 1 - value if self.lack else value


_MEASURES = (
    _Measure("area across a community", "crossing", 5e-7),
    _Measure("gaps and overlaps", "uncovered", 5e-7),
    _Measure("cells not within 5,000-20,000 m²", "fitting", 0.02, lack=True),
    _Measure("street length farther than 0.5 m from an edge", "streets_near", 0.05, lack=True),
    _Measure("street length farther than 15 m from an edge", "streets_beside", 0.02, lack=True),
    _Measure("compactness, 1 - median", "compactness", 0.30, lack=True),
    _Measure("compactness, 1 - lower quartile", "compactness_low", 0.40, lack=True),
    _Measure("cells of compactness below 0.3", "loose", 0.01),
    _Measure("small buildings cut", "buildings_cut", 0.001),
)


def findings(scale: Scale) -> Iterator[Finding]:
    """Divide a town, and smaller ones for the growth; the peers divide the same town."""
    side_m = _SIDES_M[scale.name]
    ground = town(side_m)
    _divided(town(1_000))
    ours, seconds = _divided(ground)
    half, half_s = _divided(town(side_m // 2))
    much = f"{side_m * side_m / 1e6:g} km²"
    more: dict[str, Any] = {"cells": ours.quality.count, "quarter": half.quality.count, "quarter_s": half_s}
    most_s = 30 * side_m * side_m / 1e8
    yield Finding(
        f"division of {much}", seconds, "s", "4 × a quarter", 4 * half_s, None, Target(most=most_s), more
    )
    peers = {
        "Voronoi": _measured(*_voronoi(ground), ground, ours),
        "road blocks": _measured(*_blocks(ground), ground, ours),
    }
    for measure in _MEASURES:
        must = None if measure.most is None else Target(most=measure.most)
        for name, quality in peers.items():
            yield Finding(measure.name, measure.of(ours.quality), "of 1", name, measure.of(quality), must)
    plain = _divided(ground, preset=PRESETS["area-only"])[0]
    yield Finding(
        "component load, coefficient of variation", ours.quality.load_variation, "of 1", "by area only",
        plain.quality.load_variation, Target(ratio=0.9),
        more={name: quality.load_variation for name, quality in peers.items()},
    )  # fmt: skip


def _divided(ground: Town, **more: Any) -> tuple[Division, float]:
    start = time.perf_counter()
    division = divide(
        ground.communities, ground.community_codes, ground.streets, ground.buildings, ground.components, ground.water,
        workers=_WORKERS, **more,
    )  # fmt: skip
    return division, time.perf_counter() - start


def _measured(cells: Geometries, own: Ints, ground: Town, ours: Division) -> Quality:
    """Measure a peer's cells; the streets are those of our own report."""
    boundaries, shores = shapely.boundary(ground.communities), shapely.boundary(ground.water)
    return measured(
        cells, own, ground.communities, target_m2=_TARGET_M2, streets=ground.streets, single=ours.streets,
        lines=np.concatenate((ground.streets, boundaries, shores)), buildings=ground.buildings,
        components=ground.components,
    )  # fmt: skip


def _blocks(ground: Town) -> tuple[Geometries, Ints]:
    """Return what streets and boundaries enclose."""
    lines = canonical(np.concatenate((shapely.boundary(ground.communities), ground.streets)))
    faces = shapely.get_parts(shapely.polygonize(noded(lines)))
    own, face = shapely.STRtree(shapely.point_on_surface(faces)).query(
        ground.communities, predicate="contains"
    )
    return faces[face], own


def _voronoi(ground: Town) -> tuple[Geometries, Ints]:
    """Return centroidal Voronoi cells of each community, as many as its area asks for: nearly of one area."""
    found = [_voronoi_of(one) for one in ground.communities]
    return np.concatenate(found), np.repeat(np.arange(len(found)), [len(one) for one in found])


def _voronoi_of(community: shapely.Polygon) -> Geometries:
    count = max(1, round(community.area / _TARGET_M2))
    west, south, east, north = community.bounds
    seeds = np.random.default_rng(count).uniform((west, south), (east, north), (20 * count, 2))
    seeds = seeds[shapely.contains_xy(community, *seeds.T)][:count]
    cells = np.array([community], dtype=object)
    for _ in range(_LLOYD if len(seeds) > 1 else 0):
        whole = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(seeds), extend_to=community))
        parts = shapely.get_parts(shapely.intersection(whole, community))
        cells = parts[shapely.get_dimensions(parts) == 2]
        seeds = shapely.get_coordinates(shapely.centroid(cells))
    return cells
