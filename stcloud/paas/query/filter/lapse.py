"""Differences of times: hours, or what a function of units says; of two instants, or of two days.

Tested by `tests/paas/query/filter/test_law.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from stcloud.errors import InvalidInput
from stcloud.paas.query.filter.node import Call, Constant, Node
from stcloud.time.micros import DAY_US, HOUR_US, MINUTE_US, SECOND_US

__all__ = ["LENGTHS_US", "TIMES", "lapse", "lapse_in"]

TIMES = ("date", "instant")
LENGTHS_US: Mapping[str, int] = {"days": DAY_US, "hours": HOUR_US, "minutes": MINUTE_US, "seconds": SECOND_US}
"""Functions that say a difference in their unit, with its length."""


def lapse(left: Node, right: Node, unit_us: int = HOUR_US) -> Call:
    """Return the time from ``right`` to ``left``, in units of so many microseconds.

    Raises
    ------
    InvalidInput
        ``wrong-type``: one is a day and the other an instant.
    """
    if left.kind != right.kind:
        raise InvalidInput(
            "wrong-type", f"a difference is of two days or of two instants, found {left.kind} and {right.kind}",
            hint="compare them instead, or declare both columns of one type in the definition",
        )  # fmt: skip
    return Call("number", "lapse", (left, right, Constant("integer", unit_us)))


def lapse_in(name: str, arguments: list[Any], value: Callable[[Any], Node]) -> Call:
    """Return ``days(closed - opened)`` and the like.

    Parameters
    ----------
    name
        One of `LENGTHS_US`.
    arguments
        CQL2-JSON.
    value
        Reads CQL2-JSON.

    Raises
    ------
    InvalidInput
        ``wrong-type``: it is of no difference.
    """
    node = value(arguments[0]) if len(arguments) == 1 else None
    if not isinstance(node, Call) or node.operator != "lapse":
        raise InvalidInput(
            "wrong-type", f"'{name}(…)' is of the difference of two instants or two days",
            hint=f"e.g. {name}(closed - opened) > 2",
        )  # fmt: skip
    return lapse(node.arguments[0], node.arguments[1], LENGTHS_US[name])
