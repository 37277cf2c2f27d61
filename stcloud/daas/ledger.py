"""The ledger: what became of every load, a table of the city that any writer appends to.

Tested by `tests/daas/test_chain.py` and `tests/reliability/test_many_loads.py`.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from stcloud.daas.chain import CHAIN, chained, last_digest
from stcloud.daas.display import html_table, one_line
from stcloud.daas.names import LayerNames
from stcloud.daas.table.schema import INSTANT
from stcloud.errors import FormatError
from stcloud.iaas.table.again import again_when_overtaken
from stcloud.iaas.table.table import Table

__all__ = ["AUDIT", "COMPLETE", "PURGE", "RECEIVE", "UNDO", "Ledger", "Reckoning", "complete"]

_COUNTS = ("read", "accepted", "updated", "unchanged", "duplicates", "rejected", "unplaced", "time_adjusted")

_MORE = ("ended", "overridden", "repaired", "restored", "trimmed")
"""Counts that only loads of features, and undone ones, have."""

_PURGED = "purged"
"""Count of rows that a purge removed, or that a load left out because of one; null where it is 0."""

_DETAILS = ("rejected_by", "unplaced_by", "new_columns", "missing_columns", "notes")
"""What a reckoning has besides counts; a ledger's row holds it as JSON, where there is some."""

_OWN_DETAILS = ("scope", "restated", "trail", "received")
"""What only purges, digests of trails, and packages that were received have besides."""

_COMPLETENESS = ("complete_to_us", "complete_by")
"""What a reckoning has besides where something is stated of until when its rows are complete."""

_DELETED = "delete-layer"
"""Mode of the entry that records a layer's deletion."""

UNDO = "undo"
"""Mode of a load that takes back another; its source is the other's identity."""

PURGE = "purge"
"""Mode of the entry of a purge; its source is empty."""

COMPLETE = "complete"
"""Mode of the entry that states anew until when the rows of a load are complete; its source is that load."""

RECEIVE = "receive"
"""Mode of the entry of a package of another city that was received; its source is the package's name."""

AUDIT = "audit"
"""Mode of the entry of an audit trail's digest, see `TrailDigest`; its source is the trail's file."""

_LEDGER = pa.schema(
    [
        ("load", pa.string()),
        ("layer", pa.string()),
        ("source", pa.string()),
        ("mode", pa.string()),
        ("recorded_at", INSTANT),
        ("attempt", pa.string()),
        *((name, pa.int64()) for name in (*_COUNTS, *_MORE, _PURGED)),
        ("details", pa.string()),
        *((name, pa.string()) for name in CHAIN),
    ]
)
_MOST_CHUNKS = 16
_MOST_LINES = 6
"""Reasons of rejected rows, and notes, that a reckoning shows."""


