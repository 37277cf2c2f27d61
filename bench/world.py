"""A world of events, of polygons in versions and of points, the same for the same seed; how it is timed."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.data import SEED
from bench.quads import Quads

__all__ = ["NEAR_M", "POINTS_SIDE_M", "VERSIONS", "YEAR_US", "World", "sums", "timed"]

VERSIONS, YEAR_US = 4, 365 * 86_400_000_000
POINTS_SIDE_M, NEAR_M = 40_000.0, 200.0
_WEST, _SOUTH = 571_300.0, 4_488_300.0
_SIDE_M, _JITTER_M, _NOISE_M, _BENDS = 250.0, 62.5, 3.0, (6, 6)

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class World:
    """So many events among so many cells across, and points to be near to."""

    events: int
    across: int
    points: int

    @classmethod
    def of(cls, scale: str) -> World:
        """Return the world of a scale."""
        return {"small": cls(200_000, 50, 40_000), "full": cls(1_000_000, 100, 200_000)}[scale]

    def cells(self, version: int) -> NDArray[Any]:
        """Return the polygons of a version: none is as it was before."""
        quads = Quads(self.across, _SIDE_M, _JITTER_M, _NOISE_M, _BENDS)
        return quads.draw(_WEST, _SOUTH, np.random.default_rng([SEED, 21, version]))

    def happened(self, side_m: float) -> tuple[Floats, Floats, Ints]:
        """Return where and when events were, strewn over a square and all years."""
        chance = np.random.default_rng([SEED, 22])
        x, y = chance.uniform(0, side_m, (2, self.events))
        return x + _WEST, y + _SOUTH, chance.integers(0, VERSIONS * YEAR_US, self.events)

    def spots(self) -> Floats:
        """Return the points, strewn over a square."""
        chance = np.random.default_rng([SEED, 23])
        west_south = np.array((_WEST, _SOUTH))
        return np.asarray(chance.uniform(0, POINTS_SIDE_M, (self.points, 2)) + west_south, np.float64)

    @property
    def side_m(self) -> float:
        """Side of the square of cells."""
        return self.across * _SIDE_M

    @property
    def said(self) -> str:
        """What it is, in words."""
        return f"{self.events / 1e6:g}M events × {self.across**2:,} polygons × {VERSIONS} versions"


def timed(work: Callable[[], dict[str, int]], times: int) -> dict[str, Any]:
    """Do the work so often; return seconds of the clock and of all cores, and what was found."""
    seconds, cpu_s, found = [], [], {}
    for _ in range(times):
        start, cpu = time.perf_counter(), time.process_time()
        found = work()
        seconds.append(time.perf_counter() - start)
        cpu_s.append(time.process_time() - cpu)
    return {
        "s": [round(one, 4) for one in seconds], "best_s": round(min(seconds), 4),
        "cpu_s": round(min(cpu_s), 4), "found": found,
    }  # fmt: skip


def _pairs(found: Any) -> tuple[Ints, Ints]:
    return found.event, found.version


def sums(event: Ints, version: Ints) -> dict[str, int]:
    """Return what two that found the same pairs agree in."""
    return {"pairs": len(event), "events_sum": int(event.sum()), "versions_sum": int(version.sum())}
