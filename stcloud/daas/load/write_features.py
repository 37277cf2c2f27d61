"""Writing what a load of features changes: beliefs that begin, and ends.

Tested by `tests/daas/load/test_feature_load.py`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from stcloud.daas.chain import RowsDigest
from stcloud.daas.load.clean_events import ROW
from stcloud.daas.reckoning import Reckoning
from stcloud.daas.table.changeset import ChangeSet, matches
from stcloud.daas.table.feature import FeatureLayer, VersionRows, instants
from stcloud.daas.table.schema import FEATURE_PART
from stcloud.daas.table.timeline import FOREVER, Ints, Pieces
from stcloud.iaas.job import Job
from stcloud.iaas.table.compaction import LARGE_ROWS
from stcloud.iaas.table.datafile import Written
from stcloud.iaas.table.sorter import Sorter, in_order

__all__ = ["begun_rows", "write_changes"]


def write_changes(
    layer: FeatureLayer,
    changes: ChangeSet,
    sorter: Sorter,
    content: VersionRows,
    schema: pa.Schema,
    blank: Reckoning,
    job: Job,
) -> tuple[list[Written], int, RowsDigest]:
    """Write what begins and what ends; also count new content without a place, and digest what begins."""
    schema = pa.schema([field for field in schema if field.name != FEATURE_PART])
    written: list[Written] = []
    begun, unplaced, done = changes.begun, 0, 0
    number = layer.numbers(len(begun))
    kept, fresh = np.flatnonzero(changes.belief >= 0), np.flatnonzero(changes.row >= 0)
    held = content.rows(changes.belief[kept])
    waiting = (
        [begun_rows(held, begun.take(kept), number[kept], blank, schema, load=False)] if len(kept) else []
    )
    added = RowsDigest.of(held["st_digest"]) if len(kept) else RowsDigest()
    order = np.argsort(changes.row[fresh], kind="stable")
    for chunk in sorter.everything() if len(fresh) else ():
        at, place = matches(changes.row[fresh], order, chunk.column(ROW).to_numpy())
        if not len(at):
            continue
        rows, piece = pa.table(chunk.take(pa.array(at))), fresh[place]
        added += RowsDigest.of(rows["st_digest"])
        unplaced += rows["st_geom"].null_count
        waiting.append(begun_rows(rows, begun.take(piece), number[piece], blank, schema, load=True))
        done += len(piece)
        job.tell("write", done, len(fresh))
        if sum(table.num_rows for table in waiting) >= LARGE_ROWS:
            written.append(layer.write_rows(_by_cell(waiting)))
            waiting = []
    if waiting:
        written.append(layer.write_rows(_by_cell(waiting)))
    if len(changes.ended):
        written.append(layer.write_ends(changes.ended, blank.recorded_at_us, schema))
    return written, unplaced, added


def begun_rows(
    rows: pa.Table, begun: Pieces, number: Ints, blank: Reckoning, schema: pa.Schema, *, load: bool
) -> pa.Table:
    """Return rows as they are stored: with their period, their number, and since when they are believed."""
    count = rows.num_rows
    given: dict[str, Any] = {
        "st_valid_from": instants(begun.start_us),
        "st_valid_to": instants(begun.end_us, FOREVER),
        "st_recorded_from": instants(np.full(count, blank.recorded_at_us)),
        "st_recorded_to": pa.nulls(count, pa.timestamp("us", "UTC")),
        "st_row": pa.array(number),
    }
    if load:
        given["st_load"] = pa.repeat(pa.scalar(blank.load), count)
    columns = [
        given[field.name]
        if field.name in given
        else rows[field.name].cast(field.type)
        if field.name in rows.schema.names
        else pa.nulls(count, field.type)
        for field in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def _by_cell(parts: list[pa.Table]) -> pa.Table:
    rows = pa.concat_tables(parts)
    return rows if len(parts) == 1 and rows.num_rows >= LARGE_ROWS else in_order(rows, ("st_cell",))