@dataclass(frozen=True, slots=True)
class Reckoning:
    """The counts of a load, which account for every row of its file.

    Always ``read = accepted + updated + unchanged + duplicates + rejected + purged``: ``purged`` rows were left out,
    because the layer was purged of rows of their time. ``unplaced`` counts stored rows
    (accepted and updated) without a place, ``time_adjusted`` rows with a local time that was moved, ``trimmed``
    rows from whose texts white space was removed. Loads of features also count ``ended`` keys, which a snapshot
    lacks, parts of earlier changes that it has ``overridden``, and ``repaired`` geometries. An undo counts keys
    that it ``ended``, and keys whose earlier content it ``restored``. A purge counts keys that it ``purged``; its
    ``scope`` states what it removed, without any value, and ``restated`` the digests of rows of earlier loads, by
    their recorded instant.

    ``recorded_at_us`` is the recorded instant, UTC microseconds. ``known`` means that the file was loaded
    before and nothing was done; ``changed_by`` is then the latest load that has changed its rows since.
    ``new_columns`` were added to the layer by this load, ``missing_columns`` are columns of the layer that the
    file lacks. ``notes`` are remarks for people. ``rows_digest`` is the digest of the rows that the load added;
    None for loads of older versions. ``complete_to_us`` is the instant up to which its rows are complete, UTC
    microseconds, if that is not the recorded instant, and ``complete_by`` how that was stated: ``instant`` or a rule.
    ``received`` is what a package of another city brought, with its owner's entries.

    Examples
    --------
    >>> Reckoning("l1", "requests", "a.csv", "changes", 0, read=3, accepted=2, rejected=1).adds_up
    True
    """

    load: str
    layer: str
    source: str
    mode: str
    recorded_at_us: int
    read: int = 0
    accepted: int = 0
    updated: int = 0
    unchanged: int = 0
    duplicates: int = 0
    rejected: int = 0
    unplaced: int = 0
    time_adjusted: int = 0
    ended: int = 0
    overridden: int = 0
    repaired: int = 0
    restored: int = 0
    trimmed: int = 0
    purged: int = 0
    attempt: str = ""
    known: bool = False
    changed_by: str | None = None
    unplaced_by: Mapping[str, int] = field(default_factory=dict)
    rejected_by: Mapping[str, int] = field(default_factory=dict)
    new_columns: tuple[str, ...] = ()
    missing_columns: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    rows_digest: str | None = None
    scope: Mapping[str, Any] = field(default_factory=dict)
    restated: Mapping[str, str] = field(default_factory=dict)
    trail: Mapping[str, Any] = field(default_factory=dict)
    received: Mapping[str, Any] = field(default_factory=dict)
    complete_to_us: int | None = None
    complete_by: str | None = None

    def __repr__(self) -> str:
        counts = ", ".join(f"{name} {number:,}" for name, number in self._shown.items())
        lines = [f"{self._title}: {counts}"]
        lines += [f"  {one_line(reason)}: {number:,} rejected" for reason, number in self.rejected_by.items()]
        return "\n".join(lines[:_MOST_LINES] + [f"  {one_line(note)}" for note in self.notes[:_MOST_LINES]])

    def _repr_html_(self) -> str:
        counts = [{"rows": name, "count": number} for name, number in self._shown.items()]
        below = "; ".join(
            [*(f"{reason}: {number:,}" for reason, number in self.rejected_by.items()), *self.notes]
        )
        return html_table(self._title, ["rows", "count"], counts, below)

    @property
    def _title(self) -> str:
        if self.mode == PURGE:
            return f"Purge of {one_line(self.layer)}"
        if self.mode == COMPLETE:
            return f"Completeness of load {one_line(self.source)} of {one_line(self.layer)}"
        known = " (was loaded before: nothing was done)" if self.known else ""
        return f"Load of {one_line(self.source)} into {one_line(self.layer)}{known}"

    @property
    def _shown(self) -> dict[str, int]:
        """Counts that say something: those read and accepted, and others that are not 0."""
        return {name: number for name, number in self.counts.items() if number or name in _COUNTS[:2]}

    @property
    def adds_up(self) -> bool:
        """Whether the counts account for every row that was read."""
        settled = (
            self.accepted + self.updated + self.unchanged + self.duplicates + self.rejected + self.purged
        )
        return self.read == settled

    @property
    def counts(self) -> dict[str, int]:
        """Counts by name, in a fixed order; those of features, undo and purges only where they are not 0."""
        more = {name: getattr(self, name) for name in (*_MORE, _PURGED) if getattr(self, name)}
        return {name: getattr(self, name) for name in _COUNTS} | more

    @property
    def details(self) -> dict[str, Any]:
        """Reasons, columns and notes by name, including empty ones."""
        details = {name: getattr(self, name) for name in _DETAILS}
        details |= {name: getattr(self, name) for name in _OWN_DETAILS if getattr(self, name)}
        return {
            name: dict(value) if isinstance(value, Mapping) else list(value)
            for name, value in details.items()
        }

    def to_row(self) -> dict[str, Any]:
        """Return the ledger's row."""
        own = {"load": self.load, "layer": self.layer, "source": self.source, "mode": self.mode}
        more = {name: value for name in _COMPLETENESS if (value := getattr(self, name)) is not None}
        details = json.dumps(self.details | more, ensure_ascii=False) if self._has_details(more) else None
        return (
            own
            | {"recorded_at": self.recorded_at_us, "attempt": self.attempt}
            | dict.fromkeys(_MORE, 0)
            | self.counts
            | {"details": details, "rows_digest": self.rows_digest}
        )

    def _has_details(self, more: Mapping[str, Any]) -> bool:
        return bool(more) or any(self.details.values())

    @classmethod
    def from_row(cls, row: Mapping[str, Any], *, known: bool = False) -> Reckoning:
        """Return the reckoning of a ledger's row; `FormatError` ``damaged-table`` when it is none."""
        if not {"load", "layer", "source", "mode", "attempt", "recorded_at"} <= row.keys():
            raise FormatError(
                "damaged-table", f"an entry of a load lacks fields: it has {', '.join(sorted(row))}"
            )
        own: dict[str, Any] = {name: row[name] for name in ("load", "layer", "source", "mode", "attempt")}
        own |= {name: row.get(name) or 0 for name in (*_COUNTS, *_MORE, _PURGED)}
        details: dict[str, Any] = json.loads(row.get("details") or "{}")
        own |= {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in details.items()
            if name in (*_DETAILS, *_OWN_DETAILS, *_COMPLETENESS)
        }
        digest = row.get("rows_digest")
        return cls(**own, recorded_at_us=row["recorded_at"], known=known, rows_digest=digest)


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
