"""Columns of few rows in memory: the same as SQL gives, without binding a statement to them.

Tested by `tests/paas/query/run/test_tiling.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from stcloud.paas.query.plan.resolved import Masking, Resolved, columns_of

__all__ = ["MemoryColumns", "memory_columns"]


@dataclass(frozen=True, slots=True)
class MemoryColumns:
    """Gives some columns of rows, as the last SQL of a plan does.

    Parameters
    ----------
    names
        The columns, as they are stored.
    conditions
        What rows must fulfil that was not tested yet.
    """

    names: tuple[str, ...]
    conditions: tuple[Resolved, ...]

    @property
    def columns(self) -> frozenset[str]:
        """Columns that it looks at."""
        return columns_of(self.conditions) | frozenset(self.names)

    def __call__(self, rows: pa.Table) -> pa.Table:
        """Return the columns of the rows that are left, in their order."""
        masking = Masking(self.conditions)
        kept = pa.Table.from_batches(map(masking, rows.combine_chunks().to_batches()), rows.schema)
        return kept.select(self.names)


def memory_columns(names: Sequence[str], conditions: Sequence[Resolved]) -> MemoryColumns | None:
    """Return what gives columns of rows, or None if only SQL can; parameters as for `MemoryColumns`."""
    if any(condition.checks_all for condition in conditions):
        return None
    return MemoryColumns(tuple(names), tuple(conditions))
