"""Our side of the joins: partners in memory, asked with arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from bench.world import NEAR_M, POINTS_SIDE_M, VERSIONS, YEAR_US, World, sums, timed
from stcloud.index import AsOfIndex

__all__ = ["build", "hold", "hold_built", "near"]

_TIMES, _BUILDS = 9, 5

Ints = NDArray[np.int64]


def hold(events: int, across: int) -> dict[str, Any]:
    """Join with an index that is ready."""
    world = World(events, across, 0)
    partners, happened = _partners(world), world.happened(world.side_m)
    partners.within(*happened)
    return timed(lambda: sums(*_pairs(partners.within(*happened))), _TIMES)


def hold_built(events: int, across: int) -> dict[str, Any]:
    """Join with an index that is built first; the first time loads what is compiled and does not count."""
    world = World(events, across, 0)
    given, happened = _versions(world), world.happened(world.side_m)

    def work() -> dict[str, int]:
        return sums(*_pairs(AsOfIndex.of(*given).within(*happened)))

    work()
    build = timed(lambda: {"epochs": len(AsOfIndex.of(*given).sliced.areas)}, _BUILDS)
    return {**timed(work, _BUILDS), "build": build}


def build(across: int) -> dict[str, Any]:
    """Build an index."""
    given = _versions(World(0, across, 0))
    _ = AsOfIndex.of(*given).sliced.areas
    return timed(lambda: {"epochs": len(AsOfIndex.of(*given).sliced.areas)}, _BUILDS)


def near(events: int, points: int) -> dict[str, Any]:
    """Find the nearest point of each event with an index that is ready."""
    world = World(events, 0, points)
    start, end = np.zeros(points, np.int64), np.full(points, VERSIONS * YEAR_US)
    keys = [f"{one:07}" for one in range(points)]
    partners, happened = (
        AsOfIndex.of(keys, start, end, shapely.points(world.spots())),
        world.happened(POINTS_SIDE_M),
    )
    partners.nearest(*happened, 1, NEAR_M)
    return timed(lambda: sums(*_pairs(partners.nearest(*happened, 1, NEAR_M))), _TIMES)


def _versions(world: World) -> tuple[list[str], Ints, Ints, NDArray[Any]]:
    count = world.across**2
    start = np.repeat(np.arange(VERSIONS), count) * YEAR_US
    keys = [f"{one:06}" for one in range(count)] * VERSIONS
    return keys, start, start + YEAR_US, np.concatenate([world.cells(one) for one in range(VERSIONS)])


def _partners(world: World) -> AsOfIndex:
    partners = AsOfIndex.of(*_versions(world))
    _ = partners.sliced.areas
    return AsOfIndex.from_arrays(partners.arrays())


def _pairs(found: Any) -> tuple[Ints, Ints]:
    return found.event, found.version
