"""Values of a layer's description: what may be written in each field, and how it is written in the end.

Tested by `tests/daas/test_description.py`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from urllib.parse import urlsplit

from stcloud.errors import InvalidInput

__all__ = ["contact_of", "cycle_of", "is_url", "licence_of", "line_of", "text_of", "words_of"]

_LONGEST_LINE, _LONGEST_TEXT, _MOST_WORDS = 200, 5_000, 50
_CONTROLS = ("Cc", "Cs")
_EMAIL = re.compile(r"[^@\s<>()\[\],;:\"\\]+@[^@\s<>()\[\],;:\"\\.]+(\.[^@\s<>()\[\],;:\"\\.]+)+")
_DURATION = re.compile(
    r"P(?=[\dT])(\d+Y)?(\d+M)?(\d+W)?(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?", re.ASCII
)


def line_of(text: object, field: str) -> str:
    """Return a text of one line without white space at its ends; `InvalidInput` ``bad-text``."""
    return _checked(text, field, _LONGEST_LINE, breaks="")


def text_of(text: object, field: str) -> str:
    """Return a text that may have several lines; `InvalidInput` ``bad-text``."""
    return _checked(text, field, _LONGEST_TEXT, breaks="\n")


def words_of(words: object, field: str) -> tuple[str, ...]:
    """Return words, each once, in their order; a bare text has commas between them; `InvalidInput` ``bad-text``."""
    parts = words.split(",") if isinstance(words, str) else words
    if not isinstance(parts, Iterable):
        raise InvalidInput("bad-text", f"{field}: {parts!r} is no list of words")
    lines = tuple(
        dict.fromkeys(line_of(part, field) for part in parts if not isinstance(part, str) or part.strip())
    )
    if len(lines) > _MOST_WORDS:
        raise InvalidInput("bad-text", f"{field}: {len(lines)} words are more than {_MOST_WORDS}")
    return lines


def licence_of(text: object, field: str) -> str:
    """Return an SPDX identifier as SPDX writes it, or the URL of a licence; `InvalidInput` ``bad-licence``."""
    from packaging.licenses import (  # noqa: PLC0415  (a list of hundreds, which few calls need)
        InvalidLicenseExpression,
        canonicalize_license_expression,
    )

    line = line_of(text, field)
    if is_url(line):
        return line
    try:
        name = str(canonicalize_license_expression(line))
    except InvalidLicenseExpression:
        name = ""
    if not name or " " in name or "(" in name or name.startswith("LicenseRef-"):
        raise InvalidInput(
            "bad-licence", f"'{line}' is no SPDX identifier of a licence and no URL",
            hint="write one such as CC-BY-4.0, CC0-1.0, ODbL-1.0 or OGL-UK-3.0 (https://spdx.org/licenses), "
            "or the https address of the licence's text",
        )  # fmt: skip
    return name


def contact_of(text: object, field: str) -> str:
    """Return an e-mail address or a URL; `InvalidInput` ``bad-contact``."""
    line = line_of(text, field).removeprefix("mailto:")
    if not is_url(line) and not _EMAIL.fullmatch(line):
        raise InvalidInput(
            "bad-contact", f"'{line}' is no e-mail address and no URL",
            hint="write roads@example.org or https://example.org/contact",
        )  # fmt: skip
    return line


def cycle_of(text: object, field: str) -> str:
    """Return a duration as ISO 8601 writes it, longer than nothing; `InvalidInput` ``bad-cycle``."""
    line = line_of(text, field)
    duration = line.upper()
    if not _DURATION.fullmatch(duration) or not re.search(r"[1-9]", duration):
        raise InvalidInput(
            "bad-cycle", f"'{line}' is no duration of ISO 8601",
            hint="write P1D for daily, P1W for weekly, P1M for monthly, PT15M for every 15 minutes",
        )  # fmt: skip
    return duration


def is_url(text: str) -> bool:
    """Return whether a text is an address of the web.

    >>> is_url("https://example.org/licence"), is_url("example.org")
    (True, False)
    """
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and not re.search(r"[\s<>\"]", text)
    except ValueError:
        return False


def _checked(text: object, field: str, longest: int, breaks: str) -> str:
    if not isinstance(text, str):
        raise InvalidInput("bad-text", f"{field}: {text!r} is no text")
    stripped = text.replace("\r\n", "\n").strip()
    controls = {c for c in stripped if c not in breaks and unicodedata.category(c) in _CONTROLS}
    if not stripped or len(stripped) > longest or controls:
        why = (
            "is empty"
            if not stripped
            else f"has the character {min(controls)!r}"
            if controls
            else f"has {len(stripped):,} characters, more than {longest:,}"
        )
        raise InvalidInput("bad-text", f"{field}: the text {why}")
    return stripped
