"""Definitions of layers of events: which columns have the time and the mover, or what stations measured.

Tested by `tests/daas/definition/test_definition.py`.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal, Self

from pydantic import BaseModel, model_validator

from stcloud.daas.definition.clause import ColumnClause, Text, TimeClause
from stcloud.daas.definition.definition import Definition, register_definition
from stcloud.daas.definition.series import SeriesClause

__all__ = ["MOVER_TYPES", "EventDefinition"]

MOVER_TYPES = ("text", "integer")
"""Types of a column that says whose fix a row is."""


class EventDefinition(Definition):
    """A layer of events: something happened at an instant, or was measured by a station."""

    clauses: ClassVar[dict[str, type[BaseModel]]] = {"time": TimeClause, "series": SeriesClause}

    kind: Literal["event"]
    time: TimeClause
    series: SeriesClause | None = None
    """Says that the events are readings of stations; their key is the station and the time."""
    mover: Text | None = None
    """Column that says whose fix a row is: rows are read as without it, and need a value there for a track alone."""

    @model_validator(mode="after")
    def _somewhere(self) -> Self:
        if self.space.none and self.series is None:
            raise ValueError("events have a place; space.none is for features and for series")
        return self

    @model_validator(mode="after")
    def _measured(self) -> Self:
        series = self.series
        if series is not None:
            series.require_fit(self.key, self.time, self.columns)
        return self

    @model_validator(mode="after")
    def _moving(self) -> Self:
        if self.mover is None:
            return self
        if self.series is not None:
            raise ValueError("a reading is of a station: leave out mover, or the table [series]")
        if self.column(self.mover).type not in MOVER_TYPES:
            raise ValueError(f"column '{self.mover}' says whose fix a row is: its type is text or integer")
        if self.mover in (*self.time.names, self.time.end, *self.space.columns):
            raise ValueError(f"column '{self.mover}' has a time or a place: mover names who was there")
        return self

    def column(self, name: str) -> ColumnClause:
        """Return what is declared of a column, or what goes without saying."""
        if name not in self.columns and name in (self.time.column, self.time.end):
            return ColumnClause(type="instant", formats=self.time.formats, zone=self.time.zone)
        if self.series is not None and name in self.series.numbers and name not in self.columns:
            value = None if self.series.is_long else self.series.values[name]
            return ColumnClause(type="number", unit=value and value.stored_unit, title=value and value.title)
        return super().column(name)

    def time_words(self, name: str) -> tuple[tuple[str, ...], tuple[str, ...], str | None]:
        """Return the words that mean no time in a column of times, its formats and its zone."""
        if name in (self.time.column, self.time.end):
            words = (*self.column(name).null, *self.time.nothing(name))
            return words, self.time.formats, self.time.zone
        return super().time_words(name)

    @property
    def is_series(self) -> bool:
        """Whether the events are readings of stations."""
        return self.series is not None

    @property
    def mover_column(self) -> str | None:
        """The column that says whose fix a row is, as the layer names it; None: the events are of no movers."""
        return None if self.mover is None else self.column(self.mover).rename or self.mover

    @property
    def key_columns(self) -> tuple[str, ...]:
        """Source columns that together identify a row; none: the digest of a row is its key."""
        if self.series is None:
            return self.key
        variable = (self.series.variable,) if self.series.variable else ()
        return (self.series.station, *self.time.names, *variable)

    @property
    def row_time(self) -> TimeClause | None:
        """Column and formats of a row's time."""
        return self.time

    @property
    def _zone(self) -> str | None:
        return self.time.zone

    @property
    def roles(self) -> tuple[str, ...]:
        """Source columns with the key, the time and the place of a row."""
        times = [*self.time.names, *([self.time.end] if self.time.end else [])]
        return tuple(dict.fromkeys([*self.key_columns, *times, *super().roles]))

    @property
    def required(self) -> tuple[str, ...]:
        """Source columns that every file must have."""
        numbers = () if self.series is None else self.series.numbers
        needed = [name for name in numbers if not self.column(name).optional]
        return tuple(dict.fromkeys([*super().required, *needed]))

    @property
    def unkept(self) -> tuple[str, ...]:
        """Source columns that are not kept: several that together are the time, which is a column of stcloud."""
        return (*super().unkept, *(self.time.names if self.time.columns else ()))

    def _more_meaning(self, series: object) -> dict[str, Any]:  # noqa: ARG002
        return {} if self.series is None else {"series": self.series.meaning}


register_definition("event", EventDefinition)
