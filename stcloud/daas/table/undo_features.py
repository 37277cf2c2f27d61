"""Taking back a load: its reverse is recorded, history stays. Here of features; see `withdrawal` of events.

Tested by `tests/daas/load/test_feature_load.py` and `tests/stateful/test_feature_layer.py`.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

import numpy as np
import pyarrow as pa

from stcloud.daas.chain import RowsDigest
from stcloud.daas.ledger import Ledger
from stcloud.daas.load.instant import next_recorded_us
from stcloud.daas.load.write_features import begun_rows
from stcloud.daas.reckoning import PURGE, UNDO, Reckoning
from stcloud.daas.table.feature import Believed, FeatureLayer, known_snapshots
from stcloud.daas.table.schema import FEATURE_PART
from stcloud.daas.table.timeline import Ints, Pieces, distinct, reverse, state
from stcloud.errors import InvalidInput, NotFound, nearest

__all__ = ["taken_back", "undo"]

Settling: TypeAlias = Callable[[Pieces, Pieces, Pieces], Pieces]


def undo(
    layer: FeatureLayer,
    ledger: Ledger,
    load: str,
    now_us: int,
    *,
    settled: Settling = lambda changes, *_: changes,
) -> Reckoning:
    """Take back a load: where the layer still holds what the load stated, it holds again what it held before.

    The caller holds the layer's lock. A snapshot that is taken back is not known to later snapshots any more.
    ``settled`` may decide otherwise what holds again, given the changes, what was before, and what is held now.

    Raises
    ------
    NotFound
        ``unknown-load``
    InvalidInput
        ``undone-already``
    """
    done = taken_back(layer.name, ledger, load)
    loads = ledger.loads(layer.name)
    snapshot = layer.table.snapshot()
    at_us = done.recorded_at_us
    before, after, now = (layer.believed(snapshot, at) for at in (at_us - 1, at_us, None))
    was, became, held = _laid_out([_changed(before, after), _changed(after, before), now])
    held_now, rows_now = _touched(held, now, was, became)
    change = state(held_now, settled(reverse(was, became, held_now), was, held_now))
    added = RowsDigest()
    blank = Reckoning(
        f"undo-{uuid.uuid4().hex[:12]}", layer.name, load, UNDO, next_recorded_us(layer, ledger, now_us),
        attempt=uuid.uuid4().hex, ended=len(np.unique(held_now.key[change.ended])),
    )  # fmt: skip
    sources = np.concatenate([rows_now, _changed(before, after).row])
    contents = np.concatenate([held_now.content, was.content])
    order = np.argsort(contents, kind="stable")
    chosen = sources[order][np.searchsorted(contents[order], change.begun.content)]
    schema = pa.schema([field for field in snapshot.schema if field.name != FEATURE_PART])
    written = []
    if len(change.begun):
        rows = layer.content(snapshot, chosen)
        added = RowsDigest.of(rows["st_digest"])
        number = layer.numbers(len(chosen))
        written.append(layer.write_rows(begun_rows(rows, change.begun, number, blank, schema, load=False)))
    if len(change.ended):
        written.append(layer.write_ends(rows_now[change.ended], blank.recorded_at_us, schema))
    blank = replace(blank, rows_digest=added.text)
    ledger.prepare()
    (entry,) = ledger.chained([blank])
    note = entry | {"snapshots": _left(layer, loads, done)}
    layer.table.commit(add=written, after=snapshot.sequence, note=note)
    ledger.write([blank])
    return blank


def taken_back(layer: str, ledger: Ledger, load: str) -> Reckoning:
    """Return the load that is to be taken back.

    Raises
    ------
    NotFound
        ``unknown-load``
    InvalidInput
        ``undone-already``, ``undone-purge``
    """
    loads = ledger.loads(layer)
    done = next((entry for entry in loads if entry.load == load), None)
    if done is None:
        raise NotFound(
            "unknown-load",
            f"layer '{layer}' has no load '{load}'",
            nearest=nearest(load, [entry.load for entry in loads]),
            hint="stcloud layers CITY LAYER",
        )
    if done.mode == PURGE:
        raise InvalidInput("undone-purge", f"'{load}' is a purge: what it removed is nowhere any more")
    if any(entry.mode == UNDO and entry.source == load for entry in loads):
        raise InvalidInput("undone-already", f"load '{load}' was taken back already")
    return done


def _changed(beliefs: Believed, others: Believed) -> Believed:
    return beliefs.take(~np.isin(beliefs.row, others.row))


def _laid_out(sets: list[Believed]) -> tuple[Pieces, ...]:
    """Return beliefs as pieces; equal keys, and equal contents of a key, have equal numbers."""
    keys = (
        pa.chunked_array([beliefs.key for beliefs in sets], pa.string()).combine_chunks().dictionary_encode()
    )
    code = keys.indices.to_numpy().astype(np.int64)
    digest = np.concatenate([beliefs.digest for beliefs in sets])
    _, content = distinct(code, digest[:, 0].view(np.int64), digest[:, 1].view(np.int64))
    cuts = np.cumsum([len(beliefs) for beliefs in sets])[:-1]
    parts = zip(np.split(code, cuts), np.split(content, cuts), sets, strict=True)
    return tuple(Pieces(key, beliefs.start_us, beliefs.end_us, what) for key, what, beliefs in parts)


def _touched(held: Pieces, now: Believed, *changed: Pieces) -> tuple[Pieces, Ints]:
    """Return what is believed now of the keys that the load changed, and the numbers of these beliefs."""
    hit = np.isin(held.key, np.concatenate([pieces.key for pieces in changed]))
    return held.take(hit), now.row[hit]


def _left(layer: FeatureLayer, loads: list[Reckoning], done: Reckoning) -> list[int]:
    """Return the instants of the snapshots that are known without this load."""
    known = known_snapshots(layer)
    if done.mode != "snapshot":
        return known
    undone = {entry.source for entry in loads if entry.mode == UNDO} | {done.load}
    notes = [note for note in layer.table.notes() if note.get("mode") == "snapshot"]
    kept = {note["valid_from"] for note in notes if note["load"] not in undone}
    return [at_us for at_us in known if at_us in kept]
