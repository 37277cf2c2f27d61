"""What a purge does after its commit, when the layer no longer shows what is removed: nothing on disk may hold it.

Superseded files and what lay beside the table, its log, the quarantine, indexes and staging; then the entry in the
ledger, which says that the purge is complete. Each step may be repeated: after a death on the way the next load, undo
or purge of the layer does what is left.

Tested by `tests/reliability/test_kill_purge.py`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import pyarrow as pa

from stcloud.daas.definition import Definition
from stcloud.daas.kind.registry import kind_of
from stcloud.daas.ledger import Ledger
from stcloud.daas.purge.record import PurgeRecord, write_purges
from stcloud.daas.purge.scope import PurgeScope
from stcloud.daas.quarantine import Quarantine
from stcloud.daas.reckoning import Reckoning
from stcloud.daas.table.layer import LayerTable
from stcloud.iaas.store.folder import Folder
from stcloud.iaas.store.oserror import storage_errors
from stcloud.iaas.table.erasure import erase

__all__ = ["complete_purge", "drop_unbegun", "without_rejected"]

_INDEX = "index"


def complete_purge(
    folder: Folder,
    layer: LayerTable,
    definition: Definition,
    ledger: Ledger,
    quarantine: Quarantine,
    entry: Reckoning,
) -> None:
    """Remove from disk what a purge that was committed removed from a layer; the caller holds the layer's lock.

    The entry is not written to the ledger here.
    """
    record = PurgeRecord.of(entry)
    with storage_errors(f"complete the purge of '{layer.name}'"):
        erase(layer.table)
        kind_of(definition).discard_unneeded(layer, older_hours=0)
        if quarantine.table.exists:
            instants = recorded_instants(ledger, layer.name)
            quarantine.rewrite(
                layer.name,
                lambda rows, mine: without_rejected(rows, mine, record.scope, definition, instants),
            )
            erase(quarantine.table, alone=False)
        place = layer.table.name  # a renamed layer stays where it was founded
        for name in (place, f"{place}.join", f"{place}.pixels"):
            folder.arrays(_INDEX, name).erase()
        folder.discard_idle_staging(f"layer-{place}")


def drop_unbegun(layer: LayerTable, attempts: set[str], last: int | None) -> None:
    """Forget purges that were written down and never committed.

    Parameters
    ----------
    layer
        The table.
    attempts
        Those that were committed.
    last
        In a bucket, the number of the last commit, read before them: another machine may be about to commit one that
        comes later. None: there is no other.
    """
    write_purges(
        layer.table,
        lambda records: [
            record
            for record in records
            if record.attempt in attempts or (last is not None and record.sequence > last)
        ],
    )


def recorded_instants(ledger: Ledger, layer: str) -> dict[str, int]:
    """Return when the attempts to load a layer were recorded, UTC microseconds."""
    return {entry["attempt"]: entry["recorded_at"] for entry in ledger.entries(layer)}


def without_rejected(
    rows: pa.Table,
    mine: Sequence[bool],
    scope: PurgeScope,
    definition: Definition,
    recorded_us: Mapping[str, int],
) -> pa.Table:
    """Return rows of the quarantine without what a purge removes, or may remove, of those that are of its layer.

    The time of a rejected row is not known: that of its load counts. A filter is not tested on what could not be
    read: where there is one, all rows are meant. Of a purge of columns, the values of other columns stay.
    """
    meant = list(mine)
    if scope.before_us is not None and scope.filtered is None:
        refused_us = rows["refused_at"].cast(pa.int64()).to_pylist()
        at_us = [
            recorded_us.get(attempt, refused) or 0
            for attempt, refused in zip(rows["attempt"].to_pylist(), refused_us, strict=True)
        ]
        meant = [is_mine and at < scope.before_us for is_mine, at in zip(mine, at_us, strict=True)]
    names = {name.casefold() for name in scope.columns}

    def goes(field: str | None) -> bool:
        """Tell whether a value of a field may be of one of the columns."""
        if not names or field is None or field.startswith("st_"):
            return True
        return (definition.column(field).rename or field).casefold() in names

    def left(record: str | None) -> str | None:
        if record is None or not names:
            return None
        read = json.loads(record)
        kept = {name: value for name, value in read.items() if not goes(name)}
        return record if kept == read else json.dumps(kept, ensure_ascii=False)

    values = [
        None if is_meant and goes(field) else value
        for is_meant, field, value in zip(
            meant, rows["field"].to_pylist(), rows["value"].to_pylist(), strict=True
        )
    ]
    records = [
        left(record) if is_meant else record
        for is_meant, record in zip(meant, rows["record"].to_pylist(), strict=True)
    ]
    for name, made in (("value", values), ("record", records)):
        place = rows.schema.get_field_index(name)
        rows = rows.set_column(place, rows.schema.field(place), pa.array(made, pa.string()))
    return rows
