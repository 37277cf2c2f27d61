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

__all__ = ["MemoryRows", "memory_rows"]

_TIME, _KEY = "st_time", "st_key"


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
        """Return the rows."""
        whole = rows.combine_chunks()
        batches = [Masking(self.conditions)(batch) for batch in whole.to_batches()]
        kept = pa.Table.from_batches(batches, whole.schema)
        if self.after is not None:
            kept = kept.filter(_later(kept, *self.after))
        order = pc.sort_indices(kept, sort_keys=[(_TIME, "ascending"), (_KEY, "ascending")])
        return kept.select(list(self.names)).take(order[: self.limit])


def memory_rows(names: Sequence[str], goal: Rows, conditions: Sequence[Resolved]) -> MemoryRows | None:
    """Return what gives rows of events, or None if only SQL can: in another order, or all rows at once."""
    if goal.order or any(condition.checks_all for condition in conditions):
        return None
    return MemoryRows(tuple(names), tuple(conditions), goal.limit, goal.after)


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
