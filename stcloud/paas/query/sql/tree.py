"""SQL trees, built node by node: sqlglot's own builders copy what they are given, which costs more than the query.

Tested by `tests/conformance/test_engines.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from stcloud.paas.query.sql import exp

__all__ = ["Order", "all_of", "any_of", "column", "number", "select", "table"]


_FLAT = 64


@dataclass(frozen=True, slots=True)
class Order:
    """A column that rows are ordered by; null comes last either way."""

    name: str
    falling: bool = False

    def __str__(self) -> str:
        return f"-{self.name}" if self.falling else self.name


def column(name: str, owner: str | None = None) -> exp.Column:
    """Return a column, quoted.

    >>> column("st_x", "layer").sql("duckdb")
    '"layer"."st_x"'
    """
    given = None if owner is None else exp.to_identifier(owner, quoted=True)
    return exp.Column(this=exp.to_identifier(name, quoted=True), table=given)


def table(name: str) -> exp.Table:
    """Return a table, quoted."""
    return exp.Table(this=exp.to_identifier(name, quoted=True))


def number(value: int) -> exp.Expression:
    """Return an integer literal.

    >>> number(-3).sql("duckdb")
    '(-3)'
    """
    if value >= 0:
        return exp.Literal(this=str(value), is_string=False)
    return exp.Paren(this=exp.Neg(this=number(-value)))


def all_of(conditions: Sequence[exp.Expression]) -> exp.Expression:
    """Return the conjunction in parentheses; true of nothing.

    >>> all_of([exp.true(), exp.false()]).sql("duckdb")
    '(TRUE AND FALSE)'
    """
    return _joined(exp.And, conditions) if conditions else exp.true()


def any_of(conditions: Sequence[exp.Expression]) -> exp.Expression:
    """Return the disjunction in parentheses; false of nothing."""
    return _joined(exp.Or, conditions) if conditions else exp.false()


def _joined(kind: type[exp.And | exp.Or], parts: Sequence[exp.Expression]) -> exp.Expression:
    if len(parts) > _FLAT:  # an engine's stack is not without end: halves are as deep as their logarithm
        half = len(parts) // 2
        return exp.Paren(this=kind(this=_joined(kind, parts[:half]), expression=_joined(kind, parts[half:])))
    whole: exp.Expression = parts[0]
    for part in parts[1:]:
        whole = kind(this=whole, expression=part)
    return exp.Paren(this=whole)


def select(
    columns: Mapping[str, exp.Expression],
    source: exp.Expression,
    *,
    joins: Sequence[exp.Join] = (),
    where: Sequence[exp.Expression] = (),
    group: Iterable[str] = (),
    order: Iterable[str | Order] = (),
    limit: int | None = None,
) -> exp.Select:
    """Return a query.

    Parameters
    ----------
    columns
        What is selected, by name.
    source, joins, where
        Where from; conditions must all hold.
    group, order
        Names of columns; an order of names is ascending; null comes last.
    limit
        At most so many rows.
    """
    named = [
        exp.Alias(this=value, alias=exp.to_identifier(name, quoted=True)) for name, value in columns.items()
    ]
    query = exp.Select(expressions=named)
    query.set("from_", exp.From(this=source))
    query.set("joins", list(joins))
    if where:
        query.set("where", exp.Where(this=all_of(where)))
    if groups := [column(name) for name in group]:
        query.set("group", exp.Group(expressions=groups))
    if orders := [_ordered(key) for key in order]:
        query.set("order", exp.Order(expressions=orders))
    if limit is not None:
        query.set("limit", exp.Limit(expression=number(limit)))
    return query


def _ordered(key: str | Order) -> exp.Ordered:
    order = Order(key) if isinstance(key, str) else key
    return exp.Ordered(this=column(order.name), desc=order.falling, nulls_first=False)
