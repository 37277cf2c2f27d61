"""Counts of few rows in memory: the same as SQL gives, without binding a statement to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from stcloud.daas.table.feature import micros
from stcloud.daas.table.schema import UNIT, Attribute
from stcloud.daas.table.timeline import FOREVER
from stcloud.iaas.conversion import numbers_of, scalar, whole_number, whole_numbers
from stcloud.paas.query.plan.plan import By, DutyGroup, FeatureGroup, Part, Summary, by_name
from stcloud.paas.query.plan.resolved import Masking, Resolved, columns_of
from stcloud.space import NO_CELL, Block, CellSize, Level
from stcloud.time import Binning, Zone

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
        return columns_of(self.conditions) | set(filter(None, map(_stored, self.by)))

    def __call__(self, rows: pa.Table) -> pa.Table:
        """Return the counts."""
        (batch,) = rows.combine_chunks().to_batches() or [_no_rows(rows.schema)]
        kept = Masking(self.conditions)(batch)
        return _counted([self._group(by, kept) for by in self.by], kept.num_rows, self.counts)

    def _group(self, by: By, rows: Rows) -> pa.Array:
        if isinstance(by, Block):
            return _blocks(rows.column("st_cell"), by)
        if isinstance(by, Level):
            return pc.divide(
                rows.column("st_cell"), whole_number(10 ** (Level.M10.digits - by.digits), pa.int64())
            )
        if isinstance(by, Binning):
            return whole_numbers(by.numbers(micros(rows.column("st_time"), FOREVER), self.zone))
        if isinstance(by, Part):
            return pc.utf8_slice_codeunits(rows.column(UNIT), 0, by.length)
        return rows.column(by_name(by) if isinstance(by, FeatureGroup) else by.stored)  # type: ignore[union-attr]


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


def _blocks(cells: pa.Array, size: Block) -> pa.Array:
    if not cells.null_count:
        return whole_numbers(size.of(numbers_of(cells)))
    known = numbers_of(cells.fill_null(whole_number(NO_CELL, cells.type)))
    return pc.if_else(cells.is_valid(), whole_numbers(size.of(known)), scalar(None, pa.int64()))


def _countable(by: By) -> bool:
    return not isinstance(by, DutyGroup) and (not isinstance(by, Attribute) or by.type in _EXACT)


def _stored(by: By) -> str | None:
    """Return the stored column that a group is computed from."""
    if isinstance(by, CellSize | Binning):
        return "st_cell" if isinstance(by, CellSize) else "st_time"
    if isinstance(by, Part):
        return UNIT
    return by.stored if isinstance(by, Attribute) else None


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
