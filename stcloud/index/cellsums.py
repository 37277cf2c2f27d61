"""Weighted sums of a raster's values in polygons, strip by strip.

A strip is some whole rows of the raster. Strips come from the first row to the last; a polygon may lie in several.
Values are added in an order that does not depend on the strips: pixels that a polygon covers in part, from the first
to the last; then runs of whole pixels, each by four sums that take turns.

Tested by `tests/index/test_cellstatistics.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from stcloud.index.kernel import kernel, pays
from stcloud.index.pixelweights import PixelWeights

__all__ = ["CellSums", "Strip", "Weighting", "cell_sums", "flat_strip", "weighting_of"]

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Strip: TypeAlias = tuple[int, Floats]
"""The first row of a strip, and its values, ``(rows, columns)`` float64, NaN where there is none."""

_STEPS = 0.1  # of `PLAIN_STEPS` for a pixel, in numpy
_LANES = 4


class Weighting(NamedTuple):
    """The arrays of `PixelWeights` that kernels take."""

    edges: Any
    pixel: Any
    fraction: Any
    runs: Any
    first: Any
    length: Any


class _Sums(NamedTuple):
    """``(n,)`` float64, of the pixels that a polygon covers in part and of whole pixels, written to."""

    edge_count: Any
    edge_total: Any
    run_count: Any
    run_total: Any


@dataclass(frozen=True, slots=True, eq=False)
class CellSums:
    """The values in each polygon, each weighted by the share of its pixel that is inside.

    Parameters
    ----------
    count
        ``(n,)`` float64: the sum of the shares of pixels that have a value.
    total
        ``(n,)`` float64: the weighted sum of values; 0 where no pixel has one.
    """

    count: Floats
    total: Floats

    @property
    def mean(self) -> Floats:
        """The weighted mean; NaN where no pixel has a value."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(self.total / self.count, np.float64)

    @property
    def sum(self) -> Floats:
        """The weighted sum; NaN where no pixel has a value."""
        return np.where(self.count > 0, self.total, np.nan)


def cell_sums(weights: PixelWeights, strips: Iterable[Strip]) -> CellSums:
    """Return the sums of each polygon.

    Parameters
    ----------
    weights
        Of the polygons on the raster's grid.
    strips
        Ascending; rows that none has have no value.

    Notes
    -----
    O(pixels of the polygons + polygons × strips). One strip is in memory at a time.

    Examples
    --------
    >>> import shapely
    >>> weights = PixelWeights.of(np.array([shapely.box(5, 0, 30, 10)]), (10, 0, 0, 0, -10, 10), (1, 4))
    >>> sums = cell_sums(weights, [(0, np.array([[2.0, 4.0, np.nan, 8.0]]))])
    >>> sums.count.tolist(), sums.sum.tolist()
    ([1.5], [5.0])
    """
    sums = _Sums(*(np.zeros(len(weights)) for _ in _Sums._fields))
    weighting = weighting_of(weights)
    at_edge, at_run = weights.edges[:-1].copy(), weights.runs[:-1].copy()
    compiled = pays(_add_strip, weights.pixels * _STEPS)
    for first_row, values in strips:
        flat, base = flat_strip(weights, first_row, values)
        if compiled:
            _add_strip(weighting, at_edge, at_run, flat, base, sums)
        else:
            _add_plainly(weights, flat, base, sums)
    return CellSums(sums.edge_count + sums.run_count, sums.edge_total + sums.run_total)


def weighting_of(weights: PixelWeights) -> Weighting:
    """Return the arrays of weights that kernels take."""
    return Weighting(
        weights.edges, weights.pixel, weights.fraction, weights.runs, weights.first, weights.length
    )


def flat_strip(weights: PixelWeights, first_row: int, values: Floats) -> tuple[Floats, int]:
    """Return the values of a strip one after the other, and the number of its first pixel."""
    assert values.shape[1] == weights.shape[1]  # noqa: S101  (callers read whole rows)
    return np.ascontiguousarray(values, np.float64).reshape(-1), first_row * weights.shape[1]


