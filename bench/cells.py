"""Lattice ids of points, beside the cheapest thing that touches as many bytes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import numpy as np

from bench.data import CRS, Scale
from bench.report import Finding, Target
from stcloud.space import Lattice, Level

__all__ = ["findings"]

_TIMES = 7


def findings(scale: Scale) -> Iterator[Finding]:
    """Measure the ids of points strewn over a city, which is the worst order for a cache."""
    chance = np.random.default_rng(0)
    x = chance.uniform(571_300, 608_700, scale.points)
    y = chance.uniform(4_488_300, 4_525_700, scale.points)
    out = np.empty_like(x)
    lattice = Lattice.for_crs(CRS)
    lattice.cells(x[:10], y[:10])
    per_point = 1e9 / scale.points
    memory_ns = _best_s(lambda: np.add(x, y, out=out)) * per_point
    for level in (Level.M10, Level.M100):
        ours_ns = _best_s(lambda level=level: lattice.cells(x, y, level)) * per_point  # type: ignore[misc]
        yield Finding(
            f"lattice ids of {scale.points / 1e6:g}M points, {level.label}", ours_ns, "ns", "numpy x + y", memory_ns,
            Target(most=1e3 / 30), Target(ratio=1.2),
        )  # fmt: skip


def _best_s(work: Callable[[], object]) -> float:
    seconds = []
    for _ in range(_TIMES):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return min(seconds)
