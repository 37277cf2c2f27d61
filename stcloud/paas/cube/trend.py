"""Trends: whether the values of a cell go up or down (Mann-Kendall), and by how much a step (Sen).

Sources: H. B. Mann, Nonparametric Tests against Trend, Econometrica 13 (1945); M. G. Kendall, Rank Correlation
Methods (1975), with the corrections for ties and continuity; P. K. Sen, Estimates of the Regression Coefficient
Based on Kendall's Tau, Journal of the American Statistical Association 63 (1968).

Tested by `tests/paas/cube/test_trend.py`.
"""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stcloud.index.kernel import kernel, pays, plainly
from stcloud.paas.cube.significance import two_sided

__all__ = ["Trends", "by_cell", "mann_kendall", "sen_slopes"]

_TIED = 1e-9
"""Values nearer than this are equal: z of equal sums may differ in its last digits."""
_FEWEST = 3
_LANES = 8
_BLOCK = 256
_WORKERS = 2
_PLAIN_PAIRS = 0.5
"""So many pairs are compared without a compiler in a step of `stcloud.index.kernel.PLAIN_STEPS`."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Trends:
    """One test of Mann and Kendall for each cell.

    Parameters
    ----------
    s
        ``(c,)`` int64: pairs of steps between which values rise, less those between which they fall.
    z, p
        ``(c,)`` float64: the deviate, corrected for ties and continuity, and its two-sided probability; NaN
        where fewer than three values are known.
    """

    s: NDArray[np.int64]
    z: Floats
    p: Floats

    def directions(self, alpha: float) -> NDArray[np.int8]:
        """Return 1 where values go up, -1 where they go down, 0 where there is no trend at a level."""
        return np.where(self.p <= alpha, np.sign(self.z), 0).astype(np.int8)


def mann_kendall(values: NDArray[Any], known: NDArray[np.bool_]) -> Trends:
    """Test the known values of each cell for a trend.

    Parameters
    ----------
    values
        ``(t, c)``, one row for each step; values nearer than 1e-9 are tied.
    known
        ``(t, c)``; unknown steps are left out.

    Examples
    --------
    >>> import numpy as np
    >>> rising = mann_kendall(np.arange(6.0)[:, None], np.ones((6, 1), bool))
    >>> rising.s.tolist(), rising.z.round(4).tolist(), rising.p.round(4).tolist()
    ([15], [2.6301], [0.0085])
    """
    steps, cells = values.shape
    series, there = by_cell(values).T, np.ascontiguousarray(known.T)
    s, variance = np.zeros(cells, np.int64), np.zeros(cells)
    _by_parts(_score, cells * steps * steps / 2, series, there, s, variance)
    tested = known.sum(axis=0) >= _FEWEST
    z = np.zeros(cells)
    np.divide(s - np.sign(s), np.sqrt(variance), out=z, where=variance > 0)
    z = np.where(tested, z, np.nan)
    return Trends(s, z, two_sided(z))


def sen_slopes(values: NDArray[Any], known: NDArray[np.bool_]) -> Floats:
    """Return the median slope a step between all pairs of known values of each cell; NaN for fewer than two.

    Parameters
    ----------
    values, known
        As for `mann_kendall`; unknown steps are left out, and count as steps between the others.

    Examples
    --------
    >>> import numpy as np
    >>> sen_slopes(np.array([[0.0], [9.0], [2.0], [3.0]]), np.array([[True], [False], [True], [True]])).tolist()
    [1.0]
    """
    steps, cells = values.shape
    slopes = np.full(cells, np.nan)
    _by_parts(
        _slope, cells * steps * steps / 2, by_cell(values).T, np.ascontiguousarray(known.T), slopes, slopes
    )
    return slopes


def by_cell(values: NDArray[Any]) -> Floats:
    """Return values ``(t, c)`` as float64, all steps of a cell beside each other: trends take these as they are."""
    if values.T.flags.c_contiguous:
        return np.ascontiguousarray(values.T, np.float64).T
    series = np.empty(values.shape[::-1])
    for first in range(0, len(series), _BLOCK):  # few cells at a time stay in the cache
        series[first : first + _BLOCK] = values[:, first : first + _BLOCK].T
    return series.T


def _by_parts(
    work: Any,
    pairs: float,
    series: Floats,
    known: NDArray[np.bool_],
    first: NDArray[Any],
    second: NDArray[Any],
) -> None:
    """Run a kernel over all cells, in threads; small inputs wait for no compiler."""
    if not pays(work, pairs / _PLAIN_PAIRS):
        plainly(work, series, known, first, second)
        return
    edges = np.linspace(0, len(series), _WORKERS + 1).astype(int).tolist()
    with ThreadPoolExecutor(_WORKERS) as pool:
        done = [
            pool.submit(work, series[a:b], known[a:b], first[a:b], second[a:b])
            for a, b in itertools.pairwise(edges)
        ]
        for part in done:
            part.result()


def _plain_score(series: Floats, known: NDArray[np.bool_], s: Any, variance: Any) -> None:
    for cell in range(len(series)):
        there = series[cell][known[cell]]
        apart = there[None, :] - there[:, None]
        later = np.triu(np.ones(apart.shape, np.bool_), 1)
        s[cell] = np.count_nonzero(later & (apart >= _TIED)) - np.count_nonzero(later & (apart <= -_TIED))
        ordered, n = np.sort(there), len(there)
        ends = np.flatnonzero(np.diff(ordered, append=np.inf) >= _TIED)
        tied = np.diff(ends, prepend=-1)
        variance[cell] = (n * (n - 1) * (2 * n + 5) - (tied * (tied - 1) * (2 * tied + 5)).sum()) / 18.0


def _compiled_score(series: Any, known: Any, s: Any, variance: Any) -> None:
    """Score each value against the different values before it, of which there are far fewer than pairs."""
    steps = series.shape[1]
    different, times = np.empty(steps + _LANES), np.zeros(steps + _LANES, np.int64)
    for cell in range(len(series)):
        n, kinds, score = 0, 0, 0
        for step in range(steps):
            if known[cell, step]:
                value = series[cell, step]
                below, gain = _place(different, times, kinds, value)
                score += gain
                kinds = _insert(different, times, kinds, below, value)
                n += 1
        s[cell] = score
        ties, run = 0, 0
        for at in range(kinds):
            run += times[at]
            if at == kinds - 1 or different[at + 1] - different[at] >= 1e-9:
                ties += run * (run - 1) * (2 * run + 5)
                run = 0
        variance[cell] = (n * (n - 1) * (2 * n + 5) - ties) / 18.0


@kernel
def _place(different: Any, times: Any, kinds: Any, value: Any) -> Any:
    """Return how many different values are below one, and how many earlier ones less how many it rises above."""
    below, gain = 0, 0
    for at in range((kinds + _LANES - 1) // _LANES * _LANES):
        apart = value - different[at]
        below += int(apart > 0)
        gain += (times[at] if apart >= 1e-9 else 0) - (times[at] if apart <= -1e-9 else 0)
    return below, gain


@kernel
def _insert(different: Any, times: Any, kinds: Any, below: Any, value: Any) -> Any:
    """Count a value at its place among the different ones, and return how many these are."""
    if below < kinds and different[below] == value:
        times[below] += 1
        return kinds
    if kinds % _LANES == 0:  # a full register is compared: what is beyond counts for nothing
        different[kinds : kinds + _LANES] = np.inf
        times[kinds : kinds + _LANES] = 0
    for at in range(kinds, below, -1):
        different[at], times[at] = different[at - 1], times[at - 1]
    different[below], times[below] = value, 1
    return kinds + 1


_score = kernel(_compiled_score, _plain_score)


def _plain_slope(series: Floats, known: NDArray[np.bool_], slopes: Any, _: Any) -> None:
    for cell in range(len(series)):
        at = np.flatnonzero(known[cell])
        if len(at) > 1:
            earlier, later = np.triu_indices(len(at), 1)
            there = series[cell][at]
            slopes[cell] = np.median((there[later] - there[earlier]) / (at[later] - at[earlier]))


def _compiled_slope(series: Any, known: Any, slopes: Any, _: Any) -> None:
    steps = series.shape[1]
    there, place = np.empty(steps), np.empty(steps, np.int64)
    every = np.empty(steps * (steps - 1) // 2)
    for cell in range(len(series)):
        n = 0
        for step in range(steps):
            if known[cell, step]:
                there[n], place[n] = series[cell, step], step
                n += 1
        if n < 2:
            continue
        rising, falling = 0, 0
        for later in range(1, n):
            value = there[later]
            for earlier in range(later):
                rising += int(value > there[earlier])
                falling += int(value < there[earlier])
        pairs = n * (n - 1) // 2
        if max(rising, falling) <= (pairs - 1) // 2:  # the middle of all slopes is a slope of zero
            slopes[cell] = 0.0
            continue
        count = 0
        for later in range(1, n):
            for earlier in range(later):
                every[count] = (there[later] - there[earlier]) / (place[later] - place[earlier])
                count += 1
        slopes[cell] = np.median(every[:count])


_slope = kernel(_compiled_slope, _plain_slope)
