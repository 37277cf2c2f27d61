"""Functions of filters for the oracle: plain Python, one value at a time, none of them null.

Tested by `tests/conformance/test_standard.py`.
"""

from __future__ import annotations

import decimal
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

__all__ = ["apply"]


def apply(name: str, values: list[Any], zone: ZoneInfo) -> Any:
    """Return what a function gives.

    >>> apply("accenti", ["Ünïté"], ZoneInfo("UTC")), apply("round", [-2.5], ZoneInfo("UTC"))
    ('Unite', -3.0)
    """
    if name in ("year", "month", "day"):
        return getattr(_day(values[0], zone), name)
    return _FUNCTIONS[name](*values)


def _day(value: date, zone: ZoneInfo) -> date:
    return value.astimezone(zone).date() if isinstance(value, datetime) else value


def _accenti(text: str) -> str:
    kept = []
    for letter in unicodedata.normalize("NFD", text):
        is_accent = unicodedata.combining(letter) > 0 and letter not in ("\u3099", "\u309a")
        kept += [] if is_accent else [letter]
    return unicodedata.normalize("NFC", "".join(kept))


def _whole(value: float, rounding: str) -> float:
    if not abs(value) < 2**52:  # all are whole from there on; infinity and NaN are left alone
        return float(value)
    return float(decimal.Decimal(value).to_integral_value(rounding))


def _list(text: str, separator: str) -> list[str]:
    return [part for part in map(str.strip, text.split(separator)) if part]


_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "casei": lambda text: text.casefold(), "accenti": _accenti, "lower": lambda text: text.lower(),
    "upper": lambda text: text.upper(), "length": len, "list": _list,
    "abs": lambda value: float(abs(value)), "floor": lambda value: _whole(value, decimal.ROUND_FLOOR),
    "ceil": lambda value: _whole(value, decimal.ROUND_CEILING),
    "round": lambda value: _whole(value, decimal.ROUND_HALF_UP),
    "buffer": lambda shape, metres, *_: shape.buffer(metres, quad_segs=32),
}  # fmt: skip
