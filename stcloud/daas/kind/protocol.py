"""The protocol of layer kinds.

Tested by `tests/conformance/test_kinds.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Protocol, TypeAlias

import pyarrow as pa

from stcloud.daas.definition import Definition
from stcloud.daas.ledger import Ledger
from stcloud.daas.reckoning import Reckoning
from stcloud.daas.table.layer import LayerTable
from stcloud.daas.table.purged import PurgedFiles
from stcloud.daas.table.schema import Attribute
from stcloud.iaas.table.table import File, Snapshot, Table
from stcloud.space import Lattice

if TYPE_CHECKING:
    from stcloud.daas.exchange.kindexchange import KindExchange
    from stcloud.daas.load.steps import LoadContext, LoadSteps

__all__ = ["LayerKind", "RunSql"]

RunSql: TypeAlias = Callable[[str], pa.RecordBatchReader]
"""Runs a statement over the rows of one version of a layer, the table ``layer``."""


class LayerKind(Protocol):
    """One kind of time-stamped layer."""

    @property
    def name(self) -> str:
        """What definitions call it: ``kind = "event"``."""

    @property
    def definition(self) -> type[Definition]:
        """The model of its definitions; its ``modes`` are the modes of its loads, the default first."""

    @property
    def partition(self) -> str:
        """Column that its files are partitioned by."""

    @property
    def time_columns(self) -> tuple[str, str]:
        """Columns of the instant at which a row begins to be so, and of the one at which it ends; UTC."""

    @property
    def bounds_columns(self) -> tuple[str, str, str, str]:
        """Columns of a row's bounds, in the city's CRS: west, south, east, north."""

    @property
    def versioned(self) -> bool:
        """Whether a key has a valid period, and so several versions at one instant of recorded time."""

    @property
    def row_names(self) -> tuple[str, str]:
        """What one row is called, and several: ``("event", "events")``."""

    @property
    def has_arrays(self) -> bool:
        """Whether each row has an image beside the table."""

    def row_schema(self, columns: Sequence[Attribute]) -> pa.Schema:
        """Return the schema of a table with these attributes of the source, our own columns first."""

    def table(self, name: str, table: Table) -> LayerTable:
        """Return a layer's table as this kind writes and reads it."""

    def row_files(self, snapshot: Snapshot) -> list[File]:
        """Return the files that hold rows, and not what is kept beside them."""

    def steps(self, context: LoadContext) -> LoadSteps:
        """Return the steps of a load."""

    def changed_by(self, layer: LayerTable, loads: Sequence[Reckoning], known: Reckoning) -> str | None:
        """Return the latest load that changed what a known load stated, or None."""

    def undo(self, layer: LayerTable, ledger: Ledger, load: str, now_us: int) -> Reckoning:
        """Take back a load; the caller holds the layer's lock."""

    def exchange(self) -> KindExchange:
        """Return how layers of this kind are exchanged with other cities; `Unsupported` ``no-exchange``."""

    def expired(self, layer: LayerTable, snapshot: Snapshot, before_us: int) -> pa.Array:
        """Return the keys of what was over before an instant, UTC microseconds, as the last belief in it says."""

    def purged(
        self, layer: LayerTable, snapshot: Snapshot, keys: pa.Array, columns: Sequence[str], *, writes: bool
    ) -> PurgedFiles:
        """Write the files anew that hold rows of some keys: without these rows, or with nulls in some columns.

        Without ``writes`` only count them.
        """

    def current_keys(self, layer: LayerTable, snapshot: Snapshot) -> pa.Array:
        """Return the keys that are believed in now, as text."""

    def discard_unneeded(self, layer: LayerTable, *, older_hours: float) -> int:
        """Delete what is kept beside the table, was written so long ago, and is needed by no row; return how many.

        The caller holds the layer's lock.
        """

    def findings(
        self, layer: LayerTable, snapshot: Snapshot, run_sql: RunSql, lattice: Lattice
    ) -> Iterator[tuple[str, list[str]]]:
        """Check the content of a table: give the name of each check, and the keys or numbers that are at fault."""
