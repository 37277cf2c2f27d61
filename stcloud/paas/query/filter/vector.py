"""A checked filter over Arrow batches: all of it, with SQL's three truth values. Null is unknown.

Tested by `tests/paas/query/filter/test_law.py`.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stcloud.iaas.conversion import scalar
from stcloud.iaas.conversion import texts as text_array
from stcloud.paas.query.filter.function import SPELLINGS
from stcloud.paas.query.filter.member import members
from stcloud.paas.query.filter.node import SPATIAL, Call, Column, Constant, Node
from stcloud.paas.query.filter.spatial import Rowwise, related
from stcloud.paas.query.filter.spelling import respelled
from stcloud.time import Zone
from stcloud.time.micros import DAY_US

__all__ = ["evaluate"]

Value: TypeAlias = pa.Array | pa.Scalar
_TYPES: Mapping[str, pa.DataType] = {
    "text": pa.string(), "integer": pa.int64(), "number": pa.float64(), "boolean": pa.bool_(),
    "date": pa.date32(), "instant": pa.timestamp("us", "UTC"),
}  # fmt: skip
_COMPARE: Mapping[str, Callable[[Any, Any], Any]] = {
    "=": pc.equal, "<>": pc.not_equal, "<": pc.less, "<=": pc.less_equal, ">": pc.greater, ">=": pc.greater_equal,
}  # fmt: skip
_ORDINARY: Mapping[str, Callable[[Any, Any], Any]] = {"+": pc.add, "-": pc.subtract, "*": pc.multiply}
_ROUND = {"floor": "down", "ceil": "up", "round": "half_towards_infinity"}
_FIRST_DAY, _LAST_DAY = -719_159, 2_932_893
"""Days since 1970 within whose calendar a local midnight is an instant that can be told."""
_NOTHING, _FALSE = scalar(None, pa.bool_()), scalar(False, pa.bool_())  # noqa: FBT003


def evaluate(node: Node, rows: pa.RecordBatch) -> Value:
    """Return the values of a checked node, one for each row, or one for all of them.

    Parameters
    ----------
    node
        No geometry, interval or array by itself.
    rows
        Has the stored columns that the node looks at.

    Notes
    -----
    Where `in_sql` holds it gives what SQL gives: NaN is equal to itself and the greatest number, division by zero
    gives null. What gives no finite number by ``^`` gives null too.
    """
    if isinstance(node, Call):
        return _called(node, rows)
    if isinstance(node, Constant):
        return scalar(node.value, _TYPES[node.kind])
    if isinstance(node, Column):
        return _column(node, rows)
    raise TypeError(f"{node} has no values")


def _called(node: Call, rows: pa.RecordBatch) -> Value:
    if node.operator in SPATIAL:
        return related(node.operator, *(_shapes(argument, rows) for argument in node.arguments))
    if node.operator.startswith("a_"):
        return members(node, rows.num_rows, lambda inner: _array(evaluate(inner, rows), rows.num_rows))
    if node.operator in _WHOLE:
        return _WHOLE[node.operator](node, rows)
    if node.operator == "or" and (sought := _sought(node)) is not None:
        return _equals_any(evaluate(sought[0], rows), sought[1])
    values = [evaluate(argument, rows) for argument in node.arguments]
    return _compared(node.operator, *values) if node.operator in _COMPARE else _BUILT[node.operator](*values)


def _spelled(node: Node, rows: pa.RecordBatch) -> Value:
    """Return texts as functions within functions spell them, all in one pass."""
    spells: list[Callable[[str], str]] = []
    while isinstance(node, Call) and node.operator in SPELLINGS:
        spells.insert(0, SPELLINGS[node.operator])
        node = node.arguments[0]
    return respelled(spells, evaluate(node, rows))


def _sought(node: Call) -> tuple[Node, list[str]] | None:
    """Return the one text that is compared with several, and these, if ``or`` says no more than that."""
    first: Node | None = None
    texts: list[str] = []
    for comparison in node.arguments:
        if not isinstance(comparison, Call) or comparison.operator != "=":
            return None
        left, right = comparison.arguments
        if (
            not isinstance(right, Constant)
            or right.kind != "text"
            or (first is not None and left is not first)
        ):
            return None
        first = left
        texts.append(right.value)
    return None if first is None else (first, texts)


def _equals_any(values: Value, texts: list[str]) -> Value:
    matches = pc.is_in(values, value_set=text_array(texts))
    return pc.if_else(pc.is_valid(values), matches, _NOTHING)


def _among(node: Call, rows: pa.RecordBatch) -> Value:
    sought, written = node.arguments
    assert isinstance(written, Constant)  # noqa: S101  (it was checked)
    values = evaluate(sought, rows)
    if written.kind == "number":
        values = pc.add(_double(values), 0.0)  # -0.0 is 0
    matches = pc.is_in(values, value_set=_set(written.kind, written.value))
    return pc.if_else(pc.is_valid(values), matches, _NOTHING)


@functools.lru_cache(maxsize=8)
def _set(kind: str, values: tuple[Any, ...]) -> pa.Array:
    """Return values to look up; of each batch of a question they are the same."""
    if kind == "number":
        return pa.array([float(value) + 0.0 for value in values], pa.float64())
    return text_array(values) if kind == "text" else pa.array(values, _TYPES[kind])


def _column(node: Column, rows: pa.RecordBatch) -> pa.Array:
    values = rows.column(node.stored)
    wanted = _TYPES.get(node.kind, values.type)
    return values if values.type == wanted else values.cast(wanted)


def _array(values: Value, count: int) -> pa.Array:
    return pa.repeat(values, count) if isinstance(values, pa.Scalar) else values


def _shapes(node: Node, rows: pa.RecordBatch) -> Rowwise:
    if isinstance(node, Call):
        inner, metres = node.arguments
        assert isinstance(metres, Constant)  # noqa: S101  (it was checked)
        return _shapes(inner, rows).buffered(metres.value)
    return Rowwise.of(node, rows)


def _double(values: Value) -> Value:
    return values if values.type == pa.float64() else pc.cast(values, pa.float64(), safe=False)


def _compared(sign: str, left: Value, right: Value) -> Value:
    if left.type == pa.bool_():
        left, right = pc.cast(left, pa.int8()), pc.cast(right, pa.int8())
    if pa.float64() not in (left.type, right.type):
        return _COMPARE[sign](left, right)
    left, right = _double(left), _double(right)
    holds = _COMPARE[sign](left, right)
    return holds if _ordinary(left) and _ordinary(right) else _with_nan(sign, left, right, holds)


def _ordinary(values: Value) -> bool:
    if isinstance(values, pa.Scalar):
        return not (values.is_valid and math.isnan(values.as_py()))
    return not pc.any(pc.is_nan(values)).as_py()


def _with_nan(sign: str, left: Value, right: Value, holds: Value) -> Value:
    """Order what is not a number after all numbers."""
    left_nan, right_nan = pc.is_nan(left), pc.is_nan(right)
    order = _COMPARE[sign](pc.cast(left_nan, pa.int8()), pc.cast(right_nan, pa.int8()))
    return pc.if_else(pc.or_(left_nan, right_nan), order, holds)


def _divisor(values: Value) -> Value:
    """Return what is divided by; null for zero."""
    double = _double(values)
    return pc.if_else(pc.equal(double, 0.0), scalar(None, pa.float64()), double)


def _divided(left: Value, right: Value) -> Value:
    return pc.divide(_double(left), _divisor(right))


def _whole(left: Value, right: Value) -> Value:
    return pc.trunc(_divided(left, right))


def _rest(left: Value, right: Value) -> Value:
    """Return what is left of a division, with the sign of what was divided; Arrow has no such function."""
    over, by = _double(left), _divisor(right)
    known = pc.and_(pc.is_valid(over), pc.is_valid(by))
    with np.errstate(all="ignore"):
        rest = np.fmod(_filled(over), _filled(by))
    values = pa.array(rest) if np.ndim(rest) else pa.scalar(float(rest))
    return pc.if_else(known, values, scalar(None, pa.float64()))


def _power(left: Value, right: Value) -> Value:
    power = pc.power(_double(left), _double(right))
    return pc.if_else(pc.is_finite(power), power, scalar(None, pa.float64()))


def _filled(values: Value) -> Any:
    if isinstance(values, pa.Scalar):
        return np.float64(values.as_py() if values.is_valid else 1.0)
    return values.fill_null(1.0).to_numpy(zero_copy_only=False)


def _not(condition: Value) -> Value:
    return pc.invert(condition)


def _kleene(function: Callable[[Any, Any], Any]) -> Callable[..., Value]:
    def apply(first: Value, *others: Value) -> Value:
        for other in others:
            first = function(first, other)
        return first

    return apply


def _given(guard: Value, condition: Value) -> Value:
    return pc.if_else(pc.fill_null(guard, _FALSE), condition, _NOTHING)


def _like(texts: Value, pattern: Value) -> Value:
    return pc.match_like(texts, pattern.as_py())


def _micros(instants: Value) -> Value:
    return pc.cast(instants, pa.int64())


def _next(micros: Value) -> Value:
    return pc.add(micros, 1)


def _lasting(start: Value, end: Value) -> Value:
    return pc.max_element_wise(end, pc.add(start, 1), skip_nulls=False)


def _midnight(days: Value, zone: Value, later: Value) -> Value:
    """Return the first instant of days, or of those so many days later, where the city is."""
    known = pc.fill_null(pc.cast(days, pa.int32()), 0).to_numpy(zero_copy_only=False).astype(np.int64)
    within = np.clip(known + later.as_py(), _FIRST_DAY, _LAST_DAY)
    at_us, _ = Zone(zone.as_py()).to_utc(within * DAY_US)
    return pc.if_else(days.is_valid(), pa.array(at_us), scalar(None, pa.int64()))


def _lapse(left: Value, right: Value, unit_us: Value) -> Value:
    """Return the time from one to another in units."""
    length = pc.subtract(_counted(left), _counted(right))
    return pc.divide(_double(length), scalar(float(unit_us.as_py()), pa.float64()))


def _counted(times: Value) -> Value:
    """Return microseconds since 1970; of days those of their midnight on no clock in particular."""
    if times.type == pa.date32():
        return pc.multiply(pc.cast(pc.cast(times, pa.int32()), pa.int64()), DAY_US)
    return _micros(times)


def _calendar(part: Callable[[Any], Any]) -> Callable[[Value, Value], Value]:
    """Make the function that gives a part of days, or of the days in the city on which instants are."""

    def apply(times: Value, zone: Value) -> Value:
        if isinstance(times, pa.Scalar):
            return apply(pa.array([times.as_py()], times.type), zone)[0]
        if times.type == pa.date32():
            days = pc.fill_null(pc.cast(times, pa.int32()), 0).to_numpy(zero_copy_only=False).astype("M8[D]")
        else:
            at_us = pc.fill_null(pc.cast(times, pa.int64()), 0).to_numpy(zero_copy_only=False)
            days = Zone(zone.as_py()).to_local(at_us).astype("M8[us]").astype("M8[D]")
        return pc.if_else(times.is_valid(), pa.array(part(days).astype(np.int64)), scalar(None, pa.int64()))

    return apply


_BUILT: Mapping[str, Callable[..., Value]] = {
    "and": _kleene(pc.and_kleene), "or": _kleene(pc.or_kleene), "not": _not, "given": _given,
    "isnull": pc.is_null, "like": _like,
    **{
        sign: lambda left, right, of=function: of(_double(left), _double(right))
        for sign, function in _ORDINARY.items()
    },
    "/": _divided, "div": _whole, "%": _rest, "^": _power,
    "micros": _micros, "next": _next, "lasting": _lasting, "midnight": _midnight, "lapse": _lapse,
    "coalesce": pc.coalesce,
    "length": lambda texts: pc.cast(pc.utf8_length(texts), pa.int64()),
    "abs": lambda values: pc.abs(_double(values)),
    **{
        name: lambda values, mode=mode: pc.round(_double(values), round_mode=mode)
        for name, mode in _ROUND.items()
    },
    "year": _calendar(lambda days: days.astype("M8[Y]").astype(np.int64) + 1970),
    "month": _calendar(lambda days: days.astype("M8[M]").astype(np.int64) % 12 + 1),
    "day": _calendar(lambda days: (days - days.astype("M8[M]")).astype(np.int64) + 1),
}  # fmt: skip
_WHOLE: Mapping[str, Callable[[Call, pa.RecordBatch], Value]] = {
    "among": _among, **dict.fromkeys(SPELLINGS, _spelled),
}  # fmt: skip
"""What looks at its arguments before they are evaluated."""
