"""Bounds of what is given to a parser: its stack is not without end, and a process that dies says nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from stcloud.errors import InvalidInput

__all__ = ["check_json_size", "check_mapping_size", "check_size", "check_tree"]

LONGEST = 4_000_000
"""Characters."""
MOST_VALUES = 50_000
"""Elements of lists and vertices of shapes, counted by their commas."""
MOST_CONDITIONS = 2_000
"""Conditions that ``AND`` and ``OR`` join in one bracket."""
MOST_TERMS = 59
"""Operators within a condition, outside brackets."""
DEEPEST = 60
"""Operators within operators."""
_DEEPEST_BRACKETS = 200
_MOST_TOKENS = 400_000
_COMMAS_OF_A_VERTEX = 3  # in JSON: between vertices, and between a vertex's numbers
_TOKEN = re.compile(r"'[^']*+'|\"[^\"]*+\"|[^\W\d][\w.]*+|\d[\w.]*+|[(),]|<>|!=|<=|>=|[-+*/^%<>=]")
_NESTED = re.compile(r'"(?:[^"\\]|\\.)*+"|[\[\]{}]', re.DOTALL)
_JOINS, _INNER = ("AND", "OR"), ("DIV", "LIKE", "IN", "IS", "BETWEEN")
_WORDS = frozenset(("NOT", *_JOINS, *_INNER))
_OPERATORS = frozenset(("+", "-", "*", "/", "^", "%", "<", ">", "=", "<>", "!=", "<=", ">="))


def check_size(text: str, kind: str, what: str) -> None:
    """Refuse CQL2 text that a parser may not survive.

    Parameters
    ----------
    text
        Not yet parsed.
    kind
        Of the error.
    what
        What the text is, for people.

    Raises
    ------
    InvalidInput
        It is too long, has too many values, too many operators beside each other, or too many within each other.
    """
    _check_length(text, kind, what)
    _Levels(kind, what).read(text)


def check_json_size(text: str, kind: str, what: str) -> None:
    """Refuse CQL2-JSON that a parser may not survive; as `check_size`."""
    _check_length(text, kind, what, MOST_VALUES * _COMMAS_OF_A_VERTEX)
    depth = 0
    for token in _NESTED.finditer(text):
        if token[0] in "[{":
            depth += 1
            if depth > _DEEPEST_BRACKETS:
                raise _too_deep(kind, what)
        elif token[0] in "]}":
            depth -= 1


def check_tree(tree: Any, kind: str, what: str) -> None:
    """Refuse CQL2-JSON whose operators are nested more than `DEEPEST` deep, or join too many conditions."""
    depth, level = 0, [tree]
    while level:
        inner: list[Any] = []
        for node in level:
            parts = (node.get("args") or []) if isinstance(node, dict) else node
            if not isinstance(parts, list):
                continue
            if isinstance(node, dict) and len(parts) > MOST_CONDITIONS:
                raise _too_many(kind, what)
            inner += [part for part in parts if isinstance(part, dict | list)]
        depth, level = depth + 1, inner
        if depth > DEEPEST:
            raise _too_deep(kind, what)


def check_mapping_size(tree: Any, kind: str, what: str) -> None:
    """Refuse a mapping that is too large or too deep to be written as JSON; as `check_size`."""
    depth, values, level = 0, 0, [tree]
    while level:
        inner: list[Any] = []
        for node in level:
            parts = list(node.values()) if isinstance(node, Mapping) else node
            values += len(parts)
            if values > MOST_VALUES * 2 * _COMMAS_OF_A_VERTEX:
                raise _too_large(kind, what, f"{MOST_VALUES:,} values or vertices")
            inner += [part for part in parts if isinstance(part, Mapping | list | tuple)]
        depth, level = depth + 1, inner
        if depth > _DEEPEST_BRACKETS:
            raise _too_deep(kind, what)


def _check_length(text: str, kind: str, what: str, values: int = MOST_VALUES) -> None:
    if len(text) > LONGEST:
        raise _too_large(kind, what, f"{LONGEST:,} characters")
    if text.count(",") > values:
        raise _too_large(kind, what, f"{MOST_VALUES:,} values or vertices")


def _too_large(kind: str, what: str, bound: str) -> InvalidInput:
    return InvalidInput(
        kind, f"{what} has more than {bound}",
        hint="load the values as a layer and name it as a place, or ask several times",
    )  # fmt: skip


class _Levels:
    """Counts operators and brackets of a text, bracket by bracket; commas begin anew."""

    def __init__(self, kind: str, what: str) -> None:
        self._kind, self._what = kind, what
        self._outer: list[tuple[int, int, int]] = []
        self._depth = self._prefixes = self._joins = self._terms = 0
        self._operand = False

    def read(self, text: str) -> None:
        for number, token in enumerate(_TOKEN.finditer(text)):
            self._take(token[0])
            if number > _MOST_TOKENS:
                raise _too_large(self._kind, self._what, f"{_MOST_TOKENS:,} words and numbers")

    def _take(self, written: str) -> None:
        if written == "(":
            self._outer.append((self._prefixes, self._joins, self._terms))
            self._depth += self._prefixes + 1
            self._begin()
        elif written == ")":
            if self._outer:
                self._prefixes, self._joins, self._terms = self._outer.pop()
                self._depth -= self._prefixes + 1
            self._prefixes, self._operand = 0, True
        elif written == ",":
            self._begin()
        elif written in _OPERATORS:
            self._operator()
        elif written.upper() in _WORDS:
            self._word(written.upper())
        else:
            self._prefixes, self._operand = 0, True
        self._check()

    def _begin(self) -> None:
        self._prefixes = self._joins = self._terms = 0
        self._operand = False

    def _operator(self) -> None:
        if self._operand:
            self._terms += 1
            self._operand = False
        else:
            self._prefixes += 1

    def _word(self, word: str) -> None:
        if word == "NOT":
            self._prefixes += 1
            return
        if word in _JOINS:
            self._joins += 1
            self._terms = 0
        else:
            self._terms += 1
        self._prefixes, self._operand = 0, False

    def _check(self) -> None:
        if self._depth + self._prefixes > _DEEPEST_BRACKETS or self._prefixes > DEEPEST:
            raise _too_deep(self._kind, self._what)
        if self._joins >= MOST_CONDITIONS:
            raise _too_many(self._kind, self._what)
        if self._terms > MOST_TERMS:
            raise InvalidInput(
                self._kind, f"{self._what} has more than {MOST_TERMS} operators in a row",
                hint="ask it in several parts, or add the sum to the layer as a column",
            )  # fmt: skip


def _too_deep(kind: str, what: str) -> InvalidInput:
    return InvalidInput(kind, f"{what} is nested more than {DEEPEST} deep", hint="ask it in several parts")


def _too_many(kind: str, what: str) -> InvalidInput:
    return InvalidInput(
        kind, f"{what} joins more than {MOST_CONDITIONS:,} conditions",
        hint="compare with many values at once: COLUMN IN (…)",
    )  # fmt: skip