def _add_plainly(weights: PixelWeights, flat: Floats, base: int, sums: _Sums) -> None:
    """Do as `_add_strip` does, to the bit, with all pixels of the strip in memory."""
    stop = base + len(flat)
    edge = np.flatnonzero((weights.pixel >= base) & (weights.pixel < stop))
    values, shares = flat[weights.pixel[edge] - base], weights.fraction[edge]
    valid = ~np.isnan(values)
    owner = np.searchsorted(weights.edges, edge[valid], side="right") - 1
    np.add.at(sums.edge_count, owner, shares[valid])
    np.add.at(sums.edge_total, owner, shares[valid] * values[valid])
    run = np.flatnonzero((weights.first >= base) & (weights.first < stop))
    length = weights.length[run].astype(np.int64)
    number = np.repeat(np.arange(len(run)), length)
    along = np.arange(length.sum()) - np.repeat(np.cumsum(length) - length, length)
    values = flat[np.repeat(weights.first[run].astype(np.int64) - base, length) + along]
    valid = ~np.isnan(values)
    lane = (number * _LANES + along % _LANES)[valid]
    lanes = np.bincount(lane, values[valid], len(run) * _LANES).reshape(-1, _LANES)
    owner = np.searchsorted(weights.runs, run, side="right") - 1
    np.add.at(sums.run_count, owner, np.bincount(number[valid], minlength=len(run)).astype(np.float64))
    np.add.at(sums.run_total, owner, (lanes[:, 0] + lanes[:, 1]) + (lanes[:, 2] + lanes[:, 3]))


@kernel
def _add_strip(weighting: Any, at_edge: Any, at_run: Any, flat: Any, base: Any, sums: Any) -> None:
    """Add the values of a strip to the sums of each polygon; the cursors ``at_edge`` and ``at_run`` go on."""
    stop = base + len(flat)
    for cell in range(len(at_edge)):
        edge, last_edge = at_edge[cell], weighting.edges[cell + 1]
        while edge < last_edge and weighting.pixel[edge] < stop:
            place = weighting.pixel[edge] - base
            if place >= 0 and flat[place] == flat[place]:
                sums.edge_count[cell] += weighting.fraction[edge]
                sums.edge_total[cell] += weighting.fraction[edge] * flat[place]
            edge += 1
        run, last_run = at_run[cell], weighting.runs[cell + 1]
        while run < last_run and weighting.first[run] < stop:
            begin = weighting.first[run] - base
            if begin >= 0:
                count, total = _sum_run(flat, begin, begin + weighting.length[run])
                sums.run_count[cell] += count
                sums.run_total[cell] += total
            run += 1
        at_edge[cell], at_run[cell] = edge, run


@kernel
def _sum_run(flat: Any, at: Any, end: Any) -> Any:
    """Return how many values of a run there are, and their sum."""
    first = second = third = fourth = 0.0
    count = 0
    while at + 4 <= end:
        a, b, c, d = flat[at], flat[at + 1], flat[at + 2], flat[at + 3]
        first += a if a == a else 0.0  # noqa: PLR0124
        second += b if b == b else 0.0  # noqa: PLR0124
        third += c if c == c else 0.0  # noqa: PLR0124
        fourth += d if d == d else 0.0  # noqa: PLR0124
        count += (a == a) + (b == b) + (c == c) + (d == d)  # noqa: PLR0124
        at += 4
    if at < end:
        a = flat[at]
        first += a if a == a else 0.0  # noqa: PLR0124
        count += a == a  # noqa: PLR0124
    if at + 1 < end:
        b = flat[at + 1]
        second += b if b == b else 0.0  # noqa: PLR0124
        count += b == b  # noqa: PLR0124
    if at + 2 < end:
        c = flat[at + 2]
        third += c if c == c else 0.0  # noqa: PLR0124
        count += c == c  # noqa: PLR0124
    return float(count), (first + second) + (third + fourth)
