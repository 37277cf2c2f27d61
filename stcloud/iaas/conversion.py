"""Between numpy, Python and Arrow without pandas, which pyarrow imports at the first value that it converts itself.

A small question converts little, and would wait for pandas longer than for its answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

__all__ = ["numbers_of", "scalar", "texts", "truths_of", "whole_number", "whole_numbers"]

_INSTANT = pa.timestamp("us", "UTC")
_DAY_1970 = date(1970, 1, 1)
_START_1970 = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_NUMBERS: Mapping[tuple[type, pa.DataType], Callable[[Any], int]] = {
    (int, pa.int64()): int, (bool, pa.bool_()): int, (date, pa.date32()): lambda day: (day - _DAY_1970).days,
    (int, _INSTANT): int, (datetime, _INSTANT): lambda at: (at - _START_1970) // _MICROSECOND,
}  # fmt: skip
"""The number by which Arrow holds a value, by its type in Python and in Arrow."""


def whole_numbers(values: NDArray[np.int64]) -> pa.Int64Array:
    """Return integers as an Arrow array, not copied where they lie one after the other.

    Examples
    --------
    >>> whole_numbers(np.array([3, 4])).to_pylist()
    [3, 4]
    """
    buffer = pa.py_buffer(np.ascontiguousarray(values, np.int64))
    return pa.Array.from_buffers(pa.int64(), len(values), [None, buffer])


def whole_number(value: int, kind: pa.DataType) -> pa.Scalar:
    """Return an integer as an Arrow scalar of a type that integers can be cast to; `pa.ArrowInvalid` as a cast."""
    number = whole_numbers(np.array([value]))[0]
    return number.cast(pa.int32()).cast(kind) if pa.types.is_date32(kind) else number.cast(kind)


def scalar(value: Any, kind: pa.DataType) -> pa.Scalar:
    """Return a value as an Arrow scalar of a type, as `pa.scalar` does; instants may be UTC microseconds.

    Examples
    --------
    >>> scalar("é", pa.string()).as_py(), scalar(None, pa.int64()).as_py(), scalar(0.5, pa.float64()).as_py()
    ('é', None, 0.5)
    """
    if value is None:
        return pa.nulls(1, kind)[0]
    if isinstance(value, str) and pa.types.is_string(kind):
        return texts([value])[0]
    if isinstance(value, int | float) and pa.types.is_float64(kind):
        buffer = pa.py_buffer(np.array([value], np.float64))
        return pa.Array.from_buffers(kind, 1, [None, buffer])[0]
    number = _NUMBERS.get((type(value), kind))
    return pa.scalar(value, kind) if number is None else whole_number(number(value), kind)


def texts(values: Sequence[str]) -> pa.StringArray:
    """Return texts as an Arrow array.

    Examples
    --------
    >>> texts(["é", "", "bc"]).to_pylist()
    ['é', '', 'bc']
    """
    whole = "".join(values)
    lengths = map(len, values if whole.isascii() else (value.encode() for value in values))
    starts = np.zeros(len(values) + 1, np.int32)
    np.cumsum(np.fromiter(lengths, np.int32, len(values)), out=starts[1:])
    buffers = [None, pa.py_buffer(starts), pa.py_buffer(whole.encode())]
    return pa.Array.from_buffers(pa.string(), len(values), buffers)


def numbers_of(column: pa.Array | pa.ChunkedArray) -> NDArray[Any]:
    """Return numbers as a numpy array, as ``column.to_numpy()`` does; it may not be written.

    Parameters
    ----------
    column
        Integers or floats.
    """
    whole = column
    if isinstance(column, pa.ChunkedArray):
        whole = column.combine_chunks() if column.num_chunks else pa.nulls(0, column.type)
    plain = pa.types.is_integer(whole.type) or pa.types.is_floating(whole.type)
    if whole.null_count or not plain:
        return np.asarray(whole.to_numpy(zero_copy_only=False))
    start, size = whole.offset, whole.type.bit_width // 8
    letter = (
        "f" if pa.types.is_floating(whole.type) else "i" if pa.types.is_signed_integer(whole.type) else "u"
    )
    if not len(whole):  # it may have no buffer
        return np.empty(0, f"{letter}{size}")
    return np.frombuffer(whole.buffers()[1], f"{letter}{size}", len(whole), start * size)


def truths_of(column: pa.BooleanArray) -> NDArray[np.bool_]:
    """Return truth values, none of them null, as a numpy array; it may not be written.

    Examples
    --------
    >>> truths_of(pa.array([True, False])).tolist()
    [True, False]
    """
    return numbers_of(column.cast(pa.uint8())).view(np.bool_)
