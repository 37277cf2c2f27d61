"""What a cell costs by area and perimeter alone: the measure that merging and cutting share.

Tested by `tests/paas/grid/division/test_cut.py`.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from stcloud.index.kernel import kernel

__all__ = ["cell_cost", "cells_cost", "cells_costs", "compactness"]

Floats = NDArray[np.float64]


@kernel
def compactness(area: float, perimeter: float) -> float:
    """Return the Polsby-Popper score: 1 of a disc, 0.785 of a square, 0 of a thread."""
    return 4.0 * math.pi * area / (perimeter * perimeter) if perimeter > 0.0 else 0.0


@kernel
def _shape_to_come(area: float, perimeter: float, count: int) -> float:
    """Guess the compactness of ``count`` equal cells of a place: those of a rectangle of that area and outline."""
    if count == 1:
        return compactness(area, perimeter)
    half = perimeter / 2.0
    root = half * half - 4.0 * area
    width = (half - math.sqrt(root)) / 2.0 if root > 0.0 else math.sqrt(area)
    each, best = area / count, 0.0
    columns = 1
    while columns <= count:
        side = width / columns
        best = max(best, compactness(each, 2.0 * (side + each / side)))
        if side * side < each:
            break
        columns += 1
    return best


@kernel
def cell_cost(ratio: float, shape: float, weights: tuple[float, ...]) -> float:
    """Return the cost of one cell: its area as a share of the target, its compactness."""
    size_weight, shape_weight, least, most = weights
    octaves = math.log2(ratio) if ratio > 1e-9 else -30.0
    lack = 1.0 - shape
    cost = (size_weight * octaves * octaves + shape_weight * lack * lack) * max(1.0, ratio)
    if ratio < least * 1.04:
        cost += 2.0 + 8.0 * (least * 1.04 - ratio)
    elif ratio > most * 0.97:
        cost += 2.0 + 4.0 * (ratio - most * 0.97)
    if shape < 0.32:
        cost += 1.0 + 4.0 * (0.32 - shape)
    return cost


@kernel
def cells_cost(area: float, perimeter: float, target: float, weights: tuple[float, ...]) -> tuple[float, int]:
    """Return the least cost of a place of this area and outline, and into how many cells it is to be cut."""
    guess = area / target
    middle = max(1, round(guess))
    best, count = 1e300, 1
    for number in range(max(1, middle - 1), middle + 2):
        shape = _shape_to_come(area, perimeter, number)
        cost = number * cell_cost(guess / number, shape, weights)
        if cost < best:
            best, count = cost, number
    return best, count


def cells_costs(area: Floats, perimeter: Floats, target: float, weights: tuple[float, ...]) -> Floats:
    """Return the costs that `cells_cost` gives for many places, to the bit, without a compiler."""
    guess = area / target
    middle = np.maximum(1.0, np.rint(guess))
    least = np.full(len(area), 1e300)
    for number in (middle - 1.0, middle, middle + 1.0):
        whole = np.maximum(number, 1.0)  # no place is cut into none: 1 is tried twice instead
        shape = _shapes_to_come(area, perimeter, whole)
        least = np.minimum(least, whole * _cell_costs(guess / whole, shape, weights))
    return least


def _compactnesses(area: Floats, perimeter: Floats) -> Floats:
    score: Floats = 4.0 * math.pi * area / (perimeter * perimeter)
    return score


def _shapes_to_come(area: Floats, perimeter: Floats, count: Floats) -> Floats:
    half = perimeter / 2.0
    root = half * half - 4.0 * area
    width = np.where(root > 0.0, (half - np.sqrt(np.maximum(root, 0.0))) / 2.0, np.sqrt(area))
    each, best = area / count, np.zeros(len(area))
    rows, columns = np.arange(len(area)), 1.0
    while len(rows):
        side = width[rows] / columns
        best[rows] = np.maximum(best[rows], _compactnesses(each[rows], 2.0 * (side + each[rows] / side)))
        columns += 1.0
        rows = rows[(side * side >= each[rows]) & (columns <= count[rows])]
    shape: Floats = np.where(count == 1.0, _compactnesses(area, perimeter), best)
    return shape


def _cell_costs(ratio: Floats, shape: Floats, weights: tuple[float, ...]) -> Floats:
    size_weight, shape_weight, least, most = weights
    octaves = np.array([math.log2(share) if share > 1e-9 else -30.0 for share in ratio.tolist()])
    lack = 1.0 - shape
    cost: Floats = (size_weight * octaves * octaves + shape_weight * lack * lack) * np.maximum(1.0, ratio)
    small, large = ratio < least * 1.04, ratio > most * 0.97
    cost += np.where(small, 2.0 + 8.0 * (least * 1.04 - ratio), 0.0)
    cost += np.where(large & ~small, 2.0 + 4.0 * (ratio - most * 0.97), 0.0)
    cost += np.where(shape < 0.32, 1.0 + 4.0 * (0.32 - shape), 0.0)
    return cost
