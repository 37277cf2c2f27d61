"""Filters as they are written: CQL2 text or JSON, parsed by `cql2` to JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import cql2

from stcloud.errors import InvalidInput

__all__ = ["parse_filter"]

_DEEPEST = 60


def parse_filter(asked: str | Mapping[str, Any]) -> Any:
    """Return a filter as CQL2-JSON.

    Raises
    ------
    InvalidInput
        ``unreadable-filter``: not CQL2, or nested more than 60 deep.

    Examples
    --------
    >>> parse_filter("NOT height > 3")
    {'op': 'not', 'args': [{'op': '>', 'args': [{'property': 'height'}, 3.0]}]}
    """
    text = (asked if isinstance(asked, str) else json.dumps(asked, ensure_ascii=False)).strip()
    if _depth(text) > _DEEPEST * 4:
        raise _too_deep()
    try:
        tree = (cql2.parse_json if text.startswith("{") else cql2.parse_text)(text).to_json()
    except Exception as error:  # of an empty geometry it raises nothing finer
        where = next((line for line in str(error).splitlines() if "^" in line), "").find("^")
        spot = f" near character {where - 5}" if where > 5 else ""
        raise InvalidInput(
            "unreadable-filter", f"the filter is not CQL2{spot}: {text}", hint="e.g. \"status = 'open'\""
        ) from error
    if _nested(tree) > _DEEPEST:
        raise _too_deep()
    return tree


def _depth(text: str) -> int:
    """Return how many brackets are open at once at most; the parser's own stack is not without end."""
    depth = deepest = 0
    for letter in text:
        depth += (letter in "([{") - (letter in ")]}")
        deepest = max(deepest, depth)
    return deepest


def _nested(tree: Any) -> int:
    """Return how deep operators are nested."""
    depth, level = 0, [tree]
    while level:
        inner: list[Any] = []
        for node in level:
            inner += (
                (node.get("args") or []) if isinstance(node, dict) else node if isinstance(node, list) else []
            )
        depth, level = depth + 1, inner
    return depth


def _too_deep() -> InvalidInput:
    return InvalidInput(
        "unreadable-filter",
        f"the filter is nested more than {_DEEPEST} deep",
        hint="ask it in several filters",
    )
