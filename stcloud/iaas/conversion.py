"""Between numpy, Python and Arrow without pandas, which pyarrow imports at the first value that it converts itself.

A small question converts little, and would wait for pandas longer than for its answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

__all__ = ["numbers_of", "texts", "whole_number", "whole_numbers"]


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
    return whole_numbers(np.array([value]))[0].cast(kind)


def texts(values: Sequence[str]) -> pa.StringArray:
    """Return texts as an Arrow array.

    Examples
    --------
    >>> texts(["é", "", "bc"]).to_pylist()
    ['é', '', 'bc']
    """
    encoded = [value.encode() for value in values]
    starts = np.zeros(len(encoded) + 1, np.int32)
    np.cumsum([len(text) for text in encoded], out=starts[1:])
    buffers = [None, pa.py_buffer(starts), pa.py_buffer(b"".join(encoded))]
    return pa.Array.from_buffers(pa.string(), len(encoded), buffers)


def numbers_of(column: pa.Array | pa.ChunkedArray) -> NDArray[Any]:
    """Return numbers as a numpy array, as ``column.to_numpy()`` does; it may not be written.

    Parameters
    ----------
    column
        Integers or floats.
    """
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    plain = pa.types.is_integer(whole.type) or pa.types.is_floating(whole.type)
    if whole.null_count or not plain or not len(whole):
        return np.asarray(whole.to_numpy(zero_copy_only=False))
    start, size = whole.offset, whole.type.bit_width // 8
    letter = (
        "f" if pa.types.is_floating(whole.type) else "i" if pa.types.is_signed_integer(whole.type) else "u"
    )
    return np.frombuffer(whole.buffers()[1], f"{letter}{size}", len(whole), start * size)
