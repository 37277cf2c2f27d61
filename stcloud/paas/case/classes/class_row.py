"""One class of components or matters, and the class code within longer codes.

Tested by `tests/paas/case/test_class_table.py`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Literal, TypeAlias

from stcloud.errors import InvalidInput
from stcloud.paas.case.classes.records import Record, day_of, period_text

__all__ = ["COLUMNS", "KINDS", "ClassRow", "Language", "class_digits", "class_or_text"]

KINDS = ("component", "matter")
"""What a class is of: a thing that is there, or something that happens ("event" in the edition of 2013)."""
COLUMNS = (
    ("kind", "edition", "code", "name_zh", "name", "verified", "source"),
    ("major", "valid_from", "valid_to"),
)
"""Columns of a table of classes that every row fills, and those that may be empty."""
Language: TypeAlias = Literal["en", "zh"]

_CODE = re.compile(r"[0-9]{2}(?:[0-9]{2,3})?", re.ASCII)
_DIGITS = re.compile(r"[0-9]+", re.ASCII)
_WITHIN = {2: slice(0, 2), 4: slice(0, 4), 5: slice(0, 5), 10: slice(6, 10), 11: slice(6, 11)}
_COMPONENT = {16: slice(6, 10), 17: slice(6, 11)}


@dataclass(frozen=True, slots=True)
class ClassRow:
    """One class.

    Parameters
    ----------
    kind, edition, code
        What identifies it: ``component`` or ``matter``, the edition of its list (``2013``, ``2026``), and its digits:
        two of a major class, four (2013) or five (2026) of a minor one. Components and matters share numbers.
    name_zh, name
        Its name in Chinese and in English. English names are glosses of this project.
    major
        The two digits of its major class; empty for a major class.
    valid_from, valid_to
        The days on which it is valid, half-open; None: no end is known.
    verified
        How the row is known: ``transcribed`` from a secondary source, ``derived`` by a rule, ``local`` to a city.
    source
        Number of the standard whose class it is, or whose list.
    """

    kind: str
    edition: str
    code: str
    name_zh: str
    name: str
    major: str
    valid_from: date | None
    valid_to: date | None
    verified: str
    source: str

    @classmethod
    def of(cls, record: Record) -> ClassRow:
        """Return the class of a record; ``ValueError`` with the first fault, in the words of its columns."""
        text = {name: str(value).strip() for name, value in record.items() if value is not None}
        kind, code, major = text["kind"], text["code"], text.get("major", "")
        if kind not in KINDS:
            raise ValueError(f"kind '{kind}' is neither component nor matter")
        if not _CODE.fullmatch(code):
            raise ValueError(
                f"code '{code}' is no class code: two digits, or four or five with its major class"
            )
        if major != (code[:2] if len(code) > 2 else ""):
            rule = f"'{code[:2]}'" if len(code) > 2 else "empty for a major class"
            raise ValueError(f"major '{major}' of {code} is wrong: it is {rule}")
        start, end = day_of(record, "valid_from"), day_of(record, "valid_to")
        if start and end and start >= end:
            raise ValueError(f"valid_from {start} is not before valid_to {end}")
        texts = (kind, text["edition"], code, text["name_zh"], text["name"], major)
        return cls(*texts, start, end, text["verified"], text["source"])

    @property
    def key(self) -> tuple[str, str, str]:
        """What identifies the class."""
        return self.kind, self.edition, self.code

    @property
    def period(self) -> tuple[date | None, date | None]:
        """The days on which it is valid, half-open."""
        return self.valid_from, self.valid_to

    def name_in(self, language: Language) -> str:
        """Return its name in a language."""
        return self.name_zh if language == "zh" else self.name

    def is_valid(self, day: date) -> bool:
        """Return whether it is valid on a day."""
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_to is None or day < self.valid_to
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.code} ({self.name}), valid {period_text(*self.period)}"


def class_digits(code: str, kind: str | None = None) -> str:
    """Return the class code that a code is, or contains.

    Parameters
    ----------
    code
        A class code of 2, 4 or 5 digits; one with its division, of 10 or 11; or the id of a component, of 16 or 17.
    kind
        What the class is of; None: it does not matter.

    Raises
    ------
    InvalidInput
        ``invalid-class-code``: it has another length, other characters, or is the id of a component and not a matter.

    Examples
    --------
    >>> class_digits("32050801001"), class_digits("3205080101000001"), class_digits("32050801001000001")
    ('01001', '0101', '01001')
    """
    text = code.strip()
    spans = _WITHIN if kind == "matter" else {**_WITHIN, **_COMPONENT}
    if not _DIGITS.fullmatch(text) or len(text) not in spans:
        why = ": it is the id of a component" if kind == "matter" and len(text) in _COMPONENT else ""
        raise InvalidInput(
            "invalid-class-code",
            f"'{code}' is no class code{why}",
            hint="give 4 or 5 digits, a code of 10 or 11 digits, or a component's id of 16 or 17",
        )
    return text[spans[len(text)]]


def class_or_text(code: str, kind: str | None = None) -> str:
    """Return the class code that a code is, or contains; a code of another form, such as a city's own, as it is.

    >>> class_or_text("32050801001"), class_or_text("Pothole")
    ('01001', 'Pothole')
    """
    try:
        return class_digits(code, kind)
    except InvalidInput:
        return code
