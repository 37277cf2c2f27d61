"""Parts of a written timestamp, each of which moves a cursor over what it reads.

Tested by `tests/time/test_stamp.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol

import numpy as np

from stcloud.time.cursor import DIGITS, SPACES, TextCursor

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "AnyByte",
    "Blank",
    "Fork",
    "Fraction",
    "Literal",
    "Name",
    "Number",
    "Offset",
    "Sign",
    "Step",
    "run",
]

_POWERS = 10 ** np.arange(7, dtype=np.int64)


class Step(Protocol):
    """A part of a pattern: moves a cursor over what it reads, and notes the value in a field."""

    def read(self, cursor: TextCursor) -> None:
        """Move the cursor; mark the texts that do not fit."""


@dataclass(frozen=True, slots=True)
class Number:
    """Digits, within a range of counts and of values."""

    field: str
    digits: tuple[int, int]
    values: tuple[int, int]

    def read(self, cursor: TextCursor) -> None:
        """Read the number into its field."""
        value, count = cursor.digits(self.digits[1])
        cursor.fits &= (count >= self.digits[0]) & (value >= self.values[0]) & (value <= self.values[1])
        cursor.fields[self.field] = value


@dataclass(frozen=True, slots=True)
class Fraction:
    """Digits behind a decimal point; those beyond microseconds are cut."""

    def read(self, cursor: TextCursor) -> None:
        """Read microseconds into ``micro``."""
        value, count = cursor.digits(6)
        cursor.fits &= count > 0
        cursor.skip(DIGITS)
        cursor.fields["micro"] = value * _POWERS[6 - count]


@dataclass(frozen=True, slots=True)
class Name:
    """One of some names, in any case."""

    field: str
    names: tuple[str, ...]
    key_letters: int
    first: int = 0

    def read(self, cursor: TextCursor) -> None:
        """Read the name's number into its field."""
        cursor.fields[self.field] = cursor.name(self.names, self.key_letters) + self.first


@dataclass(frozen=True, slots=True)
class Literal:
    """Bytes that must be there as they are."""

    text: bytes

    def read(self, cursor: TextCursor) -> None:
        """Move past them."""
        for byte in self.text:
            cursor.byte_in(bytes([byte]))


@dataclass(frozen=True, slots=True)
class AnyByte:
    """One byte of several."""

    wanted: bytes

    def read(self, cursor: TextCursor) -> None:
        """Move past it."""
        cursor.byte_in(self.wanted)


@dataclass(frozen=True, slots=True)
class Blank:
    """White space, at least one."""

    def read(self, cursor: TextCursor) -> None:
        """Move past it."""
        cursor.byte_in(SPACES)
        cursor.skip(SPACES)


@dataclass(frozen=True, slots=True)
class Fork:
    """Steps chosen by the next byte; where no branch begins with it, nothing is read."""

    branches: tuple[tuple[bytes, Sequence[Step]], ...]

    def read(self, cursor: TextCursor) -> None:
        """Read each text by its branch."""
        seen = [cursor.sees(lead) for lead, _ in self.branches]
        for rows, (_, steps) in zip(seen, self.branches, strict=True):
            cursor.only(rows, partial(run, steps))


@dataclass(frozen=True, slots=True)
class Offset:
    """An offset from UTC: ``Z``, ``UTC``, ``GMT``, ``-05``, ``-0500``, ``-05:00``, ``-04:56:02``."""

    def read(self, cursor: TextCursor) -> None:
        """Read seconds into ``offset``, and 1 into ``zoned``."""
        sign = np.where(cursor.sees(b"-"), -1, 1)
        cursor.fits &= cursor.sees(b"ZUG+-")
        _OFFSET.read(cursor)
        seconds = cursor.get("offset_h") * 3600 + cursor.get("offset_m") * 60 + cursor.get("offset_s")
        cursor.fields["offset"] = sign * seconds
        cursor.fields["zoned"] = np.ones(len(cursor.at), dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Sign:
    """An optional minus."""

    def read(self, cursor: TextCursor) -> None:
        """Read -1 or 1 into ``sign``."""
        minus = cursor.sees(b"-")
        cursor.fields["sign"] = np.where(minus, -1, 1)
        cursor.at = cursor.at + minus


def run(steps: Sequence[Step], cursor: TextCursor) -> None:
    """Read one step after the other."""
    for step in steps:
        step.read(cursor)


_OFFSET_MINUTE, _OFFSET_SECOND = Number("offset_m", (2, 2), (0, 59)), Number("offset_s", (2, 2), (0, 59))
_OFFSET = Fork((
    (b"Z", (Literal(b"Z"),)),
    (b"UG", (Name("utc", ("utc", "gmt"), 3),)),
    (b"+-", (
        AnyByte(b"+-"),
        Number("offset_h", (2, 2), (0, 23)),
        Fork((
            (DIGITS, (_OFFSET_MINUTE,)),
            (b":", (Literal(b":"), _OFFSET_MINUTE, Fork(((b":", (Literal(b":"), _OFFSET_SECOND)),)))),
        )),
    )),
))  # fmt: skip
