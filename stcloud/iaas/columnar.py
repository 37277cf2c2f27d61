"""Parquet files as sources, and typed Arrow columns as text."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stcloud.errors import InvalidInput
from stcloud.iaas.source import Batch

__all__ = ["ParquetSource", "as_text"]

_BATCH_ROWS = 32_768


class ParquetSource:
    """Rows of a Parquet file (GeoParquet's WKB columns stay binary)."""

    def __init__(self, path: Path) -> None:
        try:
            self._file = pq.ParquetFile(path)
        except pa.ArrowInvalid as error:
            raise _unreadable(path, error) from error
        self._path = path
        self.columns = tuple(self._file.schema_arrow.names)
        if len(set(self.columns)) < len(self.columns):
            raise InvalidInput("repeated-column", f"{path} has two columns of one name")
        self.crs: str | None = None

    def position(self) -> int:
        """Not known for Parquet."""
        return 0

    def batches(self) -> Iterator[Batch]:
        """Read the file once, in order."""
        start = 1
        for rows in self._rows():
            columns = [as_text(column) for column in rows.columns]
            numbers = np.arange(start, start + rows.num_rows, dtype=np.int64)
            yield Batch(pa.RecordBatch.from_arrays(columns, list(self.columns)), numbers)
            start += rows.num_rows

    def _rows(self) -> Iterator[pa.RecordBatch]:
        try:
            yield from self._file.iter_batches(_BATCH_ROWS)
        except (pa.ArrowException, OSError) as error:
            raise _unreadable(self._path, error) from error


def _unreadable(path: Path, error: Exception) -> InvalidInput:
    return InvalidInput("unreadable-source", f"{path} cannot be read: {str(error).splitlines()[0]}")


def as_text(column: pa.Array) -> pa.Array:
    """Return a column as text that can be read back exactly; binary stays binary.

    Instants with a zone become ISO 8601 in UTC, zone-less ones stay without an offset; nested values become
    JSON.

    >>> as_text(pa.array([1.5, None])).to_pylist()
    ['1.5', None]
    """
    kind = column.type
    if pa.types.is_dictionary(kind):
        return as_text(column.cast(kind.value_type))
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return column.cast(pa.binary())
    if pa.types.is_timestamp(kind) and kind.tz is not None:
        naive = column.cast(pa.timestamp("us", "UTC")).cast(pa.timestamp("us"))
        return pc.binary_join_element_wise(naive.cast(pa.string()), "Z", "")
    if pa.types.is_nested(kind):
        texts = [
            None if value is None else json.dumps(value, ensure_ascii=False, default=str)
            for value in column.to_pylist()
        ]
        return pa.array(texts, pa.string())
    return column.cast(pa.string())
