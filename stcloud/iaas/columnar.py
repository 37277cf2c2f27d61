"""Parquet files as sources."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pyproj
from pyproj.exceptions import CRSError

from stcloud.errors import InvalidInput
from stcloud.iaas.source import Batch
from stcloud.iaas.text import Declared, as_text, declared

__all__ = ["ParquetSource"]

_BATCH_ROWS = 32_768
_LONLAT = "OGC:CRS84"
_INT64_STOP = 2**63


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
        self.types = {
            field.name: self._declared(at, field.type) for at, field in enumerate(self._file.schema_arrow)
        }

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

    def _declared(self, at: int, kind: pa.DataType) -> Declared:
        """Return a column's type; unsigned integers are integers where the statistics say that they fit."""
        if not pa.types.is_uint64(kind):
            return declared(kind)
        whole = self._file.metadata
        groups = [whole.row_group(group) for group in range(whole.num_row_groups)]
        if len(self.columns) != whole.num_columns:
            return declared(kind)
        found = [group.column(at).statistics for group in groups]
        fit = all(one is not None and one.has_min_max and one.max < _INT64_STOP for one in found)
        return Declared("integer") if fit else declared(kind)

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
