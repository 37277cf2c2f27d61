"""A page of few rows in memory: the same as SQL gives, without binding a statement to them.

Tested by `tests/paas/query/compile/test_memory_rows.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from stcloud.iaas.conversion import scalar
from stcloud.paas.query.plan.plan import Rows
from stcloud.paas.query.plan.resolved import Masking, Resolved, columns_of

__all__ = ["MemoryRows", "matched_in", "memory_rows"]

_TIME, _KEY = "st_time", "st_key"
_MATCHED = b"matched"
"""In the metadata of rows: how many there are on all pages."""


@dataclass(frozen=True, slots=True)
class MemoryRows:
    """Gives rows of events by time, then key, as the last SQL of a plan does.

    Parameters
    ----------
    names
        Columns that are given.
    conditions
        What rows must fulfil that were not tested yet.
    limit, after
        At most so many rows, of those that come after this time, UTC microseconds, and key.
    """

    names: tuple[str, ...]
    conditions: tuple[Resolved, ...]
    limit: int | None
    after: tuple[Any, ...] | None

    @property
    def columns(self) -> frozenset[str]:
        """Columns that it looks at."""
        return columns_of(self.conditions) | {*self.names, _TIME, _KEY}

    def __call__(self, rows: pa.Table) -> pa.Table:
        """Return the rows, with how many there are on all pages for `matched_in`."""
        whole = rows.combine_chunks()
        batches = [Masking(self.conditions)(batch) for batch in whole.to_batches()]
        kept = pa.Table.from_batches(batches, whole.schema)
        matched = {_MATCHED: str(kept.num_rows).encode()}
        if self.after is not None:
            kept = kept.filter(_later(kept, *self.after))
        order = pc.sort_indices(kept, sort_keys=[(_TIME, "ascending"), (_KEY, "ascending")])
        page = kept.select(list(self.names)).take(order[: self.limit])
        return page.replace_schema_metadata(matched)


def memory_rows(names: Sequence[str], goal: Rows, conditions: Sequence[Resolved]) -> MemoryRows | None:
    """Return what gives rows of events, or None if only SQL can: in another order, or all rows at once."""
    if goal.order or any(condition.checks_all for condition in conditions):
        return None
    return MemoryRows(tuple(names), tuple(conditions), goal.limit, goal.after)


def matched_in(batches: Sequence[pa.RecordBatch]) -> int | None:
    """Return how many rows there are on all pages; None: whoever gave the batches did not count them."""
    metadata = batches[0].schema.metadata if batches else None
    return int(metadata[_MATCHED]) if metadata and _MATCHED in metadata else None


def _later(rows: pa.Table, at_us: int, key: str | None) -> pa.ChunkedArray:
    """Return which rows come after a time and a key; a null comes after all keys."""
    at = scalar(at_us, pa.int64())
    times = rows[_TIME].cast(pa.int64())
    keys = rows[_KEY]
    if key is None:
        return pc.greater(times, at)
    beyond = pc.or_(
        pc.fill_null(pc.greater(keys, scalar(key, keys.type)), fill_value=False), pc.is_null(keys)
    )
    return pc.or_(pc.greater(times, at), pc.and_(pc.equal(times, at), beyond))
