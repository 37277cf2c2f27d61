"""Numerators and denominators of indicators, read as questions about a city; entered values, read from their layer.

Tested by `tests/city/test_indicators.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from math import isfinite
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from stcloud.daas.table.feature import micros
from stcloud.daas.table.timeline import ALWAYS, FOREVER
from stcloud.errors import InvalidInput
from stcloud.paas.indicator.indicatordocument import Cadence, CityIndicator
from stcloud.paas.indicator.indicatorvalue import (
    INCOMPLETE,
    NO_VALUE,
    NOT_FINITE,
    OTHER_CADENCE,
    OTHER_PERIOD,
    SEVERAL,
    UNDEFINED,
    IndicatorValue,
)
from stcloud.paas.query.answer.pin import GivenKnown, Pin
from stcloud.paas.query.resolve.holders import read_group
from stcloud.time import Bin, Span, Zone

if TYPE_CHECKING:
    from stcloud.city.city import City
    from stcloud.paas.query.answer.answer import Answer
    from stcloud.paas.query.answer.group_place import GroupPlace
    from stcloud.paas.query.spec.question import Question

__all__ = ["WHOLE", "GroupNumbers", "IndicatorReading", "ReadIndicator", "is_whole"]

WHOLE = "*"
"""The group of values that are asked for without groups: the whole city."""
_ENTERED = ("indicator", "area", "value")


@dataclass(frozen=True, slots=True, eq=False)
class GroupNumbers:
    """A number by group.

    Attributes
    ----------
    by_group
        The numbers; None: there is none. Groups without rows are not among them.
    empty
        The number of a group without rows: 0 of counts, None of others.
    outside
        The number of the rows that are in no group; None: there are no such rows.
    incomplete
        Whether the layer's rows are not known to be complete until the end of the period.
    """

    by_group: dict[str, float | None]
    empty: float | None
    outside: float | None = None
    incomplete: bool = False

    def of(self, group: str) -> float | None:
        """Return the number of a group."""
        return self.by_group.get(group, self.empty)


@dataclass(frozen=True, slots=True, eq=False)
class ReadIndicator:
    """What was read of an indicator.

    Attributes
    ----------
    groups
        Groups that it has something of.
    value
        Gives the value of a group, also of one that it has nothing of.
    outside
        The numerator of the rows that are in no group; None: there are no such rows.
    """

    groups: tuple[str, ...]
    value: Callable[[str], IndicatorValue]
    outside: float | None = None


@dataclass(slots=True, eq=False)
class IndicatorReading:
    """Reads what indicators of a period are made of, and remembers at which instants layers were read.

    Parameters
    ----------
    city
        The city.
    period
        Half-open, both ends known.
    by
        What values are grouped by; None: not at all.
    known
        Recorded instant or pin; None: what is known now.
    """

    city: City
    period: Span
    by: str | None
    known: GivenKnown | None
    pins: list[Pin] = field(default_factory=list)
    place: GroupPlace | None = None

    @property
    def start_us(self) -> int:
        """Start of the period, UTC microseconds."""
        assert self.period.start_us is not None  # noqa: S101  (it has both ends)
        return self.period.start_us

    @property
    def end_us(self) -> int:
        """End of the period, UTC microseconds."""
        assert self.period.end_us is not None  # noqa: S101  (it has both ends)
        return self.period.end_us

    def read(self, name: str, clause: CityIndicator) -> ReadIndicator:
        """Return what gives the values of an indicator, and the groups that it has something of."""
        cadence = clause.cadence
        read = self._read(name, clause)
        if cadence is not None and not is_whole(self.period, cadence, self.city.configuration.zone):
            return ReadIndicator(read.groups, lambda _: IndicatorValue.none(OTHER_CADENCE))
        return read

    def _read(self, name: str, clause: CityIndicator) -> ReadIndicator:
        if clause.entered is not None:
            entered = self._entered(name, clause.entered, exact=clause.cadence is not None)
            return ReadIndicator(
                tuple(entered), lambda group: entered.get(group, IndicatorValue.none(NO_VALUE))
            )
        if clause.numerator is None:
            return ReadIndicator((), lambda _: IndicatorValue.none(UNDEFINED))
        over, under = self.numbers(clause.numerator), self._denominator(clause.denominator)
        parts = (over,) if under is None else (over, under)
        groups = tuple(group for part in parts for group in part.by_group)

        def value(group: str) -> IndicatorValue:
            numbers = [part.of(group) for part in parts]
            if any(part.incomplete for part in parts):
                return IndicatorValue.none(INCOMPLETE, *numbers)
            return IndicatorValue.of(*numbers, factor=clause.factor)

        return ReadIndicator(groups, value, over.outside)

    def _denominator(self, stated: Question | float | None) -> GroupNumbers | None:
        if stated is None:
            return None
        return GroupNumbers({}, float(stated)) if isinstance(stated, float | int) else self.numbers(stated)

    def numbers(self, question: Question) -> GroupNumbers:
        """Answer a question about the period, by group: events of the period, features of its last instant."""
        layer = self.city.layer(question.layer)
        by = () if self.by is None else (question.by or (self.by,))
        query = question.narrow(self.city.query(question.layer))
        versioned = layer.layer_kind.versioned
        query = query.as_of(self.end_us - 1) if versioned else query.when((self.start_us, self.end_us))
        query = query if self.known is None else query.known_at(self.known)
        measures = question.measure or ("count",)
        answer = query.measure(*measures, by=by)
        self._remember(answer)
        name = answer.table.column_names[len(by)]
        counts = measures[0].rpartition("=")[2].strip().startswith(("count", "distinct"))
        numbers = _floats(answer.table[name], measures[0])
        groups = answer.table.column(0).to_pylist() if by else [WHOLE]
        of_group = dict(zip(groups, numbers, strict=True))
        outside = of_group.pop(None, None)
        incomplete = not versioned and self._is_incomplete(question.layer, answer)
        if answer.place is not None and by == (self.by,):
            self.place = answer.place
        return GroupNumbers(_texts(of_group), 0.0 if counts else None, outside, incomplete)

    def features(self) -> tuple[str, ...]:
        """Return the groups that are features of a layer, at the end of the period or at a stated instant."""
        if self.by is None or not self.by.startswith("in:"):
            return ()
        layer = re.split("[.@]", self.by.removeprefix("in:"), maxsplit=1)[0]
        group = read_group(self.by, self.city.query(layer).subject)
        at_us = self.end_us - 1 if group.at_us is None else group.at_us
        answer = self.city.features(layer).as_of(at_us, known_at=self.known)
        self._remember(answer)
        keys = answer.table[group.column or "st_key"].to_pylist()
        return tuple(str(key) for key in keys if key is not None)

    def _entered(self, name: str, layer: str, *, exact: bool) -> dict[str, IndicatorValue]:
        features = self.city.features(layer)
        answer = features.between(self.start_us, self.end_us, known_at=self.known)
        self._remember(answer)
        lacking = next((column for column in _ENTERED if column not in answer.table.column_names), None)
        if lacking is not None:
            raise InvalidInput(
                "no-entered-values", f"layer '{layer}' has no column '{lacking}': it holds no values of indicators",
                hint='load them with definition="indicator-values"',
                in_shell="load them with --definition indicator-values --mode changes",
            )  # fmt: skip
        table = answer.table
        starts, ends = micros(table["st_valid_from"], ALWAYS), micros(table["st_valid_to"], FOREVER)
        rows: dict[str, list[tuple[int, int, float | None]]] = {}
        for indicator, area, value, start, end in zip(
            *(table[column].to_pylist() for column in _ENTERED), starts.tolist(), ends.tolist(), strict=True
        ):
            if indicator == name and (area == WHOLE) == (self.by is None):
                rows.setdefault(area, []).append((start, end, value))
        return {area: self._of_period(entries, exact=exact) for area, entries in rows.items()}

    def _of_period(self, entries: list[tuple[int, int, float | None]], *, exact: bool) -> IndicatorValue:
        """Return the value of an area: that of the whole period, no part of it and, if exact, no longer one."""
        start_us, end_us = self.start_us, self.end_us
        if len(entries) > 1:
            return IndicatorValue.none(SEVERAL)
        start, end, value = entries[0]
        fits = (start, end) == (start_us, end_us) if exact else start <= start_us and end_us <= end
        if not fits:
            return IndicatorValue.none(OTHER_PERIOD)
        if value is None:
            return IndicatorValue.none(NO_VALUE)
        return IndicatorValue(value, None, None, None) if isfinite(value) else IndicatorValue.none(NOT_FINITE)

    def _is_incomplete(self, layer: str, answer: Answer) -> bool:
        assert answer.pin is not None  # noqa: S101  (an answer at a recorded instant has one)
        complete = self.city.layer(layer).completeness(answer.pin.of_layer(layer))
        return complete is not None and complete.to_us < self.end_us

    def _remember(self, answer: Answer) -> None:
        if answer.pin is not None:
            self.pins.append(answer.pin)

    def place_of(self, column: str) -> GroupPlace | None:
        """Return the place of the groups, of an answer that has them in a column; None: they have none."""
        return None if self.place is None else replace(self.place, column=column)

    def pin(self) -> Pin:
        """Return the pin of all that was read."""
        joined = Pin.of({}, {})
        for pin in self.pins:
            joined = joined.joined(pin)
        return joined

    def agrees(self) -> bool:
        """Tell whether each layer was read as it was known at one instant: a load may have come in between."""
        joined = dict(self.pin().layers)
        return all(joined[layer] == at_us for pin in self.pins for layer, at_us in pin.layers)


def _floats(column: pa.ChunkedArray, measure: str) -> list[float | None]:
    kind = column.type
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_null(kind)):
        raise InvalidInput(
            "wrong-type",
            f"'{measure}' is {kind}, and an indicator is made of numbers",
            hint="measure a number",
        )
    return [None if value is None else float(value) for value in column.to_pylist()]


def _texts(numbers: dict[object, float | None]) -> dict[str, float | None]:
    return {str(group): number for group, number in numbers.items()}


def is_whole(period: Span, cadence: Cadence, zone: Zone) -> bool:
    """Tell whether a period is one day, week, month, quarter or year of the city's clock.

    >>> from stcloud.time import parse_when
    >>> zone = Zone("Asia/Shanghai")
    >>> is_whole(parse_when("2024-Q1", zone), "quarter", zone), is_whole(parse_when("2024-Q1", zone), "year", zone)
    (True, False)
    """
    assert period.start_us is not None  # noqa: S101  (it has both ends)
    part = Bin(cadence)
    number = int(part.numbers(np.array([period.start_us], np.int64), zone)[0])
    whole = part.span(number, zone)
    return (whole.start_us, whole.end_us) == (period.start_us, period.end_us)
