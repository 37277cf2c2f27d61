"""Whole numbers shared out in whole numbers, by largest remainder.

Tested by `tests/paas/carried/test_wholeparts.py`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["whole_parts"]

Floats = NDArray[np.float64]


def whole_parts(total: float, shares: Floats) -> Floats:
    """Return whole numbers in proportion to shares, together the total (Hamilton's method).

    Each part is rounded down, towards zero; what is left goes one by one to the largest remainders, of equal ones to
    the first.

    Parameters
    ----------
    total
        A whole number.
    shares
        ``(k,)`` float64, together 1.

    Examples
    --------
    >>> whole_parts(7, np.array([0.5, 0.25, 0.25])).tolist()
    [3.0, 2.0, 2.0]
    >>> whole_parts(-1, np.array([0.5, 0.5])).tolist()
    [-1.0, 0.0]
    """
    sign = -1.0 if total < 0 else 1.0
    exact = np.abs(total) * shares
    parts = np.floor(exact)
    left = int(np.abs(total) - parts.sum())
    largest = np.argsort(-np.round(exact - parts, 9), kind="stable")
    parts[largest[:left]] += 1
    return np.asarray(sign * parts + 0.0)  # no negative zero
