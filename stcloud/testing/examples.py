"""How many cases a test takes: a share of what it names, as the profile that is loaded says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from hypothesis import settings

__all__ = ["examples", "spread"]

Case = TypeVar("Case")

_WHOLE = 100


def examples(count: int) -> int:
    """Return how many cases to draw where a thorough run draws ``count``.

    The share is the ``max_examples`` of Hypothesis's loaded profile out of 100, which is also what tests draw
    that name no number. At least one.

    Examples
    --------
    >>> examples(60) == max(1, 60 * settings().max_examples // 100)
    True
    """
    return max(1, count * settings().max_examples // _WHOLE)


def spread(cases: Sequence[Case], least: int = 1) -> list[Case]:
    """Return a share of cases that are alike, evenly spread over them: as many as `examples` says of all.

    Parameters
    ----------
    cases
        All, which a thorough run takes.
    least
        How many at least.

    Examples
    --------
    >>> spread([0.1, 0.2, 0.3], least=3)
    [0.1, 0.2, 0.3]
    """
    count = min(len(cases), max(least, examples(len(cases))))
    return [cases[number * len(cases) // count] for number in range(count)]
