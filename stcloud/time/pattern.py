"""Patterns of written timestamps: strptime's directives, ISO 8601 and epoch counts, as steps of a cursor."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from stcloud.errors import InvalidInput
from stcloud.time.step import AnyByte, Blank, Fork, Fraction, Literal, Name, Number, Offset, Sign, Step, run

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stcloud.time.cursor import TextCursor

__all__ = ["DIRECTIVES", "Pattern", "check_format"]

MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip


DIRECTIVES: Mapping[str, Step] = MappingProxyType({
    "Y": Number("year", (4, 4), (1, 9999)),
    "y": Number("short_year", (2, 2), (0, 99)),
    "m": Number("month", (1, 2), (1, 12)),
    "b": Name("month", tuple(name[:3] for name in MONTHS), key_letters=3, first=1),
    "B": Name("month", MONTHS, key_letters=3, first=1),
    "d": Number("day", (1, 2), (1, 31)),
    "j": Number("day_of_year", (1, 3), (1, 366)),
    "H": Number("hour", (1, 2), (0, 23)),
    "I": Number("hour12", (1, 2), (1, 12)),
    "p": Name("pm", ("am", "pm"), key_letters=1),
    "M": Number("minute", (1, 2), (0, 59)),
    "S": Number("second", (1, 2), (0, 59)),
    "f": Fraction(),
    "z": Offset(),
    "%": Literal(b"%"),
})  # fmt: skip
"""Directives of strptime that are read, with English names, as the C locale has them."""

_GROUPS = ("Yy", "mbBj", "dj", "HI", "p", "M", "S", "f", "z")  # directives that tell the same thing
_NEEDS = (("d", "mbB"), ("p", "I"), ("I", "p"), ("M", "HI"), ("S", "M"), ("f", "S"))
_ZONE_AT_END = re.compile(r"(?:.*[^A-Z])?(?:Z|UTC|GMT|[+-]\d\d:?\d\d)", re.IGNORECASE)


def _two(field: str, low: int, high: int) -> Number:
    return Number(field, (2, 2), (low, high))


_ISO: tuple[Step, ...] = (
    DIRECTIVES["Y"], Literal(b"-"), _two("month", 1, 12), Literal(b"-"), _two("day", 1, 31),
    Fork(((b"T ", (
        AnyByte(b"T "), _two("hour", 0, 23), Literal(b":"), _two("minute", 0, 59),
        Fork(((b":", (
            Literal(b":"), _two("second", 0, 59),
            Fork(((b".", (Literal(b"."), Fraction())),)),
        )),)),
        Fork(((b"ZUG+-", (Offset(),)),)),
    )),)),
)  # fmt: skip
_EPOCH: tuple[Step, ...] = (
    Sign(),
    Number("epoch", (1, 15), (0, 10**15)),
    Fork(((b".", (Literal(b"."), Fraction())),)),
)


@dataclass(frozen=True, slots=True)
class Pattern:
    """A format, ready to be read.

    Parameters
    ----------
    text
        As people write it.
    steps
        What a cursor does.
    epoch_us
        Length in microseconds of the unit that is counted since 1970; 0 for a calendar time.
    """

    text: str
    steps: tuple[Step, ...]
    epoch_us: int = 0

    @classmethod
    @lru_cache(maxsize=64)
    def of(cls, text: str) -> Pattern:
        """Compile a format: ``iso``, ``epoch-s``, ``epoch-ms``, or directives of strptime.

        Raises
        ------
        InvalidInput
            ``unknown-time-format``.
        """
        if text == "iso":
            return cls(text, _ISO)
        if text in ("epoch-s", "epoch-ms"):
            return cls(text, _EPOCH, 1_000_000 if text == "epoch-s" else 1_000)
        return cls(text, _steps(text))

    def read(self, cursor: TextCursor) -> None:
        """Move a cursor to the end of its texts; those with a rest do not fit."""
        run(self.steps, cursor)
        cursor.fits &= cursor.at == cursor.end


def check_format(text: str) -> None:
    """Refuse a format that could not be read, or only with a guess.

    Parameters
    ----------
    text
        ``iso``, ``epoch-s``, ``epoch-ms``, or directives of strptime: ``%Y %y %m %b %B %d %j %H %I %p %M %S
        %f %z %%``.

    Raises
    ------
    InvalidInput
        ``unknown-time-format``, naming the directive that is not supported, missing, or given twice.

    Examples
    --------
    >>> check_format("%m/%d/%Y %I:%M:%S %p")
    >>> check_format("%m/%d/%Y %I:%M")
    Traceback (most recent call last):
    stcloud.errors.InvalidInput: time format '%m/%d/%Y %I:%M': %I needs %p
    """
    Pattern.of(text)


def _steps(text: str) -> tuple[Step, ...]:
    tokens = re.findall(r"%.?|\s+|[^%\s]+", text, re.DOTALL)
    _check(text, [token[1:] for token in tokens if token[0] == "%"])
    steps: list[Step] = []
    for token, following in zip(tokens, [*tokens[1:], ""], strict=True):
        step = _step(text, token)
        if _continues(following):
            # Digits upon digits: only full widths are certain.
            if isinstance(step, Fraction):
                raise _unknown(text, f"nothing shows where %f ends before {following}")
            if isinstance(step, Number):
                step = replace(step, digits=(step.digits[1], step.digits[1]))
        steps.append(step)
    return tuple(steps)


def _step(text: str, token: str) -> Step:
    if token[0] == "%":
        return DIRECTIVES[token[1:]]
    if token.isspace():
        return Blank()
    if _ZONE_AT_END.fullmatch(token):
        raise _unknown(
            text, f"'{token}' tells an offset from UTC", hint="use %z, which reads Z, UTC and -05:00"
        )
    return Literal(token.encode())


def _continues(token: str) -> bool:
    """Tell whether a token may begin with a digit."""
    if token.startswith("%"):
        return isinstance(DIRECTIVES[token[1:]], Number | Fraction)
    return token[:1].isdigit()


def _check(text: str, letters: Sequence[str]) -> None:
    for letter in letters:
        if letter not in DIRECTIVES:
            known = " ".join(f"%{name}" for name in DIRECTIVES)
            raise _unknown(
                text, f"%{letter} is not supported", hint=f"use {known}, or iso, epoch-s, epoch-ms"
            )
    for group in _GROUPS:
        if len(twice := [f"%{letter}" for letter in letters if letter in group]) > 1:
            raise _unknown(text, f"{' and '.join(twice)} tell the same")
    for letter, needed in _NEEDS:
        if letter in letters and not set(needed) & set(letters):
            raise _unknown(text, f"%{letter} needs " + " or ".join(f"%{other}" for other in needed))
    if not set("Yy") & set(letters):
        raise _unknown(text, "it has no year", hint="use %Y or %y, or iso, epoch-s, epoch-ms")


def _unknown(text: str, fault: str, hint: str = "") -> InvalidInput:
    return InvalidInput("unknown-time-format", f"time format '{text}': {fault}", hint=hint)
