"""The ledger: what became of every load, a table of the city that any writer appends to.

Tested by `tests/daas/test_chain.py` and `tests/reliability/test_many_loads.py`.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from stcloud.daas.chain import CHAIN, chained, last_digest
from stcloud.daas.names import LayerNames
from stcloud.daas.reckoning import AUDIT, COUNTS, UNDO, Reckoning
from stcloud.daas.table.schema import INSTANT
from stcloud.iaas.table.again import again_when_overtaken
from stcloud.iaas.table.table import Table

__all__ = ["Ledger", "complete"]

_DELETED = "delete-layer"
"""Mode of the entry that records a layer's deletion."""

_LEDGER = pa.schema(
    [
        ("load", pa.string()),
        ("layer", pa.string()),
        ("source", pa.string()),
        ("mode", pa.string()),
        ("recorded_at", INSTANT),
        ("attempt", pa.string()),
        *((name, pa.int64()) for name in COUNTS),
        ("details", pa.string()),
        *((name, pa.string()) for name in CHAIN),
    ]
)
_MOST_CHUNKS = 16


@dataclass(frozen=True, slots=True, eq=False)
class _Entries:
    """Rows of the ledger, with the files that they were read from."""

    files: frozenset[str]
    rows: pa.Table
    by_layer: dict[str, pa.Table] = field(default_factory=dict)

    def of(self, folder: str) -> pa.Table:
        """Return the rows of a layer, by its folder, sought once: a load needs them ten times."""
        if folder not in self.by_layer:
            self.by_layer[folder] = self.rows.filter(pc.equal(self.rows["layer"], folder)).combine_chunks()
        return self.by_layer[folder]


