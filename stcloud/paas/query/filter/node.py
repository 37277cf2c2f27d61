"""The typed tree of a filter: five kinds of frozen nodes, checked before they are made, for both evaluators alike.

Tested by `tests/paas/query/filter/test_law.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

__all__ = [
    "FOREVER", "NUMERIC", "SPATIAL", "Call", "Column", "Constant", "Interval", "Kind", "Node", "Shape", "all_in",
    "any_in", "compare", "conjuncts", "deny", "stored_in",
]  # fmt: skip

Kind: TypeAlias = Literal[
    "boolean", "text", "integer", "number", "date", "instant", "geometry", "interval", "array"
]
"""What a node's values are. Instants are UTC microseconds, geometry is in the city's CRS."""

NUMERIC = ("integer", "number")
SPATIAL = (
    "s_contains", "s_crosses", "s_disjoint", "s_equals", "s_intersects", "s_overlaps", "s_touches", "s_within",
)  # fmt: skip
FOREVER = 2**62
"""An instant after all others, UTC microseconds; its negative is before all others."""


@dataclass(frozen=True, slots=True)
class Constant:
    """A value that was written: str, bool, int, float, `date`, UTC microseconds, or a shapely geometry.

    Of ``among`` it is a tuple of such values.
    """

    kind: Kind
    value: Any


@dataclass(frozen=True, slots=True)
class Column:
    """A stored column."""

    kind: Kind
    stored: str


@dataclass(frozen=True, slots=True)
class Shape:
    """Where a row is: its stored columns are two of coordinates, or one of WKB."""

    stored: tuple[str, ...]
    kind: Kind = field(default="geometry", init=False)


@dataclass(frozen=True, slots=True)
class Interval:
    """From a date or an instant to another; None is an open end. It is part of no checked tree.

    Parameters
    ----------
    start, end
        What bounds it.
    lasting
        A null at its end means that no end is known: it is open.
    """

    start: Node | None
    end: Node | None
    lasting: bool = False
    kind: Kind = field(default="interval", init=False)


@dataclass(frozen=True, slots=True)
class Call:
    """An operator or function over other nodes."""

    kind: Kind
    operator: str
    arguments: tuple[Node, ...]


Node: TypeAlias = Constant | Column | Shape | Interval | Call


def compare(sign: str, left: Node, right: Node) -> Call:
    """Return a comparison of two values of kinds that can be compared."""
    return Call("boolean", sign, (left, right))


def all_in(parts: tuple[Node, ...]) -> Node:
    """Return the conjunction of conditions."""
    return parts[0] if len(parts) == 1 else Call("boolean", "and", parts)


def any_in(parts: tuple[Node, ...]) -> Node:
    """Return the disjunction of conditions."""
    return parts[0] if len(parts) == 1 else Call("boolean", "or", parts)


def deny(condition: Node) -> Call:
    """Return the negation of a condition."""
    return Call("boolean", "not", (condition,))


def conjuncts(condition: Node) -> Iterator[Node]:
    """Give the conditions that must all hold."""
    if isinstance(condition, Call) and condition.operator == "and":
        for part in condition.arguments:
            yield from conjuncts(part)
    else:
        yield condition


def stored_in(node: Node | None) -> Iterator[str]:
    """Give the stored columns that a node looks at, some of them again and again."""
    if isinstance(node, Column):
        yield node.stored
    elif isinstance(node, Shape):
        yield from node.stored
    elif isinstance(node, Call):
        for argument in node.arguments:
            yield from stored_in(argument)
    elif isinstance(node, Interval):
        yield from stored_in(node.start)
        yield from stored_in(node.end)
