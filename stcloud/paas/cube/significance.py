"""Significance: which of many tests are past a level, once it is counted how many there were.

Source: Y. Benjamini and Y. Hochberg, Controlling the False Discovery Rate, Journal of the Royal Statistical Society B
57 (1995).

Tested by `tests/paas/cube/test_significance.py`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["LEVELS", "confidence", "two_sided"]

LEVELS = (0.10, 0.05, 0.01)
"""Levels of significance; a bin is hot or cold past the first."""

Floats = NDArray[np.float64]


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
    probabilities = two_sided(z)
    tests = int(np.count_nonzero(~np.isnan(probabilities)))
    limits = _limits(probabilities, tests) if corrected else LEVELS
    levels = np.zeros(z.shape, np.int8)
    for limit in limits:
        levels += probabilities <= limit
    return np.where(z < 0, -levels, levels).astype(np.int8)


def _limits(probabilities: Floats, tests: int) -> tuple[float, ...]:
    """Return the greatest probability that is past each level; -1 where none is."""
    small = np.sort(probabilities[probabilities <= max(LEVELS)])  # the others come after all of these
    ranks = np.arange(1, len(small) + 1)
    limits = []
    for level in LEVELS:
        past = np.flatnonzero(small * tests <= ranks * level)
        limits.append(float(small[past[-1]]) if len(past) else -1.0)
    return tuple(limits)
