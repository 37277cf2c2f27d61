"""How many random cases a test draws: a share of what it names, as the profile that is loaded says."""

from __future__ import annotations

from hypothesis import settings

__all__ = ["examples"]

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
