"""Bounds that a condition sets to a column of instants, for leaving out files that hold no row of it.

Tested by `tests/properties/test_query.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from stcloud.paas.query.filter.node import Call, Column, Constant, Node, conjuncts

__all__ = ["bounds_of"]

_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "="}


def bounds_of(conditions: Iterable[Node], stored: str) -> tuple[int | None, int | None]:
    """Return the closed range of UTC microseconds that holds a column of every row for which all are true.

    Parameters
    ----------
    conditions
        Checked.
    stored
        The column.

    Returns
    -------
    Its ends; None: no bound is known. A bound may be wider than what is asked, never narrower.

    Examples
    --------
    >>> after = Call("boolean", "<=", (Constant("instant", 5), Column("instant", "st_time")))
    >>> bounds_of([after], "st_time")
    (5, None)
    """
    ends = list(_ends(conditions, stored))
    low = max((at_us for sign, at_us in ends if sign in (">", ">=", "=")), default=None)
    high = min((at_us for sign, at_us in ends if sign in ("<", "<=", "=")), default=None)
    return low, high


def _ends(conditions: Iterable[Node], stored: str) -> Iterator[tuple[str, int]]:
    """Give comparisons of the column with an instant, the column first."""
    for part in (part for condition in conditions for part in conjuncts(condition)):
        if not isinstance(part, Call) or part.operator not in _TURNED:
            continue
        left, right = part.arguments
        sign = part.operator
        if isinstance(left, Constant):
            left, right, sign = right, left, _TURNED[sign]
        if isinstance(left, Column) and left.stored == stored and isinstance(right, Constant):
            yield sign, right.value
