"""Weighted quantiles of a raster's values in polygons, strip by strip.

Tested by `tests/index/test_cellstatistics.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from stcloud.index.cellsums import Strip, flat_strip, weighting_of
from stcloud.index.kernel import kernel, pays, plainly
from stcloud.index.pixelweights import PixelWeights

__all__ = ["cell_quantiles"]

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

_Values: TypeAlias = tuple[Floats, Floats, Floats]

_STEPS, _CELL_STEPS = 0.2, 50.0  # of `PLAIN_STEPS` for a pixel and for a polygon, in numpy


def cell_quantiles(weights: PixelWeights, share: float, strips: Iterable[Strip]) -> Floats:
    """Return a weighted quantile of the values in each polygon, ``(n,)`` float64; NaN where there is none.

    Parameters
    ----------
    weights, strips
        As for `cell_sums`.
    share
        Which: 0 is the least value, 0.5 the median, 1 the greatest.

    Notes
    -----
    With the values in order, ``v[0] … v[n-1]`` and their weights ``w``, value ``k`` stands at
    ``k * w[k] + (n - 1) * (w[0] + … + w[k-1])``, so that the last stands at ``(n - 1) * sum(w)``; the quantile is at
    its share of that, linear between values. With equal weights it is numpy's. Equal values are in the order of their
    weights. Of a polygon that several strips meet, all values are in memory at once.

    Examples
    --------
    >>> import shapely
    >>> weights = PixelWeights.of(np.array([shapely.box(0, 0, 40, 10)]), (10, 0, 0, 0, -10, 10), (1, 4))
    >>> cell_quantiles(weights, 0.5, [(0, np.array([[2.0, 4.0, np.nan, 8.0]]))]).tolist()
    [4.0]
    """
    result = np.full(len(weights), np.nan)
    low, high = _extent(weights)
    weighting = weighting_of(weights)
    pending: dict[int, list[_Values]] = {}
    compiled = pays(_add_quantiles, weights.pixels * _STEPS + len(weights) * _CELL_STEPS)
    for first_row, values in strips:
        flat, base = flat_strip(weights, first_row, values)
        stop = base + len(flat)
        meets = (low < stop) & (high >= base)
        inside = meets & (low >= base) & (high < stop)
        if compiled:
            _add_quantiles(weighting, np.flatnonzero(inside), flat, base, share, result)
            meets &= ~inside
        for cell in np.flatnonzero(meets).tolist():
            pending.setdefault(cell, []).append(_values_of(weights, cell, flat, base))
            if high[cell] < stop:
                result[cell] = _of_parts(pending.pop(cell), share)
    for cell, parts in pending.items():
        result[cell] = _of_parts(parts, share)
    return result


def _of_parts(parts: list[_Values], share: float) -> float:
    values, shares, whole = (np.concatenate(each) for each in zip(*parts, strict=True))
    if not len(values) + len(whole):
        return np.nan
    return float(plainly(_quantile, values, shares, whole, share))


def _values_of(weights: PixelWeights, cell: int, flat: Floats, base: int) -> _Values:
    """Return the values of a polygon in a strip: of part pixels, with their shares, and of whole ones."""
    stop = base + len(flat)
    edge = slice(weights.edges[cell], weights.edges[cell + 1])
    low, high = np.searchsorted(weights.pixel[edge], (base, stop)) + edge.start
    values = flat[weights.pixel[low:high] - base]
    valid = ~np.isnan(values)
    shares = weights.fraction[low:high][valid].astype(np.float64)
    run = slice(weights.runs[cell], weights.runs[cell + 1])
    first, last = np.searchsorted(weights.first[run], (base, stop)) + run.start
    length = weights.length[first:last].astype(np.int64)
    along = np.arange(length.sum()) - np.repeat(np.cumsum(length) - length, length)
    whole = flat[np.repeat(weights.first[first:last].astype(np.int64) - base, length) + along]
    return values[valid], shares, whole[~np.isnan(whole)]


def _extent(weights: PixelWeights) -> tuple[Ints, Ints]:
    """Return the first and the last pixel of each polygon; of one without pixels, what no strip has."""
    low = np.full(len(weights), np.iinfo(np.int64).max)
    high = np.full(len(weights), -1)
    ends = weights.first.astype(np.int64) + weights.length - 1
    for starts, first, last in (
        (weights.edges, weights.pixel, weights.pixel),
        (weights.runs, weights.first, ends),
    ):
        some = np.flatnonzero(np.diff(starts))
        low[some] = np.minimum(low[some], first[starts[some]])
        high[some] = np.maximum(high[some], last[starts[some + 1] - 1])
    return low, high


@kernel
def _add_quantiles(weighting: Any, cells: Any, flat: Any, base: Any, share: Any, result: Any) -> None:
    """Write the quantile of each polygon whose pixels are all in a strip."""
    for cell in cells:
        room, whole_room = weighting.edges[cell + 1] - weighting.edges[cell], 0
        for run in range(weighting.runs[cell], weighting.runs[cell + 1]):
            whole_room += weighting.length[run]
        values, shares, count = np.empty(room), np.empty(room), 0
        whole, whole_count = np.empty(whole_room), 0
        for edge in range(weighting.edges[cell], weighting.edges[cell + 1]):
            value = flat[weighting.pixel[edge] - base]
            if not np.isnan(value):
                values[count], shares[count] = value, weighting.fraction[edge]
                count += 1
        for run in range(weighting.runs[cell], weighting.runs[cell + 1]):
            begin = weighting.first[run] - base
            for at in range(begin, begin + weighting.length[run]):
                if not np.isnan(flat[at]):
                    whole[whole_count] = flat[at]
                    whole_count += 1
        if count + whole_count > 0:
            result[cell] = _quantile(values[:count], shares[:count], whole[:whole_count], share)


@kernel
def _quantile(values: Any, shares: Any, whole: Any, share: Any) -> Any:
    """Return the quantile of values of part pixels and of whole ones, in any order, one or more in all."""
    by_share = np.argsort(shares, kind="mergesort")
    every = np.concatenate((values[by_share], whole))
    weight = np.concatenate((shares[by_share], np.ones(len(whole))))
    order = np.argsort(every, kind="mergesort")
    ordered, weight = every[order], weight[order]
    upto = np.cumsum(weight)
    last = len(ordered) - 1
    place = np.arange(last + 1) * weight + last * (upto - weight)
    sought = share * last * upto[last]
    right = np.searchsorted(place, sought, side="right")
    if right > last:
        return ordered[last]
    low, high = place[right - 1], place[right]
    return ordered[right - 1] + (sought - low) * (ordered[right] - ordered[right - 1]) / (high - low)
