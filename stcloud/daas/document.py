"""Writing TOML documents of the few shapes that stcloud has: plain values, lists of them, tables."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["toml_of"]


def toml_of(document: Mapping[str, Any]) -> str:
    """Return a document as TOML, plain values before tables.

    Examples
    --------
    >>> print(toml_of({"layer": "requests", "when": ["2024"], "space": {"lon": "x"}}))
    layer = "requests"
    when = ["2024"]
    <BLANKLINE>
    [space]
    lon = "x"
    <BLANKLINE>
    """
    return "\n".join(_lines(document)) + "\n"


def _lines(document: Mapping[str, Any], path: str = "") -> Iterator[str]:
    for key, value in document.items():
        if not isinstance(value, dict):
            yield f"{_key(key)} = {_quoted(value)}"
    for key, value in document.items():
        if isinstance(value, dict):
            name = f"{path}.{_key(key)}" if path else _key(key)
            if any(not isinstance(inner, dict) for inner in value.values()) or not value:
                yield f"\n[{name}]"
            yield from _lines(value, name)


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _quoted(name)


def _quoted(value: Any) -> str:
    """Write a value as TOML; it differs from JSON in one character that must be escaped."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
