"""Bundles: cases that share the deadline of the whole case.

Tested by `tests/paas/case/test_clocks.py` and `tests/paas/case/test_casefacts.py`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stcloud.paas.case.interval import NONE_US
from stcloud.time.micros import Bools, Micros

__all__ = ["share"]


def share(bundle: NDArray[np.int64], own_us: Micros, provisional: Bools) -> tuple[Micros, Bools]:
    """Return the deadlines of cases in bundles: of each bundle the latest of those that have begun.

    Parameters
    ----------
    bundle
        ``(n,)`` int64, the number of the bundle of each case, from 0; -1: it is in none.
    own_us, provisional
        Of each case alone; of equal deadlines the last one says whether it is provisional.

    Examples
    --------
    >>> due_us, _ = share(np.array([0, -1, 0]), np.array([5, 6, 7]), np.zeros(3, bool))
    >>> due_us.tolist()
    [7, 6, 7]
    """
    rows = np.flatnonzero((bundle >= 0) & (own_us != NONE_US))
    rows = rows[np.lexsort((own_us[rows], bundle[rows]))]
    latest = np.zeros(int(bundle.max(initial=-1)) + 1, dtype=np.int64)
    latest[bundle[rows]] = rows
    deciding = latest[bundle[rows]]
    due, unsure = own_us.copy(), provisional.copy()
    due[rows], unsure[rows] = own_us[deciding], provisional[deciding]
    return due, unsure
