"""A reading position in each of many texts at once; every step moves all of them.

One step is a handful of numpy operations on whole columns, so reading a column of texts costs a few
operations per character and no Python per row.

Tested by `tests/time/test_stamp.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from stcloud.time.micros import Bools, Micros

__all__ = ["DIGITS", "SPACES", "Bytes", "TextCursor"]

Bytes: TypeAlias = npt.NDArray[np.uint8]

DIGITS = b"0123456789"
SPACES = b" \t\n\v\f\r"
_ZERO = ord("0")
_TO_LOWER = 0x20


class TextCursor:
    """Positions in ``n`` texts, what was read from them so far, and which texts still fit.

    Parameters
    ----------
    data
        uint8, the bytes of all texts, and at least one byte more.
    at
        ``(n,)`` int64, where each text continues in ``data``.
    end
        ``(n,)`` int64, where each text ends in ``data``; the end is outside.

    Notes
    -----
    A text that does not fit is marked in ``fits``; its other values then have no meaning.
    """

    __slots__ = ("at", "data", "end", "fields", "fits")

    def __init__(self, data: Bytes, at: Micros, end: Micros) -> None:
        self.data = data
        self.at = at
        self.end = end
        self.fits: Bools = np.ones(len(at), dtype=np.bool_)
        self.fields: dict[str, Micros] = {}

    def get(self, field: str, default: int = 0) -> Micros:
        """Values of a field, ``(n,)`` int64; the default where it was not read."""
        return self.fields.get(field, np.full(len(self.at), default, dtype=np.int64))

    def peek(self) -> Bytes:
        """Next byte of each text, ``(n,)`` uint8; 0 at its end."""
        return self.data.take(self.at, mode="clip") * (self.at < self.end)

    def digits(self, at_most: int) -> tuple[Micros, Micros]:
        """Read up to ``at_most`` digits: their value and their count, ``(n,)`` int64 each."""
        value = np.zeros(len(self.at), dtype=np.int64)
        start = self.at
        for _ in range(at_most):
            digit = self.peek() - _ZERO  # a byte below "0" wraps around to a large one
            is_digit = digit <= 9
            value = np.where(is_digit, value * 10 + digit, value)
            self.at = self.at + is_digit
        return value, self.at - start

    def byte_in(self, wanted: bytes) -> None:
        """Read one byte, which must be one of those wanted."""
        self.fits &= self.sees(wanted)
        self.at = self.at + 1

    def sees(self, wanted: bytes) -> Bools:
        """Tell for each text whether its next byte is one of those wanted."""
        chosen = np.zeros(256, dtype=np.bool_)
        chosen[list(wanted)] = True
        seen: Bools = chosen[self.peek()]
        return seen

    def skip(self, wanted: bytes) -> None:
        """Move past all bytes that are wanted, be they none."""
        while (seen := self.sees(wanted)).any():
            self.at = self.at + seen

    def name(self, names: Sequence[str], key_letters: int) -> Micros:
        """Read one of some lower-case names, in any case, and tell its index; the first letters decide."""
        table = np.zeros((len(names), max(map(len, names))), dtype=np.uint8)
        for index, name in enumerate(names):
            table[index, : len(name)] = list(name.encode())
        letters = np.stack([self._lower(ahead) for ahead in range(key_letters)], axis=1)
        alike = (letters[:, None, :] == table[None, :, :key_letters]).all(axis=2)
        which: Micros = alike.argmax(axis=1).astype(np.int64)
        self.fits &= alike.any(axis=1)
        for position in range(table.shape[1]):
            expected = table[which, position]
            self.fits &= (expected == 0) | (self._lower() == expected)
            self.at = self.at + (expected != 0)
        return which

    def only(self, rows: Bools, read: Callable[[TextCursor], None]) -> None:
        """Let ``read`` move some of the texts only; the others stay as they are."""
        rows = rows & self.fits
        if rows.all():
            read(self)
            return
        if not rows.any():
            return
        part = TextCursor(self.data, self.at[rows], self.end[rows])
        part.fields = {field: values[rows] for field, values in self.fields.items()}
        read(part)
        self.at = self.at.copy()
        self.at[rows] = part.at
        self.fits[rows] = part.fits
        for field, values in part.fields.items():
            self.fields[field] = self.get(field).copy()
            self.fields[field][rows] = values

    def _lower(self, ahead: int = 0) -> Bytes:
        """Byte at some distance, as a lower-case letter if it is a letter; 0 beyond the end."""
        position = self.at + ahead
        byte: Bytes = self.data.take(position, mode="clip") * (position < self.end)
        is_upper = (byte >= ord("A")) & (byte <= ord("Z"))
        return np.bitwise_or(byte, _TO_LOWER, where=is_upper, out=byte)
