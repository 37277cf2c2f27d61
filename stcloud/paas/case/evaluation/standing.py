"""Ranks with ties: equal scores have equal ranks, and the ranks after them are left out (1, 2, 2, 4).

Tested by `tests/paas/case/evaluation/test_standing.py`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["competition_ranks"]


def competition_ranks(scores: npt.NDArray[np.float64]) -> list[int | None]:
    """Return the rank of each score, the highest being the first; NaN has none.

    >>> competition_ranks(np.array([80.0, 95.5, 80.0, np.nan, 60.0]))
    [2, 1, 2, None, 4]
    """
    known = np.sort(scores[~np.isnan(scores)])
    higher = len(known) - np.searchsorted(known, scores, side="right")
    return [None if np.isnan(score) else int(count) + 1 for score, count in zip(scores, higher, strict=True)]
