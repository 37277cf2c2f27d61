"""CQL2 as it is written: text or JSON, bounded, and parsed by `cql2` to JSON.

Tested by `tests/paas/query/filter/test_law.py`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import cql2

from stcloud.errors import InvalidInput
from stcloud.paas.query.filter.literal import protect_json, protect_text, restore
from stcloud.paas.query.filter.size import check_json_size, check_mapping_size, check_size, check_tree

__all__ = ["parse_expression", "parse_filter"]

_KIND = "unreadable-filter"
_SHOWN = 200


def parse_filter(written: str | Mapping[str, Any]) -> Any:
    """Return a filter as CQL2-JSON, its literals of time as they were written.

    Raises
    ------
    InvalidInput
        ``unreadable-filter``: not CQL2, or larger or deeper than `size` lets pass.

    Examples
    --------
    >>> parse_filter("NOT height > 3")
    {'op': 'not', 'args': [{'op': '>', 'args': [{'property': 'height'}, 3.0]}]}
    >>> parse_filter("t > TIMESTAMP('2024-03-06T12:00:00')")["args"][1]
    {'timestamp': '2024-03-06T12:00:00'}
    """
    text = written.strip() if isinstance(written, str) else None
    if text is not None and not text.startswith("{"):
        tree = parse_expression(text, _KIND, "the filter")
        if tree is None:
            raise _unreadable(text, _place(text))
        return tree
    return _json(written if text is None else text)


def parse_expression(text: str, kind: str, what: str) -> Any:
    """Return CQL2 text as CQL2-JSON, also what is no condition; None where it is not CQL2.

    Parameters
    ----------
    text
        CQL2.
    kind, what
        Of an error: its kind, and what the text is.

    Raises
    ------
    InvalidInput
        Of that kind: larger or deeper than `size` lets pass. ``wrong-type``, as `protect_text`.
    """
    check_size(text, kind, what)
    protected = protect_text(text)
    try:
        tree = cql2.parse_text(protected).to_json()
    except Exception:  # noqa: BLE001  (of an empty geometry it raises nothing finer)
        return None
    tree = restore(tree)
    check_tree(tree, kind, what)
    return tree


def _json(written: str | Mapping[str, Any]) -> Any:
    try:
        if not isinstance(written, str):
            check_mapping_size(written, _KIND, "the filter")
        text = written if isinstance(written, str) else json.dumps(written, ensure_ascii=False)
    except (TypeError, ValueError) as error:
        raise InvalidInput(
            "unreadable-filter",
            f"the filter is not JSON: {error}",
            hint="give texts, numbers, lists and mappings",
        ) from None
    check_json_size(text, _KIND, "the filter")
    try:
        read = json.loads(text)
        check_tree(read, _KIND, "the filter")
        tree = cql2.parse_json(json.dumps(protect_json(read), ensure_ascii=False)).to_json()
    except InvalidInput:
        raise
    except Exception as error:
        raise _unreadable(text, "") from error
    tree = restore(tree)
    check_tree(tree, _KIND, "the filter")
    return tree


def _place(text: str) -> str:
    """Return where the parser stops at a text."""
    try:
        cql2.parse_text(text)
    except Exception as error:  # noqa: BLE001  (as above)
        where = next((line for line in str(error).splitlines() if "^" in line), "").find("^")
        return f" near character {where - 5}" if where > 5 else ""
    return ""


def _unreadable(text: str, place: str) -> InvalidInput:
    return InvalidInput(
        "unreadable-filter", f"the filter is not CQL2{place}: {_short(text)}", hint="e.g. \"status = 'open'\""
    )


def _short(text: str) -> str:
    """Return a text, or how it begins."""
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
