"""Values as the databases take them: text that both can keep, fields as canonical JSON, integers of 64 bits.

Tested by `tests/iaas/records/test_values.py`.
"""

from __future__ import annotations

import json
import math
from typing import Any

from stcloud.errors import FormatError, InvalidInput
from stcloud.iaas.records.entry import Fields, Scalar

__all__ = ["canonical", "check_row", "fields_of"]

_LARGEST = 2**63 - 1


def canonical(fields: Fields) -> str:
    """Return fields as JSON that is the same text for the same fields.

    Raises
    ------
    InvalidInput
        ``bad-field``: a name is no text, or a value is no text, number, truth or None.

    Examples
    --------
    >>> canonical({"to": "北山", "limit": 2})
    '{"limit":2,"to":"北山"}'
    """
    for name, value in fields.items():
        if not isinstance(name, str) or not isinstance(value, str | int | float | bool | None):
            raise InvalidInput("bad-field", f"field {name!r} is of type {type(value).__name__}", hint=_FIELDS)
        if isinstance(value, float) and not math.isfinite(value):
            raise InvalidInput("bad-field", f"field {name!r} is {value}", hint="write None for no value")
    return _ENCODE(dict(fields)) if fields else "{}"


_ENCODE = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode
_FIELDS = "fields are text, numbers, true, false or None"


def fields_of(text: str) -> dict[str, Scalar]:
    """Return the fields of canonical JSON."""
    try:
        fields: dict[str, Scalar] = json.loads(text)
    except ValueError:
        raise FormatError("damaged-records", "an entry's fields are no JSON") from None
    return fields


def check_row(row: dict[str, Any], what: str) -> dict[str, Any]:
    """Return a row when both databases can keep every value of it.

    Raises
    ------
    InvalidInput
        ``bad-value``: text with NUL or half a character, a number that is too large or none.
    """
    for name, value in row.items():
        if value is None or (type(value) is str and value.isascii() and "\0" not in value):
            continue
        fault = _fault(value)
        if fault:
            raise InvalidInput("bad-value", f"{name} of {what} {fault}")
    return row


def _fault(value: object) -> str:
    if isinstance(value, str):
        if "\0" in value:
            return "has a NUL character in it"
        return "" if value.isascii() or _is_utf8(value) else "has half a character in it"
    if isinstance(value, int):
        return "" if -_LARGEST <= value <= _LARGEST else "does not fit 64 bits"
    return "is no number" if isinstance(value, float) and not math.isfinite(value) else ""


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
