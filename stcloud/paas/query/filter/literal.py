"""Literals of time, kept from the parser as they are written.

`cql2` reads a timestamp without an offset as UTC, and gives it a ``Z``; here it is on the city's wall clock. So
such literals go through the parser with a mark that makes them no timestamps for it, and lose the mark after it.
"""

from __future__ import annotations

import re
from typing import Any

from stcloud.errors import InvalidInput

__all__ = ["protect_json", "protect_text", "restore"]

_KEPT = "\ue000"
"""The mark: of Unicode's private use, at the end of a literal."""
_TEXT = r"'(?:[^']|'')*+'"
_SPLIT = re.compile(rf"({_TEXT}|\"[^\"]*+\"|\b(?:TIMESTAMP|INTERVAL|DATE)\s*+\(|[()])", re.IGNORECASE)
_END = re.compile(r"\s*+([,)])")
_OFFSET = re.compile(r"\d{2}:\d{2}.*(?:[Zz]|[+-]\d{2}(?::?\d{2})?)$", re.DOTALL)


def protect_text(text: str) -> str:
    """Return CQL2 text whose timestamps and bounds of intervals without an offset stay as they are.

    Raises
    ------
    InvalidInput
        ``wrong-type``: ``DATE`` or ``TIMESTAMP`` of more than one text, of which the parser drops all but the first.

    Examples
    --------
    >>> protect_text("t > TIMESTAMP('2024-03-06T12:00:00') AND note = 'TIMESTAMP('").replace(_KEPT, "|")
    "t > TIMESTAMP('2024-03-06T12:00:00|') AND note = 'TIMESTAMP('"
    """
    parts: list[str] = []
    calls: list[str] = []
    start = 0
    for token in _SPLIT.finditer(text):
        written = token[0]
        parts.append(text[start : token.start()])
        start = token.end()
        if written.endswith("("):
            calls.append(written[:-1].strip().upper())
        elif written == ")":
            calls = calls[:-1]
        elif calls and calls[-1] and written.startswith("'"):
            _refuse_several(calls[-1], text, start)
            if calls[-1] != "DATE":
                written = f"'{_protected(written[1:-1])}'"
        parts.append(written)
    return "".join([*parts, text[start:]])


def _refuse_several(word: str, text: str, after: int) -> None:
    end = _END.match(text, after)
    if word != "INTERVAL" and end is not None and end[1] == ",":
        raise InvalidInput(
            "wrong-type", f"{word} takes one text, found several",
            hint="write an interval as INTERVAL('2024-03-01', '2024-03-31')",
        )  # fmt: skip


def _protected(written: str) -> str:
    """Return a literal with the mark, unless it is open or has an offset: such the parser reads as we do."""
    return written if written == ".." or _OFFSET.search(written) else written + _KEPT


def protect_json(tree: Any) -> Any:
    """Return CQL2-JSON whose timestamps and bounds of intervals without an offset stay as they are."""
    return _changed(tree, _protected)


def restore(tree: Any) -> Any:
    """Return CQL2-JSON with literals as they were written.

    >>> restore({"timestamp": "2024-03-06T12:00:00" + _KEPT})
    {'timestamp': '2024-03-06T12:00:00'}
    """
    return _changed(tree, lambda written: written.removesuffix(_KEPT))


def _changed(tree: Any, change: Any) -> Any:
    if isinstance(tree, list):
        return [
            _changed(element, change) if isinstance(element, list | dict) else element for element in tree
        ]
    if not isinstance(tree, dict):
        return tree
    made = {
        key: _changed(value, change) if isinstance(value, list | dict) else value
        for key, value in tree.items()
    }
    if isinstance(made.get("timestamp"), str):
        made["timestamp"] = change(made["timestamp"])
    if isinstance(made.get("interval"), list):
        made["interval"] = [change(bound) if isinstance(bound, str) else bound for bound in made["interval"]]
    return made
