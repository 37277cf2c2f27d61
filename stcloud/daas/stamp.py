"""Digests in the first line of a city's small text files: a definition that changed since it was written is seen.

A definition may be edited. Who does so on purpose deletes the line; without it nothing is compared.
"""

from __future__ import annotations

import hashlib
import re

__all__ = ["is_stamped_text", "stamped"]

_LINE = re.compile(r"# digest ([0-9a-f]{16}) of the lines below: delete this line after an edit\n")
_ALIKE = re.compile(r"# digest |#.* of the lines below: ")
"""What a line with a digest begins like when one of its letters has changed."""


def stamped(text: str) -> str:
    """Return text after a line that holds a digest of it.

    >>> is_stamped_text(stamped("a = 1")), is_stamped_text(stamped("a = 1").replace("1", "2"))
    (True, False)
    """
    return f"# digest {_digest(text)} of the lines below: delete this line after an edit\n{text}"


def is_stamped_text(text: str) -> bool | None:
    """Tell whether text is as it was when its digest was written; None: there is no digest.

    >>> is_stamped_text("a = 1") is None
    True
    """
    line = _LINE.match(text)
    if line is None:
        return False if _ALIKE.match(text) else None
    return line[1] == _digest(text[line.end() :])


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
