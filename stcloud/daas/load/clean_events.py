"""Cleaning: text from a source in, typed rows of an event table and refusals out.

A row is refused for its first fault, in this order: key, time, coordinates, columns. A row without a usable
place is kept and says why it has none.

Tested by `tests/daas/load/test_event_load.py`, `tests/daas/load/test_month.py` and `tests/layers/test_bundled.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stcloud.daas.definition import Definition, EventDefinition
from stcloud.daas.load.column import (
    Faults,
    Values,
    formats_of,
    plain,
    read_column,
    trimmed,
    without_nulls,
    without_padding,
)
from stcloud.daas.load.event_time import read_time
from stcloud.daas.load.place import Placer
from stcloud.daas.load.plausible import implausible_counts
from stcloud.daas.table.schema import INSTANT, Attribute
from stcloud.iaas.source.protocol import Batch, Refusal
from stcloud.iaas.source.text import Declared, exact_whole
from stcloud.iaas.table.digest import digest_rows
from stcloud.time import StampResult, Zone, read_stamps

__all__ = [
    "FEW_ROWS",
    "MONTH",
    "ROW",
    "CleanedEvents",
    "EventCleaner",
    "months_of",
    "read_attributes",
    "read_key",
]

ROW = "st_row"
"""Column of cleaned rows: the row's number in its file, from 1."""

MONTH = "st_months"
"""Column of cleaned rows: months of the city's clock since 1970-01, the part that a row belongs to."""
_MONTHS = (-1969 * 12, 8030 * 12 - 1)
"""Of the years 1 to 9999."""

_DAY_US = 86_400_000_000
_SECOND_US = 1_000_000
FEW_ROWS = 50_000
"""Sources with fewer rows are done before compiled loops have started."""


@dataclass(frozen=True, slots=True)
class CleanedEvents:
    """Rows to keep, refusals, and the numbers of rows whose time a daylight-saving change adjusted.

    ``repairs`` name values of rows to keep that are kept in another form than they came in; ``implausible`` counts
    values outside the limits of their definition, by name.
    """

    rows: pa.RecordBatch
    refusals: tuple[Refusal, ...]
    read: int
    adjusted: Values
    repairs: tuple[Refusal, ...] = ()
    padded: int = 0
    implausible: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EventCleaner:
    """Cleans batches of one source under one definition; safe to use from several threads.

    Parameters
    ----------
    definition
        How to read the source.
    columns
        Attribute by source column, from `bind_columns`.
    placer
        Coordinates to places in the city.
    zone
        The city's time zone, for times that declare none.
    keys_only
        True when rows only name what to delete.
    types
        The types that the source gives its columns.
    """

    definition: EventDefinition
    columns: Mapping[str, Attribute]
    placer: Placer
    zone: Zone
    keys_only: bool = False
    types: Mapping[str, Declared] = field(default_factory=dict)

    def clean(self, batch: Batch) -> CleanedEvents:
        """Clean one batch."""
        given, padded = without_padding(batch.rows) if self.definition.trim else (batch.rows, None)
        source = without_nulls(given, self.definition, self.zone, self.types)
        faults = Faults(batch.numbers)
        faults.take(batch.faults)
        digest = digest_rows(
            given.select(self._meaning),
            self.definition.digest(),
            many=len(batch.numbers) > 0 and int(batch.numbers[0]) > FEW_ROWS,
        )
        own: dict[str, pa.Array] = {ROW: pa.array(batch.numbers)}
        key, start = self._key(source, digest, faults)
        own |= {"st_key": key, "st_digest": digest}
        adjusted = np.zeros(len(key), np.bool_)
        if not self.keys_only:
            adjusted = self._add_time(source, own, faults, start)
            own |= self.placer.place(source, faults)
            own |= self._attributes(source, own["st_time"], faults)
        keep = ~faults.faulty
        rows = pa.RecordBatch.from_pydict(own)
        rows = rows if keep.all() else rows.filter(pa.array(keep))
        read = len(key) + len(batch.refusals)
        refusals = (*batch.refusals, *faults.refusals())
        kept = set(batch.numbers[keep].tolist()) if batch.repairs else ()
        repairs = tuple(repair for repair in batch.repairs if repair.row in kept)
        count = 0 if padded is None else int(padded.sum())
        implausible = {} if self.keys_only else implausible_counts(rows, self.definition, self.columns)
        return CleanedEvents(
            rows, refusals, read, batch.numbers[adjusted & keep], repairs, count, implausible
        )

    @property
    def _meaning(self) -> list[str]:
        """Columns that the layer keeps or is made from; what is ignored changes nothing."""
        if self.keys_only and self.definition.key_columns:
            return sorted(self.definition.key_columns)
        return sorted({*self.columns, *self.definition.roles})

    def _key(
        self, source: Mapping[str, pa.Array], digest: pa.Array, faults: Faults
    ) -> tuple[pa.Array, StampResult | None]:
        """Return the keys of rows, and of a series their times, which are part of them."""
        series = self.definition.series
        if series is not None:
            start = self._start(source, faults)
            names = (series.station, *((series.variable,) if series.variable else ()))
            return series_key(names, start.utc_us, source, faults, self.types, self.columns), start
        if not self.definition.key:
            return pa.array([row_digest.hex() for row_digest in digest.to_pylist()], pa.string()), None
        return read_key(self.definition.key, source, faults, self.types, self.columns), None

    def _start(self, source: Mapping[str, pa.Array], faults: Faults) -> StampResult:
        reading = self.definition.time
        return read_time(
            reading, source, Zone(reading.zone) if reading.zone else self.zone, self.types, faults
        )

    def _add_time(
        self,
        source: Mapping[str, pa.Array],
        own: dict[str, pa.Array],
        faults: Faults,
        start: StampResult | None,
    ) -> Values:
        start = self._start(source, faults) if start is None else start
        reading = self.definition.time
        zone = Zone(reading.zone) if reading.zone else self.zone
        own["st_time"] = pa.array(start.utc_us).cast(INSTANT)
        own[MONTH] = pa.array(months_of(start.utc_us, self.zone))
        if reading.end:
            texts = source[reading.end]
            end = read_stamps(texts, formats_of(reading.formats, self.types.get(reading.end)), zone)
            written = pc.is_valid(texts).to_numpy(zero_copy_only=False)
            faults.add(end.out_of_range, reading.end, texts, "time-out-of-range")
            faults.add(written & ~end.valid, reading.end, texts, "unreadable-time")
            faults.add(end.valid & (end.utc_us < start.utc_us), reading.end, texts, "end-before-start")
            own["st_time_to"] = pa.array(end.utc_us, mask=~end.valid).cast(INSTANT)
        else:
            own["st_time_to"] = pa.nulls(len(start.utc_us), INSTANT)
        return start.adjusted

    def _attributes(
        self, source: Mapping[str, pa.Array], start: pa.Array, faults: Faults
    ) -> dict[str, pa.Array]:
        """Return the columns that the layer keeps; that of the rows' time is read already."""
        read = {
            name: attribute for name, attribute in self.columns.items() if self._is_start(name, attribute)
        }
        others = {name: attribute for name, attribute in self.columns.items() if name not in read}
        attributes = read_attributes(others, source, self.definition, self.zone, faults, self.types)
        return attributes | {attribute.stored: start for attribute in read.values()}

    def _is_start(self, name: str, attribute: Attribute) -> bool:
        """Return whether a column would be read as the rows' time was; rows without one are at fault anyway."""
        time, column = self.definition.time, self.definition.typed(name, attribute.type)
        same = (column.type, column.formats, column.zone) == ("instant", time.formats, time.zone)
        return name == time.column and same and not column.values and column.otherwise == "keep"


