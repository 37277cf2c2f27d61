"""The quarantine: refused rows of the city's loads, a table of the city that any writer appends to."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from stcloud.daas.ledger import complete
from stcloud.daas.names import LayerNames
from stcloud.daas.reckoning import Reckoning
from stcloud.daas.table.schema import INSTANT
from stcloud.errors import FormatError, InvalidInput
from stcloud.iaas.source.protocol import Refusal
from stcloud.iaas.source.rejected import REJECTED_COLUMNS
from stcloud.iaas.table.again import again_when_overtaken
from stcloud.iaas.table.table import Table

__all__ = ["Quarantine"]

_QUARANTINE = pa.schema(
    [
        ("load", pa.string()),
        ("layer", pa.string()),
        ("attempt", pa.string()),
        ("source", pa.string()),
        ("row", pa.int64()),
        ("field", pa.string()),
        ("value", pa.string()),
        ("reason", pa.string()),
        ("status", pa.string()),
        ("refused_at", INSTANT),
        ("record", pa.string()),
    ]
)
_REFUSED = "refused"
"""Status of rows of an attempt that was refused as a whole; null, or what older versions wrote, is a load's."""
_HIDDEN = ("attempt", "refused_at", "record")

Change = Callable[[pa.Table, Sequence[bool]], pa.Table]
"""Returns rows of the quarantine changed where they are of a layer."""


class Quarantine:
    """Refused rows of the city's loads, with file, row, field, value and reason.

    Rows of its table name a layer as its folder is named; what is given and returned has present names.
    """

    def __init__(self, table: Table, names: LayerNames) -> None:
        self.table = table
        self._names = names

    def write(
        self,
        load: str,
        layer: str,
        attempt: str,
        source: str,
        refusals: Iterable[Refusal],
        records: Mapping[int, str],
    ) -> None:
        """Append refusals; they show once a load with this ``attempt`` is committed.

        ``records`` are the rows as they were in the source, JSON by number; a row that is kept all the same has none.
        """
        rows = _rows(load, self._names.folder_of(layer), attempt, source, refusals)
        self._append([row | {"record": records.get(row["row"])} for row in rows])

    def records(self, load: Reckoning) -> pa.Table:
        """Return the rejected rows of a load as they were in its source, each with its number and fault.

        Raises
        ------
        InvalidInput
            ``rows-not-kept``: an older version loaded it, which kept the fault alone.
        """
        rows = self._all()
        rows = rows.filter(pc.and_(pc.equal(rows["attempt"], load.attempt), pc.is_valid(rows["record"])))
        if len(rows) < load.rejected:
            raise InvalidInput(
                "rows-not-kept",
                f"the rejected rows of load {load.load} were not kept: an older version loaded it",
                hint="load its file again with --again; its rejected rows are kept then",
            )
        rows = rows.sort_by("row")
        records = [json.loads(record) for record in rows["record"].to_pylist()]
        names = dict.fromkeys(name for record in records for name in record)
        faults = [rows[name] for name in ("row", "field", "reason", "value")]
        columns = [pa.array([record.get(name) for record in records], pa.string()) for name in names]
        return pa.table([*faults, *columns], [*REJECTED_COLUMNS, *names])

    def refuse(self, load: str, layer: str, source: str, refusals: Sequence[Refusal], at_us: int) -> None:
        """Append the refusals of an attempt that was refused as a whole; not again when it is repeated."""
        known = self._all()
        same = pc.and_(pc.equal(known["load"], load), pc.equal(known["status"], _REFUSED))
        if pc.sum(pc.fill_null(same, fill_value=False)).as_py() != len(refusals):
            extra = {"status": _REFUSED, "refused_at": at_us}
            rows = _rows(load, self._names.folder_of(layer), uuid.uuid4().hex, source, refusals)
            self._append([row | extra for row in rows])

    def count(self, layer: str, change: Change) -> int:
        """Return how many rows a change of a layer's rows would change."""
        rows = self._all()
        return _changes(rows, change(rows, self._of(layer, rows)))

    @again_when_overtaken
    def rewrite(self, layer: str, change: Change) -> int:
        """Keep all rows, with what a change makes of a layer's values and records; return how many changed.

        The files that held them stay on disk until they are erased.
        """
        snapshot = self.table.snapshot()
        written, removed, count = [], [], 0
        for file in snapshot.files:
            rows = complete(snapshot.read([file]), _QUARANTINE)
            made = change(rows, self._of(layer, rows))
            changes = _changes(rows, made)
            if changes:
                written.append(self.table.write(made, {}))
                removed.append(file)
                count += changes
        if removed:
            self.table.add_columns(list(_QUARANTINE))
            self.table.commit(add=written, remove=removed, after=snapshot.sequence)
        return count

    def rows(self, loads: Sequence[Reckoning], layer: str | None = None, since_us: int = 0) -> pa.Table:
        """Return the refused rows of loads and, if a layer is named, of its refused attempts, by load and row.

        Of an attempt that was repeated the last is returned; of one that was loaded then, the load's.

        Parameters
        ----------
        loads, layer
            Loads, and the name of their layer, there or not.
        since_us
            When the layer was deleted last: earlier attempts are not of this one.

        Raises
        ------
        FormatError
            ``damaged-table``: there are fewer than the loads' reckonings say.
        """
        rows = self._all()
        attempts = pa.array([load.attempt for load in loads], pa.string())
        loaded = pc.is_in(rows["attempt"], attempts)
        refuse_lacking(rows.filter(loaded), loads)
        status = pc.if_else(loaded, "loaded", rows["status"])
        rows = rows.set_column(rows.schema.get_field_index("status"), "status", status)
        refused = self._refused(rows, layer, loads, since_us) if layer is not None else loaded
        rows = self._named(rows.filter(pc.or_(loaded, refused)))
        return rows.drop_columns(list(_HIDDEN)).sort_by([("load", "ascending"), ("row", "ascending")])

    def _refused(
        self, rows: pa.Table, layer: str, loads: Sequence[Reckoning], since_us: int
    ) -> pa.ChunkedArray:
        at_us = rows["refused_at"].cast(pa.int64())
        folder = self._names.folder_of(layer)
        chosen = pc.and_(pc.equal(rows["status"], _REFUSED), pc.equal(rows["layer"], folder))
        chosen = pc.and_(chosen, pc.greater_equal(at_us, since_us))
        chosen = pc.and_(
            chosen, pc.invert(pc.is_in(rows["load"], pa.array([load.load for load in loads], pa.string())))
        )
        chosen = pc.fill_null(chosen, fill_value=False)
        last = rows.filter(chosen).group_by("load").aggregate([("refused_at", "max")])
        newest = pc.is_in(rows["refused_at"], last["refused_at_max"].combine_chunks())
        return pc.and_(chosen, newest)

    def _of(self, layer: str, rows: pa.Table) -> list[bool]:
        """Return which rows are of a layer."""
        mine = pc.equal(rows["layer"], self._names.folder_of(layer))
        return pc.fill_null(mine, fill_value=False).to_pylist()  # type: ignore[no-any-return]

    def _named(self, rows: pa.Table) -> pa.Table:
        """Return rows with the present names of their layers."""
        layers = rows["layer"]
        for folder in pc.unique(layers).to_pylist():
            layers = pc.if_else(pc.equal(layers, folder), self._names.name_of(folder), layers)
        return rows.set_column(rows.schema.get_field_index("layer"), "layer", layers)

    def _all(self) -> pa.Table:
        if not self.table.exists:
            return _QUARANTINE.empty_table()
        snapshot = self.table.snapshot()
        return complete(snapshot.read(snapshot.files), _QUARANTINE)

    def _append(self, rows: list[dict[str, Any]]) -> None:
        if rows:
            self.table.create(_QUARANTINE, shared=True)
            self.table.append(pa.Table.from_pylist(rows, _QUARANTINE))
            self.table.tidy()


