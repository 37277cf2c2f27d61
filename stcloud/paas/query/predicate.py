"""What: a CQL2 filter, parsed by `cql2`, checked here against the layer's columns, compiled to SQL.

`cql2` takes any function, impossible dates, and rounds integers beyond 2^53: we refuse these. Values are bound,
never pasted. Nulls follow SQL's three values: a comparison with null is unknown, and unknown is not kept.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import cql2
from sqlglot import exp

from stcloud.daas.schema import Attribute
from stcloud.errors import InvalidInput, NotFound, Unsupported, nearest
from stcloud.paas.query.binder import Binder
from stcloud.paas.query.sql import all_of, any_of, column
from stcloud.time import Zone, parse_instant

__all__ = ["Predicate", "Term", "read_term"]

_COMPARE: Mapping[str, type[exp.Binary]] = {
    "=": exp.EQ, "<>": exp.NEQ, "<": exp.LT, "<=": exp.LTE, ">": exp.GT, ">=": exp.GTE,
}  # fmt: skip
_ARITHMETIC: Mapping[str, type[exp.Binary]] = {"+": exp.Add, "-": exp.Sub, "*": exp.Mul, "/": exp.Div}
_EXACT = 2**53
_NUMERIC = {"integer", "number"}


@dataclass(frozen=True, slots=True)
class Term:
    """An SQL expression and the type of its values; a literal also keeps its value."""

    sql: exp.Expression
    type: str
    literal: Any = None


@dataclass(frozen=True, slots=True)
class Predicate:
    """A filter that fits a layer.

    Parameters
    ----------
    json
        CQL2-JSON in canonical text.
    said
        As it was written.

    Examples
    --------
    >>> Predicate.read("height > 3", {"height": Attribute("height", "height", "number")}, Zone("UTC")).json
    '{"op": ">", "args": [{"property": "height"}, 3.0]}'
    """

    json: str
    said: str

    def __str__(self) -> str:
        return f"what {self.said}"

    @classmethod
    def read(
        cls, asked: str | Mapping[str, Any], attributes: Mapping[str, Attribute], zone: Zone
    ) -> Predicate:
        """Read CQL2 text or JSON and check it against a layer's columns.

        Raises
        ------
        InvalidInput
            ``unreadable-filter``, ``wrong-type``, ``inexact-number``, ``impossible-date``, ``bad-pattern``.
        NotFound
            ``unknown-column``, with the nearest.
        Unsupported
            ``unsupported-operator``.
        """
        text = asked if isinstance(asked, str) else json.dumps(asked, ensure_ascii=False)
        tree = _parse(text)
        predicate = cls(json.dumps(tree, ensure_ascii=False), text.strip())
        predicate.compile(attributes, zone, Binder())
        return predicate

    def compile(self, attributes: Mapping[str, Attribute], zone: Zone, binder: Binder) -> exp.Expression:
        """Return the filter as SQL over stored columns; its values go to ``binder``."""
        found = _Compiler(attributes, zone, binder).value(json.loads(self.json))
        if found.type != "boolean":
            raise InvalidInput("wrong-type", f"'{self.said}' is {_a(found.type)}, not a condition")
        return found.sql


def read_term(tree: Any, attributes: Mapping[str, Attribute], zone: Zone, binder: Binder) -> Term:
    """Return a value of CQL2-JSON over stored columns; raises as `Predicate.read`."""
    return _Compiler(attributes, zone, binder).value(tree)


def _parse(text: str) -> Any:
    stripped = text.strip()
    try:
        if stripped.startswith("{"):
            return cql2.parse_json(stripped).to_json()
        return cql2.parse_text(stripped).to_json()
    except (cql2.ParseError, cql2.ValidationError, ValueError) as error:
        where = next((line for line in str(error).splitlines() if "^" in line), "").find("^")
        spot = f" near character {where - 5}" if where > 5 else ""
        raise InvalidInput(
            "unreadable-filter", f"the filter is not CQL2{spot}: {stripped}", hint="e.g. \"status = 'open'\""
        ) from error


class _Compiler:
    """One walk over a CQL2-JSON tree."""

    def __init__(self, attributes: Mapping[str, Attribute], zone: Zone, binder: Binder) -> None:
        self._attributes = attributes
        self._zone = zone
        self._binder = binder

    def value(self, node: Any) -> Term:
        if isinstance(node, bool):
            return Term(exp.true() if node else exp.false(), "boolean", node)
        if isinstance(node, int | float):
            return self._number(float(node))
        if isinstance(node, str):
            return Term(self._binder.bind(node), "text", node)
        if isinstance(node, dict):
            return self._mapping(node)
        raise _unsupported(f"the value {json.dumps(node)}")

    def _mapping(self, node: Mapping[str, Any]) -> Term:
        if "property" in node:
            return self._column(str(node["property"]))
        if "date" in node:
            return self._date(str(node["date"]))
        if "timestamp" in node:
            return self._timestamp(str(node["timestamp"]))
        if "op" in node:
            operator = str(node["op"]).lower()
            return self._operator(operator)(operator, node.get("args", []))
        raise _unsupported(f"'{next(iter(node), '{}')}'")

    def _operator(self, operator: str) -> Callable[[str, list[Any]], Term]:
        if operator in _COMPARE:
            return self._compare
        if operator in _ARITHMETIC:
            return self._arithmetic
        known: Mapping[str, Callable[[str, list[Any]], Term]] = {
            "and": self._connect, "or": self._connect, "not": self._not, "isnull": self._is_null,
            "like": self._like, "between": self._between, "in": self._in,
        }  # fmt: skip
        if operator not in known:
            raise _unsupported(f"'{operator}'")
        return known[operator]

    def _number(self, number: float) -> Term:
        if abs(number) >= _EXACT and number.is_integer():
            raise InvalidInput(
                "inexact-number",
                f"{number:.0f} may have been rounded: whole numbers are exact up to 2^53",
                hint="if it is an identifier, keep and compare it as text",
            )
        exact = int(number) if number.is_integer() else number
        kind = "integer" if isinstance(exact, int) else "number"
        return Term(self._binder.bind(exact), kind, exact)

    def _column(self, name: str) -> Term:
        attribute = self._attributes.get(name)
        if attribute is None:
            have = ", ".join(list(self._attributes)[:30])
            raise NotFound(
                "unknown-column",
                f"there is no column '{name}' (there are: {have})",
                nearest=nearest(name, self._attributes),
            )
        return Term(column(attribute.stored), attribute.type)

    def _date(self, text: str) -> Term:
        try:
            day = date.fromisoformat(text)
        except ValueError as error:
            raise InvalidInput(
                "impossible-date", f"{text!r} is no day", hint="write e.g. DATE('2024-03-01')"
            ) from error
        return Term(exp.cast(self._binder.bind(day), "date"), "date", day)

    def _timestamp(self, text: str) -> Term:
        try:
            datetime.fromisoformat(text)
        except ValueError as error:
            raise InvalidInput(
                "impossible-date",
                f"{text!r} is no instant",
                hint="write e.g. TIMESTAMP('2024-03-01T07:00:00Z')",
            ) from error
        at_us = parse_instant(text, self._zone)
        return Term(self._binder.instant(at_us), "instant", at_us)

    def _connect(self, operator: str, arguments: list[Any]) -> Term:
        parts = [self._condition(argument) for argument in arguments]
        return Term(all_of(parts) if operator == "and" else any_of(parts), "boolean")

    def _not(self, _: str, arguments: list[Any]) -> Term:
        return Term(exp.Paren(this=exp.Not(this=exp.Paren(this=self._condition(arguments[0])))), "boolean")

    def _is_null(self, _: str, arguments: list[Any]) -> Term:
        found = exp.Is(this=self.value(arguments[0]).sql, expression=exp.null())
        return Term(exp.Paren(this=found), "boolean")

    def _condition(self, node: Any) -> exp.Expression:
        found = self.value(node)
        if found.type != "boolean":
            raise InvalidInput(
                "wrong-type", f"{json.dumps(node, ensure_ascii=False)} is {_a(found.type)}, not a condition"
            )
        return found.sql

    def _compare(self, operator: str, arguments: list[Any]) -> Term:
        left, right = self._alike(self.value(arguments[0]), self.value(arguments[1]), operator)
        return Term(exp.Paren(this=_COMPARE[operator](this=left.sql, expression=right.sql)), "boolean")

    def _between(self, _: str, arguments: list[Any]) -> Term:
        low = self._compare(">=", [arguments[0], arguments[1]])
        high = self._compare("<=", [arguments[0], arguments[2]])
        return Term(all_of([low.sql, high.sql]), "boolean")

    def _in(self, _: str, arguments: list[Any]) -> Term:
        equal = [self._compare("=", [arguments[0], one]).sql for one in arguments[1]]
        return Term(any_of(equal), "boolean")

    def _like(self, _: str, arguments: list[Any]) -> Term:
        value, pattern = self.value(arguments[0]), self.value(arguments[1])
        if value.type != "text" or not isinstance(pattern.literal, str):
            raise InvalidInput("wrong-type", "LIKE compares a text with a pattern such as 'Smith%'")
        _check_pattern(pattern.literal)
        like = exp.Like(this=value.sql, expression=pattern.sql)
        return Term(exp.Paren(this=exp.Escape(this=like, expression=exp.Literal.string("\\"))), "boolean")

    def _arithmetic(self, operator: str, arguments: list[Any]) -> Term:
        left, right = (self.value(argument) for argument in arguments)
        if not {left.type, right.type} <= _NUMERIC:
            raise InvalidInput(
                "wrong-type", f"'{operator}' needs two numbers, found {left.type} and {right.type}"
            )
        first: exp.Expression = exp.cast(left.sql, "double")
        second: exp.Expression = exp.cast(right.sql, "double")
        if operator == "/":
            zero = exp.cast(exp.Literal.number(0), "double")
            # -0.0, which NULLIF does not take for 0 everywhere, becomes 0 when 0 is added.
            second = exp.Nullif(this=exp.Add(this=second, expression=zero), expression=zero.copy())
        return Term(exp.Paren(this=_ARITHMETIC[operator](this=first, expression=second)), "number")

    def _alike(self, left: Term, right: Term, operator: str) -> tuple[Term, Term]:
        """Bring two values to one type, or refuse to compare them."""
        if left.type == right.type or {left.type, right.type} == _NUMERIC:
            return left, right
        if {left.type, right.type} == {"date", "instant"}:
            return self._instant(left), self._instant(right)
        raise InvalidInput(
            "wrong-type",
            f"'{operator}' cannot compare {_a(left.type)} with {_a(right.type)}",
            hint=_how_to_write(left.type if left.literal is None else right.type),
        )

    def _instant(self, value: Term) -> Term:
        """Read a day as its first instant in the city's zone; a column of days has no such."""
        if value.type == "instant":
            return value
        if value.literal is None:
            raise InvalidInput(
                "wrong-type", "a column of days cannot be compared with an instant", hint="use DATE('…')"
            )
        at_us = parse_instant(value.literal.isoformat(), self._zone)
        return Term(self._binder.instant(at_us), "instant", at_us)


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


def _how_to_write(kind: str) -> str:
    forms = {
        "text": "write a text as 'text'", "integer": "write a number without quotes",
        "number": "write a number without quotes",
        "boolean": "write TRUE or FALSE", "date": "write a day as DATE('2024-03-01')",
        "instant": "write an instant as TIMESTAMP('2024-03-01T07:00:00Z')",
    }  # fmt: skip
    return forms[kind]


def _unsupported(what: str) -> Unsupported:
    return Unsupported(
        "unsupported-operator",
        f"this version cannot answer {what} in a filter",
        hint="use =, <>, <, <=, >, >=, LIKE, BETWEEN, IN, IS NULL, AND, OR, NOT, +, -, * and /",
    )
