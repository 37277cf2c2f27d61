"""From CQL2-JSON to the typed tree: names are looked up, types are compared, times and places are read.

`cql2` takes any function, impossible dates, and rounds integers beyond 2^53: these are refused here.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stcloud.errors import InvalidInput, Unsupported
from stcloud.paas.query.filter.function import call
from stcloud.paas.query.filter.lapse import LENGTHS_US, TIMES, lapse, lapse_in
from stcloud.paas.query.filter.moment import day_of, instant_of, interval_of
from stcloud.paas.query.filter.names import Names
from stcloud.paas.query.filter.node import (
    NUMERIC,
    SPATIAL,
    Call,
    Column,
    Constant,
    Interval,
    Kind,
    Node,
    Shape,
    all_in,
    any_in,
    compare,
    deny,
)
from stcloud.paas.query.filter.remedy import refuse_called_box, require_function
from stcloud.paas.query.filter.shape import read_shape
from stcloud.paas.query.filter.temporal import relate
from stcloud.time import Zone, parse_instant

__all__ = ["Checker"]

_COMPARE = ("=", "<>", "<", "<=", ">", ">=")
_ARITHMETIC = ("+", "-", "*", "/", "^", "%", "div")
_TEMPORAL = (
    "t_after", "t_before", "t_contains", "t_disjoint", "t_during", "t_equals", "t_finishedby", "t_finishes",
    "t_intersects", "t_meets", "t_metby", "t_overlappedby", "t_overlaps", "t_startedby", "t_starts",
)  # fmt: skip
_ARRAY = ("a_containedby", "a_contains", "a_equals", "a_overlaps")
_COUNTS = {"not": 1, "isnull": 1, "between": 3, **dict.fromkeys(
    (*_COMPARE, *_ARITHMETIC, *_TEMPORAL, *SPATIAL, *_ARRAY, "like", "in"), 2,
)}  # fmt: skip
_EXACT = 2**53
_SHORT = 1e21  # is written with all its digits
_FEW = 64
"""Values are compared one by one; more are looked up."""
_OTHERS = {
    "geometry": "s_equals, s_intersects, …",
    "interval": "t_equals, t_intersects, …",
    "array": "a_equals, …",
}


@dataclass(frozen=True, slots=True)
class Checker:
    """Reads CQL2-JSON of one layer.

    Parameters
    ----------
    names
        What may be named.
    zone
        The city's.
    city
        The city's CRS; None takes coordinates as they are written.
    crs
        The CRS of written geometry; None: longitude and latitude.
    """

    names: Names
    zone: Zone
    city: str | None = None
    crs: str | None = None

    def condition(self, node: Any) -> Node:
        """Return a checked condition.

        Raises
        ------
        InvalidInput
            ``wrong-type``: it is no condition; and whatever is wrong with its parts.
        NotFound
            ``unknown-column``
        Unsupported
            ``unsupported-operator``
        """
        checked = self.value(node)
        if checked.kind != "boolean":
            raise InvalidInput(
                "wrong-type", f"{json.dumps(node, ensure_ascii=False)} is {_a(checked.kind)}, not a condition"
            )
        return checked

    def value(self, node: Any) -> Node:
        """Return any checked value."""
        if isinstance(node, bool):
            return Constant("boolean", node)
        if isinstance(node, int | float):
            return _number(float(node))
        if isinstance(node, str):
            return Constant("text", node)
        if isinstance(node, list):
            return Call("array", "array", tuple(self._element(element) for element in node))
        if isinstance(node, dict):
            return self._mapping(node)
        raise Unsupported(
            "unsupported-operator", f"a filter cannot hold the value {json.dumps(node)}",
            hint="ask for what is missing with IS NULL",
        )  # fmt: skip

    def _mapping(self, node: Mapping[str, Any]) -> Node:
        if "property" in node:
            return self.names.find(str(node["property"]))
        if "date" in node:
            return day_of(str(node["date"]))
        if "timestamp" in node:
            return instant_of(str(node["timestamp"]), self.zone)
        if "interval" in node:
            return interval_of(node["interval"], self.value, self.zone)
        if "bbox" in node:
            refuse_called_box(node["bbox"])
        if "bbox" in node or "type" in node:
            return Constant("geometry", read_shape(node, self.city, self.crs))
        return self._operator(str(node.get("op", "")), list(node.get("args") or []))

    def _operator(self, written: str, arguments: list[Any]) -> Node:
        operator = written.lower()
        wanted = _COUNTS.get(operator)
        if wanted not in (None, len(arguments)):
            raise InvalidInput("wrong-type", f"'{operator}' takes {wanted} arguments, found {len(arguments)}")
        known: Mapping[str, Callable[[str, list[Any]], Node]] = {
            "and": self._connect, "or": self._connect, "not": self._not, "isnull": self._is_null,
            "like": self._like, "between": self._between, "in": self._in,
            **dict.fromkeys(_COMPARE, self._compare), **dict.fromkeys(_ARITHMETIC, self._arithmetic),
            **dict.fromkeys(_TEMPORAL, self._temporal), **dict.fromkeys(SPATIAL, self._spatial),
            **dict.fromkeys(_ARRAY, self._array),
        }  # fmt: skip
        if operator in known:
            return known[operator](operator, arguments)
        if operator in LENGTHS_US:
            return lapse_in(operator, arguments, self.value)
        require_function(written, arguments)
        return call(written, tuple(self.value(argument) for argument in arguments), self.zone)

    def _element(self, node: Any) -> Node:
        element = self.value(node)
        if element.kind in ("geometry", "interval"):
            raise InvalidInput(
                "wrong-type",
                f"{_a(element.kind)} cannot be an element of an array",
                hint="give texts, numbers, days",
            )
        return element

    def _connect(self, operator: str, arguments: list[Any]) -> Node:
        parts = tuple(self.condition(argument) for argument in arguments)
        if not parts:
            return Constant("boolean", operator == "and")
        return all_in(parts) if operator == "and" else any_in(parts)

    def _not(self, _: str, arguments: list[Any]) -> Node:
        return deny(self.condition(arguments[0]))

    def _is_null(self, _: str, arguments: list[Any]) -> Node:
        return _missing(self.value(arguments[0]))

    def _compare(self, operator: str, arguments: list[Any]) -> Node:
        return compare(operator, *self._alike(self.value(arguments[0]), self.value(arguments[1]), operator))

    def _between(self, _: str, arguments: list[Any]) -> Node:
        value, low, high = arguments
        return all_in((self._compare(">=", [value, low]), self._compare("<=", [value, high])))

    def _in(self, _: str, arguments: list[Any]) -> Node:
        value, several = arguments
        if not isinstance(several, list) or not several:
            raise InvalidInput("wrong-type", "IN is followed by values", hint="e.g. IN ('open', 'closed')")
        sought = self.value(value)
        pairs = [self._alike(sought, self.value(choice), "=") for choice in several]
        if len(pairs) > _FEW and all(left is sought and isinstance(right, Constant) for left, right in pairs):
            return _among(sought, [right for _, right in pairs])
        return any_in(tuple(compare("=", left, right) for left, right in pairs))

    def _like(self, _: str, arguments: list[Any]) -> Node:
        value, pattern = self.value(arguments[0]), self.value(arguments[1])
        if value.kind != "text" or pattern.kind != "text" or not isinstance(pattern, Constant):
            raise InvalidInput("wrong-type", "LIKE compares a text with a pattern such as 'Smith%'")
        _check_pattern(pattern.value)
        return Call("boolean", "like", (value, pattern))

    def _arithmetic(self, operator: str, arguments: list[Any]) -> Node:
        left, right = (self.value(argument) for argument in arguments)
        if operator == "-" and {left.kind, right.kind} <= set(TIMES):
            days = any(isinstance(side, Constant) and side.kind == "date" for side in (left, right))
            return lapse(*(self._alike(left, right, "-") if days else (left, right)))
        if not {left.kind, right.kind} <= set(NUMERIC):
            raise InvalidInput(
                "wrong-type", f"'{operator}' needs two numbers, found {left.kind} and {right.kind}"
            )
        return Call("number", operator, (left, right))

    def _temporal(self, operator: str, arguments: list[Any]) -> Node:
        left, right = (self.value(argument) for argument in arguments)
        return relate(operator, left, right, self.zone)

    def _spatial(self, operator: str, arguments: list[Any]) -> Node:
        return self._of_kind(
            "geometry", operator, arguments, "e.g. S_INTERSECTS(geometry, POINT(117.03 31.9))"
        )

    def _array(self, operator: str, arguments: list[Any]) -> Node:
        return self._of_kind("array", operator, arguments, "e.g. A_CONTAINS(list(tags, ';'), ('a', 'b'))")

    def _of_kind(self, kind: Kind, operator: str, arguments: list[Any], hint: str) -> Node:
        values = tuple(self.value(argument) for argument in arguments)
        other = [value.kind for value in values if value.kind != kind]
        if other:
            raise InvalidInput("wrong-type", f"{operator} compares {kind}, found {other[0]}", hint=hint)
        return Call("boolean", operator, values)

    def _alike(self, left: Node, right: Node, operator: str) -> tuple[Node, Node]:
        """Bring two values to one kind, or refuse to compare them."""
        for side in (left, right):
            if side.kind in _OTHERS:
                raise InvalidInput(
                    "wrong-type",
                    f"'{operator}' cannot compare {_a(side.kind)}",
                    hint=f"use {_OTHERS[side.kind]}",
                )
        kinds = {left.kind, right.kind}
        if len(kinds) == 1 or kinds == set(NUMERIC):
            return left, right
        if kinds == {"date", "instant"}:
            return self._instant(left), self._instant(right)
        raise InvalidInput(
            "wrong-type",
            f"'{operator}' cannot compare {_a(left.kind)} with {_a(right.kind)}",
            hint=self._how_to_write(*((right, left) if isinstance(left, Constant) else (left, right))),
        )

    def _how_to_write(self, wanted: Node, other: Node) -> str:
        """Say how the other side is written, and which column it is that wants it so."""
        stored = wanted.stored if isinstance(wanted, Column) else None
        name = next((name for name, each in self.names.attributes.items() if each.stored == stored), None)
        written = _how_to_write(wanted.kind, other)
        return written if name is None else f"'{name}' is {_a(wanted.kind)}: {written}"

    def _instant(self, value: Node) -> Node:
        """Read a day as its first instant in the city's zone; a column of days has no such."""
        if value.kind == "instant":
            return value
        if not isinstance(value, Constant):
            raise InvalidInput(
                "wrong-type", "a column of days cannot be compared with an instant",
                hint="use DATE('…'), or t_before, t_after, t_intersects, …",
            )  # fmt: skip
        return Constant("instant", parse_instant(value.value.isoformat(), self.zone))


