"""Conditions over batches of rows, all at once: what several of them share is computed once.

Tested by `tests/paas/case/evaluation/test_truths.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from stcloud.iaas.conversion import scalar
from stcloud.paas.query.filter.node import Call, Constant, Node, stored_in
from stcloud.paas.query.filter.vector import evaluate

__all__ = ["Truths", "is_true"]

_Step: TypeAlias = tuple[str, Node, tuple[int, ...]]
_FALSE = scalar(False, pa.bool_())  # noqa: FBT003  (a value)


def is_true(condition: Node) -> Node:
    """Return the condition that another one is true: false where that is unknown."""
    return Call("boolean", "coalesce", (condition, Constant("boolean", value=False)))


class Truths:
    """Conditions, compiled together.

    Parameters
    ----------
    conditions
        Checked.

    Attributes
    ----------
    columns
        Stored columns that they look at.
    """

    def __init__(self, conditions: Sequence[Node]) -> None:
        self._steps: list[_Step] = []
        self._places: dict[Node, int] = {}
        self._results = [self._place(condition) for condition in conditions]
        self.columns = frozenset(name for condition in conditions for name in stored_in(condition))

    def of(self, rows: pa.RecordBatch) -> list[pa.BooleanArray]:
        """Return for each condition where it is true: false where it is unknown, never null."""
        values: list[pa.Array | pa.Scalar] = []
        for operator, node, operands in self._steps:
            values.append(
                _combined(operator, [values[place] for place in operands])
                if operands
                else evaluate(node, rows)
            )
        return [_known(values[place], rows.num_rows) for place in self._results]

    def _place(self, node: Node) -> int:
        """Return the place of a node's value among those of all steps; a node that is there already has its place."""
        if node not in self._places:
            operands: tuple[int, ...] = ()
            if isinstance(node, Call) and node.operator in ("and", "or", "not"):
                operands = tuple(self._place(argument) for argument in node.arguments)
            elif (
                isinstance(node, Call) and node.operator == "coalesce" and is_true(node.arguments[0]) == node
            ):
                operands = (self._place(node.arguments[0]),)
            self._steps.append((node.operator if isinstance(node, Call) else "", node, operands))
            self._places[node] = len(self._steps) - 1
        return self._places[node]


def _combined(operator: str, values: list[pa.Array | pa.Scalar]) -> pa.Array | pa.Scalar:
    if operator == "not":
        return pc.invert(values[0])
    if operator == "coalesce":
        return _filled(values[0])
    join = pc.and_kleene if operator == "and" else pc.or_kleene
    whole = values[0]
    for value in values[1:]:
        whole = join(whole, value)
    return whole


def _known(value: pa.Array | pa.Scalar, count: int) -> pa.BooleanArray:
    if isinstance(value, pa.Scalar):
        return pa.repeat(scalar(bool(value.is_valid and value.as_py()), pa.bool_()), count)
    return _filled(value)


def _filled(value: pa.Array | pa.Scalar) -> pa.Array | pa.Scalar:
    """Return false where a truth is unknown."""
    if isinstance(value, pa.Array) and not value.null_count:
        return value
    return pc.fill_null(value, _FALSE)
