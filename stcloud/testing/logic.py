"""CQL2 filters for the oracle: a walk over CQL2-JSON, one row at a time, with SQL's three truth values.

Unknown is None. Values are Python's: str, int, float, bool, `date`, and aware `datetime` for instants.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from stcloud.testing.almanac import read_instant, to_utc

__all__ = ["evaluate"]


def evaluate(node: Any, row: Mapping[str, Any], zone: ZoneInfo) -> Any:
    """Return the value of a CQL2-JSON expression for a row.

    Parameters
    ----------
    node
        CQL2-JSON.
    row
        Value by column; None is null.
    zone
        The city's: a day compared with an instant is its first instant there.

    Examples
    --------
    >>> cold = {"op": "<", "args": [{"property": "degrees"}, 3]}
    >>> [evaluate(cold, {"degrees": degrees}, ZoneInfo("UTC")) for degrees in (2, 3, None)]
    [True, False, None]
    """
    if not isinstance(node, Mapping) or "op" not in node:
        return _leaf(node, row, zone)
    operator = node["op"].lower()
    if operator == "in":
        wanted, several = node["args"]
        return evaluate(
            {"op": "or", "args": [{"op": "=", "args": [wanted, one]} for one in several]}, row, zone
        )
    return _operate(operator, [evaluate(one, row, zone) for one in node["args"]], zone)


def _leaf(node: Any, row: Mapping[str, Any], zone: ZoneInfo) -> Any:
    if not isinstance(node, Mapping):
        return node
    if "property" in node:
        return row[node["property"]]
    if "date" in node:
        return date.fromisoformat(node["date"])
    return read_instant(node["timestamp"], zone)


def _operate(operator: str, values: list[Any], zone: ZoneInfo) -> Any:
    if operator in ("and", "or"):
        return _connect(operator, values)
    if operator == "isnull":
        return values[0] is None
    if operator == "between":
        value, low, high = values
        return _connect("and", [_compare(">=", value, low, zone), _compare("<=", value, high, zone)])
    return None if None in values else _known(operator, values, zone)


def _known(operator: str, values: list[Any], zone: ZoneInfo) -> Any:
    """Return what an operator makes of values none of which is null."""
    if operator == "not":
        return not values[0]
    if operator == "like":
        return _like(*values)
    if operator in ("+", "-", "*", "/"):
        return _arithmetic(operator, *(float(value) for value in values))
    left, right = values
    return _compare(operator, left, right, zone)


def _connect(operator: str, values: list[bool | None]) -> bool | None:
    """Kleene's and, or: one value decides, else unknown spreads."""
    decisive = operator == "or"
    if decisive in values:
        return decisive
    return None if None in values else not decisive


def _compare(operator: str, left: Any, right: Any, zone: ZoneInfo) -> bool | None:
    if left is None or right is None:
        return None
    first, second = _order(left, right, zone), _order(right, left, zone)
    answers: Mapping[str, bool] = {
        "=": first == second, "<>": first != second, "<": first < second,
        "<=": first <= second, ">": first > second, ">=": first >= second,
    }  # fmt: skip
    return answers[operator]


def _order(value: Any, other: Any, zone: ZoneInfo) -> Any:
    """Return what to compare a value by: days become instants, integers floats, where the other is one."""
    if isinstance(other, datetime) and not isinstance(value, datetime):
        return to_utc(datetime(value.year, value.month, value.day), zone)  # noqa: DTZ001
    if isinstance(value, float) or isinstance(other, float):
        return (
            math.isnan(value),
            0.0 if math.isnan(value) else float(value),
        )  # NaN is the greatest, as in SQL
    return value


def _like(value: str, pattern: str) -> bool:
    """``%`` is any text, ``_`` any character, a backslash takes the meaning from what follows."""
    parts: list[str] = []
    letters = iter(pattern)
    for letter in letters:
        if letter == "\\":
            parts.append(re.escape(next(letters)))
        else:
            parts.append({"%": ".*", "_": "."}.get(letter) or re.escape(letter))
    return re.fullmatch("".join(parts), value, re.DOTALL) is not None


def _arithmetic(operator: str, left: float, right: float) -> float | None:
    """All arithmetic is that of float64; nothing comes of a division by zero."""
    if operator == "/":
        return left / right if right else None
    return {"+": left + right, "-": left - right, "*": left * right}[operator]