def _among(sought: Node, values: Sequence[Node]) -> Node:
    """Return the condition that a value is one of many that were written."""
    kind: Kind = "number" if any(node.kind == "number" for node in (sought, *values)) else sought.kind
    written = dict.fromkeys(node.value for node in values if isinstance(node, Constant))
    return Call("boolean", "among", (sought, Constant(kind, tuple(written))))


def _missing(node: Node) -> Node:
    """Return the condition that a value is null."""
    if isinstance(node, Shape):
        return Call("boolean", "isnull", (Column("geometry", node.stored[0]),))
    if isinstance(node, Interval):
        bounds = (node.start,) if node.lasting else (node.start, node.end)
        parts = tuple(_missing(bound) for bound in bounds if bound is not None)
        return any_in(parts) if parts else Constant("boolean", value=False)
    if node.kind == "array" and isinstance(node, Call):
        parts = tuple(_missing(element) for element in node.arguments)
        return any_in(parts) if parts else Constant("boolean", value=False)
    if node.kind == "geometry":
        return _missing(node.arguments[0]) if isinstance(node, Call) else Constant("boolean", value=False)
    return Call("boolean", "isnull", (node,))


def _number(number: float) -> Constant:
    if not math.isfinite(number) or (abs(number) >= _EXACT and number.is_integer()):
        written = f"{number:.0f}" if abs(number) < _SHORT else f"{number:g}"
        raise InvalidInput(
            "inexact-number",
            f"{written} may have been rounded: whole numbers are exact up to 2^53",
            hint="if it is an identifier, keep and compare it as text",
        )
    return Constant("integer", int(number)) if number.is_integer() else Constant("number", number)


def _check_pattern(pattern: str) -> None:
    escaped = False
    for letter in pattern:
        if escaped and letter not in "%_\\":
            break
        escaped = letter == "\\" and not escaped
    if escaped:
        raise InvalidInput(
            "bad-pattern",
            f"the pattern {pattern!r} has a backslash before nothing to escape",
            hint="write \\\\, \\% or \\_",
        )


def _a(kind: str) -> str:
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"


def _how_to_write(kind: str, other: Node) -> str:
    """Say how a value of a kind is written; a number that stands for a text, as that text."""
    text = str(other.value) if isinstance(other, Constant) and other.kind in NUMERIC else "text"
    forms = {
        "text": f"write a text as '{text}'",
        "integer": "write a number without quotes", "number": "write a number without quotes",
        "boolean": "write TRUE or FALSE", "date": "write a day as DATE('2024-03-01')",
        "instant": "write an instant as TIMESTAMP('2024-03-01T07:00:00Z')",
    }  # fmt: skip
    return forms[kind]
