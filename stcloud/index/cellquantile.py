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

_Values: TypeAlias = tuple[Floats, Floats]

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
    The quantile of exactextract. With the distinct values in order, ``v[0] … v[n-1]``, and ``w`` the sums of their
    weights, value ``k`` stands at ``k * w[k] + (n - 1) * (w[0] + … + w[k-1])``, so that the last stands at
    ``(n - 1) * sum(w)``; the quantile is at its share of that, linear between values. With equal weights it is
    numpy's of the distinct values. Of a polygon that several strips meet, all values are in memory at once.

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
    values, shares = (np.concatenate(each) for each in zip(*parts, strict=True))
    return float(plainly(_quantile, values, shares, share)) if len(values) else np.nan


def _values_of(weights: PixelWeights, cell: int, flat: Floats, base: int) -> _Values:
    """Return the values of a polygon in a strip, and the shares of their pixels, in the order of pixels."""
    stop = base + len(flat)
    edge = slice(weights.edges[cell], weights.edges[cell + 1])
    low, high = np.searchsorted(weights.pixel[edge], (base, stop)) + edge.start
    run = slice(weights.runs[cell], weights.runs[cell + 1])
    first, last = np.searchsorted(weights.first[run], (base, stop)) + run.start
    length = weights.length[first:last].astype(np.int64)
    along = np.arange(length.sum()) - np.repeat(np.cumsum(length) - length, length)
    whole = np.repeat(weights.first[first:last].astype(np.int64), length) + along
    pixel = np.concatenate([weights.pixel[low:high].astype(np.int64), whole])
    shares = np.concatenate([weights.fraction[low:high].astype(np.float64), np.ones(len(whole))])
    order = np.argsort(pixel)
    values, shares = flat[pixel[order] - base], shares[order]
    valid = ~np.isnan(values)
    return values[valid], shares[valid]


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
        edge, last_edge = weighting.edges[cell], weighting.edges[cell + 1]
        run, last_run = weighting.runs[cell], weighting.runs[cell + 1]
        room = last_edge - edge
        for at in range(run, last_run):
            room += weighting.length[at]
        values, shares, count = np.empty(room), np.empty(room), 0
        while edge < last_edge or run < last_run:
            if run < last_run and (edge == last_edge or weighting.first[run] < weighting.pixel[edge]):
                begin, length, part = weighting.first[run] - base, weighting.length[run], 1.0
                run += 1
            else:
                begin, length, part = weighting.pixel[edge] - base, 1, float(weighting.fraction[edge])
                edge += 1
            for value in flat[begin : begin + length]:
                if not np.isnan(value):
                    values[count], shares[count] = value, part
                    count += 1
        if count > 0:
            result[cell] = _quantile(values[:count], shares[:count], share)


def _plain_quantile(values: Floats, shares: Floats, share: float) -> float:
    distinct, group = np.unique(values, return_inverse=True)
    weight = np.bincount(group, shares)
    upto = np.cumsum(weight)
    last = len(distinct) - 1
    place = np.arange(last + 1) * weight + last * (upto - weight)
    sought = share * last * upto[last]
    right = int(np.searchsorted(place, sought, side="right"))
    if right > last:
        return float(distinct[last])
    low, high = place[right - 1], place[right]
    return float(
        distinct[right - 1] + (sought - low) * (distinct[right] - distinct[right - 1]) / (high - low)
    )


def _fast_quantile(values: Any, shares: Any, share: Any) -> Any:
    """Return the quantile of one value or more."""
    order = np.argsort(values, kind="mergesort")
    last = -1
    distinct, weight = np.empty(len(order)), np.empty(len(order))
    for at in order:
        if last < 0 or values[at] != distinct[last]:
            last += 1
            distinct[last], weight[last] = values[at], 0.0
        weight[last] += shares[at]
    upto = np.cumsum(weight[: last + 1])
    sought = share * last * upto[last]
    before = 0.0
    for at in range(last + 1):
        place = at * weight[at] + last * (upto[at] - weight[at])
        if place > sought:
            return distinct[at - 1] + (sought - before) * (distinct[at] - distinct[at - 1]) / (place - before)
        before = place
    return distinct[last]


_quantile = kernel(_fast_quantile, _plain_quantile)
