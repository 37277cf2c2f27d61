"""Hypothesis strategies of filters: CQL2-JSON of all operators that are known, over the columns of `typed_events`.

Tested by `tests/properties/test_query.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

__all__ = ["DAYS", "TEXTS", "filters"]

Json = Any

TEXTS = (
    "a",
    "A",
    "ab",
    "a%b",
    "a_b",
    "a\\b",
    "%",
    "_",
    "\\",
    "é",
    "路灯",
    "it's",
    'q"',
    "two\nlines",
    " b ",
    "z",
)
DAYS = ("1900-01-01", "1969-12-31", "1970-01-01", "2024-02-29", "2024-03-10", "2024-11-03", "2100-12-31")
_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "number": ("n", "m", "i"),
    "text": ("note", "id"),
    "boolean": ("ok",),
    "date": ("day",),
    "instant": ("at", "done"),
}
_SIMPLE = ("compare", "compare", "between", "in", "like", "like", "isNull", "column")
_JOINED = ("not", "isNull", "and", "or")
_NUMBERS = (0, 1, 2, 3, 7, -1, -5, 0.1, 0.2, 0.3, 2.5, -1.5, 1e-9, 1000)


@st.composite
def filters(draw: st.DrawFn, *, depth: int = 3, temporal: bool = True) -> Json:
    """Draw a condition.

    Parameters
    ----------
    depth
        How deep conditions are nested.
    temporal
        False: without days and instants.
    """
    inner = filters(depth=depth - 1, temporal=temporal)
    form = draw(st.sampled_from((*_SIMPLE, *_JOINED) if depth else _SIMPLE))
    kind = draw(
        st.sampled_from(["number", "number", "text", "boolean", *(["date", "instant"] if temporal else [])])
    )
    match form:
        case "and" | "or":
            return _op(form, *draw(st.lists(inner, min_size=2, max_size=3)))
        case "not":
            return _op(form, draw(inner))
        case "isNull":
            return _op(form, draw(st.one_of(inner, _named(kind)) if depth else _named(kind)))
        case "column":
            return draw(_named("boolean"))
        case "like":
            return _op(form, draw(_named("text")), draw(_patterns()))
    return draw(_of_kind(form, kind))


def _op(name: str, *arguments: Json) -> Json:
    return {"op": name, "args": list(arguments)}


def _named(kind: str) -> st.SearchStrategy[Json]:
    return st.sampled_from(_COLUMNS[kind]).map(lambda name: {"property": name})


def _of_kind(form: str, kind: str) -> st.SearchStrategy[Json]:
    left, right = (_numbers(), _numbers()) if kind == "number" else (_named(kind), _values(kind))
    if form == "between":
        return st.builds(lambda value, low, high: _op("between", value, low, high), left, right, right)
    if form == "in" and kind != "boolean":
        words = st.lists(_literals(kind), min_size=1, max_size=4)
        return st.builds(lambda value, several: _op("in", value, several), left, words)
    return st.builds(_op, st.sampled_from(["=", "<>", "<", "<=", ">", ">="]), left, right)


def _literals(kind: str) -> st.SearchStrategy[Json]:
    words: Mapping[str, st.SearchStrategy[Json]] = {
        "number": st.sampled_from(_NUMBERS),
        "text": st.sampled_from((*TEXTS, "", "k01", "b")),
        "boolean": st.booleans(),
        "date": st.sampled_from(DAYS).map(lambda day: {"date": day}),
        "instant": st.tuples(st.sampled_from(DAYS), st.sampled_from(("Z", "", "+08:00"))).map(
            lambda two: {"timestamp": f"{two[0]}T05:00:00{two[1]}"}
        ),
    }
    return words[kind]


def _values(kind: str) -> st.SearchStrategy[Json]:
    """Draw columns and literals; a day is an instant too."""
    days = [_literals("date")] if kind == "instant" else []
    return st.one_of(_named(kind), _literals(kind), *days)


@st.composite
def _numbers(draw: st.DrawFn, depth: int = 2) -> Json:
    """Draw a column, a number, or arithmetic, with many a division by what may be zero or null."""
    form = draw(st.sampled_from(["column", "column", "literal", *("+-*///" if depth else [])]))
    if form in ("column", "literal"):
        return draw(_named("number") if form == "column" else _literals("number"))
    return _op(form, draw(_numbers(depth - 1)), draw(_numbers(depth - 1)))


@st.composite
def _patterns(draw: st.DrawFn) -> str:
    """Draw patterns that some text fits, or nearly: letters escaped, any one, any number, or left out."""
    parts = []
    for letter in draw(st.sampled_from((*TEXTS, "k01"))):
        literal = f"\\{letter}" if letter in "%_\\" else letter
        parts.append(draw(st.sampled_from([literal, literal, literal, "_", "%", ""])))
    return "".join(parts) + draw(st.sampled_from(["", "", "%", "a"]))
