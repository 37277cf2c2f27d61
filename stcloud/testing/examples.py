"""How many cases a test takes: a share of what it names, as the profile that is loaded says."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from typing import TypeVar

from hypothesis import settings

__all__ = ["covering", "examples", "spread"]

Case = TypeVar("Case")
_Value = tuple[str, Hashable]

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


def covering(cases: Sequence[Mapping[str, Hashable]], times: int) -> list[int]:
    """Return the numbers of few cases in which every value of every parameter occurs, in their order.

    The first and the last are among them. Where a parameter has another value in each case, all are.

    Parameters
    ----------
    cases
        The parameters of each.
    times
        In how many cases each value is to occur, if it occurs in so many.

    Examples
    --------
    >>> combined = [{"unit": unit, "format": format} for unit in "abc" for format in ("csv", "json", "parquet")]
    >>> [tuple(combined[number].values()) for number in covering(combined, 1)]
    [('a', 'csv'), ('b', 'json'), ('c', 'parquet')]
    """
    values = [list(case.items()) for case in cases]
    occurring = Counter(value for case in values for value in case)
    once = {name for (name, _), count in occurring.items() if count == 1}
    if any(sum(name == parameter for name, _ in occurring) == len(cases) for parameter in once):
        return list(range(len(cases)))  # each case has a value that no other has
    kept: Counter[_Value] = Counter()
    chosen = dict.fromkeys((0, len(cases) - 1)) if cases else {}
    for number in chosen:
        kept.update(values[number])
    left = [number for number in range(len(cases)) if number not in chosen]
    while left:
        wanted = {value for value, count in occurring.items() if kept[value] < min(times, count)}
        if not wanted:
            break
        best = min(left, key=functools.partial(_preference, values, wanted, kept))
        chosen[best] = None
        kept.update(values[best])
        left.remove(best)
    return sorted(chosen)


def _preference(
    values: list[list[_Value]], wanted: set[_Value], kept: Counter[_Value], number: int
) -> tuple[int, int]:
    """Return what is least for the case that brings most of what is wanted, and has what is least kept."""
    case = values[number]
    return -sum(value in wanted for value in case), sum(kept[value] for value in case)
