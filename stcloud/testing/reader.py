"""A plain reader for the oracle: one row of text to typed values, or the first thing that is wrong with it.

Tested by `tests/properties/test_ingest.py`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, TypeVar
from zoneinfo import ZoneInfo

from stcloud.testing.almanac import read_stamp
from stcloud.testing.ground import Ground, Position

if TYPE_CHECKING:
    from stcloud.daas.definition import ColumnClause, EventDefinition

__all__ = ["Record", "RowReader"]

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?|[+-]?(nan|inf|infinity)", re.ASCII | re.IGNORECASE)
_INTEGER = re.compile(r"([+-]?[0-9]{1,19})(?:\.0+)?")
_TRUE, _FALSE = ("true", "t", "yes", "y", "1"), ("false", "f", "no", "n", "0")
_YEARS = datetime(1, 1, 1, tzinfo=UTC)

Something = TypeVar("Something")


class _FaultError(ValueError):
    """What is wrong with a row."""


@dataclass(frozen=True, slots=True)
class Record:
    """What a good row holds. ``texts`` is all that counts of its text: rows of one file are equal when it is."""

    key: str
    texts: Mapping[str, str]
    time: datetime = _YEARS
    ends: datetime | None = None
    adjusted: bool = False
    position: Position | None = None
    unplaced: str | None = None
    values: Mapping[str, Any] | None = None

    def equals(self, other: Record) -> bool:
        """Tell whether two rows of a key hold the same values, however they are written."""
        return self.texts == other.texts or self._content == other._content

    @property
    def _content(self) -> tuple[Any, ...]:
        values = {name: value for name, value in (self.values or {}).items() if value is not None}
        return self.time, self.ends, self.position, self.unplaced, values


class RowReader:
    """Reads rows under a definition.

    Parameters
    ----------
    definition
        How to read them; a key must be declared, coordinates come as two columns.
    ground, zone
        The city's.
    """

    def __init__(self, definition: EventDefinition, ground: Ground, zone: ZoneInfo) -> None:
        if (
            not definition.key
            or definition.space.column
            or definition.space.datum not in ("wgs84", "cgcs2000")
        ):
            raise NotImplementedError("the oracle reads keyed rows with two coordinates that no datum shifts")
        self._definition = definition
        self._coordinates, self._required = definition.space.columns, definition.required
        self._columns: dict[str, ColumnClause] = {}
        self._ground = ground
        self._zone = zone

    def kept(self, names: Iterable[str]) -> dict[str, ColumnClause]:
        """Return the columns of a file that are kept, by the file's name of them."""
        declared = {*self._required, *self._definition.columns}
        ignored = self._definition.extra_columns == "ignore"
        return {name: self._column(name) for name in names if name in declared or not ignored}

    def read(self, row: Mapping[str, str], *, keys_only: bool = False) -> Record | str:
        """Return the record of a row, or the reason for refusing it."""
        meant = {name: self._meant(name, text) for name, text in row.items()}
        try:
            key = "|".join(self._key(meant[name]) for name in self._definition.key)
            return Record(key, {}) if keys_only else self._whole(key, row, meant)
        except _FaultError as fault:
            return str(fault)

    def _whole(self, key: str, row: Mapping[str, str], meant: Mapping[str, str | None]) -> Record:
        time, adjusted = self._time(meant[self._definition.time.names[0]])
        ends = self._end(meant, time)
        position, unplaced = self._position([meant[name] for name in self._coordinates])
        kept = self.kept(row)
        values = {column.rename or name: self._value(meant[name], column) for name, column in kept.items()}
        texts = {name: row[name] for name in {*kept, *self._required}}
        return Record(key, texts, time, ends, adjusted, position, unplaced, values)

    def _column(self, name: str) -> ColumnClause:
        if name not in self._columns:
            self._columns[name] = self._definition.column(name)
        return self._columns[name]

    def _meant(self, name: str, text: str) -> str | None:
        nothing = (*self._definition.null, *self._column(name).null)
        return None if text in nothing else text

    def _key(self, text: str | None) -> str:
        return _expect((text or "").strip(), "missing-key")

    def _time(self, text: str | None) -> tuple[datetime, bool]:
        reading = self._definition.time
        zone = ZoneInfo(reading.zone) if reading.zone else self._zone
        return _expect(read_stamp(_expect(text, "missing-time"), reading.formats, zone), "unreadable-time")

    def _end(self, meant: Mapping[str, str | None], start: datetime) -> datetime | None:
        reading = self._definition.time
        if reading.end is None or meant[reading.end] is None:
            return None
        end, _ = self._time(meant[reading.end])
        return _expect(end if end >= start else None, "end-before-start")

    def _position(self, written: list[str | None]) -> tuple[Position | None, str | None]:
        first, second = (None if text is None else _number(text) for text in written)
        if first is None or second is None:
            return None, "missing"
        if not (math.isfinite(first) and math.isfinite(second)):
            return None, "not-finite"
        if first == 0 and second == 0:
            return None, "zero"
        position = self._ground.place(first, second, self._definition.space.declared_crs)
        return position, None if position else "outside"

    def _value(self, text: str | None, column: ColumnClause) -> Any:
        if text is None:
            return None
        if text in column.values or column.otherwise != "keep":
            if text not in column.values and column.otherwise == "refuse":
                raise _FaultError("unknown-value")
            mapped = column.values.get(text)
            if mapped is None:
                return None
            text = mapped
        if column.type in ("date", "instant"):
            return self._moment(text, column)
        value = _TYPES[column.type](text)
        return None if value != value else value  # noqa: PLR0124  (NaN says that there is no number)

    def _moment(self, text: str, column: ColumnClause) -> date | datetime:
        if column.type == "date":
            stamp = read_stamp(text, column.formats, ZoneInfo("UTC"))
            return _expect(stamp, "unreadable-date")[0].date()
        zone = ZoneInfo(column.zone) if column.zone else self._zone
        return _expect(read_stamp(text, column.formats, zone), "unreadable-time")[0]


def _expect(value: Something | None, reason: str) -> Something:
    if value is None or value == "":
        raise _FaultError(reason)
    return value


def _number(text: str) -> float:
    match = _NUMBER.fullmatch(text.strip())
    return float(_expect(match, "not-a-number")[0])


def _integer(text: str) -> int:
    whole = int(_expect(_INTEGER.fullmatch(text.strip()), "not-an-integer")[1])
    if not -(2**63) <= whole < 2**63:
        raise _FaultError("not-an-integer")
    return whole


def _boolean(text: str) -> bool:
    word = text.strip().lower()
    if word not in (*_TRUE, *_FALSE):
        raise _FaultError("not-a-boolean")
    return word in _TRUE


_TYPES: Mapping[str, Callable[[str], Any]] = {
    "text": str, "integer": _integer, "number": _number, "boolean": _boolean,
}  # fmt: skip
