"""Extremes and the spread of a raster's values in polygons, strip by strip, as `cellsums` adds them.

Values are taken in the order of pixels, so that strips of any height give the same answer to the bit.

Tested by `tests/index/test_cellstatistics.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from stcloud.index.cellsums import Strip, flat_strip, weighting_of
from stcloud.index.kernel import kernel, pays
from stcloud.index.pixelweights import PixelWeights

__all__ = ["CellSpread", "cell_spread"]

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

_STEPS = 0.2  # of `PLAIN_STEPS` for a pixel, in numpy


@dataclass(frozen=True, slots=True, eq=False)
class CellSpread:
    """How values differ in each polygon, each weighted by the share of its pixel that is inside.

    Parameters
    ----------
    count
        ``(n,)`` float64: the sum of the shares of pixels that have a value.
    least, greatest
        ``(n,)`` float64, of values of which any share is inside; NaN where there is none.
    origin
        ``(n,)`` float64: the first value of each polygon, from which differences are taken; NaN likewise.
    moment, square
        ``(n,)`` float64: the weighted sums of these differences, and of their squares.
    """

    count: Floats
    least: Floats
    greatest: Floats
    origin: Floats
    moment: Floats
    square: Floats

    @property
    def stdev(self) -> Floats:
        """The weighted standard deviation of all values inside, not of a sample; NaN where there is none."""
        with np.errstate(invalid="ignore", divide="ignore"):
            offset = self.moment / self.count
            return np.sqrt(np.maximum(self.square / self.count - offset * offset, 0.0))


class _Spread(NamedTuple):
    """The arrays of `CellSpread`, written to."""

    count: Any
    least: Any
    greatest: Any
    origin: Any
    moment: Any
    square: Any


def cell_spread(weights: PixelWeights, strips: Iterable[Strip]) -> CellSpread:
    """Return extremes and spread of each polygon.

    Parameters
    ----------
    weights, strips
        As for `cell_sums`.

    Examples
    --------
    >>> import shapely
    >>> weights = PixelWeights.of(np.array([shapely.box(5, 0, 30, 10)]), (10, 0, 0, 0, -10, 10), (1, 4))
    >>> spread = cell_spread(weights, [(0, np.array([[2.0, 4.0, np.nan, 8.0]]))])
    >>> spread.least.tolist(), spread.greatest.tolist(), spread.stdev.round(4).tolist()
    ([2.0], [4.0], [0.9428])
    """
    size = len(weights)
    spread = _Spread(
        np.zeros(size), np.full(size, np.nan), np.full(size, np.nan), np.full(size, np.nan), np.zeros(size),
        np.zeros(size),
    )  # fmt: skip
    weighting = weighting_of(weights)
    at_edge, at_run = weights.edges[:-1].copy(), weights.runs[:-1].copy()
    compiled = pays(_add_strip, weights.pixels * _STEPS)
    plain = None if compiled else weights.spread()
    for first_row, values in strips:
        flat, base = flat_strip(weights, first_row, values)
        if plain is None:
            _add_strip(weighting, at_edge, at_run, flat, base, spread)
        else:
            _add_plainly(plain, flat, base, spread)
    return CellSpread(*spread)


def _add_plainly(pixels: tuple[Ints, Ints, Floats], flat: Floats, base: int, spread: _Spread) -> None:
    """Do as `_add_strip` does, to the bit, with all pixels of the polygons in memory."""
    polygon, pixel, fraction = pixels
    there = (pixel >= base) & (pixel < base + len(flat))
    polygon, values, fraction = polygon[there], flat[pixel[there] - base], fraction[there]
    valid = ~np.isnan(values)
    owner, values, shares = polygon[valid], values[valid], fraction[valid]
    new, at = np.unique(owner, return_index=True)
    fresh = np.isnan(spread.origin[new])
    spread.origin[new[fresh]] = values[at[fresh]]
    offset = values - spread.origin[owner]
    np.add.at(spread.count, owner, shares)
    np.add.at(spread.moment, owner, shares * offset)
    np.add.at(spread.square, owner, shares * offset * offset)
    np.fmin.at(spread.least, owner, values)
    np.fmax.at(spread.greatest, owner, values)


@kernel
def _add_strip(weighting: Any, at_edge: Any, at_run: Any, flat: Any, base: Any, spread: Any) -> None:
    """Add the values of a strip pixel by pixel; the cursors ``at_edge`` and ``at_run`` go on."""
    stop = base + len(flat)
    for cell in range(len(at_edge)):
        edge, last_edge = at_edge[cell], weighting.edges[cell + 1]
        run, last_run = at_run[cell], weighting.runs[cell + 1]
        while edge < last_edge and weighting.pixel[edge] < base:
            edge += 1
        while run < last_run and weighting.first[run] < base:
            run += 1
        while True:
            has_edge = edge < last_edge and weighting.pixel[edge] < stop
            has_run = run < last_run and weighting.first[run] < stop
            if has_run and (not has_edge or weighting.first[run] < weighting.pixel[edge]):
                begin, length, share = weighting.first[run] - base, weighting.length[run], 1.0
                run += 1
            elif has_edge:
                begin, length, share = weighting.pixel[edge] - base, 1, float(weighting.fraction[edge])
                edge += 1
            else:
                break
            _add_values(flat[begin : begin + length], share, cell, spread)
        at_edge[cell], at_run[cell] = edge, run


@kernel
def _add_values(values: Any, share: Any, cell: Any, spread: Any) -> None:
    """Add values of one share to those of a polygon."""
    count, moment, square = spread.count[cell], spread.moment[cell], spread.square[cell]
    least, greatest, origin = spread.least[cell], spread.greatest[cell], spread.origin[cell]
    for value in values:
        if not np.isnan(value):
            if np.isnan(origin):
                origin = least = greatest = value
            offset = value - origin
            count += share
            moment += share * offset
            square += share * offset * offset
            if value < least:
                least = value
            elif value > greatest:
                greatest = value
    spread.count[cell], spread.moment[cell], spread.square[cell] = count, moment, square
    spread.least[cell], spread.greatest[cell], spread.origin[cell] = least, greatest, origin
