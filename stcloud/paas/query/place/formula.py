"""Formulas: places joined by ``and``, ``or``, ``not`` and parentheses, as people write them.

Tested by `tests/paas/query/resolve/test_sites.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from stcloud.errors import InvalidInput

__all__ = [
    "And",
    "Formula",
    "Not",
    "Or",
    "joined",
    "leaves_of",
    "mapped",
    "read_formula",
    "settled",
    "shown",
    "written",
]


@dataclass(frozen=True, slots=True)
class Not:
    """What a part does not hold."""

    part: Formula


@dataclass(frozen=True, slots=True)
class And:
    """What all parts hold; of no part, everything."""

    parts: tuple[Formula, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """What one part or more holds; of no part, nothing."""

    parts: tuple[Formula, ...]


Formula: TypeAlias = Any
"""`Not`, `And`, `Or`, or anything else: a leaf."""

_OF_WORD = {word: re.compile(rf"\s*{word}(?=[\s(]|$)", re.IGNORECASE) for word in ("and", "or", "not")}
_OF_SIGN = {"(": re.compile(r"\s*\("), ")": re.compile(r"\s*\)")}
_TOKEN = _OF_WORD | _OF_SIGN
_STOP = re.compile(r"[\"()]|\s+(?:and|or)(?=[\s(]|$)", re.IGNORECASE)
_DEEPEST = 50
_MOST = 1_000
_SHOWN = 200


def shown(text: str) -> str:
    """Return a text for a message: how it begins, if it is long.

    >>> shown("bbox:1,2,3,4"), len(shown("a" * 10_000))
    ('bbox:1,2,3,4', 201)
    """
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def read_formula(text: str) -> Formula:
    """Read places with words between them; ``not`` binds closer than ``and``, ``and`` closer than ``or``.

    Parameters
    ----------
    text
        A place ends before ``and``, ``or`` or a parenthesis that it has not opened, unless that stands in double
        quotes or in parentheses of the place's own. Case of the words does not matter.

    Returns
    -------
    A formula whose leaves are texts.

    Raises
    ------
    InvalidInput
        ``bad-formula``: with what is missing, or too much.

    Examples
    --------
    >>> read_formula("a:1 and not (b:2 or wkt:POINT (1 2))")
    And(parts=('a:1', Not(part=Or(parts=('b:2', 'wkt:POINT (1 2)')))))
    >>> read_formula('a:"bread and butter"')
    'a:"bread and butter"'
    """
    return _Reader(text).whole()


def mapped(formula: Formula, change: Callable[[Any], Formula]) -> Formula:
    """Return a formula with every leaf replaced.

    >>> mapped(Not("a"), str.upper)
    Not(part='A')
    """
    if isinstance(formula, Not):
        return Not(mapped(formula.part, change))
    if isinstance(formula, And | Or):
        return type(formula)(tuple(mapped(part, change) for part in formula.parts))
    return change(formula)


def settled(formula: Formula, *, negated: bool = False) -> Formula:
    """Return the same with ``not`` at leaves only, no part of a kind within one of its kind, none alone.

    Parameters
    ----------
    formula
        The formula.
    negated
        Return its opposite instead.

    Notes
    -----
    De Morgan's laws.

    Examples
    --------
    >>> settled(Not(Or(("a", Not("b")))))
    And(parts=(Not(part='a'), 'b'))
    """
    if isinstance(formula, Not):
        return settled(formula.part, negated=not negated)
    if isinstance(formula, And | Or):
        kind = Or if isinstance(formula, Or) is not negated else And
        parts = [settled(part, negated=negated) for part in formula.parts]
        flat = [inner for part in parts for inner in (part.parts if isinstance(part, kind) else (part,))]
        return joined(kind, flat)
    return Not(formula) if negated else formula


def joined(kind: type[And | Or], parts: Sequence[Formula]) -> Formula:
    """Return parts as one; a part alone is itself."""
    return parts[0] if len(parts) == 1 else kind(tuple(parts))


def written(formula: Formula, say: Callable[[Any], str] = str) -> str:
    """Write a formula as `read_formula` reads it.

    Parameters
    ----------
    formula
        The formula.
    say
        Writes a leaf.

    Notes
    -----
    ``read_formula(written(f)) == f`` where leaves are places as written and no part is alone or of its whole's kind.

    Examples
    --------
    >>> written(And(("a", Not(Or(("b", "c"))))))
    'a and not (b or c)'
    """
    if isinstance(formula, Not):
        return f"not {_closed(formula.part, say)}"
    if isinstance(formula, And):
        return " and ".join(_closed(part, say) for part in formula.parts)
    if isinstance(formula, Or):
        return " or ".join(_closed(part, say) for part in formula.parts)
    return say(formula)


def _closed(formula: Formula, say: Callable[[Any], str]) -> str:
    text = written(formula, say)
    return f"({text})" if isinstance(formula, And | Or) else text


class _Reader:
    """Recursive descent: some → every → operand → a place."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = self._count = 0

    def whole(self) -> Formula:
        formula = self._some()
        rest = self._text[self._at :].strip()
        if rest:
            missing = (
                "')' closes nothing" if rest[0] == ")" else f"'and' or 'or' is missing before '{shown(rest)}'"
            )
            raise self._wrong(missing)
        return formula

    def _some(self) -> Formula:
        return joined(Or, list(self._listed("or", self._every)))

    def _every(self) -> Formula:
        return joined(And, list(self._listed("and", self._operand)))

    def _listed(self, word: str, part: Callable[[], Formula]) -> Iterable[Formula]:
        yield part()
        while self._took(word):
            yield part()

    def _operand(self) -> Formula:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self._wrong(f"it is nested more than {_DEEPEST} deep")
        if self._took("not"):
            formula: Formula = Not(self._operand())
        elif self._took("("):
            formula = self._some()
            if not self._took(")"):
                raise self._wrong("a '(' is not closed")
        else:
            formula = self._place()
        self._depth -= 1
        return formula

    def _took(self, token: str) -> bool:
        match = _TOKEN[token].match(self._text, self._at)
        self._at = match.end() if match else self._at
        return match is not None

    def _place(self) -> str:
        start, stop = self._at, self._end()
        self._at, place = stop, self._text[start:stop].strip()
        self._count += 1
        if self._count > _MOST:
            raise self._wrong(f"it names more than {_MOST:,} places")
        if not place or _OF_WORD["and"].match(place) or _OF_WORD["or"].match(place):
            raise self._wrong(f"a place is missing {f'before {shown(place)!r}' if place else 'at its end'}")
        return place

    def _end(self) -> int:
        """Return where the place that starts here ends."""
        depth, quoted = 0, False
        for stop in _STOP.finditer(self._text, self._at):
            if stop[0] == '"':
                quoted = not quoted
            elif not quoted:
                if depth == 0 and stop[0] != "(":
                    return stop.start()
                depth += {"(": 1, ")": -1}.get(stop[0], 0)
        if quoted:
            raise self._wrong("a double quote is not closed")
        return len(self._text)

    def _wrong(self, what: str) -> InvalidInput:
        return InvalidInput(
            "bad-formula", f"'{shown(self._text)}' cannot be read: {what}",
            hint="write A and not (B or C), and quote an id with such words: LAYER:\"a and b\"",
        )  # fmt: skip


def leaves_of(formula: Formula) -> Iterator[Any]:
    """Give the leaves of a formula."""
    if isinstance(formula, Not):
        yield from leaves_of(formula.part)
    elif isinstance(formula, And | Or):
        for part in formula.parts:
            yield from leaves_of(part)
    else:
        yield formula
