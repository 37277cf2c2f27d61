"""Cells in SQL: the cell of a level, or the block, that a 10 m cell is in.

Tested by `tests/paas/query/compile/test_memory_count.py` and `tests/conformance/test_engines.py`.
"""

from __future__ import annotations

from functools import reduce

from stcloud.paas.query.sql import exp
from stcloud.paas.query.sql.tree import number
from stcloud.space import Block, CellSize, Level

__all__ = ["cell_within"]

_TENS, _UNITS = (1000, 100), (10, 1)
"""Places of the digits of columns and rows in a 10 m cell: of its cell of 100 m in that of 1 km, and its own."""


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
