"""Cut a place into cells, from vertex to vertex, the better cut first, each part again.

Tested by `tests/paas/grid/division/test_division.py`.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from stcloud.paas.grid.division.chord import inside
from stcloud.paas.grid.division.cost import cell_cost, cells_cost, compactness
from stcloud.paas.grid.division.cut import best_cut
from stcloud.paas.grid.division.ground import Plot
from stcloud.paas.grid.division.preset import Preset
from stcloud.paas.grid.division.ring import along, keyhole, measures

__all__ = ["SplitRule", "plain_steps", "split"]

_ENDS = 100
_SMALLEST, _LARGEST = 0.65, 1.45
_FAIR, _AIMS = 0.9, (0.85, 1.2)
_CUT_STEPS, _CHORD_STEPS, _BUILDING_STEPS = 2_000.0, 1.0, 2_000.0

Floats = NDArray[np.float64]
Geometries = NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class SplitRule:
    """How to cut.

    Parameters
    ----------
    preset, target_m2
        What is valued; the area of a cell.
    mean_load
        Components in a cell of the target area, on the mean; 0 leaves them out.
    aim
        Share of the area to aim at.
    """

    preset: Preset
    target_m2: float
    mean_load: float
    aim: float = 1.0

    def target(self, area_m2: float, load: int) -> float:
        """Return the area a cell should have where so many components lie: less where they are dense."""
        if not self.mean_load > 0:
            return self.target_m2 * self.aim
        dense = (load + 0.5) / (self.mean_load * area_m2 / self.target_m2)
        share = float(dense**-self.preset.component)
        return self.target_m2 * self.aim * min(max(share, _SMALLEST), _LARGEST)

    def weights(self, target_m2: float) -> tuple[float, float, float, float]:
        """Return what `cells_cost` needs, where cells should have this area."""
        preset, share = self.preset, self.target_m2 / target_m2
        return preset.size, preset.shape, preset.least * share, preset.most * share


def plain_steps(places: Geometries, buildings: int, rule: SplitRule) -> float:
    """Return what cutting places among so many buildings takes without a compiler, in `kernel.PLAIN_STEPS`."""
    cuts = np.maximum(np.rint(shapely.area(places) / rule.target_m2) - 1, 0)
    ends = np.minimum(shapely.length(places) / rule.preset.step_m, _ENDS)
    steps = (cuts * (_CUT_STEPS + _CHORD_STEPS * ends * ends)).sum()
    return float(steps + buildings * cuts.mean() * _BUILDING_STEPS)


def split(polygon: shapely.Polygon, plot: Plot, rule: SplitRule) -> list[Floats]:
    """Return rings (closed, counter-clockwise) of the cells a polygon is cut into.

    Where the first try is poor, others are made that aim at smaller and larger cells.
    """
    ring = keyhole(polygon, plot, rule.preset.step_m)
    best, cost = _tried(ring, plot, rule)
    if len(best) > 1 and cost > _FAIR * len(best):
        for aim in _AIMS:
            rings, other = _tried(ring, plot, dataclasses.replace(rule, aim=aim))
            if other < cost:
                best, cost = rings, other
    return best


def _tried(ring: Floats, plot: Plot, rule: SplitRule) -> tuple[list[Floats], float]:
    """Return the cells of a place, and their cost."""
    rings, cost = _cut(ring, plot.load, plot, rule)
    weights = rule.weights(rule.target_m2)
    for area, outline in map(measures, rings):
        cost += cell_cost(area / rule.target_m2, compactness(area, outline), weights)
    return rings, cost


def _cut(ring: Floats, load: Floats, plot: Plot, rule: SplitRule) -> tuple[list[Floats], float]:
    """Return the cells of a ring, and what buildings that were cut cost."""
    area, outline = measures(ring)
    target = rule.target(area, len(load))
    weights = rule.weights(target)
    _, count = cells_cost(area, outline, target, weights)
    fits = area <= rule.preset.most * rule.target_m2
    if count == 1 and fits:
        return [ring], 0.0
    at = ring[:-1] - plot.origin
    x, y = np.ascontiguousarray(at[:, 0]), np.ascontiguousarray(at[:, 1])
    ends = np.arange(0, len(x), math.ceil(len(x) / _ENDS))
    obstacles = plot.obstacles(at)
    i, j, way, cost, hurt = best_cut(x, y, ends, target, weights, obstacles, rule.preset.building)
    whole = cell_cost(area / target, compactness(area, outline), weights)
    if i < 0 or (fits and cost > whole):
        return [ring], 0.0
    bends = way[1:-1] + plot.origin
    parts = _halves(ring, i, j, bends, rule.preset.step_m)
    loads = [load[inside(part - plot.origin, load)] for part in parts] if len(load) else [load, load]
    (first, hurt_first), (second, hurt_second) = (
        _cut(part, own, plot, rule) for part, own in zip(parts, loads, strict=True)
    )
    return first + second, hurt + hurt_first + hurt_second


def _halves(ring: Floats, i: int, j: int, bends: Floats, step_m: float) -> tuple[Floats, Floats]:
    """Cut a closed ring from vertex i to vertex j, i < j, by way of bends, with vertices along the cut."""
    way = along(np.concatenate((ring[i : i + 1], bends, ring[j : j + 1])), step_m)
    return np.concatenate((ring[i:j], way[::-1])), np.concatenate((ring[j:-1], ring[:i], way))