class Ledger:
    """Every load of a city, in the order of being written.

    Its rows name a layer by its folder, which a renaming leaves alone; its methods take and give present names.
    """

    def __init__(self, table: Table, names: LayerNames) -> None:
        self.table = table
        self._names = names
        self._kept = _Entries(frozenset(), pa.Table.from_batches([], _LEDGER))

    def loads(self, layer: str | None = None) -> list[Reckoning]:
        """Return the loads, of one layer or of all, by layer and recorded instant.

        Of a layer that was deleted they are the loads since.
        """
        rows = self._entries(layer)
        rows = rows.filter(pc.not_equal(rows["mode"], AUDIT))
        folders = pc.unique(rows["layer"]).to_pylist()
        loads = [self._reckonings(_since_deletion(rows, folder), folder) for folder in folders]
        return sorted(
            (load for layer_loads in loads for load in layer_loads),
            key=lambda load: (load.layer, load.recorded_at_us),
        )

    def loads_of(self, layer: str, load: str) -> list[Reckoning]:
        """Return the loads of a layer with an identity, repeated ones too, and those that take loads back."""
        rows = self._living(layer)
        repeated = pc.starts_with(rows["load"], pattern=f"{load}.")
        same = pc.or_(pc.equal(rows["load"], load), repeated)
        rows = rows.filter(pc.or_(same, pc.equal(rows["mode"], UNDO)))
        loads = self._reckonings(rows, self._names.folder_of(layer))
        return sorted(loads, key=lambda load: load.recorded_at_us)

    def recorded_after(self, layer: str, at_us: int, mode: str) -> list[Reckoning]:
        """Return the loads of a layer and a mode after a recorded instant, UTC microseconds, oldest first."""
        rows = self._living(layer)
        later = pc.and_(pc.equal(rows["mode"], mode), pc.greater(rows["recorded_at"].cast(pa.int64()), at_us))
        return self._reckonings(rows.filter(later).sort_by("recorded_at"), self._names.folder_of(layer))

    def has_loads(self, layer: str) -> bool:
        """Tell whether `loads` has any of a layer."""
        return bool(self._living(layer).num_rows)

    def lacking(self, layer: str, attempts: Iterable[str]) -> set[str]:
        """Return which attempts to load a layer have no entry."""
        entered = self._living(layer)["attempt"]
        known = pc.is_in(pa.array(list(attempts), pa.string()), entered.combine_chunks())
        return {attempt for attempt, there in zip(attempts, known.to_pylist(), strict=True) if not there}

    def newest_us(self, layer: str) -> int | None:
        """Return the recorded instant of the newest entry of a layer, its deletion included."""
        newest = pc.max(self._entries(layer)["recorded_at"])
        return int(newest.cast(pa.int64()).as_py()) if newest.is_valid else None

    def prepare(self) -> None:
        """Make the table, so that none is there only where no load was ever committed, or where it was lost."""
        self.table.create(_LEDGER, shared=True)

    def entries(self, layer: str) -> list[dict[str, Any]]:
        """Return the rows of a layer in the order of recording, its deletions among them."""
        rows: list[dict[str, Any]] = _with_us(self._entries(layer)).sort_by("recorded_at").to_pylist()
        return rows

    def chained(self, reckonings: Iterable[Reckoning]) -> list[dict[str, Any]]:
        """Return loads as rows that follow the last entry of their layer; the caller holds the layers' locks."""
        rows: list[dict[str, Any]] = []
        by_layer: dict[str, list[dict[str, Any]]] = {}
        for reckoning in reckonings:
            row = reckoning.to_row() | {"layer": self._names.folder_of(reckoning.layer)}
            by_layer.setdefault(reckoning.layer, []).append(row)
        for layer, layer_rows in by_layer.items():
            known = self._entries(layer)
            rows += chained(layer_rows, last_digest(known["entry_digest"], known["predecessor"]))
        return rows

    def write(self, reckonings: Iterable[Reckoning]) -> None:
        """Append loads, each chained to the one before of its layer; one that was entered meanwhile is left out."""
        wanted = list(reckonings)
        if wanted:
            self._append(wanted)
            self.table.tidy()

    @again_when_overtaken
    def _append(self, reckonings: list[Reckoning]) -> None:
        self.table.create(_LEDGER, shared=True)
        after = self.table.sequence()
        rows = self.chained(load for load in reckonings if not self._has(load))
        if rows:
            self.table.append_after(pa.Table.from_pylist(rows, _LEDGER), after)

    def _has(self, load: Reckoning) -> bool:
        """Return whether an attempt is entered: by a writer on another machine, that completed what was left."""
        return bool(load.attempt) and not self.lacking(load.layer, [load.attempt])

    def deleted_us(self, layer: str) -> int:
        """Return when a layer was deleted last, UTC microseconds; 0 for never."""
        rows = self._entries(layer)
        last = pc.max(rows.filter(pc.equal(rows["mode"], _DELETED))["recorded_at"].cast(pa.int64()))
        return last.as_py() or 0

    def entered_after(self, layer: str, at_us: int) -> frozenset[str]:
        """Return the names of what was entered of a layer and recorded after an instant, UTC microseconds."""
        rows = self._entries(layer)
        return frozenset(
            rows["load"].filter(pc.greater(rows["recorded_at"].cast(pa.int64()), at_us)).to_pylist()
        )

    def delete(self, layer: str, now_us: int) -> None:
        """Enter that a layer is deleted: its loads stay in the table, and `loads` returns them no more."""
        newest_us = self.newest_us(layer)
        at_us = now_us if newest_us is None else max(now_us, newest_us + 1)
        self.write([Reckoning(f"{_DELETED}-{uuid.uuid4().hex[:12]}", layer, "", _DELETED, at_us)])

    def _entries(self, layer: str | None) -> pa.Table:
        """Return the rows of a layer, by its name, or of all; only files that are new are read."""
        if not self.table.exists:
            return pa.Table.from_batches([], _LEDGER)
        snapshot, kept = self.table.snapshot(), self._kept
        names = frozenset(file.path for file in snapshot.files)
        if not kept.files <= names:  # some were merged, or it is another table
            kept = _Entries(frozenset(), pa.Table.from_batches([], _LEDGER))
        fresh = [file for file in snapshot.files if file.path not in kept.files]
        if fresh:
            rows = pa.concat_tables([kept.rows, complete(snapshot.read(fresh), _LEDGER)])
            kept = _Entries(names, _few_chunks(rows))
        self._kept = kept  # in one step: threads may ask
        return kept.rows if layer is None else kept.of(self._names.folder_of(layer))

    def _living(self, layer: str) -> pa.Table:
        """Return the rows of a layer, by its name, since it was deleted last."""
        return _since_deletion(self._entries(layer), self._names.folder_of(layer))

    def _reckonings(self, rows: pa.Table, folder: str) -> list[Reckoning]:
        """Return rows of one layer as its loads, with its present name."""
        own = {"layer": self._names.name_of(folder)}
        return [Reckoning.from_row(row | own) for row in _with_us(rows).to_pylist()]


def _since_deletion(rows: pa.Table, folder: str) -> pa.Table:
    rows = rows.filter(pc.equal(rows["layer"], folder))
    deleted = pc.max(rows.filter(pc.equal(rows["mode"], _DELETED))["recorded_at"])
    return rows.filter(pc.greater(rows["recorded_at"], deleted)) if deleted.is_valid else rows


def _few_chunks(rows: pa.Table) -> pa.Table:
    """Return rows whose entries of many loads lie together: each chunk costs more than its rows."""
    return rows.combine_chunks() if rows["load"].num_chunks > _MOST_CHUNKS else rows


def _with_us(rows: pa.Table) -> pa.Table:
    """Return rows with their instants as UTC microseconds."""
    place = rows.schema.get_field_index("recorded_at")
    return rows.set_column(place, "recorded_at", rows["recorded_at"].cast(pa.int64()))


def complete(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    """Return rows with all columns of a schema: a table that an older version made may lack some."""
    columns = [
        rows[field.name].cast(field.type)
        if field.name in rows.schema.names
        else pa.nulls(len(rows), field.type)
        for field in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)
