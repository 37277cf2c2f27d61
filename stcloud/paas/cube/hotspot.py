"""Emerging hot spots: how hot and cold steps of a cell follow each other, in one word.

The first rule that fits decides, those of hot spots before those of cold spots, which are their mirror image. "Often"
means in nine of ten known steps, "last" the last step of the cube. Unknown steps count neither for nor against.

Tested by `tests/paas/cube/test_hotspot.py`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["CLASSES", "RULES", "classified"]

_OFTEN = (9, 10)
_BLOCK = 1024

RULES = {
    "new": "only the last step is {side}",
    "consecutive": "the last steps are {side}, two or more in a row, none before them, and not nine of ten",
    "intensifying": "nine of ten steps and the last are {side}, and it becomes more so",
    "persistent": "nine of ten steps and the last are {side}, without a trend",
    "diminishing": "nine of ten steps and the last are {side}, and it becomes less so",
    "sporadic": "the last step is {side}, fewer than nine of ten are, and none was {other}",
    "oscillating": "the last step is {side}, fewer than nine of ten are, and some were {other}",
    "historical": "nine of ten steps were {side}, and the last is not",
}
"""Each class of hot spots, in the order in which the rules are tried, and when it fits."""

CLASSES = (*(f"{name} {side}" for side in ("hot", "cold") for name in RULES), "none", "unknown")
"""All classes: eight hot, eight cold, none, and unknown where the last step is."""

_NONE, _UNKNOWN = len(CLASSES) - 2, len(CLASSES) - 1


def classified(
    signs: NDArray[np.int8], known: NDArray[np.bool_], directions: NDArray[np.int8]
) -> NDArray[np.int8]:
    """Return the class of each cell.

    Parameters
    ----------
    signs
        ``(t, c)``: 1 for a hot step, -1 for a cold one, 0 for neither.
    known
        ``(t, c)``; signs of unknown steps are not read.
    directions
        ``(c,)``: 1 where the statistic goes up, -1 where it goes down, 0 without a trend.

    Returns
    -------
    ``(c,)`` int8, positions in `CLASSES`.

    Examples
    --------
    >>> import numpy as np
    >>> steps = np.array([[0, 1, 1], [0, 1, -1], [1, 1, 1]], np.int8)
    >>> [CLASSES[at] for at in classified(steps, np.ones((3, 3), bool), np.array([0, 1, 0], np.int8))]
    ['new hot', 'intensifying hot', 'oscillating hot']
    """
    classes = np.empty(signs.shape[1], np.int8)
    for first in range(0, len(classes), _BLOCK):  # what is in between stays in the cache
        block = slice(first, first + _BLOCK)
        there = np.array(known[:, block], order="F" if signs.flags.f_contiguous else "C")
        classes[block] = _classified(signs[:, block], there, directions[block])
    return classes


def _classified(
    signs: NDArray[np.int8], known: NDArray[np.bool_], directions: NDArray[np.int8]
) -> NDArray[np.int8]:
    hot, cold = (known & (signs == side) for side in (1, -1))
    classes = np.full(signs.shape[1], _NONE, np.int8)
    for mine, other, towards, first in ((cold, hot, -1, len(RULES)), (hot, cold, 1, 0)):
        fits = _fitting(mine, other, known, directions * towards)
        for rule in reversed(range(len(fits))):
            classes[fits[rule]] = first + rule
    if len(signs):
        classes[~known[-1]] = _UNKNOWN
    return classes


def _fitting(
    mine: NDArray[np.bool_], other: NDArray[np.bool_], known: NDArray[np.bool_], directions: NDArray[Any]
) -> tuple[NDArray[np.bool_], ...]:
    """Return where each rule fits, in the order of `RULES`."""
    if not len(mine):
        return tuple(np.zeros((len(RULES), mine.shape[1]), np.bool_))
    last, count = mine[-1], mine.sum(axis=0)
    often = _OFTEN[1] * count >= _OFTEN[0] * known.sum(axis=0)
    run = _last_run(mine, known)
    seldom = last & ~often
    return (
        last & (count == 1),
        seldom & (run >= 2) & (run == count),
        last & often & (directions > 0),
        last & often & (directions == 0),
        last & often & (directions < 0),
        seldom & ~other.any(axis=0),
        seldom & other.any(axis=0),
        often & ~last & (count > 0),
    )


def _last_run(mine: NDArray[np.bool_], known: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return how many of the last known steps are mine without a break."""
    steps = np.arange(len(mine), dtype=np.int32)[:, None]
    ended = np.where(known & ~mine, steps, np.int32(-1)).max(axis=0)
    return np.asarray(np.count_nonzero(mine & (steps > ended), axis=0), np.int64)
