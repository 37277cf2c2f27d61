"""The local statistic Gi*: how far the sum over a cell's neighbourhood is from what is usual in the cube.

Source: J. K. Ord and A. Getis, Local Spatial Autocorrelation Statistics: Distributional Issues and an Application,
Geographical Analysis 27 (1995), with binary weights, the cell itself included.

Tested by `tests/paas/cube/test_getis.py`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
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
    present = np.where(known, values, values.dtype.type(0))
    sums = _over_steps(_over_neighbours(present, neighbours), steps, both=both)
    counts = _over_steps(_known_neighbours(known, neighbours), steps, both=both)
    z = np.full(values.shape, np.nan)
    for step, (total, mean, deviation) in enumerate(
        _usual(present, known, steps, both=both, reference=reference)
    ):
        n, weight = float(total), counts[step].astype(np.float64)
        spread = (n * weight - weight * weight) / max(n - 1, 1)
        defined = known[step] & (spread > 0) & (deviation > 0)
        np.divide(
            sums[step] - mean * weight, deviation * np.sqrt(np.maximum(spread, 0)), out=z[step], where=defined
        )
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


def _known_neighbours(known: NDArray[np.bool_], neighbours: CellNeighbours) -> Values:
    """Return how many neighbours of each cell are known at each step."""
    if known.all():
        return np.diff(neighbours.start)[None, :].repeat(len(known), 0)
    return _over_neighbours(known.astype(np.int64), neighbours)


@dataclass(frozen=True, slots=True)
class _Moments:
    """Number, sum and sum of squares of some values; whole numbers are summed exactly."""

    count: int
    total: float
    squares: float

    def __add__(self, other: _Moments) -> _Moments:
        return _Moments(self.count + other.count, self.total + other.total, self.squares + other.squares)

    @property
    def usual(self) -> tuple[int, float, float]:
        """Number, mean, standard deviation with the number as divisor."""
        if not self.count:
            return 0, math.nan, 0.0
        spread = self.count * self.squares - self.total * self.total
        return self.count, self.total / self.count, math.sqrt(max(spread, 0)) / self.count


def _usual(
    values: Values, known: NDArray[np.bool_], steps: int, *, both: bool, reference: Reference
) -> Iterator[tuple[int, float, float]]:
    """Give number, mean and standard deviation of the reference set of each step."""
    centre = 0.0
    if not np.issubdtype(values.dtype, np.integer):  # squares of what is far from zero would cancel
        centre = float(values.sum(where=known)) / max(int(known.sum()), 1)
    parts = [_moments(row, there, centre) for row, there in zip(values, known, strict=True)]
    whole = _joined(parts, centre)
    for step in range(len(parts)):
        if reference == "step":
            yield _joined(parts[step : step + 1], centre)
        elif reference == "window":
            yield _joined(parts[max(step - steps, 0) : step + (steps if both else 0) + 1], centre)
        else:
            yield whole


def _joined(parts: Sequence[_Moments], centre: float) -> tuple[int, float, float]:
    """Return number, mean and standard deviation of some steps together."""
    count, mean, deviation = sum(parts, _Moments(0, 0, 0)).usual
    return count, mean + centre, deviation


def _moments(row: Values, known: NDArray[np.bool_], centre: float) -> _Moments:
    there = row[known]
    if np.issubdtype(there.dtype, np.integer):
        return _Moments(len(there), int(there.sum()), _sum_of_squares(there))
    apart = there - centre
    return _Moments(len(there), float(apart.sum()), float((apart * apart).sum()))


def _sum_of_squares(values: Values) -> int:
    """Return an exact sum: where 64 bits may not hold it, by the number of times that each value comes."""
    greatest = max(abs(int(values.max())), abs(int(values.min()))) if len(values) else 0
    if greatest * greatest * len(values) < 2**63:
        return int((values * values).sum())
    different, times = np.unique(values, return_counts=True)
    return sum(value * value * count for value, count in zip(different.tolist(), times.tolist(), strict=True))


def _over_neighbours(values: Values, neighbours: CellNeighbours) -> Values:
    """Return the sum over the neighbours of each cell, step by step."""
    sums = np.empty_like(values)
    start, cell = neighbours.start, neighbours.cell
    if not pays(_add_up, values.shape[0] * len(cell) / _PLAIN_VALUES):
        for step, row in enumerate(values):
            sums[step] = np.add.reduceat(row[cell], start[:-1]) if len(cell) else 0
        return sums
    parts = np.array_split(np.arange(len(values)), _WORKERS)
    spans = [(int(part[0]), int(part[-1]) + 1) for part in parts if len(part)]
    with ThreadPoolExecutor(_WORKERS) as pool:
        done = [pool.submit(_add_up, values[a:b], start, cell, sums[a:b]) for a, b in spans]
        for part in done:
            part.result()
    return sums


@kernel
def _add_up(values: Any, start: Any, cell: Any, sums: Any) -> None:
    for step in range(values.shape[0]):
        for place in range(len(start) - 1):
            total = values[step, cell[start[place]]]
            for at in range(start[place] + 1, start[place + 1]):
                total += values[step, cell[at]]
            sums[step, place] = total


def _over_steps(sums: Values, steps: int, *, both: bool) -> Values:
    """Return the sum over each step and those around it, added up anew for each: nothing runs on."""
    if not steps:
        return sums
    whole = sums.copy()
    for apart in range(1, min(steps, len(sums) - 1) + 1):
        whole[apart:] += sums[:-apart]
        if both:
            whole[:-apart] += sums[apart:]
    return whole
