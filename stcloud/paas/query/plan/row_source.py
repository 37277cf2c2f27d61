"""Sources of rows: what the compiler needs of a kind of rows, to fetch, group and give them.

Tested by `tests/conformance/test_kinds.py` and `tests/conformance/test_engines.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

import pyarrow as pa

from stcloud.daas.table.schema import Attribute
from stcloud.iaas.engine.model import Files, Relation, Stage
from stcloud.iaas.table.table import File
from stcloud.paas.query.plan.plan import By, Rows, Summary
from stcloud.paas.query.plan.resolved import Resolved, Writing
from stcloud.paas.query.sql import exp

if TYPE_CHECKING:
    from stcloud.paas.query.place.region import Region

__all__ = ["Adding", "RowSource"]


class Adding(Protocol):
    """A function over batches that gives rows columns that are not stored, or not as they are stored."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that it looks at."""

    @property
    def gives(self) -> frozenset[str]:
        """Columns that it gives."""

    @property
    def adds(self) -> tuple[pa.Field, ...]:
        """Those of them that are new, behind the others."""

    def __call__(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """Return the rows with them."""


class RowSource(Protocol):
    """How rows of one kind are fetched, grouped and given."""

    @property
    def writing(self) -> Writing:
        """What conditions write their SQL with."""

    @property
    def attributes(self) -> Mapping[str, Attribute]:
        """Columns that may be measured, by name."""

    @property
    def relations(self) -> Mapping[str, Relation]:
        """What the names of tables mean."""

    @property
    def files(self) -> Files:
        """The layer's files that may be read."""

    @property
    def wants(self) -> Callable[[File], bool]:
        """Tells of a file, or of a row group described like one, whether it may hold a wanted row."""

    @property
    def bounded(self) -> tuple[str, ...]:
        """Columns whose bounds that looks at."""

    @property
    def regions(self) -> tuple[Region, ...]:
        """Areas that every row must lie in."""

    @property
    def counts_in_memory(self) -> bool:
        """Whether few rows may be counted, or given, in memory, as SQL would do it."""

    @property
    def row_names(self) -> tuple[str, ...]:
        """Stored names of the columns that rows are given with."""

    def settles(self, condition: Resolved) -> bool:
        """Tell whether no row is fetched, or stored, that a condition does not keep."""

    def fetch(self, columns: Sequence[str], conditions: Sequence[Resolved]) -> list[Stage]:
        """Return the stages that fetch columns of rows, of all that conditions keep."""

    def table(self) -> exp.Expression | None:
        """Return the layer as a table that SQL may read without fetching it first; None: it may not."""

    def given(self, looked_at: frozenset[str]) -> list[Adding]:
        """Return what gives rows the columns that are looked at and not stored as they are needed."""

    def grouping(self, goal: Summary) -> list[Adding]:
        """Return what gives the rows that are left the columns of groups that are not stored."""

    def group(self, by: By) -> exp.Expression:
        """Return what rows are grouped by."""

    def joins(self, goal: Summary) -> list[exp.Join]:
        """Return the tables that groups need, joined."""

    def rows(self, source: exp.Expression, where: Sequence[exp.Expression], goal: Rows) -> exp.Query:
        """Return the statement that gives rows."""
