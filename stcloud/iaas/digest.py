"""Digests of rows: 128 bits that change when any value, its absence or its column does."""

from __future__ import annotations

import hashlib
import threading

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from stcloud.iaas.duck import connect

__all__ = ["digest_rows"]

_local = threading.local()


def digest_rows(rows: pa.RecordBatch, salt: str) -> pa.Array:
    """Return the MD5 of each row's values as they are written.

    Parameters
    ----------
    rows
        Text or binary columns, in any order: the digest does not depend on it.
    salt
        What else decides the meaning of the values.

    Returns
    -------
    ``(n,)`` binary, 16 bytes each.

    Examples
    --------
    >>> ab = pa.RecordBatch.from_pydict({"a": ["1"], "b": [None]})
    >>> ba = pa.RecordBatch.from_pydict({"b": [None], "a": ["1"]})
    >>> digest_rows(ab, "") == digest_rows(ba, "")
    True
    >>> digest_rows(ab, "") == digest_rows(ab, "salt")
    False
    """
    names = sorted(rows.schema.names)
    columns = [rows.column(name).cast(pa.binary()) for name in names]
    head = hashlib.blake2b("\x1e".join([salt, *names]).encode(), digest_size=8).digest()
    joined = pc.binary_join_element_wise(
        pa.scalar(head), *columns, b"\x1f", null_handling="replace", null_replacement=b"\x00"
    )
    if isinstance(joined, pa.Scalar):  # no columns, no rows
        return pa.array([], pa.binary())
    connection = _connection()
    connection.register("rows", pa.table({"row": joined}))
    digests = connection.sql("SELECT unhex(md5(row)) AS digest FROM rows").to_arrow_table()
    return digests.column("digest").combine_chunks().cast(pa.binary())


def _connection() -> duckdb.DuckDBPyConnection:
    if not hasattr(_local, "connection"):
        _local.connection = connect(memory="256MB")
        _local.connection.execute("SET threads = 1")
    connection: duckdb.DuckDBPyConnection = _local.connection
    return connection
