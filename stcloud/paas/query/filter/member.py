"""Array operators: arrays are sets, whatever their order; elements of unlike kinds are never equal.

Tested by `tests/paas/query/filter/test_law.py`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stcloud.paas.query.filter.node import NUMERIC, Call, Constant, Node

__all__ = ["members"]

_Set: TypeAlias = "frozenset[Any] | None"
_Sets: TypeAlias = tuple[NDArray[np.int64], list[_Set]]
"""For each row the number of its set, and the sets; None is unknown."""
_FUNCTIONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "a_equals": operator.eq, "a_contains": operator.ge, "a_containedby": operator.le,
    "a_overlaps": lambda left, right: not left.isdisjoint(right),
}  # fmt: skip


def members(node: Call, count: int, values: Callable[[Node], pa.Array]) -> pa.Array:
    """Tell of each row whether its two sets are related so; unknown where an array or an element is null.

    Parameters
    ----------
    node
        An array operator.
    count
        How many rows there are.
    values
        Gives the values of an element, one for each row.

    Notes
    -----
    Each pair of distinct sets is compared once.
    """
    (first, left), (second, right) = (_sets(argument, count, values) for argument in node.arguments)
    pairs, place = np.unique(first * len(right) + second, return_inverse=True)
    holds = [
        _holds(node.operator, left[pair // len(right)], right[pair % len(right)]) for pair in pairs.tolist()
    ]
    return pa.array(holds, pa.bool_()).take(pa.array(place))


def _holds(name: str, left: _Set, right: _Set) -> bool | None:
    return None if left is None or right is None else _FUNCTIONS[name](left, right)


def _sets(node: Node, count: int, values: Callable[[Node], pa.Array]) -> _Sets:
    if not isinstance(node, Call):
        raise TypeError(f"{node} is no array")
    if node.operator == "list":
        return _listed(node, values)
    constant = _constant(node)
    if constant is not None:
        return np.zeros(count, np.int64), [constant]
    columns = [_elements(element, count, values) for element in node.arguments]
    rows: list[_Set] = [None if None in row else frozenset(row) for row in zip(*columns, strict=True)]
    return np.arange(count), rows


def _listed(node: Call, values: Callable[[Node], pa.Array]) -> _Sets:
    texts, separator = node.arguments
    assert isinstance(separator, Constant)  # noqa: S101  (it was checked)
    coded = values(texts).dictionary_encode(null_encoding="encode")
    sets: list[_Set] = [
        None if text is None else _parts(text, separator.value) for text in coded.dictionary.to_pylist()
    ]
    return coded.indices.to_numpy().astype(np.int64), sets or [None]


def _parts(text: str, separator: str) -> frozenset[Any]:
    return frozenset(("text", part.strip()) for part in text.split(separator) if part.strip())


def _constant(node: Call) -> frozenset[Any] | None:
    """Return an array of values that were all written, or None."""
    elements: set[Any] = set()
    for element in node.arguments:
        if isinstance(element, Constant):
            elements.add(_element(element.kind, element.value))
        elif (
            isinstance(element, Call)
            and element.operator == "array"
            and (inner := _constant(element)) is not None
        ):
            elements.add(inner)
        else:
            return None
    return frozenset(elements)


def _elements(node: Node, count: int, values: Callable[[Node], pa.Array]) -> list[Any]:
    """Return an element for each row; None is unknown."""
    if node.kind == "array":
        place, sets = _sets(node, count, values)
        return [sets[at] for at in place.tolist()]
    column = values(node)
    # An instant that is written is a number.
    plain = column.cast(pa.int64()) if node.kind == "instant" else column
    return [None if value is None else _element(node.kind, value) for value in plain.to_pylist()]


def _element(kind: str, value: Any) -> tuple[str, Any]:
    return ("number" if kind in NUMERIC else kind, value)
