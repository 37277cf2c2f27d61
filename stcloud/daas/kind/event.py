"""The kind of events: something happened at an instant, at a point; attributes change in recorded time only.

Tested by `tests/conformance/test_kinds.py` and `tests/reliability/test_damage.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stcloud.daas.definition import EventDefinition
from stcloud.daas.kind.protocol import RunSql
from stcloud.daas.ledger import Ledger
from stcloud.daas.reckoning import Reckoning
from stcloud.daas.table.layer import EventLayer, LayerTable
from stcloud.daas.table.schema import PART, Attribute, event_schema
from stcloud.iaas.table.table import File, Snapshot, Table
from stcloud.space import Lattice

if TYPE_CHECKING:
    from stcloud.daas.exchange.kindexchange import KindExchange
    from stcloud.daas.load.event_load import EventLoad
    from stcloud.daas.load.steps import LoadContext
    from stcloud.daas.table.purged import PurgedFiles

__all__ = ["EVENT", "EventKind"]

_KEYS = """
SELECT st_key AS example FROM layer WHERE st_recorded_to IS NULL GROUP BY st_key HAVING count(*) > 1
"""
_PERIODS = """
SELECT st_key AS example FROM (
  SELECT st_key, st_recorded_from, st_recorded_to,
         lead(st_recorded_from) OVER (PARTITION BY st_key ORDER BY st_recorded_from) AS following FROM layer
) AS periods
WHERE st_recorded_to <= st_recorded_from OR st_recorded_to > following
   OR (st_recorded_to IS NULL AND following IS NOT NULL)
"""
_PLACES = "SELECT st_key, st_x, st_y, st_cell FROM layer WHERE st_x IS NOT NULL OR st_cell IS NOT NULL"


class EventKind:
    """Layers of events; see `LayerKind`."""

    name = "event"
    definition = EventDefinition
    partition = PART
    time_columns = ("st_time", "st_time_to")
    bounds_columns = ("st_x", "st_y", "st_x", "st_y")
    row_names = ("event", "events")
    has_arrays = False
    versioned = False

    def row_schema(self, columns: Sequence[Attribute]) -> pa.Schema:
        """Return the schema of an event table."""
        return event_schema(columns)

    def table(self, name: str, table: Table) -> LayerTable:
        """Return a layer's table."""
        return EventLayer(name, table)

    def row_files(self, snapshot: Snapshot) -> list[File]:
        """Return all files."""
        return list(snapshot.files)

    def steps(self, context: LoadContext) -> EventLoad:
        """Return the steps of a load."""
        from stcloud.daas.load.event_load import EventLoad  # noqa: PLC0415  (a question needs none of it)

        return EventLoad(context)

    def changed_by(self, layer: LayerTable, loads: Sequence[Reckoning], known: Reckoning) -> str | None:
        """Return the latest load that changed events as a known load left them, or None."""
        from stcloud.daas.table.later_changes import changed_events_by  # noqa: PLC0415

        return changed_events_by(layer, loads, known)

    def undo(self, layer: LayerTable, ledger: Ledger, load: str, now_us: int) -> Reckoning:
        """Take back a load: what it stated ends, and what it replaced is believed again."""
        from stcloud.daas.table.undo_events import withdraw  # noqa: PLC0415

        return withdraw(cast("EventLayer", layer), ledger, load, now_us)

    def exchange(self) -> KindExchange:
        """Return how layers of events are exchanged."""
        from stcloud.daas.exchange.eventexchange import EVENTS  # noqa: PLC0415

        return EVENTS

    def expired(self, layer: LayerTable, snapshot: Snapshot, before_us: int) -> pa.Array:  # noqa: ARG002
        """Return the keys of events that began before an instant."""
        from stcloud.daas.table.expired import expired_events  # noqa: PLC0415

        return expired_events(snapshot, before_us)

    def purged(
        self, layer: LayerTable, snapshot: Snapshot, keys: pa.Array, columns: Sequence[str], *, writes: bool
    ) -> PurgedFiles:
        """Write the files anew that hold rows of some keys, without these or without values in them."""
        from stcloud.daas.table.purged import purged_files  # noqa: PLC0415

        write = cast("EventLayer", layer).write_anew if writes else None
        return purged_files(
            snapshot, snapshot.files, keys, columns, self.time_columns, write, lasting=self.versioned
        )

    def current_keys(self, layer: LayerTable, snapshot: Snapshot) -> pa.Array:  # noqa: ARG002
        """Return the keys of current rows."""
        files = [file for file in snapshot.files if file.nulls.get("st_recorded_to") != 0]
        rows = snapshot.read(files, ("st_key", "st_recorded_to"))
        keys = rows.filter(pc.is_null(rows["st_recorded_to"]))["st_key"].combine_chunks()
        return keys.chunk(0) if isinstance(keys, pa.ChunkedArray) and keys.num_chunks else keys

    def discard_unneeded(self, layer: LayerTable, *, older_hours: float) -> int:  # noqa: ARG002
        """Delete nothing: all lies in the table."""
        return 0

    def findings(
        self,
        layer: LayerTable,  # noqa: ARG002
        snapshot: Snapshot,  # noqa: ARG002
        run_sql: RunSql,
        lattice: Lattice,
    ) -> Iterator[tuple[str, list[str]]]:
        """Check that keys have one current row, recorded periods do not overlap, cells are those of coordinates."""
        yield "keys", run_sql(_KEYS).read_all()["example"].to_pylist()
        yield "periods", run_sql(_PERIODS).read_all()["example"].to_pylist()
        yield "cells", [key for batch in run_sql(_PLACES) for key in _misplaced(batch, lattice)]


def _misplaced(batch: pa.RecordBatch, lattice: Lattice) -> list[str]:
    x, y = (batch.column(name).to_numpy(zero_copy_only=False) for name in ("st_x", "st_y"))
    cells = batch.column("st_cell").fill_null(0).to_numpy()
    wrong = np.flatnonzero(lattice.cells(x, y) != cells)
    return [batch.column("st_key")[int(at)].as_py() for at in wrong]


EVENT = EventKind()
