"""A checked filter as SQL: what every engine does alike. Values are bound, never pasted.

Tested by `tests/paas/query/filter/test_law.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from stcloud.paas.query.filter.node import Call, Column, Constant, Node
from stcloud.paas.query.sql import exp
from stcloud.paas.query.sql.binder import Binder
from stcloud.paas.query.sql.tree import all_of, any_of, column, number

__all__ = ["Statement", "in_sql"]

_BINARY = {"=": "EQ", "<>": "NEQ", "<": "LT", "<=": "LTE", ">": "GT", ">=": "GTE"}
_ARITHMETIC = {"+": "Add", "-": "Sub", "*": "Mul", "/": "Div", "%": "Mod"}
"""Names of sqlglot's nodes, which are looked up when SQL is written: until then sqlglot need not be imported."""
_OTHERS = ("and", "or", "not", "isnull", "like", "given", "micros", "next", "lasting", "coalesce")
_KNOWN = frozenset((*_BINARY, *_ARITHMETIC, *_OTHERS))


def in_sql(node: Node) -> bool:
    """Tell whether a checked node can be told in SQL."""
    if isinstance(node, Call):
        return node.operator in _KNOWN and all(in_sql(argument) for argument in node.arguments)
    return isinstance(node, Column) or (isinstance(node, Constant) and node.kind != "geometry")


class Statement:
    """One walk over a tree for which `in_sql` holds.

    Parameters
    ----------
    binder
        Where values go.
    owner
        The table whose columns are meant; None: the only one.
    """

    def __init__(self, binder: Binder, owner: str | None = None) -> None:
        self._binder = binder
        self._owner = owner

    def of(self, node: Node) -> exp.Expression:
        """Return a node as an SQL expression."""
        if isinstance(node, Constant):
            return self._constant(node)
        if isinstance(node, Column):
            return column(node.stored, self._owner)
        if not isinstance(node, Call):
            raise TypeError(f"{node} has no SQL")
        parts = [self.of(argument) for argument in node.arguments]
        if node.operator in _BINARY:
            return exp.Paren(this=_node(_BINARY[node.operator], *parts))
        if node.operator in _ARITHMETIC:
            return _arithmetic(node.operator, *parts)
        return _BUILT[node.operator](parts)

    def _constant(self, node: Constant) -> exp.Expression:
        if node.kind == "boolean":
            return exp.true() if node.value else exp.false()
        if node.kind == "instant":
            return self._binder.instant(node.value)
        bound = self._binder.bind(node.value)
        return exp.cast(bound, "date") if node.kind == "date" else bound


def _arithmetic(operator: str, left: exp.Expression, right: exp.Expression) -> exp.Expression:
    first: exp.Expression = exp.cast(left, "double")
    second: exp.Expression = exp.cast(right, "double")
    if operator in ("/", "%"):
        zero = exp.cast(exp.Literal.number(0), "double")
        # -0.0, which NULLIF does not take for 0 everywhere, becomes 0 when 0 is added.
        second = exp.Nullif(this=exp.Add(this=second, expression=zero), expression=zero.copy())
    return exp.Paren(this=_node(_ARITHMETIC[operator], first, second))


def _node(name: str, left: exp.Expression, right: exp.Expression) -> exp.Expression:
    node: exp.Expression = getattr(exp, name)(this=left, expression=right)
    return node


def _not(parts: list[exp.Expression]) -> exp.Expression:
    return exp.Paren(this=exp.Not(this=exp.Paren(this=parts[0])))


def _is_null(parts: list[exp.Expression]) -> exp.Expression:
    return exp.Paren(this=exp.Is(this=parts[0], expression=exp.null()))


def _like(parts: list[exp.Expression]) -> exp.Expression:
    like = exp.Like(this=parts[0], expression=parts[1])
    return exp.Paren(this=exp.Escape(this=like, expression=exp.Literal.string("\\")))


def _given(parts: list[exp.Expression]) -> exp.Expression:
    """Return a condition that is unknown unless another holds."""
    return exp.Paren(this=exp.Case(ifs=[exp.If(this=parts[0], true=parts[1])]))


def _next(parts: list[exp.Expression]) -> exp.Expression:
    return exp.Paren(this=exp.Add(this=parts[0], expression=number(1)))


def _lasting(parts: list[exp.Expression]) -> exp.Expression:
    start, end = parts
    return exp.Greatest(this=end, expressions=[_next([start])])


_BUILT: Mapping[str, Callable[[list[exp.Expression]], exp.Expression]] = {
    "and": all_of, "or": any_of, "not": _not, "isnull": _is_null, "like": _like, "given": _given, "next": _next,
    "micros": lambda parts: exp.UnixMicros(this=parts[0]),
    "lasting": _lasting,
    "coalesce": lambda parts: exp.Coalesce(this=parts[0], expressions=parts[1:]),
}  # fmt: skip
