"""CQL2 filters for the oracle: a walk over CQL2-JSON, one row at a time, with SQL's three truth values.

Unknown is None. Values are Python's: str, int, float, bool, `date`, aware `datetime` for instants, shapely's
geometry, `Lasting` for intervals, list for arrays.

Tested by `tests/conformance/test_standard.py`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import shapely
from shapely.geometry.base import BaseGeometry

from stcloud.testing import words
from stcloud.testing.almanac import read_instant, to_utc
from stcloud.testing.chronology import Lasting, related

__all__ = ["evaluate"]

Project: TypeAlias = Callable[[BaseGeometry], BaseGeometry]
_UNITS = {f"{unit}s": timedelta(**{f"{unit}s": 1}) for unit in ("second", "minute", "hour", "day")}
_ARITHMETIC = ("+", "-", "*", "/", "^", "%", "div")


def evaluate(
    node: Any, row: Mapping[str, Any], zone: ZoneInfo, project: Project = lambda shape: shape
) -> Any:
    """Return the value of a CQL2-JSON expression for a row.

    Parameters
    ----------
    node
        CQL2-JSON.
    row
        Value by column; None is null.
    zone
        The city's: a day compared with an instant is its first instant there.
    project
        Brings a written geometry to the CRS of the row's.

    Examples
    --------
    >>> cold = {"op": "<", "args": [{"property": "degrees"}, 3]}
    >>> [evaluate(cold, {"degrees": degrees}, ZoneInfo("UTC")) for degrees in (2, 3, None)]
    [True, False, None]
    """
    if isinstance(node, list):
        return [evaluate(element, row, zone, project) for element in node]
    if not isinstance(node, Mapping) or "op" not in node:
        return _leaf(node, row, zone, project)
    operator = node["op"].lower()
    if operator == "in":
        wanted, several = node["args"]
        alternatives = [{"op": "=", "args": [wanted, alternative]} for alternative in several]
        return evaluate({"op": "or", "args": alternatives}, row, zone, project)
    return _operate(operator, [evaluate(argument, row, zone, project) for argument in node["args"]], zone)


def _leaf(node: Any, row: Mapping[str, Any], zone: ZoneInfo, project: Project) -> Any:
    if not isinstance(node, Mapping):
        return node
    if "property" in node:
        return row[node["property"]]
    if "interval" in node:
        return Lasting(*(_bound(end, row, zone, project) for end in node["interval"]))
    if "date" in node or "timestamp" in node:
        return date.fromisoformat(node["date"]) if "date" in node else read_instant(node["timestamp"], zone)
    return project(_shape(node))


def _shape(node: Mapping[str, Any]) -> BaseGeometry:
    if "bbox" not in node:
        return shapely.force_2d(shapely.geometry.shape(node))
    numbers = node["bbox"]
    return shapely.box(*(numbers if len(numbers) == 4 else (numbers[at] for at in (0, 1, 3, 4))))


def _bound(node: Any, row: Mapping[str, Any], zone: ZoneInfo, project: Project) -> Any:
    if isinstance(node, str) and node != "..":
        return date.fromisoformat(node) if len(node) == 10 else read_instant(node, zone)
    return evaluate(node, row, zone, project)


def _operate(operator: str, values: list[Any], zone: ZoneInfo) -> Any:
    if operator in ("and", "or"):
        return _connect(operator, values)
    if operator == "isnull":
        return _is_null(values[0])
    if operator == "between":
        value, low, high = values
        return _connect("and", [_compare(">=", value, low, zone), _compare("<=", value, high, zone)])
    if operator.startswith("t_"):
        return related(operator, values[0], values[1], zone)
    if operator.startswith("a_"):
        return _members(operator, *values)
    return None if None in values else _known(operator, values, zone)


def _is_null(value: Any) -> bool:
    if isinstance(value, Lasting):
        return None in (value.start, value.end)
    return value is None or (isinstance(value, list) and None in value)


def _known(operator: str, values: list[Any], zone: ZoneInfo) -> Any:
    """Return what an operator makes of values none of which is null."""
    if operator == "not":
        return not values[0]
    if operator == "like":
        return _like(*values)
    if operator in (*_ARITHMETIC, *_UNITS):
        return _reckoned(operator, values, zone)
    if operator.startswith("s_"):
        left, right = values
        return bool(getattr(shapely, operator.removeprefix("s_"))(left, right))
    if operator in ("=", "<>", "<", "<=", ">", ">="):
        return _compare(operator, values[0], values[1], zone)
    return words.apply(operator, values, zone)


def _reckoned(operator: str, values: list[Any], zone: ZoneInfo) -> Any:
    """Return what arithmetic makes of numbers, or of times: their difference, or that in a unit."""
    if operator == "-" and isinstance(values[0], date):
        return values[0] - _order(values[1], values[0], zone)
    if operator in _UNITS:
        return values[0] / _UNITS[operator]
    return _arithmetic(operator, *(float(value) for value in values))


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
    if isinstance(value, timedelta):  # a difference is of hours
        return _order(value / _UNITS["hours"], other, zone)
    if isinstance(value, float) or isinstance(other, float | timedelta):
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
    """All arithmetic is that of float64; nothing comes of a division by zero, nor of what is no finite power."""
    if operator in ("/", "%", "div"):
        if not right:
            return None
        whole = left / right
        return {"/": whole, "%": math.fmod(left, right), "div": float(math.trunc(whole))}[operator]
    if operator == "^":
        try:
            return math.pow(left, right)
        except (ValueError, OverflowError):
            return None
    return {"+": left + right, "-": left - right, "*": left * right}[operator]


def _members(operator: str, left: list[Any] | None, right: list[Any] | None) -> bool | None:
    if left is None or right is None or _holds_none(left) or _holds_none(right):
        return None
    mine, theirs = _set(left), _set(right)
    answers: Mapping[str, bool] = {
        "a_equals": mine == theirs, "a_contains": mine >= theirs, "a_containedby": mine <= theirs,
        "a_overlaps": bool(mine & theirs),
    }  # fmt: skip
    return answers[operator]


def _holds_none(several: list[Any]) -> bool:
    return any(element is None or (isinstance(element, list) and _holds_none(element)) for element in several)


def _set(several: list[Any]) -> frozenset[Any]:
    """Return the elements, each with what keeps true apart from 1, and a day from its first instant."""
    return frozenset(
        _set(element) if isinstance(element, list) else (_sort(element), element) for element in several
    )


def _sort(value: Any) -> str:
    return (
        "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__
    )
