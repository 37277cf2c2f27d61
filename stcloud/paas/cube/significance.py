"""Significance: which of many tests are past a level, once it is counted how many there were.

Source: Y. Benjamini and Y. Hochberg, Controlling the False Discovery Rate, Journal of the Royal Statistical Society B
57 (1995).

Tested by `tests/paas/cube/test_significance.py`.
"""

from __future__ import annotations

from bisect import bisect_left

import numpy as np
from numpy.typing import NDArray

__all__ = ["LEVELS", "confidence", "two_sided"]

LEVELS = (0.10, 0.05, 0.01)
"""Levels of significance; a bin is hot or cold past the first."""

Floats = NDArray[np.float64]

_NEAREST = 1.64
"""Deviates nearer to zero than this are past no level."""


def two_sided(z: Floats) -> Floats:
    """Return how likely a normal deviate is at least as far from zero; NaN where ``z`` is.

    >>> two_sided(np.array([0.0, -1.959964])).round(6).tolist()
    [1.0, 0.05]
    """
    from scipy.special import erfc  # noqa: PLC0415  (slow to import)

    probabilities: Floats = erfc(np.abs(z) / np.sqrt(2.0))
    return probabilities


def confidence(z: Floats, *, corrected: bool = True) -> NDArray[np.int8]:
    """Return how significant each deviate is, and whether it is above or below.

    Parameters
    ----------
    z
        Any shape; NaN: there was no test.
    corrected
        Whether the number of tests is counted (Benjamini-Hochberg); else each test stands alone.

    Returns
    -------
    int8, same shape: 1, 2 or 3 past .10, .05 or .01, negative where ``z`` is; 0 for none.

    Examples
    --------
    >>> confidence(np.array([3.0, -2.0, 1.0, np.nan])).tolist()
    [3, -1, 0, 0]
    >>> confidence(np.array([3.0, -2.0, 1.0, np.nan]), corrected=False).tolist()
    [3, -2, 0, 0]
    """
    apart = np.abs(z)
    tests = z.size - int(np.count_nonzero(np.isnan(z)))
    levels = np.zeros_like(z, np.int8)
    for limit in _limits(apart, tests if corrected else None):
        levels += apart >= limit
    np.negative(levels, out=levels, where=z < 0)
    return levels


def _limits(apart: Floats, tests: int | None) -> tuple[float, ...]:
    """Return the least deviate that is past each level, corrected for a number of tests; infinity where none is."""
    far = np.sort(apart[apart >= _NEAREST])  # the others are past no level
    counts = (_past(far, level, tests) for level in LEVELS)
    return tuple(float(far[-count]) if count else np.inf for count in counts)


def _past(far: Floats, level: float, tests: int | None) -> int:
    """Return how many of the farthest deviates are past a level.

    Corrected, so many are past it as have a probability of at most their share of the level. Counting down from all
    of them ends at the greatest such number, and takes few probabilities.
    """
    if tests is None:
        return _likely_at_most(far, level, 1)
    count, fewer = len(far), _likely_at_most(far, len(far) * level, tests)
    while fewer < count:
        count, fewer = fewer, _likely_at_most(far, fewer * level, tests)
    return count


def _likely_at_most(far: Floats, share: float, tests: int) -> int:
    """Return how many of the farthest deviates have a probability, by the number of tests, of at most a share."""
    near = bisect_left(range(len(far)), 1, key=lambda at: int(two_sided(far[at]) * tests <= share))
    return len(far) - near
