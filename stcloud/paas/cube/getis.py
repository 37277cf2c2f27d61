"""The local statistic Gi*: how far the sum over a cell's neighbourhood is from what is usual in the cube.

Source: J. K. Ord and A. Getis, Local Spatial Autocorrelation Statistics: Distributional Issues and an Application,
Geographical Analysis 27 (1995), with binary weights, the cell itself included.

Tested by `tests/paas/cube/test_getis.py`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from stcloud.errors import InvalidInput
from stcloud.index.kernel import kernel, pays
from stcloud.paas.cube.neighbours import CellNeighbours

__all__ = ["Reference", "getis_ord"]

Reference = Literal["cube", "step", "window"]
"""The bins whose mean and standard deviation are the usual: all, those of the step, those of the steps around it."""

_WORKERS = 2
_TILE = 32
_PLAIN_VALUES = 250
"""So many values are added up in numpy in a step of `stcloud.index.kernel.PLAIN_STEPS`."""

Floats = NDArray[np.float64]
Values = NDArray[Any]


def getis_ord(
    values: Values,
    known: NDArray[np.bool_],
    neighbours: CellNeighbours,
    *,
    steps: int = 0,
    both: bool = False,
    reference: Reference = "cube",
) -> Floats:
    """Return Gi* of each known bin.

    With x the values of the W known bins in the neighbourhood, and n, m, s the number of known bins of the reference
    set, their mean and standard deviation (divisor n)::

        z = (sum(x) - m W) / (s sqrt((n W - W^2) / (n - 1)))

    Parameters
    ----------
    values
        ``(t, c)`` int64 or float64, one row for each step of time; what is unknown is not read.
    known
        ``(t, c)``
    neighbours
        Of each of the c cells.
    steps
        How many earlier steps belong to the neighbourhood, at least 0.
    both
        Whether as many later ones do, too.
    reference
        ``cube``, ``step`` or ``window``: the steps of the neighbourhood.

    Returns
    -------
    ``(t, c)`` float64, NaN where the bin is unknown, where all values of the reference set are equal, and where
    the neighbourhood is all of it. Integers are summed exactly; bins with equal sums and counts have equal z.

    Raises
    ------
    InvalidInput
        ``columns-differ``: arrays of other shapes; ``bad-count``: fewer than 0 steps.

    Examples
    --------
    >>> import numpy as np
    >>> row = CellNeighbours.within(np.arange(4.0), np.zeros(4), 1)
    >>> getis_ord(np.array([[0, 0, 5, 5]]), np.ones((1, 4), bool), row).round(3).tolist()
    [[-1.732, -1.0, 1.0, 1.732]]
    """
    _require_fitting(values, known, neighbours, steps)
    usual = _usual(values, known, steps, both=both, reference=reference)
    return _in_parts(values, known, neighbours, (steps, steps if both else 0), usual).T


def _in_parts(
    values: Values, known: NDArray[np.bool_], neighbours: CellNeighbours, reach: tuple[int, int], usual: Any
) -> Floats:
    """Return the deviates, ``(c, t)``, some steps in each thread; few are computed in numpy."""
    z = np.empty(values.shape[::-1])  # a row for each cell: trends and classes read all steps of one
    compiled = pays(_deviate, len(values) * len(neighbours.cell) / _PLAIN_VALUES)
    work: Any = _deviate if compiled else _plain_deviate
    values, known = np.ascontiguousarray(values), np.ascontiguousarray(known)
    parts = np.array_split(np.arange(len(values)), _WORKERS if compiled else 1)
    spans = [(int(part[0]), int(part[-1]) + 1) for part in parts if len(part)]
    with ThreadPoolExecutor(_WORKERS) as pool:
        done = [
            pool.submit(work, values, known, neighbours.start, neighbours.cell, reach, usual, span, z)
            for span in spans
        ]
        for part in done:
            part.result()
    return z


def _require_fitting(
    values: Values, known: NDArray[np.bool_], neighbours: CellNeighbours, steps: int
) -> None:
    if values.shape != known.shape or values.shape[1:] != (len(neighbours),):
        raise InvalidInput(
            "columns-differ",
            f"values of shape {values.shape}, known of {known.shape}, {len(neighbours)} cells with neighbours",
            hint="give one of each for every step and cell",
        )
    if steps < 0:
        raise InvalidInput("bad-count", f"{steps} steps are none", hint="give 0 or more")


@dataclass(frozen=True, slots=True)
class _Moments:
    """Number of some values, sum and sum of squares of what they are above a centre.

    Whole numbers are summed exactly, about 0. The centre of others is their mean: squares of what is far from zero,
    or small beside what is elsewhere in the cube, would cancel.
    """

    count: int
    total: float
    squares: float
    centre: float = 0.0

    def about(self, centre: float) -> _Moments:
        """Return the moments of the same values about another centre."""
        shift = self.centre - centre
        if not shift:
            return self
        squares = self.squares + 2 * self.total * shift + self.count * shift * shift
        return _Moments(self.count, self.total + self.count * shift, squares, centre)

    def __add__(self, other: _Moments) -> _Moments:
        total, squares = self.total + other.total, self.squares + other.squares
        return _Moments(self.count + other.count, total, squares, self.centre)

    @property
    def usual(self) -> tuple[float, float, float]:
        """Number, mean, standard deviation with the number as divisor."""
        if not self.count:
            return 0.0, math.nan, 0.0
        spread = self.count * self.squares - self.total * self.total
        mean = self.centre + self.total / self.count
        return float(self.count), mean, math.sqrt(max(spread, 0)) / self.count


def _usual(
    values: Values, known: NDArray[np.bool_], steps: int, *, both: bool, reference: Reference
) -> tuple[Floats, Floats, Floats]:
    """Return number, mean and standard deviation of the reference set of each step."""
    parts = [_moments(row, there) for row, there in zip(values, known, strict=True)]
    count = len(parts)
    if reference == "step":
        sets = [part.usual for part in parts]
    elif reference == "window":
        late = steps if both else 0
        sets = [_joined(parts[max(step - steps, 0) : step + late + 1]).usual for step in range(count)]
    else:
        sets = [_joined(parts).usual] * count
    numbers, means, deviations = np.array(sets, np.float64).reshape(count, 3).T.copy()
    return numbers, means, deviations


def _joined(parts: Sequence[_Moments]) -> _Moments:
    """Return the moments of some steps together."""
    counted = [part for part in parts if part.count]
    centre = _mean([part.centre for part in counted], [part.count for part in counted])
    return sum((part.about(centre) for part in counted), _Moments(0, 0, 0, centre))


def _mean(values: Any, weights: Any) -> float:
    """Return a mean, which of equal values is exactly that value, and of none is 0."""
    if not len(values) or np.min(values) == np.max(values):
        return float(values[0]) if len(values) else 0.0
    return float(np.average(values, weights=weights))


def _moments(row: Values, known: NDArray[np.bool_]) -> _Moments:
    there = row if known.all() else row[known]
    if np.issubdtype(there.dtype, np.integer):
        return _Moments(len(there), int(there.sum()), _sum_of_squares(there))
    centre = _mean(there, None)
    apart = there - centre
    return _Moments(len(there), float(apart.sum()), float((apart * apart).sum()), centre)


def _sum_of_squares(values: Values) -> int:
    """Return an exact sum: where 64 bits may not hold it, by the number of times that each value comes."""
    greatest = max(abs(int(values.max())), abs(int(values.min()))) if len(values) else 0
    if greatest * greatest * len(values) < 2**63:
        return int((values * values).sum())
    different, times = np.unique(values, return_counts=True)
    return sum(value * value * count for value, count in zip(different.tolist(), times.tolist(), strict=True))


def _plain_deviate(
    values: Values, known: NDArray[np.bool_], start: Any, cell: Any, reach: Any, usual: Any, span: Any, z: Any
) -> None:
    """Fill in the deviates of some steps, in numpy."""
    low, high = max(span[0] - reach[0], 0), min(span[1] + reach[1], len(values))
    present = np.where(known[low:high], values[low:high], values.dtype.type(0))
    counted = known[low:high].astype(np.int64)
    for step in range(*span):
        window = slice(max(step - reach[0], low) - low, min(step + reach[1] + 1, high) - low)
        total, weight = (
            np.add.reduceat(part[window].sum(axis=0)[cell], start[:-1]) if len(cell) else part[step - low]
            for part in (present, counted)
        )
        n, mean, deviation = (part[step] for part in usual)
        weight = weight.astype(np.float64)
        spread = (n * weight - weight * weight) / max(n - 1.0, 1.0)
        scale = deviation * np.sqrt(np.maximum(spread, 0))
        z[:, step] = np.nan
        np.divide(total - mean * weight, scale, out=z[:, step], where=known[step] & (scale > 0))


def _compiled_deviate(
    values: Any, known: Any, start: Any, cell: Any, reach: Any, usual: Any, span: Any, z: Any
) -> None:
    """Fill in the deviates of some steps: sums over time of a tile of steps, a row for each cell; then over cells."""
    cells = values.shape[1]
    sums, counts = np.empty((cells, _TILE), values.dtype), np.empty((cells, _TILE), np.int32)
    total, weight = np.empty(_TILE, values.dtype), np.empty(_TILE, np.int32)
    numbers, means, deviations = usual
    for first in range(span[0], span[1], _TILE):
        wide = min(_TILE, span[1] - first)
        _sum_steps(values, known, reach, first, wide, sums, counts)
        for place in range(cells):
            total[:] = 0
            weight[:] = 0
            for near in range(start[place], start[place + 1]):
                other = cell[near]
                for at in range(_TILE):
                    total[at] += sums[other, at]
                    weight[at] += counts[other, at]
            for at in range(wide):
                n, many = numbers[first + at], float(weight[at])
                spread = (n * many - many * many) / max(n - 1.0, 1.0)
                scale = deviations[first + at] * math.sqrt(max(spread, 0.0))
                defined = known[first + at, place] and scale > 0
                z[place, first + at] = (total[at] - means[first + at] * many) / scale if defined else math.nan


@kernel
def _sum_steps(values: Any, known: Any, reach: Any, first: Any, wide: Any, sums: Any, counts: Any) -> None:
    """Sum what is known of each cell over the steps of each window; few cells at a time, which stay in the cache."""
    steps, cells = values.shape
    for block in range(0, cells, _TILE):
        stop = min(block + _TILE, cells)
        sums[block:stop] = 0
        counts[block:stop] = 0
        for at in range(wide):
            for step in range(max(first + at - reach[0], 0), min(first + at + reach[1] + 1, steps)):
                for place in range(block, stop):
                    if known[step, place]:
                        sums[place, at] += values[step, place]
                        counts[place, at] += 1


_deviate = kernel(_compiled_deviate, _plain_deviate)
