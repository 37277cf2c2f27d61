"""Tags: attributes of features as a vector tile has them, each name and each value written once.

Tested by `tests/paas/tile/test_encoding.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from stcloud.iaas.conversion import numbers_of, truths_of, whole_numbers
from stcloud.paas.tile.varint import Counts, Runs, Words, joined, starts_of, varint_sizes, varints, zigzag

__all__ = ["Tags", "tags_of"]

_VALUES = 0x22
"""A value of a layer: field 4, of a length."""
_TEXT, _DOUBLE, _UNSIGNED, _SIGNED, _TRUTH = 0x0A, 0x19, 0x28, 0x30, 0x38
_MOST = np.iinfo(np.int32).max

Bytes: TypeAlias = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Tags:
    """The attributes of features.

    Parameters
    ----------
    names
        Names of the attributes that a feature has; what none has is left out.
    values
        All values, as a layer holds them.
    runs
        For each feature the numbers of names and values, in turn.
    """

    names: tuple[str, ...]
    values: bytes
    runs: Runs


def tags_of(columns: Mapping[str, pa.Array], count: int) -> Tags:
    """Return the attributes of features.

    Parameters
    ----------
    columns
        ``(n,)`` each, by name: texts, integers, floats, truth values. A feature has no attribute where it is null.
    count
        How many features there are.

    Notes
    -----
    Integers are written as such, of 64 bits with a sign; floats as doubles, bit by bit. Instants and days must be
    made texts before.
    """
    kept = {name: column for name, column in columns.items() if column.null_count < len(column)}
    numbers = np.empty((count, len(kept), 2), np.uint64)
    some_null = any(column.null_count for column in kept.values())
    valid, whole = np.ones((count, len(kept)), np.bool_), np.full(count, 2 * len(kept))
    written: list[bytes] = []
    offset = 0
    for kind, write in _KINDS:
        names = [name for name, column in kept.items() if kind(column.type)]
        if not names:
            continue
        codes, values, distinct = write([kept[name] for name in names])
        for name, code in zip(names, codes, strict=True):
            at = list(kept).index(name)
            numbers[:, at, 0], numbers[:, at, 1] = at, code + offset
            if kept[name].null_count:
                valid[:, at] = truths_of(kept[name].is_valid())
        offset += distinct
        written.append(values)
    runs = (numbers[valid].ravel(), 2 * valid.sum(axis=1)) if some_null else (numbers.ravel(), whole)
    return Tags(tuple(kept), b"".join(written), runs)


_Written: TypeAlias = tuple[Sequence[NDArray[np.int64]], bytes, int]
"""For each column the number of each row's value (any, where it is null), the values, and how many they are."""


def _numbered(columns: Sequence[pa.Array]) -> tuple[list[NDArray[np.int64]], pa.Array]:
    """Return the number of each value among the different ones of all columns, and these."""
    apart: list[pa.Array] = []
    places = [_place_among(apart, column) for column in columns]
    whole = pa.concat_arrays(apart) if len(apart) > 1 else apart[0]
    encoded = whole.dictionary_encode()
    codes = numbers_of(encoded.indices.fill_null(0)).astype(np.int64)
    pieces = np.split(codes, np.cumsum([len(column) for column in apart])[:-1])
    return [pieces[place] for place in places], encoded.dictionary


def _place_among(apart: list[pa.Array], column: pa.Array) -> int:
    """Return where an equal column is among others, which it joins if there is none."""
    for place, other in enumerate(apart):
        if other.equals(column):
            return place
    apart.append(column)
    return len(apart) - 1


def _texts(columns: Sequence[pa.Array]) -> _Written:
    codes, distinct = _numbered([_plain(column) for column in columns])
    buffers = distinct.buffers()
    starts = np.frombuffer(buffers[1], np.int32)[distinct.offset : distinct.offset + len(distinct) + 1]
    lengths = np.diff(starts).astype(np.int64)
    content = np.frombuffer(buffers[2] or b"", np.uint8)[starts[0] : starts[-1]]
    inner = 1 + varint_sizes(lengths.astype(np.uint64)) + lengths
    heads = joined(
        [_same(_VALUES, inner), inner.astype(np.uint64), _same(_TEXT, inner), lengths.astype(np.uint64)]
    )
    sizes = 2 + varint_sizes(inner.astype(np.uint64)) + varint_sizes(lengths.astype(np.uint64))
    head = np.frombuffer(varints(heads), np.uint8)
    return codes, _interleaved((head, sizes), (content, lengths)), len(distinct)


def _interleaved(first: tuple[Bytes, Counts], second: tuple[Bytes, Counts]) -> bytes:
    """Return runs of bytes in turn, one of the first and one of the second."""
    whole = np.empty(len(first[0]) + len(second[0]), np.uint8)
    at = starts_of(first[1] + second[1])
    for content, counts in (first, second):
        whole[np.arange(len(content)) + np.repeat(at - starts_of(counts), counts)] = content
        at = at + counts
    return whole.tobytes()


def _integers(columns: Sequence[pa.Array]) -> _Written:
    codes, distinct = _numbered([column.cast(pa.int64()) for column in columns])
    numbers = numbers_of(distinct).astype(np.int64)
    words = np.where(numbers < 0, zigzag(numbers), numbers.view(np.uint64))
    fields = np.where(numbers < 0, _SIGNED, _UNSIGNED).astype(np.uint64)
    sizes = (1 + varint_sizes(words)).astype(np.uint64)
    return codes, varints(joined([_same(_VALUES, numbers), sizes, fields, words])), len(distinct)


def _doubles(columns: Sequence[pa.Array]) -> _Written:
    """Write doubles; those are alike whose bits are."""
    bits = [
        _masked(column, numbers_of(column.cast(pa.float64()).fill_null(0.0)).view(np.int64))
        for column in columns
    ]
    codes, distinct = _numbered(bits)
    values = np.empty((len(distinct), 11), np.uint8)
    values[:, :3] = _VALUES, 9, _DOUBLE
    values[:, 3:] = np.ascontiguousarray(numbers_of(distinct), "<i8").view(np.uint8).reshape(-1, 8)
    return codes, values.tobytes(), len(distinct)


def _truths(columns: Sequence[pa.Array]) -> _Written:
    codes, distinct = _numbered([column.cast(pa.int8()).cast(pa.int64()) for column in columns])
    words = numbers_of(distinct).astype(np.uint64)
    return (
        codes,
        varints(joined([_same(_VALUES, words), _same(2, words), _same(_TRUTH, words), words])),
        len(distinct),
    )


def _masked(column: pa.Array, numbers: NDArray[np.int64]) -> pa.Array:
    plain = whole_numbers(numbers)
    return (
        plain
        if not column.null_count
        else pc.if_else(column.is_valid(), plain, pa.nulls(len(plain), pa.int64()))
    )


def _plain(column: pa.Array) -> pa.Array:
    return column if column.type == pa.string() else column.cast(pa.string())


def _same(value: int, like: NDArray[np.generic]) -> Words:
    return np.full(len(like), value, np.uint64)


def _is_text(kind: pa.DataType) -> bool:
    return not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind))


_KINDS: tuple[tuple[Callable[[pa.DataType], bool], Callable[[Sequence[pa.Array]], _Written]], ...] = (
    (_is_text, _texts), (pa.types.is_integer, _integers), (pa.types.is_floating, _doubles),
    (pa.types.is_boolean, _truths),
)  # fmt: skip
