"""JSON text, read value by value: neither a long file nor a deep, wide or blank one is held whole.

Bytes that are no UTF-8 become lone surrogates (see `os.fsencode`), so that the row which holds them can be
refused and not the file.

Tested by ``tests/iaas/source/test_registry.py``.
"""

from __future__ import annotations

import codecs
import json
import re
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

from stcloud.errors import InvalidInput
from stcloud.iaas.source.archive import opened
from stcloud.iaas.source.encoding import decoder, marked_encoding

__all__ = ["MOST_COLUMNS", "JsonText", "check_columns"]

MOST_COLUMNS = 5_000
"""Columns of a source, at most."""
_BLOCK_BYTES = 4 << 20
_MOST_TEXT = 256 << 20
_MOST_BLANKS = 64 << 20
_NEAR_END = 16
_BLANKS = re.compile("[ \t\r\n\x1e\ufeff]*")


def check_columns(path: object, count: int) -> None:
    """Refuse with ``too-many-columns`` a source of more columns than a layer can have."""
    if count > MOST_COLUMNS:
        raise InvalidInput(
            "too-many-columns", f"{path} has more than {MOST_COLUMNS:,} columns",
            hint="put what varies from row to row into rows, or into one nested value",
        )  # fmt: skip


class JsonText:
    """A file of JSON, gzip-compressed or not, and where its reader is.

    Parameters
    ----------
    path
        The file.
    name
        What to call it in errors.
    decoder
        How values are read.
    """

    def __init__(self, path: Path, name: str, decoder: json.JSONDecoder) -> None:
        self._name = name
        self._file = opened(path)
        self._decode: Callable[[bytes, bool], str] = codecs.getincrementaldecoder("utf-8")(
            "surrogateescape"
        ).decode
        self._begun = False
        self._read = decoder.raw_decode
        self._text, self._at, self._ended = "", 0, False
        self.taken = 0
        """Values read so far by `value`."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.__exit__(None, None, None)

    def peek(self) -> str:
        """Return the next letter that is no white space, or nothing at the end."""
        blanks = 0
        while True:
            blank = _BLANKS.match(self._text, self._at)
            end = blank.end() if blank else self._at
            blanks += end - self._at
            self._at = end
            if end < len(self._text):
                return self._text[end]
            if blanks > _MOST_BLANKS:
                raise self.unreadable("it holds nothing but white space for 64 MB")
            if not self._fill():
                return ""

    def take(self, letters: str) -> str:
        """Take the next letter, which is one of ``letters``."""
        letter = self.peek()
        if not letter or letter not in letters:
            raise self.unreadable(self._position(f"{' or '.join(letters)} is missing"))
        self._at += 1
        return letter

    def line(self) -> tuple[Any, str]:
        """Take the next value, of a file that has one a line; a line that is none counts as null.

        What breaks off at the end of the file is no line: the file was cut.
        """
        self.peek()
        try:
            return self.value()
        except InvalidInput:
            end = self._line_end()
            if end < 0:
                raise
        text = self._text[self._at : end]
        self._at = end
        self.taken += 1
        return None, text

    def _line_end(self) -> int:
        """Return where the line ends; -1 where the file does."""
        while (end := self._text.find("\n", self._at)) < 0:
            if not self._fill():
                return -1
        return end

    def value(self) -> tuple[Any, str]:
        """Take the next value; return it and its text."""
        if not self.peek():
            raise self.unreadable(self._position("it ends too early"))
        while True:
            try:
                value, end = self._read(self._text, self._at)
            except json.JSONDecodeError as error:
                cut = error.pos + _NEAR_END > len(self._text) or error.msg.startswith("Unterminated string")
                if not cut or not self._fill():
                    raise self.unreadable(self._position(error.msg)) from error
                continue
            except RecursionError as error:
                raise self.unreadable(self._position("it is nested too deep")) from error
            if end < len(self._text) or not self._fill():  # a number may go on
                break
        text = self._text[self._at : end]
        self._at = end
        self.taken += 1
        return value, text

    def elements(self) -> Iterator[tuple[Any, str]]:
        """Take the elements of an array whose bracket was taken."""
        if self.peek() == "]":
            self._at += 1
            return
        while True:
            yield self.value()
            if self._text.startswith(",", self._at):  # the usual case, quicker
                self._at += 1
            elif self.take(",]") == "]":
                return

    def members(self) -> Iterator[str]:
        """Take the names of an object whose brace was taken; the caller takes each value."""
        if self.peek() == "}":
            self._at += 1
            return
        while True:
            name, _ = self.value()
            self.take(":")
            yield str(name)
            if self.take(",}") == "}":
                return

    def unreadable(self, why: str) -> InvalidInput:
        """Return the error that says why the file cannot be read."""
        return InvalidInput("unreadable-source", f"{self._name} cannot be read: {why}")

    def _position(self, why: str) -> str:
        return (
            f"it is no JSON after {self.taken:,} values ({why})" if self.taken else f"it is no JSON ({why})"
        )

    def _fill(self) -> bool:
        """Read on; return whether there was more."""
        if self._ended:
            return False
        if len(self._text) - self._at > _MOST_TEXT:
            raise self.unreadable(self._position("a value is longer than 256 MB"))
        size = max(_BLOCK_BYTES, len(self._text) - self._at)  # twice as much each time that a value goes on
        try:
            block = self._file.read(size)
        except (EOFError, zlib.error, OSError) as error:
            raise self.unreadable(str(error)) from error
        self._ended = not block
        if not self._begun:
            self._begun = True
            marked = marked_encoding(block)
            self._decode = decoder(marked) if marked else self._decode
        self._text = self._text[self._at :] + self._decode(block, self._ended)
        self._at = 0
        return bool(block)
