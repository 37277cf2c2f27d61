"""Change points: steps from which a series has another mean.

Source: R. Killick, P. Fearnhead and I. A. Eckley, Optimal Detection of Changepoints with a Linear Computational Cost,
Journal of the American Statistical Association 107 (2012), with the sum of squares about the mean as cost.

Tested by `tests/paas/cube/test_changepoint.py`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stcloud.errors import InvalidInput
from stcloud.index.kernel import kernel, pays

__all__ = ["change_points", "usual_penalty"]

Floats = NDArray[np.float64]

_PLAIN_STEPS = 20
"""Steps of `stcloud.index.kernel.PLAIN_STEPS` that all divisions before one step take in numpy."""


def usual_penalty(series: Floats) -> float:
    """Return the penalty of a change where none is stated: three times the variance of a step's noise, by log n.

    Source: N. R. Zhang and D. O. Siegmund, A Modified Bayes Information Criterion, Biometrics 63
    (2007). The noise is that of the differences between following values, so that changes of the mean hardly count.

    >>> usual_penalty(np.array([1.0, 3.0, 1.0, 3.0])).__round__(4)
    8.3178
    """
    if len(series) < 2:
        return 0.0
    noise = float(np.mean(np.diff(series) ** 2)) / 2
    return 3 * noise * math.log(len(series))


def change_points(series: Floats, penalty: float, *, fewest: int = 2) -> tuple[int, ...]:
    """Return the steps at which another mean begins, so that squares about the means and penalties are least.

    Parameters
    ----------
    series
        ``(n,)`` float64, known values in order.
    penalty
        What each change costs, in squared units of the values, above 0.
    fewest
        At least so many steps have one mean.

    Returns
    -------
    Steps, ascending. All divisions are compared, so the result is that of PELT, which leaves out those that cannot be
    the best.

    Raises
    ------
    InvalidInput
        ``bad-penalty``; ``unknown-value``: the series has NaN.

    Examples
    --------
    >>> change_points(np.array([0, 0, 0, 0, 5, 5, 5, 5.0]), 1.0)
    (4,)
    """
    if not penalty > 0:
        raise InvalidInput("bad-penalty", f"a penalty of {penalty} is not above 0", hint="leave it out")
    if np.isnan(series).any():
        raise InvalidInput("unknown-value", "the series has unknown values", hint="leave these steps out")
    if len(series) < 2 * fewest:
        return ()
    values = np.asarray(series, np.float64) - np.mean(series)
    sums, squares = (np.concatenate(([0.0], np.cumsum(part))) for part in (values, values * values))
    before = np.zeros(len(values) + 1, np.int64)
    work = _divide if pays(_divide, len(values) * _PLAIN_STEPS) else _plain_divide
    work(sums, squares, penalty, fewest, before)
    points, stop = [], int(before[-1])
    while stop > 0:
        points.append(stop)
        stop = int(before[stop])
    return tuple(reversed(points))


def _plain_divide(sums: Floats, squares: Floats, penalty: float, fewest: int, before: Any) -> None:
    least = np.full(len(sums), np.inf)
    least[0] = -penalty
    for stop in range(fewest, len(sums)):
        start = np.arange(stop - fewest + 1)
        total = sums[stop] - sums[start]
        cost = np.maximum(squares[stop] - squares[start] - total * total / (stop - start), 0.0)
        whole = least[start] + cost + penalty
        before[stop] = np.argmin(whole)
        least[stop] = whole[before[stop]]


def _compiled_divide(sums: Any, squares: Any, penalty: float, fewest: int, before: Any) -> None:
    least = np.full(len(sums), np.inf)
    least[0] = -penalty
    for stop in range(fewest, len(sums)):
        for start in range(stop - fewest + 1):
            total = sums[stop] - sums[start]
            cost = max(squares[stop] - squares[start] - total * total / (stop - start), 0.0)
            whole = least[start] + cost + penalty
            if whole < least[stop]:
                least[stop], before[stop] = whole, start


_divide = kernel(_compiled_divide, _plain_divide)
