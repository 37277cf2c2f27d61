"""File objects: their bytes, or their text as UTF-8, from where they are read next to their end.

Tested by `tests/iaas/source/memory/test_content.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path, PurePath
from typing import Any

from stcloud.errors import InvalidInput
from stcloud.iaas.source.registry import format_named, formats
from stcloud.iaas.source.sourcefile import SourceFile

__all__ = ["is_file_object", "spool_content"]

_CHUNK = 4 << 20
_MAGIC = {
    b"PAR1": ".parquet", b"SQLite format 3\0": ".gpkg", b"fgb\x03": ".fgb", b"{": ".json", b"[": ".json",
}  # fmt: skip
"""How the content of formats begins that cannot be mistaken."""
_BLANKS = re.compile(rb"(\xef\xbb\xbf)?[ \t\r\n\x1e]*")


def is_file_object(given: object) -> bool:
    """Return whether an object is open to be read."""
    return callable(getattr(given, "read", None))


def spool_content(given: Any, folder: Path, tell: Callable[[int], object], form: str | None) -> SourceFile:
    """Write the content of a file object to a file; memory holds a piece of it.

    Parameters
    ----------
    given
        An object that is open to be read, in binary or as text.
    folder, tell
        Where the file is put; called with the number of bytes that are written.
    form
        Format of the content by the name of a format or a suffix; None: from the name of the object, or from how the
        content begins.

    Raises
    ------
    InvalidInput
        ``empty-source``; ``unknown-format``: there is no such format.
    """
    name = _name(given)
    path = folder / "content"
    size, texts = 0, False
    with path.open("wb") as file:
        while piece := given.read(_CHUNK):
            texts = isinstance(piece, str)
            size += file.write(piece.encode("utf-8", "surrogateescape") if isinstance(piece, str) else piece)
            tell(size)
    if not size:
        raise InvalidInput(
            "empty-source", f"{name or type(given).__name__} holds nothing from where it is read next",
            hint="to read it again from its beginning: seek(0)",
        )  # fmt: skip
    stated, suffix = (None, "") if form is None else format_named(form)
    spooled = path.with_name(f"content{suffix or _suffixes(name) or _begun(path)}")
    path.rename(spooled)
    known = name or f"{type(given).__name__} of {size:,} bytes"
    return SourceFile(spooled, known, None, stated, "utf-8" if texts else None)


def _name(given: Any) -> str | None:
    """Return the name of an object's file, without its folder; None if it has none."""
    name = getattr(given, "name", None)
    return PurePath(name).name.strip("<>") if isinstance(name, str) and name else None


def _suffixes(name: str | None) -> str:
    """Return the suffixes of a name if they tell a format."""
    suffixes = [suffix.lower() for suffix in PurePath(name or "").suffixes]
    packed = suffixes.pop() if suffixes[-1:] == [".gz"] else ""
    known = {suffix for entry in formats() for suffix in entry.suffixes}
    return suffixes[-1] + packed if suffixes and suffixes[-1] in known else ""


def _begun(path: Path) -> str:
    """Return the suffix of the format that the content begins as; empty if that may be several."""
    with path.open("rb") as file:
        head = file.read(64)
    blanks = _BLANKS.match(head)
    head = head[blanks.end() :] if blanks else head
    return next((suffix for magic, suffix in _MAGIC.items() if head.startswith(magic)), "")
