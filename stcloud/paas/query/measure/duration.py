"""Durations between two instants or dates of a row, in a stated unit; what has not ended lasts until an instant.

Tested by `tests/conformance/test_measures.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from stcloud.daas.table.schema import Attribute
from stcloud.errors import InvalidInput, NotFound, nearest
from stcloud.paas.query.sql import exp
from stcloud.paas.query.sql.binder import Binder
from stcloud.paas.query.sql.tree import any_of, column, number
from stcloud.time import Zone

__all__ = ["UNITS", "Duration", "Unit", "read_duration"]


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of durations: the symbol that ends a field's name, and its length in microseconds."""

    symbol: str
    length_us: int


UNITS: Mapping[str, Unit] = {
    "seconds": Unit("s", 10**6), "minutes": Unit("min", 60 * 10**6), "hours": Unit("h", 3600 * 10**6),
    "days": Unit("d", 86_400 * 10**6),
}  # fmt: skip
_PLAIN = "hours"
_DAY_US = 86_400 * 10**6


@dataclass(frozen=True, slots=True)
class Duration:
    """The time from one column of instants to another.

    Parameters
    ----------
    start, end
        The columns, both of instants or both of dates; the end is null where it is not known yet.
    unit
        In which it is told; a day is 24 hours.
    """

    start: Attribute
    end: Attribute
    unit: Unit

    @property
    def words(self) -> str:
        """What fields that tell of it are called, with the unit."""
        return f"{self.end.name}_minus_{self.start.name}_{self.unit.symbol}"

    def sql(self, binder: Binder, until_us: int | None, zone: Zone) -> exp.Expression:
        """Return it as float64; null where an end is missing.

        Parameters
        ----------
        binder, zone
            Takes the values; the city's, which says on which day an instant is.
        until_us
            What has not ended by this instant lasts until it, and what has not begun by it has none; UTC
            microseconds. None: what has no end has no duration. Of dates its day counts.
        """
        length = exp.Paren(this=exp.Sub(this=_micros(self.end), expression=_micros(self.start)))
        if until_us is None:
            return self._in_units(length)
        until = self._until(binder, until_us, zone)
        so_far = exp.Paren(this=exp.Sub(this=until, expression=_micros(self.start)))
        begun = exp.LTE(this=_micros(self.start), expression=until)
        pending = exp.If(this=self._pending(binder, until_us, zone), true=so_far)
        lasting = exp.Case(ifs=[pending], default=length)
        return self._in_units(exp.Case(ifs=[exp.If(this=begun, true=lasting)]))

    def open(self, binder: Binder, until_us: int, zone: Zone) -> exp.Expression:
        """Return the condition that it has begun by an instant and not ended (UTC microseconds)."""
        begun = exp.LTE(this=_micros(self.start), expression=self._until(binder, until_us, zone))
        return exp.Paren(this=exp.And(this=begun, expression=self._pending(binder, until_us, zone)))

    def negative(self, binder: Binder, until_us: int | None, zone: Zone) -> exp.Expression:
        """Return the condition that it ended before it began."""
        return exp.LT(this=self.sql(binder, until_us, zone), expression=exp.cast(number(0), "double"))

    def _pending(self, binder: Binder, until_us: int, zone: Zone) -> exp.Expression:
        missing = exp.Is(this=_stored(self.end), expression=exp.null())
        return any_of(
            [missing, exp.GT(this=_micros(self.end), expression=self._until(binder, until_us, zone))]
        )

    def _until(self, binder: Binder, until_us: int, zone: Zone) -> exp.Expression:
        if self.end.type == "instant":
            return exp.UnixMicros(this=binder.instant(until_us))
        day = int(zone.to_local(np.array([until_us]))[0]) // _DAY_US
        return number(day * _DAY_US)

    def _in_units(self, length_us: exp.Expression) -> exp.Expression:
        length = exp.cast(exp.Literal.number(self.unit.length_us), "double")
        return exp.Div(this=exp.cast(length_us, "double"), expression=length)


def read_duration(tree: Any, attributes: Mapping[str, Attribute]) -> Duration | None:
    """Read ``closed - opened`` or ``days(closed - opened)``, CQL2-JSON; None where it is something else.

    Raises
    ------
    InvalidInput
        ``wrong-type``: ``days(…)`` of what is no duration.

    Examples
    --------
    >>> columns = {name: Attribute(name, name, "instant") for name in ("opened", "closed")}
    >>> between = {"op": "-", "args": [{"property": "closed"}, {"property": "opened"}]}
    >>> read_duration({"op": "days", "args": [between]}, columns).words
    'closed_minus_opened_d'
    """
    operator = str(tree.get("op")) if isinstance(tree, dict) else ""
    if operator in UNITS:
        inner = tree["args"][0] if len(tree.get("args", [])) == 1 else None
        ends = _ends(inner, attributes)
        _check_columns(inner, attributes)
        if ends is None:
            raise InvalidInput(
                "wrong-type", f"'{operator}(…)' is of a duration, the difference of two instants or two dates",
                hint=_texts_in(inner, attributes) or f"e.g. {operator}(closed - opened)",
            )  # fmt: skip
        return Duration(*ends, UNITS[operator])
    ends = _ends(tree, attributes)
    return None if ends is None else Duration(*ends, UNITS[_PLAIN])


def _texts_in(tree: Any, attributes: Mapping[str, Attribute]) -> str:
    """Say which columns of a difference are texts, and how they become instants; empty where none is."""
    parts = tree.get("args", []) if isinstance(tree, dict) else []
    names = [str(part.get("property")) for part in parts if isinstance(part, dict)]
    texts = [
        f"'{name}'" for name in dict.fromkeys(names) if name in attributes and attributes[name].type == "text"
    ]
    if not texts:
        return ""
    are, them = ("are texts", "them") if len(texts) > 1 else ("is a text", "it")
    return f'{" and ".join(texts)} {are}: load with a definition that gives {them} type = "instant"'


def _check_columns(tree: Any, attributes: Mapping[str, Attribute]) -> None:
    """Refuse with ``unknown-column`` a difference of columns that are not there."""
    for part in tree.get("args", []) if isinstance(tree, dict) else []:
        name = part.get("property") if isinstance(part, dict) else None
        if name is not None and name not in attributes:
            raise NotFound(
                "unknown-column", f"there is no column '{name}' (there are: {', '.join(attributes)})",
                nearest=nearest(name, attributes),
            )  # fmt: skip


def _ends(tree: Any, attributes: Mapping[str, Attribute]) -> tuple[Attribute, Attribute] | None:
    if not isinstance(tree, dict) or tree.get("op") != "-" or len(tree.get("args", [])) != 2:
        return None
    named = [
        attributes.get(argument.get("property", ""))
        for argument in tree["args"]
        if isinstance(argument, dict)
    ]
    for kind in ("instant", "date"):
        ends = [attribute for attribute in named if attribute is not None and attribute.type == kind]
        if len(ends) == 2:
            return ends[1], ends[0]
    return None


def _stored(attribute: Attribute) -> exp.Column:
    return column(attribute.stored, "layer")


def _micros(attribute: Attribute) -> exp.Expression:
    """Return a column as microseconds since 1970; a date as those of its midnight on no clock in particular."""
    if attribute.type == "instant":
        return exp.UnixMicros(this=_stored(attribute))
    first = exp.cast(exp.Literal.string("1970-01-01"), "date")
    days = exp.DateDiff(this=_stored(attribute), expression=first, unit=exp.var("DAY"))
    return exp.Mul(this=exp.cast(days, "bigint"), expression=number(_DAY_US))
