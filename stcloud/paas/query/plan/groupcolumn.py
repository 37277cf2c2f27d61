"""What a group is, of each row: as an SQL expression, and as a column of a batch; both give the same values.

Tested by `tests/paas/query/compile/test_memory_count.py` and `tests/conformance/test_engines.py`.
"""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from stcloud.daas.table.feature import micros
from stcloud.daas.table.schema import UNIT
from stcloud.daas.table.timeline import FOREVER
from stcloud.iaas.conversion import numbers_of, scalar, whole_number, whole_numbers
from stcloud.paas.query.plan.plan import By, FeatureGroup, Part, by_name
from stcloud.paas.query.sql import exp
from stcloud.paas.query.sql.tree import number
from stcloud.space import NO_CELL, Block, CellSize, Level
from stcloud.time import Binning, Zone

if TYPE_CHECKING:
    from stcloud.paas.query.plan.resolved import Writing

__all__ = ["cell_within", "group_column", "group_expression", "group_values"]

_TENS, _UNITS = (1000, 100), (10, 1)
"""Places of the digits of columns and rows in a 10 m cell: of its cell of 100 m in that of 1 km, and its own."""


def group_column(by: By) -> str | None:
    """Return the stored column that a group of events is computed from; None: it is added on the way, or joined."""
    if isinstance(by, CellSize | Binning):
        return "st_cell" if isinstance(by, CellSize) else "st_time"
    if isinstance(by, Part):
        return UNIT
    return getattr(by, "stored", None)


def group_expression(by: By, writing: Writing) -> exp.Expression:
    """Return the group of a row of events in SQL: a cell's number, a bin's number, text of a code, or a column."""
    if isinstance(by, CellSize):
        return cell_within(writing.column("st_cell"), by)
    if isinstance(by, Binning):
        return writing.clock.bin(by)
    if isinstance(by, Part):
        return exp.Substring(this=writing.column(UNIT), start=number(1), length=number(by.length))
    return writing.column(by_name(by) if isinstance(by, FeatureGroup) else by.stored)  # type: ignore[union-attr]


def group_values(by: By, rows: pa.RecordBatch, zone: Zone) -> pa.Array:
    """Return the group of each row of a batch of events, as `group_expression` gives it."""
    if isinstance(by, Block):
        return _blocks(rows.column("st_cell"), by)
    if isinstance(by, Level):
        return pc.divide(
            rows.column("st_cell"), whole_number(10 ** (Level.M10.digits - by.digits), pa.int64())
        )
    if isinstance(by, Binning):
        return whole_numbers(by.numbers(micros(rows.column("st_time"), FOREVER), zone))
    if isinstance(by, Part):
        return pc.utf8_slice_codeunits(rows.column(UNIT), 0, by.length)
    return rows.column(by_name(by) if isinstance(by, FeatureGroup) else by.stored)  # type: ignore[union-attr]


def _blocks(cells: pa.Array, size: Block) -> pa.Array:
    if not cells.null_count:
        return whole_numbers(size.of(numbers_of(cells)))
    known = numbers_of(cells.fill_null(whole_number(NO_CELL, cells.type)))
    return pc.if_else(cells.is_valid(), whole_numbers(size.of(known)), scalar(None, pa.int64()))


def cell_within(cell: exp.Expression, size: CellSize) -> exp.Expression:
    """Return the number of the cell or block that a 10 m cell lies in.

    >>> cell_within(exp.column("c"), Level.KM1).sql("duckdb")
    'c // 10000'
    """
    if isinstance(size, Level):
        return exp.IntDiv(this=cell, expression=number(10 ** (Level.M10.digits - size.digits)))
    column, row = (_block_at(cell, size, *places) for places in zip(_TENS, _UNITS, strict=True))
    return _sum((_whole(cell, 10**4), 100), (column, 10), (row, 1), (number(size.above), 1))


def _block_at(cell: exp.Expression, size: Block, tens: int, units: int) -> exp.Expression:
    """Return the column or row of a block in its cell of 1 km."""
    return _whole(_sum((_digit(cell, tens), 10), (_digit(cell, units), 1)), size.fine)


def _digit(cell: exp.Expression, place: int) -> exp.Expression:
    return exp.Paren(this=exp.Mod(this=_whole(cell, place), expression=number(10)))


def _whole(value: exp.Expression, divisor: int) -> exp.Expression:
    return exp.Paren(this=exp.IntDiv(this=value.copy(), expression=number(divisor)))


def _sum(*terms: tuple[exp.Expression, int]) -> exp.Expression:
    products = (
        exp.Mul(this=value, expression=number(factor)) if factor > 1 else value for value, factor in terms
    )
    return exp.Paren(this=reduce(lambda left, right: exp.Add(this=left, expression=right), products))
