"""TOML documents of the few shapes that stcloud has, and a digest in their first line.

A definition may be edited. Who does so on purpose deletes the line; without it nothing is compared.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["digest_holds", "toml_of", "with_digest", "writable"]


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


_HALF = re.compile("[\ud800-\udfff]")
_MOST_BITS = 64


def writable(document: Any) -> Any:
    r"""Return a document as it is; `ValueError` for what can be read and not written again.

    JSON can name half a character, which no file can hold, and TOML writes integers of thousands of digits.

    Examples
    --------
    >>> writable({"title": ["Straße"]})
    {'title': ['Straße']}
    >>> writable({"title": ["\ud83d"]})
    Traceback (most recent call last):
    ValueError: '\ud83d' has half a character, a lone surrogate
    """
    left = [document]
    while left:
        part = left.pop()
        if isinstance(part, str):
            if _HALF.search(part):
                raise ValueError(f"{ascii(part)[:80]} has half a character, a lone surrogate")
        elif isinstance(part, int) and part.bit_length() > _MOST_BITS:
            raise ValueError("an integer has more than 64 bits")
        elif isinstance(part, Mapping):
            left += [*part.keys(), *part.values()]
        elif isinstance(part, list | tuple):
            left += part
    return document


_LINE = re.compile(r"# digest ([0-9a-f]{16}) of the lines below: delete this line after an edit\n")
_ALIKE = re.compile(r"# digest |#.* of the lines below: ")
"""What a line with a digest begins like when one of its letters has changed."""


def with_digest(text: str) -> str:
    """Return text after a line that holds a digest of it.

    >>> digest_holds(with_digest("a = 1")), digest_holds(with_digest("a = 1").replace("1", "2"))
    (True, False)
    """
    return f"# digest {_digest(text)} of the lines below: delete this line after an edit\n{text}"


def digest_holds(text: str) -> bool | None:
    """Tell whether text is as it was when its digest was written; None: there is no digest.

    Nobody deletes a line and leaves nothing: an empty text, or the beginning of a comment, was cut.

    >>> digest_holds("a = 1") is None, digest_holds(""), digest_holds("# dig")
    (True, False, False)
    """
    line = _LINE.match(text)
    if line is None:
        says = any(line.strip() and not line.startswith("#") for line in text.splitlines())
        return None if says and not _ALIKE.match(text) else False
    return line[1] == _digest(text[line.end() :])


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
