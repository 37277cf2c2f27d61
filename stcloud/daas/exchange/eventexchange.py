"""Exchange of layers of events. Tested by `tests/daas/exchange/test_law.py`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stcloud.daas.exchange.kindexchange import FROM, TO, Arrival, PackageChange, RecordedSpan
from stcloud.daas.load.clean_events import MONTH, months_of
from stcloud.daas.load.event_load import known_rows
from stcloud.daas.table.layer import MOST_ROWS, ORDER, EventLayer
from stcloud.daas.table.schema import OWN, UNIT, Attribute
from stcloud.errors import FormatError, StorageError
from stcloud.iaas.keys.keys import Keys
from stcloud.iaas.keys.settled import Settled
from stcloud.iaas.table.datafile import Written
from stcloud.iaas.table.sorter import Sorter
from stcloud.iaas.table.table import File, Snapshot

__all__ = ["EVENTS", "EventExchange"]

_POINT = pa.struct([("x", pa.float64()), ("y", pa.float64())])
_GEOMETRY = "geometry"
_PLACE = ("st_x", "st_y", "st_cell")


class EventExchange:
    """Layers of events: points are GeoParquet points, cells follow from them; see `KindExchange`."""

    geometry = (_GEOMETRY, "point", ["Point"])

    def schema(self, attributes: Sequence[Attribute]) -> pa.Schema:
        """Return the schema of a package's rows: those of the table, with one column for the place."""
        own = [pa.field(name, kind) for name, kind in OWN.items() if name not in _PLACE]
        return pa.schema(
            [
                *own,
                pa.field(_GEOMETRY, _POINT),
                *(pa.field(each.stored, each.field.type) for each in attributes),
            ]
        )

    def recorded(self, snapshot: Snapshot, span: RecordedSpan, schema: pa.Schema) -> Iterator[pa.Table]:
        """Give what began in a span, then what ended of before."""
        touched = [file for file in snapshot.files if span.may_touch(file)]
        names = [name for name in schema.names if name != _GEOMETRY]
        ended: list[pa.Table] = []
        for file in touched:
            for piece in snapshot.pieces(file, [*names, *_PLACE[:2]]):
                begins = span.holds(piece[FROM])
                ends = pc.and_(span.holds(piece[TO]), pc.invert(begins))
                ended.append(piece.filter(ends).select(["st_key", TO]))
                rows = piece.filter(begins)
                if rows.num_rows:
                    yield _packed(rows, span, schema)
        yield _ends(pa.concat_tables(ended), schema) if ended else schema.empty_table()

    def write(self, arrival: Arrival) -> PackageChange:
        """Write what begins, by month, and the files anew that hold what ends."""
        layer = cast("EventLayer", arrival.layer)
        sorter = Sorter(arrival.staging, part=MONTH, order=ORDER)
        keys = Keys(arrival.staging)
        ended = [pa.table({"st_key": pa.array([], pa.string()), TO: pa.array([], OWN[TO])})]
        rows = ends = 0
        try:
            for begun, gone in arrival.split():
                rows += begun.num_rows
                if begun.num_rows:
                    sorter.add(_stored(begun, arrival))
                if gone.num_rows:
                    numbers = pa.array(np.arange(ends, ends + gone.num_rows))
                    keys.add(numbers, gone.column("st_key"), pa.nulls(gone.num_rows, pa.binary()))
                    ended.append(pa.Table.from_batches([gone.select(["st_key", TO])]))
                    ends += gone.num_rows
            sorter.flush()
            written = list(_written(layer, sorter, arrival))
            closed, removed = _closed(layer, arrival, keys, pa.concat_tables(ended), ends)
        finally:
            sorter.close()
            keys.close()
        if arrival.anew:
            return PackageChange(written, arrival.base.files, rows)
        add: Sequence[Written] = [*written, *closed]
        with contextlib.suppress(StorageError, FormatError):  # merging can wait
            add, removed = layer.merged(arrival.base, removed, add, arrival.schema, arrival.staging)
        return PackageChange(add, removed, rows, ends, lambda: layer.compact(arrival.staging))


def _packed(rows: pa.Table, span: RecordedSpan, schema: pa.Schema) -> pa.Table:
    """Return rows that began in a span as a package has them."""
    x, y = (rows[name].combine_chunks() for name in _PLACE[:2])
    points = pa.StructArray.from_arrays(
        [_whole(x), _whole(y)], fields=list(_POINT), mask=_whole(pc.is_null(x))
    )
    given = {_GEOMETRY: points, TO: span.until(rows[TO])}
    return pa.table(
        [given.get(name, rows[name] if name in rows.schema.names else None) for name in schema.names],
        schema=schema,
    )


def _ends(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    count = rows.num_rows
    columns = [
        rows[field.name] if field.name in rows.schema.names else pa.nulls(count, field.type)
        for field in schema
    ]
    return pa.table(columns, schema=schema)


def _stored(rows: pa.RecordBatch, arrival: Arrival) -> pa.RecordBatch:
    """Return rows of a package as the table has them, with the month that they belong to."""
    if any(rows.column(name).null_count for name in ("st_key", "st_time")):
        raise arrival.refused("a row has no key or no time")
    points = rows.column(_GEOMETRY)
    x, y = (pc.struct_field(points, name) for name in ("x", "y"))
    there = pc.is_valid(x)
    values = [column.fill_null(0.0).to_numpy() for column in (x, y)]
    if not (np.isfinite(values[0]).all() and np.isfinite(values[1]).all()) or not there.equals(
        pc.is_valid(y)
    ):
        raise arrival.refused("a row has a place that is none")
    cells = pa.array(arrival.lattice.cells(*values), pa.int64())
    months = months_of(rows.column("st_time").cast(pa.int64()).to_numpy(), arrival.zone)
    given = {"st_x": x, "st_y": y, "st_cell": pc.if_else(there, cells, pa.scalar(None, pa.int64()))}
    names = [name for name in rows.schema.names if name != _GEOMETRY]
    columns = [*(rows.column(name) for name in names), *given.values(), pa.array(months, pa.int64())]
    return pa.RecordBatch.from_arrays(columns, [*names, *given, MONTH])


def _written(layer: EventLayer, sorter: Sorter, arrival: Arrival) -> Iterator[Written]:
    coded = arrival.unit_codes

    def with_units(chunks: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for chunk in chunks:
            yield chunk if coded is None else chunk.append_column(UNIT, coded(chunk))

    for month in sorter.parts:
        for portion in sorter.portions(month, most_rows=MOST_ROWS):
            file = layer.write(with_units(portion), month, arrival.schema, {})
            if file is not None:
                yield file


def _closed(
    layer: EventLayer, arrival: Arrival, keys: Keys, ended: pa.Table, count: int
) -> tuple[list[Written], list[File]]:
    """Write the files anew in which rows end; refuse ends of what is not believed here."""
    settled: Settled = keys.settle(known_rows(arrival.base), rule="last", compare=False)
    if settled.repeated or len(settled.changed) < count:
        raise arrival.changed(f"{count - len(settled.changed):,} rows end that are not there")
    files = {Path(file.path).name: file for file in arrival.base.files}
    written, removed = [], []
    ended = ended.combine_chunks()
    for name, gone in settled.superseded.items():
        at = ended[TO].combine_chunks().take(pc.index_in(gone, ended["st_key"].combine_chunks()))
        written.append(layer.end_rows(arrival.base, files[name], gone, at))
        removed.append(files[name])
    return written, removed


def _whole(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


EVENTS = EventExchange()
