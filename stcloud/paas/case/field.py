"""Fields of actions: of which type they are, and what they may hold.

Tested by `tests/paas/case/test_legality.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from stcloud.paas.case.action import PRIVATE, Scalar
from stcloud.paas.case.definition import FieldClause

__all__ = ["FieldRule", "is_case_number"]

_CODE = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_NUMBER = re.compile(r"[^\s;](?:[^;\n\r\t]{0,62}[^\s;])?")
_LINE = re.compile(r"[^\x00-\x1f\x7f]{1,200}")


def _is_note(value: Scalar) -> bool:
    return isinstance(value, str) and bool(value.startswith(PRIVATE) or _CODE.fullmatch(value))


def is_case_number(value: Scalar) -> bool:
    """Return whether a case may have this number: 1 to 64 characters on a line, without ; and spaces at its ends."""
    return isinstance(value, str) and _NUMBER.fullmatch(value) is not None


def _is_cases(value: Scalar) -> bool:
    return isinstance(value, str) and all(map(is_case_number, value.split(";")))


def _is_integer(value: Scalar) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Scalar) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value - value == 0


_TYPES: dict[str, tuple[Callable[[Scalar], bool], str]] = {
    "text": (lambda value: isinstance(value, str) and _LINE.fullmatch(value) is not None, "a line of text"),
    "note": (_is_note, "a code such as not_ours, or a reference to a private text"),
    "integer": (_is_integer, "an integer"),
    "number": (_is_number, "a number"),
    "boolean": (lambda value: isinstance(value, bool), "true or false"),
    "instant": (_is_integer, "an instant"),
    "case": (is_case_number, "the number of a case"),
    "cases": (_is_cases, "numbers of cases, separated by ;"),
}


@dataclass(frozen=True, slots=True)
class FieldRule:
    """What a field may hold."""

    name: str
    clause: FieldClause

    def fault(self, value: Scalar) -> str | None:
        """Return what is wrong with a value, or None."""
        fits, words = _TYPES[self.clause.type]
        if not fits(value):
            return f"{self.name} must be {words}, not {value!r:.80}"
        if self.clause.values and value not in self.clause.values:
            return f"{self.name} must be {' or '.join(self.clause.values)}, not {value!r:.80}"
        return self._range_fault(value)

    def _range_fault(self, value: Scalar) -> str | None:
        least, most = self.clause.least, self.clause.most
        if not isinstance(value, int | float):
            return None
        if least is not None and value < least:
            return f"{self.name} must be at least {least:g}, not {value!r:.80}"
        if most is not None and value > most:
            return f"{self.name} must be at most {most:g}, not {value!r:.80}"
        return None
