"""Distances and counts that a search takes."""

from __future__ import annotations

import math

from stcloud.errors import InvalidInput

__all__ = ["check_bounded", "check_count", "check_metres"]


def check_metres(metres: float) -> float:
    """Return a distance as a float; `InvalidInput` ``invalid-distance`` when it is negative or not a number.

    Parameters
    ----------
    metres
        0 or more, perhaps infinite.

    Examples
    --------
    >>> check_metres(20)
    20.0
    """
    if not metres >= 0:
        raise InvalidInput("invalid-distance", f"{metres} m is no distance", hint="give 0 or more metres")
    return float(metres)


def check_bounded(metres: float) -> float:
    """Return a distance as a float; `InvalidInput` ``invalid-distance`` when it is infinite, or as `check_metres`.

    Parameters
    ----------
    metres
        0 or more.
    """
    if math.isinf(check_metres(metres)):
        raise InvalidInput("invalid-distance", "everything is within infinity", hint="give a distance")
    return float(metres)


def check_count(count: int) -> int:
    """Return how many of the nearest are wanted; `InvalidInput` ``invalid-count`` when it is less than 1.

    Parameters
    ----------
    count
        1 or more.
    """
    if count < 1:
        raise InvalidInput("invalid-count", f"the nearest {count} are none", hint="ask for 1 or more")
    return count
