"""Reading a layer of readings: the rows that were believed, in order of station and time, in declared units.

Rows come whole from their files, since most questions about a series want most of it: no engine is started.

Tested by `tests/paas/series/test_readings.py` and `tests/properties/test_series.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from stcloud.daas.catalogue import Layer
from stcloud.daas.definition import EventDefinition, SeriesClause, ValueClause
from stcloud.daas.table.feature import micros
from stcloud.daas.table.timeline import FOREVER
from stcloud.errors import InvalidInput, NotFound, nearest
from stcloud.paas.query.plan.plan import Rows
from stcloud.paas.query.run.inquiry import Inquiry
from stcloud.paas.query.run.wholerows import empty_rows, holds_all, kept_rows
from stcloud.paas.series.readings import GOOD, IMPLAUSIBLE, MISSING, Flags, Floats, Ints, Readings

__all__ = ["SeriesColumns", "read_readings", "reading_order", "series_of"]

_OWN = ("st_time", "st_recorded_from", "st_recorded_to")
_SPARSE = 4
"""So many places for each row are still faster filled than rows are sorted."""


def series_of(layer: Layer) -> SeriesClause:
    """Return what makes a layer a series; `InvalidInput` ``not-series``."""
    definition = layer.definition
    if not isinstance(definition, EventDefinition) or definition.series is None:
        raise InvalidInput(
            "not-series", f"layer '{layer.name}' has no readings: its definition has no table [series]",
            hint="ask it with query, or load readings into a layer whose definition has one",
            in_shell="ask it with stcloud query, or load readings into a layer whose definition has one",
        )  # fmt: skip
    return definition.series


@dataclass(frozen=True, slots=True)
class SeriesColumns:
    """Where a layer keeps stations and values.

    Parameters
    ----------
    layer, clause
        The layer, and what makes it a series.
    station, variable, value
        Stored names of the column of stations, and of a long layer of what was measured, and its value.
    values
        The values: clause and stored name by the name that people know; the stored name of a long layer is its
        ``value``.
    """

    layer: Layer
    clause: SeriesClause
    station: str
    variable: str | None
    value: str | None
    values: Mapping[str, tuple[ValueClause, str]]

    @classmethod
    def of(cls, layer: Layer) -> SeriesColumns:
        """Return the columns of a layer; `InvalidInput` ``not-series``."""
        clause = series_of(layer)
        stored = {attribute.name: attribute.stored for attribute in layer.attributes}

        def shown(name: str) -> str:
            return layer.definition.column(name).rename or name

        value = None if clause.value is None else stored[shown(clause.value)]
        values = {
            name if clause.is_long else shown(name): (rules, value or stored[shown(name)])
            for name, rules in clause.values.items()
            if clause.is_long or shown(name) in stored
        }
        variable = None if clause.variable is None else stored[shown(clause.variable)]
        return cls(layer, clause, stored[shown(clause.station)], variable, value, values)

    def named(self, names: Iterable[str]) -> SeriesColumns:
        """Return the columns with some of the values; `NotFound` ``unknown-value``, with the nearest names."""
        for name in names:
            if name not in self.values:
                raise NotFound(
                    "unknown-value", f"series '{self.layer.name}' measures no '{name}'",
                    nearest=nearest(name, self.values),
                )  # fmt: skip
        return SeriesColumns(
            self.layer, self.clause, self.station, self.variable, self.value,
            {name: self.values[name] for name in names},
        )  # fmt: skip

    @property
    def stored(self) -> list[str]:
        """Stored names of all columns that readings are made of."""
        own = [name for name in (self.station, self.variable, self.value) if name is not None]
        return list(dict.fromkeys([*own, *(stored for _, stored in self.values.values())]))


def read_readings(
    inquiry: Inquiry, columns: SeriesColumns, stations: Iterable[str] | None = None
) -> Readings:
    """Return the readings that a question keeps.

    Parameters
    ----------
    inquiry
        When, as known when, and which rows.
    columns
        Where the layer keeps stations and values.
    stations
        Keys of stations; None: all.

    Raises
    ------
    NotFound
        ``unknown-station``, with the nearest keys; ``purged``
    """
    resolution = inquiry.resolver.resolution(inquiry.plan(Rows()))
    snapshot = inquiry.subject.layer.snapshot
    files = resolution.bounds(snapshot).files
    tests = [test for test in resolution.conditions if not holds_all(test, files)]
    needed = {name for test in tests for name in test.columns if name in snapshot.schema.names}
    names = list(dict.fromkeys([*columns.stored, *_OWN[:2], *sorted(needed)]))
    rows = snapshot.read(files, names) if files else empty_rows(snapshot.schema, names)
    kept = kept_rows(rows, tests)
    rows = rows if kept is None else rows.filter(pa.array(kept))
    codes, known = _stations(rows[columns.station])
    if stations is not None:
        codes, known, rows = _chosen(codes, known, rows, tuple(stations), inquiry, columns)
    return _readings(rows, codes, known, columns)


def _stations(column: pa.ChunkedArray) -> tuple[NDArray[np.int32], tuple[str, ...]]:
    """Return the station of each row as a position among their keys, ascending."""
    encoded = pc.dictionary_encode(column.combine_chunks())
    encoded = encoded.combine_chunks() if isinstance(encoded, pa.ChunkedArray) else encoded
    words = encoded.dictionary.to_pylist()
    order = sorted(range(len(words)), key=words.__getitem__)
    place = np.empty(len(words), np.int32)
    place[order] = np.arange(len(words), dtype=np.int32)
    codes = encoded.indices.to_numpy(zero_copy_only=False)
    return place[codes] if len(words) else np.zeros(0, np.int32), tuple(words[at] for at in order)


def _chosen(
    codes: NDArray[np.int32],
    known: tuple[str, ...],
    rows: pa.Table,
    stations: tuple[str, ...],
    inquiry: Inquiry,
    columns: SeriesColumns,
) -> tuple[NDArray[np.int32], tuple[str, ...], pa.Table]:
    """Return the rows of some stations; one that has no reading then, and has at another time, has none."""
    unknown = [name for name in stations if name not in known]
    if unknown:
        _refuse_unknown(unknown[0], inquiry, columns)
    kept = tuple(sorted(set(known) & set(stations)))
    place = np.full(len(known), -1, np.int32)
    place[[known.index(name) for name in kept]] = np.arange(len(kept), dtype=np.int32)
    there = place[codes] if len(known) else codes
    mask = there >= 0
    return there[mask], kept, rows.filter(pa.array(mask))


def _refuse_unknown(name: str, inquiry: Inquiry, columns: SeriesColumns) -> None:
    """Refuse a station that never had a reading."""
    snapshot = inquiry.subject.layer.snapshot
    ever = pc.unique(snapshot.read(snapshot.files, [columns.station])[columns.station]).to_pylist()
    if name not in ever:
        raise NotFound(
            "unknown-station", f"series '{columns.layer.name}' has no station '{name}'",
            nearest=nearest(name, sorted(text for text in ever if text)),
        )  # fmt: skip


def _readings(
    rows: pa.Table, codes: NDArray[np.int32], stations: tuple[str, ...], columns: SeriesColumns
) -> Readings:
    time_us, recorded_us = (micros(rows[name], FOREVER) for name in _OWN[:2])
    order = reading_order(codes, time_us, len(stations), columns.clause.step_us)
    codes, time_us, recorded_us = codes[order], time_us[order], recorded_us[order]
    raw: dict[str, Floats]
    if columns.variable is None:
        raw = {name: _floats(rows[stored])[order] for name, (_, stored) in columns.values.items()}
    else:
        first = np.append(True, (codes[1:] != codes[:-1]) | (time_us[1:] != time_us[:-1]))[: len(codes)]
        group = np.cumsum(first) - 1
        raw = _pivoted(rows, order, group, columns)
        latest = np.zeros(int(first.sum()), np.int64)
        np.maximum.at(latest, group, recorded_us)
        codes, time_us, recorded_us = codes[first], time_us[first], latest
    values, flags = {}, {}
    for name, (rules, _) in columns.values.items():
        values[name], flags[name] = _measured(raw[name], rules)
    units = {name: rules.unit for name, (rules, _) in columns.values.items()}
    return Readings(stations, codes, time_us, values, flags, recorded_us, columns.clause.step_us, units)


def reading_order(codes: NDArray[np.int32], time_us: Ints, stations: int, step_us: int | None) -> Ints:
    """Return rows in order of station and time: placed, where most steps of the stations have one, else sorted."""
    if not len(codes):
        return np.zeros(0, np.int64)
    first_us, last_us = int(time_us.min()), int(time_us.max())
    if step_us is not None:
        step, rest = np.divmod(time_us - first_us, step_us)
        steps = (last_us - first_us) // step_us + 1
        if stations * steps <= _SPARSE * len(codes) + 1000 and not rest.any():
            slot = np.full(stations * steps, -1, np.int64)
            slot[codes * steps + step] = np.arange(len(codes))
            order = slot[slot >= 0]
            if len(order) == len(codes):
                return order
    span_us = last_us - first_us + 1
    if stations * span_us < 2**62:
        return np.argsort(codes.astype(np.int64) * span_us + (time_us - first_us), kind="stable")
    return np.lexsort((time_us, codes))


def _pivoted(rows: pa.Table, order: Ints, group: Ints, columns: SeriesColumns) -> dict[str, Floats]:
    """Return a column for each variable of long rows, NaN where a station gave none at that time."""
    assert columns.variable is not None  # noqa: S101  (who pivots has one)
    assert columns.value is not None  # noqa: S101
    names = list(columns.values)
    which = pc.index_in(rows[columns.variable], value_set=pa.array(names, pa.string()))
    variable = which.combine_chunks().fill_null(-1).to_numpy()[order]
    value = _floats(rows[columns.value])[order]
    count = int(group[-1]) + 1 if len(group) else 0
    raw = {}
    for number, name in enumerate(names):
        chosen = variable == number
        raw[name] = np.full(count, np.nan)
        raw[name][group[chosen]] = value[chosen]
    return raw


def _floats(column: pa.ChunkedArray) -> Floats:
    """Return numbers, NaN for null."""
    numbers = column.cast(pa.float64()).to_numpy()
    return np.asarray(numbers, np.float64)


def _measured(raw: Floats, rules: ValueClause) -> tuple[Floats, Flags]:
    """Return values in the declared unit, and their flags."""
    change = rules.conversion
    values = raw * change.factor + change.offset if change.changes else raw
    flags = np.full(len(values), GOOD, np.uint8)
    if rules.plausible is not None:
        low, high = rules.plausible
        flags[(values < low) | (values > high)] = IMPLAUSIBLE
    flags[np.isnan(values)] = MISSING
    return values, flags
