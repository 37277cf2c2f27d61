"""Classes of a map as rows of its legend: limits, colour, label, and how many areas have each; without a picture.

Tested by `tests/saas/report/test_classrows.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from stcloud.saas.report.classes import Classes
from stcloud.saas.report.palette import diverging, sequential

__all__ = ["LegendRow", "class_rows"]


@dataclass(frozen=True, slots=True)
class LegendRow:
    """A class of values.

    Parameters
    ----------
    lower, upper
        Its ends, of whole numbers both inside it. Of others the end that is nearer to zero is in the class before,
        but for the first class of a scale on one side of zero.
    colour
        ``#rrggbb``.
    label
        Both ends for people.
    count
        How many values it has.
    """

    lower: float
    upper: float
    colour: str
    label: str
    count: int


def class_rows(classes: Classes, values: ArrayLike) -> list[LegendRow]:
    """Return the classes from the least to the greatest; of a side of zero up to the last that has a value.

    Parameters
    ----------
    classes, values
        The classes of ``(n,)`` values.

    Examples
    --------
    >>> from stcloud.saas.report.classes import class_limits
    >>> values = [-4, 0, 1, 1, 2]
    >>> [(row.lower, row.upper, row.count) for row in class_rows(class_limits(values, whole=True), values)]
    [(-4.0, -4.0, 1), (-2.0, -2.0, 0), (-1.0, -1.0, 0), (1.0, 1.0, 2), (2.0, 2.0, 1)]
    """
    sizes = classes.sizes(np.asarray(values, np.float64))
    below = list(_side(classes, sizes, below=True))[::-1] if classes.diverging else []
    return [*below, *_side(classes, sizes, below=False)]


def _side(classes: Classes, sizes: dict[int, int], *, below: bool) -> Iterator[LegendRow]:
    """Give the classes of one side of zero, outwards."""
    sign = -1 if below else 1
    last = max((abs(of) for of in sizes if of * sign > 0), default=0)
    ramp = diverging(len(classes), below=below) if classes.diverging else sequential(len(classes))
    labels, lowers = classes.labels(), _lowers(classes)
    for at in range(last):
        low, high = sorted((sign * lowers[at] + 0, sign * classes.uppers[at]))  # a zero has no sign
        label = _mirrored(labels[at]) if below else labels[at]
        yield LegendRow(low, high, ramp[at], label, sizes.get(sign * (at + 1), 0))


def _lowers(classes: Classes) -> list[float]:
    if classes.single:
        return list(classes.uppers)
    if classes.whole:
        return [classes.least or 1, *(upper + 1 for upper in classes.uppers[:-1])]
    return [classes.least, *classes.uppers[:-1]]


def _mirrored(label: str) -> str:
    if label.startswith("up to "):
        return f"down to −{label.removeprefix('up to ')}"
    return " to ".join(f"−{part}" for part in reversed(label.split(" to ")))
