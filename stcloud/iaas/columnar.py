"""Parquet files as sources, and typed Arrow columns as text."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pyproj
from pyproj.exceptions import CRSError

from stcloud.errors import InvalidInput
from stcloud.iaas.source import Batch

__all__ = ["ParquetSource", "as_text"]

_BATCH_ROWS = 32_768
_LONLAT = "OGC:CRS84"


class ParquetSource:
    """Rows of a Parquet file; GeoParquet's WKB columns stay binary and keep their names.

    ``geometry`` names the column that GeoParquet declares primary, if it is WKB; ``crs`` is of that column.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._file = pq.ParquetFile(path)
        except pa.ArrowInvalid as error:
            raise _unreadable(path, error) from error
        self._path = path
        self.columns = tuple(self._file.schema_arrow.names)
        if len(set(self.columns)) < len(self.columns):
            raise InvalidInput("repeated-column", f"{path} has two columns of one name")
        self.geometry, self.crs = _geometry(self._file.schema_arrow)

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


def _geometry(schema: pa.Schema) -> tuple[str | None, str | None]:
    """Primary column and CRS as GeoParquet declares them; no CRS is lon/lat, a null one is unknown."""
    try:
        declared = json.loads((schema.metadata or {})[b"geo"])
        name = declared["primary_column"]
        column = declared["columns"][name]
        if name not in schema.names or column["encoding"].upper() != "WKB":
            return None, None
        crs = column.get("crs", _LONLAT)
        return name, None if crs is None else _crs_text(crs)
    except (KeyError, ValueError, TypeError, AttributeError):
        return None, None  # what is not GeoParquet is Parquet


def _crs_text(crs: str | dict[str, object]) -> str | None:
    """Return a CRS as a code if it has one, else as WKT; None if nobody can read it."""
    try:
        read = pyproj.CRS.from_user_input(crs)
    except CRSError:
        return None
    code = read.to_authority(min_confidence=100)
    return ":".join(code) if code else str(read.to_wkt())


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
    if isinstance(kind, pa.BaseExtensionType):
        return as_text(column.storage)
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
