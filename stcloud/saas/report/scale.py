"""Scales: round lengths and steps, and the limits of the classes that counts fall into. Pure numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from stcloud.errors import InvalidInput

__all__ = ["Classes", "class_limits", "length_label", "round_down", "round_steps"]

Ints: TypeAlias = NDArray[np.int64]

_ROUND = (1.0, 2.0, 5.0)
_ROUND_COUNTS = (1.0, 1.5, 2.0, 3.0, 5.0, 7.0, 10.0)
_SKEWED = 5.0


@dataclass(frozen=True, slots=True)
class Classes:
    """Classes of whole numbers, one after the other without a gap.

    Parameters
    ----------
    starts
        First number of each class, ascending.
    last
        Last number of the last class.

    Raises
    ------
    InvalidInput
        ``invalid-classes``: none, not ascending, or the last one is empty.

    Examples
    --------
    >>> Classes((1, 2, 5), 40).labels()
    ('1', '2 – 4', '5 – 40')
    """

    starts: tuple[int, ...]
    last: int

    def __post_init__(self) -> None:
        rising = all(low < high for low, high in pairwise(self.starts))
        if not (self.starts and rising and self.starts[-1] <= self.last):
            raise InvalidInput("invalid-classes", f"classes start at {self.starts} and end at {self.last}")

    def __len__(self) -> int:
        return len(self.starts)

    def labels(self) -> tuple[str, ...]:
        """Write the limits of each class, both inside it."""
        ends = (*(start - 1 for start in self.starts[1:]), self.last)
        return tuple(
            f"{low:,}" if low == high else f"{low:,} – {high:,}"
            for low, high in zip(self.starts, ends, strict=True)
        )

    def of(self, counts: ArrayLike) -> NDArray[np.intp]:
        """Tell the class of each number.

        Parameters
        ----------
        counts
            ``(n,)`` int64, none below the first class.

        Returns
        -------
        ``(n,)``, from 0.

        Notes
        -----
        Every number is in exactly one class: the sizes of the classes sum to n.
        """
        return np.searchsorted(np.array(self.starts), np.asarray(counts), side="right") - 1

    def sizes(self, counts: ArrayLike) -> tuple[int, ...]:
        """Tell how many numbers each class holds."""
        return tuple(np.bincount(self.of(counts), minlength=len(self)).tolist())


def class_limits(counts: ArrayLike, most: int = 6) -> Classes:
    """Choose classes that show how counts differ.

    Counts of events are skewed as a rule: most places have few, the hot spots have many and must stand out.
    Then classes grow by a factor; where counts lie close together, classes hold about equally many.

    Parameters
    ----------
    counts
        ``(n,)`` int64, n > 0.
    most
        At most so many classes, at least 2.

    Returns
    -------
    Classes from the least to the greatest count, at round limits, none of them empty.

    Raises
    ------
    InvalidInput
        ``no-counts``.

    Examples
    --------
    >>> class_limits([1, 1, 2, 3]).labels()
    ('1', '2', '3')
    >>> class_limits([1] * 90 + [2, 3, 4, 8, 40]).labels()
    ('1', '2', '3 – 6', '7 – 19', '20 – 40')
    >>> class_limits(range(400, 1000)).labels()
    ('400 – 499', '500 – 599', '600 – 699', '700 – 799', '800 – 899', '900 – 999')
    """
    values = np.sort(np.asarray(counts, np.int64))
    if not values.size:
        raise InvalidInput("no-counts", "there are no counts to divide into classes")
    low, high, middle = int(values[0]), int(values[-1]), float(values[values.size // 2])
    if high - low < most:
        return Classes(tuple(np.unique(values).tolist()), high)
    if low > 0 and high > _SKEWED * middle:
        inner = np.geomspace(low, high, most + 1)[1:-1]
        limits = [_nearest(limit) for limit in inner]
    else:
        inner = np.quantile(values, np.linspace(0, 1, most + 1)[1:-1])
        step = max(1, int(round_down((high - low) / most / 4)))
        limits = [round(limit / step) * step for limit in inner]
    classes = Classes(tuple(sorted({low, *(limit for limit in limits if low < limit <= high)})), high)
    used = np.unique(classes.of(values))
    return Classes(tuple(classes.starts[at] for at in used), high)


def _nearest(value: float) -> int:
    """Return the round number nearest to a value by ratio, at least 1."""
    power = 10.0 ** math.floor(math.log10(value))
    best = min(_ROUND_COUNTS, key=lambda count: abs(math.log(value / (count * power))))
    return max(1, math.ceil(best * power))


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
