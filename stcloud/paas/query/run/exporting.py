"""Large results written as Parquet: by the engine where it runs elsewhere, else streamed into one file.

Tested by `tests/conformance/test_large_results.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from stcloud.iaas.engine.model import STAGE, Refine, Sql, Stage, Writer
from stcloud.iaas.engine.target import parquet_file
from stcloud.paas.query.join.how import How
from stcloud.paas.query.plan.label import stored_names
from stcloud.paas.query.plan.plan import Rows
from stcloud.paas.query.run.inquiry import Inquiry
from stcloud.paas.query.sql.tree import column, select, table

if TYPE_CHECKING:
    from stcloud.index import AsOfIndex

__all__ = ["Joined", "write_joined", "write_rows"]


@dataclass(frozen=True, slots=True, eq=False)
class Joined:
    """Gives rows of events their partners, where the rows are; the layer travels there whole.

    Parameters
    ----------
    partners, content
        Versions of features, and their columns in the same order.
    how, layer, inner, at_us, versioned
        As for `stcloud.paas.query.join.asof_join`.
    """

    partners: AsOfIndex
    content: pa.Table
    how: How
    layer: str
    inner: bool
    at_us: int | None
    versioned: bool

    def __call__(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """Return the rows with their partners."""
        whole = self.joined(pa.Table.from_batches([rows])).combine_chunks()
        batches = whole.to_batches()
        return batches[0] if batches else pa.RecordBatch.from_pylist([], schema=whole.schema)

    def joined(self, events: pa.Table) -> pa.Table:
        """Return the rows of a table with their partners."""
        from stcloud.paas.query.join import asof_join  # noqa: PLC0415  (numba is slow to import)

        return asof_join(
            events, self.partners, self.how, layer=self.layer, content=self.content, inner=self.inner,
            at_us=self.at_us, workers=1, versioned=self.versioned,
        )  # fmt: skip


def write_rows(inquiry: Inquiry, target: str) -> None:
    """Write the rows of a question; see `Query.write_parquet`."""
    engine = inquiry.subject.engine
    if isinstance(engine, Writer):
        _write(inquiry, engine, target, [])
    else:
        schema = inquiry.row_schema
        parquet_file(target, lambda: pa.RecordBatchReader.from_batches(schema, inquiry.rows(Rows())))


def write_joined(inquiry: Inquiry, engine: Writer, target: str, joined: Joined) -> None:
    """Let an engine write the rows of a join, which it makes where the rows are."""
    empty = inquiry.row_schema.empty_table()
    adds = list(joined.joined(empty).schema)[len(empty.schema) :]
    _write(inquiry, engine, target, [Refine(joined, tuple(adds))])


def _write(inquiry: Inquiry, engine: Writer, target: str, after: Sequence[Stage]) -> None:
    compiled = inquiry.compiled(Rows()).as_statement().unordered()
    shown = stored_names(_last_names(compiled.stages), inquiry.row_schema, inquiry.subject.kind.own)
    named = select({name: column(stored, STAGE) for name, stored in shown.items()}, table(STAGE))
    engine.write([*compiled.stages, Sql(named), *after], compiled.relations, target)


def _last_names(stages: Sequence[Stage]) -> list[str]:
    last = stages[-1]
    assert isinstance(last, Sql)  # noqa: S101  (rows are always chosen by a statement)
    return [str(chosen.alias_or_name) for chosen in last.query.selects]
