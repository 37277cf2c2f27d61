"""Schemas of the values that parameters take: what a pattern, a list or a range can say of them.

What no schema can say is refused with 400: ends of an interval that are not in their order, a filter that is no CQL2,
a cursor or a pin that this service has not given.

Tested by `tests/saas/web/test_apivalues.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["BOX", "CURSOR", "DATETIME", "FILTER", "INSTANT", "KNOWN", "column_value", "names_of", "order_of"]

_LEAP = "(?:[1-8][0-9](?:0[48]|[2468][048]|[13579][26])|(?:[2468][048]|[1357][26])00)"
_DATE = (
    "(?:[1-8][0-9]{3}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
    f"|02-(?:0[1-9]|1[0-9]|2[0-8]))|{_LEAP}-02-29)"
)
_CLOCK = "(?:[01][0-9]|2[0-3]):[0-5][0-9]"
_AT = f"{_DATE}[Tt]{_CLOCK}:[0-5][0-9](?:[.][0-9]{{1,6}})?(?:[Zz]|[+-]{_CLOCK})"
_WHEN = f"(?:{_AT}|{_DATE})"
_EXAMPLE = "2024-03-01T00:00:00Z"
INSTANT: dict[str, Any] = {"type": "string", "pattern": f"^{_AT}$", "example": _EXAMPLE}
"""An instant of RFC 3339, of the years 1000 to 8999."""
DATETIME: dict[str, Any] = {
    "type": "string", "example": f"{_EXAMPLE}/..",
    "pattern": f"^(?:{_WHEN}|{_WHEN}/{_WHEN}|{_WHEN}/(?:[.][.])?|(?:[.][.])?/{_WHEN})$",
}  # fmt: skip
"""An instant or a day, or a closed interval of them that may be open at one end."""
KNOWN: dict[str, Any] = {"type": "string", "pattern": f"^(?:{_WHEN}|pin:.+)$", "example": _EXAMPLE}
"""An instant or a day, or a pin."""
BOX: dict[str, Any] = {
    "type": "array", "items": {"type": "number"},
    "oneOf": [{"minItems": count, "maxItems": count} for count in (4, 6)],
}  # fmt: skip
FILTER: dict[str, Any] = {"type": "string", "minLength": 1, "example": "key IS NOT NULL"}
CURSOR: dict[str, Any] = {"type": "string", "pattern": "^[A-Za-z0-9_-]+$"}
_EXACT = 2**53 - 1
"""Numbers of filters are exact up to here."""


def names_of(names: Sequence[str]) -> dict[str, Any]:
    """Return the schema of a list of names."""
    items = {"type": "string", "enum": list(names)} if names else {"type": "string"}
    return {"type": "array", "minItems": 1, "items": items}


def order_of(names: Sequence[str]) -> dict[str, Any]:
    """Return the schema of a list of names with ``+`` or ``-`` before them."""
    return names_of([f"{sign}{name}" for name in names for sign in ("", "+", "-")])


def column_value(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of a parameter that is a column, of the schema of that column."""
    kind, form = schema["type"], schema.get("format")
    if form == "date-time":
        return {**INSTANT, "format": form}
    ranged = {"minimum": -_EXACT, "maximum": _EXACT} if kind in ("integer", "number") else {}
    return {"type": kind, **({} if form is None else {"format": form}), **ranged}
