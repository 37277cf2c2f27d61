"""Text of data, made safe to show: what steers a terminal or hides is written out, as its code point."""

from __future__ import annotations

import re

__all__ = ["hides", "visible", "visible_json", "visible_lines"]

# Controls (C0, DEL, C1), marks that turn the direction of text, what has no width, line separators, tags, surrogates.
# The joiners U+200C and U+200D stay: scripts and emoji are written with them.
_RANGES = (
    "\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff"
    "\ufff9-\ufffb\U000e0000-\U000e0fff"
)
_HIDDEN = re.compile(f"[{_RANGES}]")
_IN_LINES = re.compile(f"(?![\n\t])[{_RANGES}]")
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def hides(text: str) -> bool:
    """Tell whether a text holds a character that a terminal obeys, or does not show."""
    return _HIDDEN.search(text) is not None


def visible(text: str) -> str:
    r"""Return a text as one line that a terminal only shows: hidden characters are written as escapes.

    Parameters
    ----------
    text
        Any text; one that a person or file made up.

    Examples
    --------
    >>> print(visible("a\x1b[31mb\nc\u202e"))
    a\x1b[31mb\nc\u202e
    """
    return _HIDDEN.sub(_escape, text) if hides(text) else text


def visible_lines(text: str) -> str:
    r"""Return a text as `visible` does, its line breaks and tabs kept.

    >>> visible_lines("a\nb\x07")
    'a\nb\\x07'
    """
    return _IN_LINES.sub(_escape, text)


def visible_json(text: str) -> str:
    r"""Return JSON of the same value in which every hidden character is an escape.

    >>> visible_json('{"a": "\x9b31m"}')
    '{"a": "\\u009b31m"}'
    """
    return _IN_LINES.sub(_json_escape, text)


def _escape(hit: re.Match[str]) -> str:
    letter = hit[0]
    code = ord(letter)
    return _SHORT.get(letter) or (
        f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
    )


def _json_escape(hit: re.Match[str]) -> str:
    pairs = hit[0].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{pairs[at : at + 2].hex()}" for at in range(0, len(pairs), 2))
