"""Digests of rows: 128 bits that change when any value, its column or its absence does.

A row's digest is a sum over its columns, in two lanes of 64 bits: each value's XXH64, seeded by the column's name
and the lane. So it depends neither on the order of columns nor on columns that hold nothing, and a value that comes
often is hashed once a batch.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import xxhash
from numpy.typing import NDArray

__all__ = ["digest_rows"]

Hashes: TypeAlias = NDArray[np.uint64]
_LANES = (0, 1)
_IMPORTING = threading.Lock()


def digest_rows(rows: pa.RecordBatch, salt: str, *, many: bool = False) -> pa.Array:
    """Return a digest of each row's values as they are written.

    Parameters
    ----------
    rows
        Text or binary columns, dictionary-encoded or not, in any order. A null counts like no column.
    salt
        What else decides the meaning of the values.
    many
        Whether so many rows will come that a compiled loop pays, which takes a second to start.

    Returns
    -------
    ``(n,)`` binary, 16 bytes each.

    Examples
    --------
    >>> ab = pa.RecordBatch.from_pydict({"a": ["1"], "b": pa.array([None], pa.string())})
    >>> digest_rows(ab, "") == digest_rows(pa.RecordBatch.from_pydict({"a": ["1"]}), "")
    True
    >>> digest_rows(ab, "") == digest_rows(ab, "salt")
    False
    """
    hash_values, add_hashes = _compiled() if many else (_hash, _add)
    sums = np.empty((rows.num_rows, len(_LANES)), np.uint64)
    sums[:] = _seeds(salt)
    for name, column in zip(rows.schema.names, rows.columns, strict=True):
        values, codes = _encoded(column)
        add_hashes(sums, hash_values(values, _seeds(name)), codes)
    digests = pa.Array.from_buffers(pa.binary(16), rows.num_rows, [None, pa.py_buffer(sums.tobytes())])
    return digests.cast(pa.binary())


def _encoded(column: pa.Array) -> tuple[pa.Array, NDArray[Any] | None]:
    """Return values and each row's position among them, -1 for null; None: row by row."""
    if not pa.types.is_dictionary(column.type):
        if column.null_count == 0:
            return column.cast(pa.binary()), None
        column = column.dictionary_encode()
    return column.dictionary.cast(pa.binary()), column.indices.fill_null(-1).to_numpy()


def _seeds(text: str) -> list[int]:
    return [xxhash.xxh64_intdigest(text.encode(), lane) for lane in _LANES]


def _hash(values: pa.Array, seeds: Sequence[int]) -> Hashes:
    hashes = [[xxhash.xxh64_intdigest(value, seed) for seed in seeds] for value in values.to_pylist()]
    return np.array(hashes, np.uint64).reshape(-1, len(seeds))


def _add(sums: Hashes, hashes: Hashes, codes: NDArray[Any] | None) -> None:
    if codes is not None:
        hashes = np.concatenate((hashes, np.zeros((1, hashes.shape[1]), np.uint64)))[
            codes
        ]  # the last is a null's
    sums += hashes


def _compiled() -> tuple[Callable[..., Hashes], Callable[..., None]]:
    with _IMPORTING:  # a thread that waits for an import which fails in another one gets another error
        return _imported()


@functools.cache
def _imported() -> tuple[Callable[..., Hashes], Callable[..., None]]:
    try:
        from stcloud.iaas.table import xxh64  # noqa: PLC0415  (slow to import)
    except RuntimeError:  # there is no folder where compiled loops may be kept: slower, and the same
        return _hash, _add
    return xxh64.hash_values, xxh64.add_hashes
