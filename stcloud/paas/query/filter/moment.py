"""Days, instants and intervals as filters write them.

Tested by `tests/paas/query/filter/test_law.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from stcloud.errors import InvalidInput
from stcloud.paas.query.filter.node import Constant, Interval, Node
from stcloud.time import Zone, parse_instant

__all__ = ["day_of", "instant_of", "interval_of"]


def day_of(text: str) -> Constant:
    """Return a day.

    Raises
    ------
    InvalidInput
        ``impossible-date``
    """
    try:
        return Constant("date", date.fromisoformat(text))
    except ValueError as error:
        raise InvalidInput(
            "impossible-date", f"{text!r} is no day", hint="write e.g. DATE('2024-03-01')"
        ) from error


def instant_of(text: str, zone: Zone) -> Constant:
    """Return an instant; without an offset it is on the city's wall clock.

    Raises
    ------
    InvalidInput
        ``impossible-date``, ``unreadable-time``
    """
    try:
        datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidInput(
            "impossible-date", f"{text!r} is no instant", hint="write e.g. TIMESTAMP('2024-03-01T07:00:00Z')"
        ) from error
    return Constant("instant", parse_instant(text, zone))


def interval_of(bounds: list[Any], value: Callable[[Any], Node], zone: Zone) -> Interval:
    """Return an interval.

    Parameters
    ----------
    bounds
        Two of: text of a day or an instant, ``..``, CQL2-JSON.
    value
        Reads CQL2-JSON.
    zone
        The city's.

    Raises
    ------
    InvalidInput
        ``wrong-type``, ``empty-period``, ``impossible-date``
    """
    if len(bounds) != 2:
        raise InvalidInput(
            "wrong-type",
            f"INTERVAL takes a start and an end, found {len(bounds)}",
            hint="an open end is '..'",
        )
    start, end = (_bound(bound, value, zone) for bound in bounds)
    if isinstance(start, Constant) and isinstance(end, Constant):
        first, last = start.value, end.value
        if start.kind != end.kind:
            first, last = _first(start, zone), _first(end, zone)
        if first > last:
            raise InvalidInput(
                "empty-period", f"from {bounds[0]} to {bounds[1]} there is no time",
                hint="write the earlier one first",
            )  # fmt: skip
    return Interval(start, end)


def _bound(written: Any, value: Callable[[Any], Node], zone: Zone) -> Node | None:
    if written == "..":
        return None
    if isinstance(written, str):
        return day_of(written) if len(written) <= 10 else instant_of(written, zone)
    bound = value(written)
    if bound.kind not in ("date", "instant"):
        raise InvalidInput(
            "wrong-type", f"an interval is bounded by days or instants, not by {bound.kind}",
            hint="write INTERVAL('2024-03-01', '..')",
        )  # fmt: skip
    return bound


def _first(bound: Constant, zone: Zone) -> int:
    """Return the first instant of a bound."""
    return parse_instant(bound.value.isoformat(), zone) if bound.kind == "date" else int(bound.value)
