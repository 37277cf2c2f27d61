"""What was changed since a load: whether loading its file once more would say something new.

Tested by `tests/saas/cli/test_load.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from stcloud.daas.reckoning import Reckoning
from stcloud.daas.table.layer import LayerTable
from stcloud.iaas.table.table import File, Snapshot

__all__ = ["changed_events_by", "changed_features_by"]

_COLUMNS = ("st_load", "st_digest", "st_recorded_from", "st_recorded_to")


def changed_events_by(layer: LayerTable, loads: Sequence[Reckoning], known: Reckoning) -> str | None:
    """Return the latest load that changed events as a known load left them, or None.

    What was changed and is believed again counts as not changed.
    """
    after = [load for load in loads if load.recorded_at_us > known.recorded_at_us and _changes(load)]
    snapshot = layer.current()
    if not after or snapshot is None:
        return None
    ended = _ended(snapshot, known)
    if not len(ended):
        return None
    back = pa.chunked_array(_believed(snapshot, snapshot.files, ended["st_digest"]), pa.binary())
    ended = ended.filter(pc.invert(pc.is_in(ended["st_digest"], back)))
    at_us = set(ended["st_recorded_to"].to_pylist())
    return next((load.load for load in reversed(after) if load.recorded_at_us in at_us), None)


def changed_features_by(layer: LayerTable, loads: Sequence[Reckoning], known: Reckoning) -> str | None:
    """Return the latest load that contradicts what a known load states of features, or None.

    A snapshot of another instant does not: it begins or ends where the known one does not hold.
    """
    after = [load for load in loads if load.recorded_at_us > known.recorded_at_us and _changes(load)]
    if not after:
        return None
    since = {note.get("attempt"): note.get("valid_from") for note in layer.table.notes()}
    own = since.get(known.attempt)
    both = known.mode == "snapshot"
    rivals = [
        load for load in after if not (both and load.mode == "snapshot" and since.get(load.attempt) != own)
    ]
    return rivals[-1].load if rivals else None


def _changes(load: Reckoning) -> bool:
    return bool(load.updated or load.ended or load.overridden or load.restored)


def _ended(snapshot: Snapshot, known: Reckoning) -> pa.Table:
    """Return digests of rows that held after the load and were ended since, and when they were."""
    at = pa.scalar(known.recorded_at_us, pa.int64()).cast(pa.timestamp("us", "UTC"))
    files = [file for file in snapshot.files if file.may_hold("st_recorded_to", low=at.as_py())]
    chosen = [_rows_ended(batch, known, at) for batch in snapshot.batches(files, _COLUMNS)]
    schema = pa.schema([("st_digest", pa.binary()), ("st_recorded_to", pa.int64())])
    return pa.Table.from_batches(chosen, schema)


def _rows_ended(batch: pa.RecordBatch, known: Reckoning, at: pa.Scalar) -> pa.RecordBatch:
    until = batch.column("st_recorded_to")
    hit = pc.fill_null(pc.greater(until, at), fill_value=False)
    own = pc.equal(batch.column("st_load"), known.load)
    if known.unchanged:  # what the load found believed already is not marked as its own
        own = pc.or_(own, pc.less_equal(batch.column("st_recorded_from"), at))
    rows = batch.filter(pc.and_(hit, pc.fill_null(own, fill_value=False)))
    return pa.RecordBatch.from_arrays(
        [rows.column("st_digest"), rows.column("st_recorded_to").cast(pa.int64())],
        ["st_digest", "st_recorded_to"],
    )


def _believed(snapshot: Snapshot, files: Iterable[File], digests: pa.ChunkedArray) -> list[pa.Array]:
    """Return those of the digests that some row has which is believed now."""
    wanted = digests.combine_chunks()
    return [
        present
        for batch in snapshot.batches(list(files), ("st_digest", "st_recorded_to"))
        if len(
            present := batch.column("st_digest").filter(
                pc.and_(
                    pc.is_null(batch.column("st_recorded_to")), pc.is_in(batch.column("st_digest"), wanted)
                )
            )
        )
    ]
