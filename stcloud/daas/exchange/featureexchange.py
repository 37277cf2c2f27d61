"""Exchange of layers of features. Tested by `tests/daas/exchange/test_law.py`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stcloud.daas.exchange.kindexchange import FROM, TO, Arrival, PackageChange, RecordedSpan
from stcloud.daas.table.feature import Ends, FeatureLayer, instants, micros, read_ends, row_files
from stcloud.daas.table.schema import FEATURE_OWN, FEATURE_PART, Attribute
from stcloud.daas.table.timeline import FOREVER
from stcloud.iaas.table.compaction import LARGE_ROWS
from stcloud.iaas.table.datafile import Written
from stcloud.iaas.table.sorter import in_order
from stcloud.iaas.table.table import File, Snapshot

__all__ = ["FEATURES", "FeatureExchange"]

_ROW = "st_row"


class FeatureExchange:
    """Layers of features: beliefs keep the numbers that their owner gave them; see `KindExchange`."""

    geometry: tuple[str, str, list[str]] = ("st_geom", "WKB", [])

    def schema(self, attributes: Sequence[Attribute]) -> pa.Schema:
        """Return the schema of a package's rows: that of the table."""
        own = [pa.field(name, kind) for name, kind in FEATURE_OWN.items()]
        return pa.schema([*own, *(pa.field(each.stored, each.field.type) for each in attributes)])

    def recorded(self, snapshot: Snapshot, span: RecordedSpan, schema: pa.Schema) -> Iterator[pa.Table]:
        """Give what began in a span, then what ended of before: by rows of their own, or by ends beside them."""
        ends = read_ends(snapshot)
        begun: list[np.ndarray] = [np.empty(0, np.int64)]
        ended = [pa.table({_ROW: pa.array([], pa.int64()), TO: instants(np.empty(0, np.int64))})]
        for file in row_files(snapshot):
            if not span.may_touch(file):
                continue
            for piece in snapshot.pieces(file, schema.names):
                begins = span.holds(piece[FROM])
                own = pc.and_(span.holds(piece[TO]), pc.invert(begins))
                ended.append(piece.filter(own).select([_ROW, TO]))
                rows = piece.filter(begins)
                if rows.num_rows:
                    number = rows[_ROW].to_numpy()
                    begun.append(number)
                    until = instants(ends.of(number, micros(rows[TO], FOREVER)), FOREVER)
                    place = rows.schema.get_field_index(TO)
                    yield rows.set_column(place, rows.schema.field(place), span.until(until)).cast(schema)
        apart = ends.table().filter(span.holds(ends.table()[TO]))
        of_before = np.isin(apart[_ROW].to_numpy(), np.concatenate(begun), invert=True)
        rows = pa.concat_tables([*ended, apart.filter(pa.array(of_before)).cast(ended[0].schema)])
        columns = [
            rows[field.name] if field.name in rows.schema.names else pa.nulls(len(rows), field.type)
            for field in schema
        ]
        yield pa.table(columns, schema=schema)

    def write(self, arrival: Arrival) -> PackageChange:
        """Write what begins, by cell, and what ends."""
        layer = cast("FeatureLayer", arrival.layer)
        schema = pa.schema([field for field in arrival.schema if field.name != FEATURE_PART])
        written: list[Written] = []
        waiting: list[pa.Table] = []
        row, at_us = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
        rows = 0
        for begun, gone in arrival.split():
            row.append(gone.column(_ROW).fill_null(-1).to_numpy())
            at_us.append(micros(gone.column(TO), FOREVER))
            if begun.num_rows:
                rows += begun.num_rows
                waiting.append(_stored(begun, schema, arrival))
            if sum(map(len, waiting)) >= LARGE_ROWS:
                written.append(_write(layer, waiting))
                waiting = []
        if waiting:
            written.append(_write(layer, waiting))
        ends = Ends(np.concatenate(row), np.concatenate(at_us))
        order = np.argsort(ends.row)
        ends = Ends(ends.row[order], ends.at_us[order])
        if len(ends.row):
            if arrival.anew or ends.row[0] < 0 or (np.diff(ends.row) == 0).any():
                raise arrival.changed("versions end that are not there")
            written.append(layer.write_all_ends(ends, schema))
        removed: Sequence[File] = arrival.base.files if arrival.anew else ()
        return PackageChange(written, removed, rows, len(ends.row), lambda: layer.compact(arrival.staging))


def _stored(rows: pa.RecordBatch, schema: pa.Schema, arrival: Arrival) -> pa.Table:
    if any(rows.column(name).null_count for name in ("st_key", _ROW, "st_valid_from")):
        raise arrival.refused("a row has no key, no number or no valid time")
    count = rows.num_rows
    columns = [
        rows.column(field.name) if field.name in rows.schema.names else pa.nulls(count, field.type)
        for field in schema
    ]
    return pa.table(
        [column.cast(field.type) for column, field in zip(columns, schema, strict=True)], schema=schema
    )


def _write(layer: FeatureLayer, waiting: list[pa.Table]) -> Written:
    return layer.write_rows(in_order(pa.concat_tables(waiting), ("st_cell",)))


FEATURES = FeatureExchange()