def _changes(before: pa.Table, after: pa.Table) -> int:
    """Return how many rows have another value or record."""
    columns = [(before[name].to_pylist(), after[name].to_pylist()) for name in ("value", "record")]
    changed = [[old != new for old, new in zip(*pair, strict=True)] for pair in columns]
    return sum(map(any, zip(*changed, strict=True)))


def _rows(
    load: str, folder: str, attempt: str, source: str, refusals: Iterable[Refusal]
) -> list[dict[str, Any]]:
    return [
        {
            "load": load, "layer": folder, "attempt": attempt, "source": source,
            "row": refusal.row, "field": refusal.field, "value": refusal.value, "reason": refusal.reason,
        }
        for refusal in refusals
    ]  # fmt: skip


def refuse_lacking(rows: pa.Table, loads: Iterable[Reckoning]) -> None:
    """Raise `FormatError` ``damaged-table`` when the quarantine holds fewer rows of a load than were put there."""
    counts = {pair["values"]: pair["counts"] for pair in pc.value_counts(rows["load"]).to_pylist()}
    for load in loads:
        kept = load.rejected + load.repaired
        if counts.get(load.load, 0) < kept:
            raise FormatError(
                "damaged-table",
                f"the quarantine lacks {kept - counts.get(load.load, 0)} of {kept} rows of load {load.load}",
                hint="bring it back from a copy of the city",
            )
