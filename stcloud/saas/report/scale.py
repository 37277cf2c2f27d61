"""Scales: round lengths and steps. Pure numbers. Tested by `tests/saas/report/test_scale.py`."""

from __future__ import annotations

import math

__all__ = ["length_label", "round_down", "round_steps"]

_ROUND = (1.0, 2.0, 5.0)


def round_down(value: float) -> float:
    """Return the greatest of 1, 2, 5, 10, 20, 50 … (or 0.5, 0.2 …) that is not above a value.

    Parameters
    ----------
    value
        Greater than 0.

    Notes
    -----
    The answer is more than a third of the value: a bar at most a third of a map wide is at least an eighth.

    Examples
    --------
    >>> round_down(1999.0), round_down(0.7)
    (1000.0, 0.5)
    """
    power = 10.0 ** math.floor(math.log10(value))
    return max(
        digit * scale
        for scale in (power / 10, power, power * 10)
        for digit in _ROUND
        if digit * scale <= value
    )


def length_label(metres: float) -> str:
    """Write a length in metres, or in kilometres from 1,000 m on.

    Examples
    --------
    >>> length_label(500.0), length_label(2000.0), length_label(0.5)
    ('500 m', '2 km', '0.5 m')
    """
    return f"{metres / 1000:,.6g} km" if metres >= 1000 else f"{metres:g} m"


def round_steps(low: float, high: float, most: int) -> tuple[list[float], int]:
    """Choose round numbers from one to another, both inside.

    Parameters
    ----------
    low, high
        Ends, ``low < high``.
    most
        At most so many steps between them.

    Returns
    -------
    The numbers, ascending, and the decimals that they need.

    Examples
    --------
    >>> round_steps(117.013, 117.081, 5)
    ([117.02, 117.04, 117.06, 117.08], 2)
    """
    least = (high - low) / most
    power = 10.0 ** math.floor(math.log10(least))
    step = next(digit * power for digit in (*_ROUND, 10.0) if digit * power >= least)
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    numbers = range(math.ceil(low / step), math.floor(high / step) + 1)
    return [round(number * step, decimals) for number in numbers], decimals
