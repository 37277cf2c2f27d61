"""Ranks of scores, the highest being the first, with a stated way to rank equal ones.

Tested by `tests/paas/indicator/test_tiedranks.py`.
"""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from stcloud.errors import InvalidInput

__all__ = ["TIES", "Ties", "check_ties", "tied_ranks"]

Ties: TypeAlias = Literal["min", "max", "average", "dense"]
TIES: tuple[str, ...] = get_args(Ties)
_DECIMALS = 12
"""Scores that are equal to so many decimals are tied: beyond them they differ by rounding alone."""


def tied_ranks(scores: NDArray[np.float64], ties: Ties = "min") -> NDArray[np.float64]:
    """Return the rank of each score, 1 for the highest; NaN has none.

    Parameters
    ----------
    scores
        ``(n,)`` float64. They are equal if they are to 12 decimals.
    ties
        Rank of equal scores: ``min`` 1, 2, 2, 4; ``max`` 1, 3, 3, 4; ``average`` 1, 2.5, 2.5, 4; ``dense`` 1, 2, 2,
        3.

    Raises
    ------
    InvalidInput
        ``unknown-ties``.

    Examples
    --------
    >>> tied_ranks(np.array([80.0, 95.5, 80.0, np.nan, 60.0])).tolist()
    [2.0, 1.0, 2.0, nan, 4.0]
    """
    check_ties(ties)
    rounded = np.round(scores, _DECIMALS) + 0.0  # no negative zero
    known = ~np.isnan(rounded)
    _, place, count = np.unique(-rounded[known], return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    first = last - count + 1
    ranks = {"min": first, "max": last, "average": (first + last) / 2, "dense": np.arange(1, len(count) + 1)}
    result = np.full(len(scores), np.nan)
    result[known] = ranks[ties][place]
    return result


def check_ties(ties: str) -> None:
    """Refuse a way to rank equal scores that is none; `InvalidInput` ``unknown-ties``."""
    if ties not in TIES:
        raise InvalidInput("unknown-ties", f"'{ties}' is no way to rank ties", hint=f"use {', '.join(TIES)}")
