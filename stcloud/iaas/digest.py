"""Digests of rows: 128 bits that change when any value, its column or its absence does.

A row's digest is a sum over its columns: each value's MD5, as two 64-bit numbers, times a constant of the
column's name. So it depends neither on the order of columns nor on columns that hold nothing, and a value that
comes often is hashed once a batch.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stcloud.iaas.duck import connect

__all__ = ["digest_rows"]

_local = threading.local()


def digest_rows(rows: pa.RecordBatch, salt: str) -> pa.Array:
    """Return a digest of each row's values as they are written.

    Parameters
    ----------
    rows
        Text or binary columns, dictionary-encoded or not, in any order. A null counts like no column.
    salt
        What else decides the meaning of the values.

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
    columns = [_encoded(column) for column in rows.columns]
    hashes = _md5([values for values, _ in columns])
    sums = np.empty((rows.num_rows, 2), np.uint64)
    sums[:] = np.frombuffer(hashlib.md5(salt.encode(), usedforsecurity=False).digest(), np.uint64)
    for name, (_, codes), (low, high) in zip(rows.schema.names, columns, hashes, strict=True):
        constants = np.frombuffer(
            hashlib.md5(name.encode(), usedforsecurity=False).digest(), np.uint64
        ) | np.uint64(1)
        for lane, lanes in enumerate((low, high)):
            products = np.append(lanes * constants[lane], np.uint64(0))  # the last is a null's
            sums[:, lane] += products[:-1] if codes is None else products[codes]
    digests = pa.Array.from_buffers(pa.binary(16), rows.num_rows, [None, pa.py_buffer(sums.tobytes())])
    return digests.cast(pa.binary())


def _encoded(column: pa.Array) -> tuple[pa.Array, NDArray[Any] | None]:
    """Return values and each row's position among them, -1 for null; None: row by row."""
    if not pa.types.is_dictionary(column.type):
        if column.null_count == 0:
            return column.cast(pa.binary()), None
        column = column.dictionary_encode()
    return column.dictionary.cast(pa.binary()), column.indices.fill_null(-1).to_numpy()


def _md5(columns: Sequence[pa.Array]) -> list[tuple[NDArray[np.uint64], NDArray[np.uint64]]]:
    """Hash all columns' values in one query; return the lower and upper half by column."""
    if not columns:
        return []
    connection = _connection()
    connection.register("given", pa.table({"value": pa.concat_arrays(columns)}))
    found = connection.sql("SELECT md5_number(value) AS md5 FROM given").to_arrow_table()
    numbers = found.column("md5").combine_chunks()  # 128-bit integers: the bytes of the MD5 as they are
    halves = np.frombuffer(numbers.buffers()[1], np.uint64)[numbers.offset * 2 :].reshape(-1, 2)
    ends = np.cumsum([len(column) for column in columns])[:-1]
    return [(part[:, 0], part[:, 1]) for part in np.split(halves, ends)]


def _connection() -> duckdb.DuckDBPyConnection:
    if not hasattr(_local, "connection"):
        _local.connection = connect(memory="256MB")
        _local.connection.execute("SET threads = 1")
    connection: duckdb.DuckDBPyConnection = _local.connection
    return connection
