"""Temporal operators for the oracle: each relation written out, on days or on microseconds.

Days among themselves are closed intervals, as CQL2 has them. All else is half-open: an instant lasts a microsecond, a
day until the next begins on the city's clock, and an interval that ends where it begins is an instant.

Tested by `tests/paas/query/filter/test_law.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from stcloud.testing.almanac import to_utc

__all__ = ["OPEN", "Lasting", "related"]

OPEN = ".."
"""An end that is open."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EVER = 10**30


@dataclass(frozen=True, slots=True)
class Lasting:
    """From a day or an instant to another; `OPEN` has no end, None is unknown."""

    start: Any
    end: Any


def related(operator: str, left: Any, right: Any, zone: ZoneInfo) -> bool | None:
    """Tell whether a temporal operator holds of dates, datetimes or intervals; None: it is unknown.

    >>> left, right = Lasting(date(2024, 1, 1), date(2024, 1, 5)), Lasting(date(2024, 1, 5), OPEN)
    >>> related("t_meets", left, right, ZoneInfo("UTC"))
    True
    """
    if None in (left, right) or any(_unknown(value) for value in (left, right)):
        return None
    if all(_is_of_days(value) for value in (left, right)):
        (a, b), (c, d) = (_days(value) for value in (left, right))
        return None if b < a or d < c else _of_days(operator, a, b, c, d)
    (a, b), (c, d) = (_micros(value, zone) for value in (left, right))
    kinds = (type(left), type(right))
    return None if b < a or d < c else _of_micros(operator, kinds, (a, max(b, a + 1)), (c, max(d, c + 1)))


def _of_micros(
    operator: str, kinds: tuple[type, type], left: tuple[int, int], right: tuple[int, int]
) -> bool:
    (a, b), (c, d) = left, right
    if operator in ("t_disjoint", "t_intersects"):
        return (a < d and c < b) == (operator == "t_intersects")
    if Lasting not in kinds:
        return _of_moments(operator, kinds, left, right)
    if kinds != (Lasting, Lasting) and operator in ("t_before", "t_after"):  # an instant meets nothing
        return b <= c if operator == "t_before" else d <= a
    return _of_intervals(operator, a, b, c, d)


def _of_intervals(operator: str, a: int, b: int, c: int, d: int) -> bool:
    answers: Mapping[str, bool] = {
        "t_after": a > d, "t_before": b < c, "t_contains": a < c and d < b, "t_during": c < a and b < d,
        "t_equals": (a, b) == (c, d), "t_finishedby": a < c and b == d, "t_finishes": a > c and b == d,
        "t_meets": b == c, "t_metby": a == d, "t_overlappedby": c < a < d < b, "t_overlaps": a < c < b < d,
        "t_startedby": a == c and b > d, "t_starts": a == c and b < d,
    }  # fmt: skip
    return answers[operator]


def _of_days(operator: str, a: int, b: int, c: int, d: int) -> bool:
    if operator in ("t_disjoint", "t_intersects"):
        return (a <= d and c <= b) == (operator == "t_intersects")
    return _of_intervals(operator, a, b, c, d)


def _of_moments(
    operator: str, kinds: tuple[type, type], left: tuple[int, int], right: tuple[int, int]
) -> bool:
    if operator == "t_equals":  # an instant counts by its day
        return left == right if kinds[0] is kinds[1] else left[0] < right[1] and right[0] < left[1]
    return left[1] <= right[0] if operator == "t_before" else right[1] <= left[0]


def _unknown(value: Any) -> bool:
    return isinstance(value, Lasting) and None in (value.start, value.end)


def _bounds(value: Any) -> tuple[Any, Any]:
    return (value.start, value.end) if isinstance(value, Lasting) else (value, value)


def _is_of_days(value: Any) -> bool:
    return not any(isinstance(bound, datetime) for bound in _bounds(value))


def _days(value: Any) -> tuple[int, int]:
    start, end = _bounds(value)
    return -_EVER if start == OPEN else start.toordinal(), _EVER if end == OPEN else end.toordinal()


def _micros(value: Any, zone: ZoneInfo) -> tuple[int, int]:
    start, end = _bounds(value)
    first = -_EVER if start == OPEN else _at(start, zone)
    if end == OPEN:
        return first, _EVER
    last = _at(end, zone) if isinstance(end, datetime) else _at(end + timedelta(days=1), zone)
    return first, last


def _at(bound: date, zone: ZoneInfo) -> int:
    if not isinstance(bound, datetime):
        bound = to_utc(datetime(bound.year, bound.month, bound.day), zone)  # noqa: DTZ001
    return (bound - _EPOCH) // timedelta(microseconds=1)