def read_key(
    names: Sequence[str],
    source: Mapping[str, pa.Array],
    faults: Faults,
    types: Mapping[str, Declared],
    columns: Mapping[str, Attribute],
) -> pa.Array:
    """Return keys as text; several columns are joined so that no other values give the same.

    A float so large that digits of it may be lost names nothing: it is a fault. Where the layer keeps integers,
    ``5.0`` of a text file is 5.
    """
    parts = [trimmed(plain(source[name])) for name in names]
    whole = [name in columns and columns[name].type == "integer" for name in names]
    parts = [
        pc.replace_substring_regex(part, r"^([+-]?\d+)\.0+$", r"\1") if is_whole else part
        for part, is_whole in zip(parts, whole, strict=True)
    ]
    for name, part in zip(names, parts, strict=True):
        faults.add(pc.is_null(part), name, part, "missing-key")
        below = types[name].whole_below if name in types else None
        if below is not None:
            faults.add(~exact_whole(part, below), name, part, "inexact-key")
    return parts[0] if len(parts) == 1 else pc.binary_join_element_wise(*map(_escaped, parts), "|")


def series_key(
    names: Sequence[str],
    time_us: Values,
    source: Mapping[str, pa.Array],
    faults: Faults,
    types: Mapping[str, Declared],
    columns: Mapping[str, Attribute],
) -> pa.Array:
    """Return the keys of readings: the station, the time in UTC, and of a long file what was measured.

    Parts are joined with ``|``: ``Dongsi|2013-02-28T16:00:00Z``.
    """
    station, *others = ([name] for name in names)
    parts = [_escaped(read_key(station, source, faults, types, columns)), _utc_texts(time_us)]
    parts += [_escaped(read_key(name, source, faults, types, columns)) for name in others]
    return pc.binary_join_element_wise(*parts, "|")


def _utc_texts(time_us: Values) -> pa.Array:
    """Return instants as text in UTC, each that comes often once; whole seconds, as most are, without a fraction."""
    times = pa.array(time_us).dictionary_encode()
    known = times.dictionary
    if (known.to_numpy() % _SECOND_US).any():
        words = np.datetime_as_string(known.to_numpy().view("M8[us]"), timezone="UTC")
        texts = pa.array(np.char.replace(words, ".000000Z", "Z"), pa.string())
    else:
        plain_texts = pa.array(known.to_numpy() // _SECOND_US).cast(pa.timestamp("s")).cast(pa.string())
        texts = pc.binary_join_element_wise(pc.replace_substring(plain_texts, " ", "T"), "", "Z")
    return texts.take(times.indices)


def read_attributes(
    columns: Mapping[str, Attribute],
    source: Mapping[str, pa.Array],
    definition: Definition,
    zone: Zone,
    faults: Faults,
    types: Mapping[str, Declared],
) -> dict[str, pa.Array]:
    """Return the columns that a layer keeps, by stored name, as their declared types."""
    return {
        attribute.stored: read_column(
            name, source[name], definition.typed(name, attribute.type), zone, faults, types.get(name)
        )
        for name, attribute in columns.items()
    }


def months_of(utc_us: Values, zone: Zone) -> Values:
    """Return months of the city's clock, within the years 1 to 9999."""
    days = np.floor_divide(zone.to_local(utc_us), _DAY_US).astype("datetime64[D]")
    return np.clip(days.astype("datetime64[M]").astype(np.int64), *_MONTHS)


def _escaped(part: pa.Array) -> pa.Array:
    """Return a part of a composite key that no other parts can be mistaken for."""
    return pc.replace_substring(pc.replace_substring(part, "\\", "\\\\"), "|", "\\|")
