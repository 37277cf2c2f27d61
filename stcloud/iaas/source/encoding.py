"""Encodings of text files: what a byte order mark means, and decoders that keep bytes which are no text."""

from __future__ import annotations

import codecs
from collections.abc import Callable

from stcloud.errors import InvalidInput

__all__ = ["decoder", "known_encoding", "marked_encoding"]

_ESCAPE = "stcloud-escape"
_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32"),  # it begins like that of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def marked_encoding(head: bytes) -> str | None:
    """Return the encoding of 16 or 32 bits that a byte order mark at the beginning of a file names; None: none.

    >>> marked_encoding("a".encode("utf-16")), marked_encoding(b"a,b")
    ('utf-16', None)
    """
    return next((name for prefix, name in _BOMS if head.startswith(prefix)), None)


def known_encoding(name: str) -> str:
    """Return Python's name of an encoding of text.

    Raises
    ------
    InvalidInput
        ``unknown-encoding``: there is none, or it cannot decode a file piece by piece.
    """
    try:
        "".encode(name)  # refuses codecs that are not of text
        codecs.getincrementaldecoder(name)(_ESCAPE).decode(b"", True)  # noqa: FBT003
        return codecs.lookup(name).name
    except (LookupError, UnicodeError, ValueError) as error:
        raise InvalidInput(
            "unknown-encoding", f"there is no encoding {name!r}", hint="e.g. utf-8, gb18030"
        ) from error


def decoder(name: str) -> Callable[[bytes, bool], str]:
    """Return a function that decodes a file piece by piece; bytes that are no text become lone surrogates."""
    return codecs.getincrementaldecoder(name)(_ESCAPE).decode


def _escaped(error: UnicodeError) -> tuple[str, int]:
    """Return bytes that are no text as halves of surrogate pairs, which are no UTF-8."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "".join(chr(0xDC00 + byte) for byte in error.object[error.start : error.end]), error.end


codecs.register_error(_ESCAPE, _escaped)
