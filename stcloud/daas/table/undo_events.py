"""Taking back a load of events: what it stated ends, and what it replaced is believed again; history stays."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.compute as pc

from stcloud.daas.chain import RowsDigest
from stcloud.daas.ledger import Ledger
from stcloud.daas.load.instant import next_recorded_us
from stcloud.daas.reckoning import UNDO, Reckoning
from stcloud.daas.table.layer import ORDER, EventLayer
from stcloud.daas.table.schema import INSTANT
from stcloud.daas.table.undo_features import taken_back
from stcloud.iaas.table.datafile import Written
from stcloud.iaas.table.sorter import in_order
from stcloud.iaas.table.table import File, Snapshot

__all__ = ["withdraw"]

_KEY, _LOAD, _FROM, _TO = "st_key", "st_load", "st_recorded_from", "st_recorded_to"
_COLUMNS = (_KEY, _LOAD, _FROM, _TO)


@dataclass(frozen=True, slots=True)
class _Keys:
    """Keys whose belief ends, and keys whose earlier row is believed again."""

    ended: pa.Array
    restored: pa.Array


@dataclass(frozen=True, slots=True)
class _Target:
    """The load that is taken back, its instant, and the loads that were taken back before."""

    load: str
    at: pa.Scalar
    undone: pa.Array

    @classmethod
    def of(cls, done: Reckoning, ledger: Ledger) -> _Target:
        undos = [load for load in ledger.loads(done.layer) if load.mode == UNDO]
        again = {undo.source for undo in undos}
        undone = [undo.source for undo in undos if undo.load not in again]
        return cls(done.load, _instant(done.recorded_at_us), pa.array(undone, pa.string()))

    def states(self, rows: pa.RecordBatch | pa.Table) -> pa.Array:
        """Return which rows state what the load stated: its own, and copies of them that are believed again."""
        return pc.or_(pc.equal(rows.column(_FROM), self.at), pc.equal(rows.column(_LOAD), self.load))

    def replaced(self, rows: pa.RecordBatch | pa.Table) -> pa.Array:
        """Tell which rows the load ended."""
        return pc.fill_null(pc.equal(rows.column(_TO), self.at), fill_value=False)

    def followed(self, rows: pa.RecordBatch | pa.Table) -> pa.Array:
        """Tell which rows a later load stated that was not taken back."""
        later = pc.greater(rows.column(_FROM), self.at)
        return pc.and_(later, pc.invert(pc.is_in(rows.column(_LOAD), self.undone)))


def withdraw(layer: EventLayer, ledger: Ledger, load: str, now_us: int) -> Reckoning:
    """Take back a load of events; the caller holds the layer's lock.

    Rows of the load that are still believed end. What the load replaced or ended is believed again, with its own
    content, unless a later load stated something of its key: that stays.

    Raises
    ------
    NotFound
        ``unknown-load``
    InvalidInput
        ``undone-already``
    """
    done = taken_back(layer.name, ledger, load)
    target = _Target.of(done, ledger)
    snapshot = layer.table.snapshot()
    since = target.at.as_py()
    touched = [
        file for file in snapshot.files if file.may_hold(_FROM, low=since) or file.may_hold(_TO, low=since)
    ]
    keys = _keys(snapshot, touched, target)
    blank = Reckoning(
        f"undo-{uuid.uuid4().hex[:12]}", layer.name, load, UNDO, next_recorded_us(layer, ledger, now_us),
        attempt=uuid.uuid4().hex,
    )  # fmt: skip
    reckoning = replace(blank, ended=len(keys.ended), restored=len(keys.restored))
    now = _instant(blank.recorded_at_us)
    written, removed, added = [], [], RowsDigest()
    for file, anew, again in _rewritten(layer, snapshot, touched, keys, target, now):
        removed.append(file)
        written.append(anew)
        added += again
    reckoning = replace(reckoning, rows_digest=added.text)
    ledger.prepare()
    (note,) = ledger.chained([reckoning])
    layer.table.commit(add=written, remove=removed, after=snapshot.sequence, note=note)
    ledger.write([reckoning])
    return reckoning


def _instant(at_us: int) -> pa.Scalar:
    return pa.scalar(at_us, pa.int64()).cast(INSTANT)


def _keys(snapshot: Snapshot, files: list[File], target: _Target) -> _Keys:
    """Decide which keys end and which are restored; what is kept in memory is the keys of this load."""
    stated, current, replaced = [], [], []
    for batch in snapshot.batches(files, _COLUMNS):
        key, mine, live = batch.column(_KEY), target.states(batch), pc.is_null(batch.column(_TO))
        stated.append(key.filter(mine))
        current.append(key.filter(pc.and_(mine, live)))
        replaced.append(key.filter(target.replaced(batch)))
    stated_keys, ended, before = (
        pa.chunked_array(parts, pa.string()).combine_chunks() for parts in (stated, current, replaced)
    )
    deleted = before.filter(
        pc.invert(pc.is_in(before, stated_keys))
    )  # the load stated that they are not there
    later = [
        batch.column(_KEY).filter(pc.and_(target.followed(batch), pc.is_in(batch.column(_KEY), deleted)))
        for batch in (snapshot.batches(files, _COLUMNS) if len(deleted) else ())
    ]
    back = pc.invert(pc.is_in(deleted, pa.chunked_array(later, pa.string())))
    chosen = pa.chunked_array([before.filter(pc.is_in(before, ended)), deleted.filter(back)])
    return _Keys(ended, chosen.combine_chunks())


def _rewritten(
    layer: EventLayer, snapshot: Snapshot, files: list[File], keys: _Keys, target: _Target, now: pa.Scalar
) -> Iterator[tuple[File, Written, RowsDigest]]:
    """Write the files anew in which rows end, or rows lie that are believed again; digest the latter."""
    for file in files:
        if not any(_changes(rows, keys, target) for rows in snapshot.pieces(file, _COLUMNS)):
            continue
        digests: list[RowsDigest] = []

        def undone(rows: pa.Table, digests: list[RowsDigest] = digests) -> pa.Table:
            ends, back = _ends_and_returns(rows, keys, target)
            again = rows.filter(back)
            again = _set(again, _FROM, pa.repeat(now, len(again)))
            again = _set(again, _TO, pa.nulls(len(again), INSTANT))
            closed = _set(rows, _TO, pc.if_else(ends, now, rows[_TO]))
            digests.append(RowsDigest.of(again["st_digest"]))
            return in_order(pa.concat_tables([closed, again]), ORDER)

        anew = layer.write_anew(file, map(undone, snapshot.pieces(file)))
        assert anew is not None  # noqa: S101  (no row goes)
        yield file, anew, sum(digests, RowsDigest())


def _ends_and_returns(
    rows: pa.Table, keys: _Keys, target: _Target
) -> tuple[pa.ChunkedArray, pa.ChunkedArray]:
    """Return which rows are believed no more, and which of those replaced are believed again."""
    ends = pc.and_(target.states(rows), pc.is_null(rows[_TO]))
    return ends, pc.and_(target.replaced(rows), pc.is_in(rows[_KEY], keys.restored))


def _changes(rows: pa.Table, keys: _Keys, target: _Target) -> bool:
    return any(pc.any(which).as_py() for which in _ends_and_returns(rows, keys, target))


def _set(rows: pa.Table, name: str, values: pa.Array | pa.ChunkedArray) -> pa.Table:
    at = rows.schema.get_field_index(name)
    return rows.set_column(at, rows.schema.field(at), values)
