"""Counts of few rows in memory: the same as SQL gives, without binding a statement to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stcloud.daas.table.schema import Attribute
from stcloud.iaas.conversion import numbers_of, whole_numbers
from stcloud.paas.query.plan.groupcolumn import group_column, group_values
from stcloud.paas.query.plan.plan import By, DutyGroup, Summary
from stcloud.paas.query.plan.resolved import Masking, Resolved, columns_of
from stcloud.time import Zone

__all__ = ["MemoryCount", "memory_count"]

Rows: TypeAlias = pa.RecordBatch
_EXACT = ("text", "integer", "boolean", "date", "instant")
"""Kinds of columns whose equal values are the same bytes."""


@dataclass(frozen=True, slots=True)
class MemoryCount:
    """Counts rows by group, as the last SQL of a plan does: fields ``g0``, … and ``m0``, …, by group, null last.

    Parameters
    ----------
    by, counts
        What is counted by; how many fields hold the count.
    conditions
        What rows must fulfil that were not tested yet.
    zone
        The city's.
    """

    by: tuple[By, ...]
    counts: int
    conditions: tuple[Resolved, ...]
    zone: Zone

    @property
    def columns(self) -> frozenset[str]:
        """Columns that it looks at, but for those that are added to rows on the way."""
        return columns_of(self.conditions) | set(filter(None, map(group_column, self.by)))

    def __call__(self, rows: pa.Table) -> pa.Table:
        """Return the counts."""
        (batch,) = rows.combine_chunks().to_batches() or [_no_rows(rows.schema)]
        kept = Masking(self.conditions)(batch)
        return _counted([group_values(by, kept, self.zone) for by in self.by], kept.num_rows, self.counts)


def memory_count(goal: Summary, conditions: Sequence[Resolved], zone: Zone) -> MemoryCount | None:
    """Return what counts rows of events, or None if only SQL can.

    Parameters
    ----------
    goal
        What is computed of the rows.
    conditions, zone
        As for `MemoryCount`.
    """
    if goal.until_us is not None or any(condition.checks_all for condition in conditions):
        return None
    if not all((not measure.tree or measure.is_rate) for measure in goal.measures):
        return None
    if not all(map(_countable, goal.by)):
        return None
    return MemoryCount(goal.by, len(goal.measures), tuple(conditions), zone)


def _no_rows(schema: pa.Schema) -> Rows:
    return pa.RecordBatch.from_arrays([pa.nulls(0, field.type) for field in schema], schema=schema)


def _countable(by: By) -> bool:
    return not isinstance(by, DutyGroup) and (not isinstance(by, Attribute) or by.type in _EXACT)


def _counted(groups: Sequence[pa.Array], count: int, times: int) -> pa.Table:
    """Count rows by group; without groups all are one."""
    names = [f"g{at}" for at in range(len(groups))]
    firsts, counts = _firsts(groups) if groups else (np.empty(0, np.intp), np.array([count]))
    columns = [*(group.take(whole_numbers(firsts)) for group in groups), *[whole_numbers(counts)] * times]
    table = pa.Table.from_arrays(columns, [*names, *(f"m{at}" for at in range(times))])
    return table.sort_by([(name, "ascending") for name in names]) if names else table


def _firsts(groups: Sequence[pa.Array]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the first row of each group, and how many rows it has; null is a value."""
    codes = reduce(_paired, map(_codes, groups))
    counts = np.bincount(codes)
    firsts = np.empty(len(counts), np.intp)
    firsts[codes[::-1]] = np.arange(len(codes))[::-1]  # of several rows the last that is written stays
    return firsts, counts


def _codes(values: pa.Array) -> NDArray[np.int64]:
    """Return a number for each value, in the order in which they first appear."""
    codes = values.dictionary_encode(null_encoding="encode").indices
    return numbers_of(codes).astype(np.int64)


def _paired(first: NDArray[np.int64], second: NDArray[np.int64]) -> NDArray[np.int64]:
    return _codes(whole_numbers(first * (int(second.max(initial=0)) + 1) + second))
