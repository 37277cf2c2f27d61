"""Vector files that GDAL reads (GeoJSON, GeoPackage, FlatGeobuf, Shapefile), streamed as Arrow."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyogrio
from pyogrio.errors import DataLayerError, DataSourceError

from stcloud.errors import InvalidInput
from stcloud.iaas.columnar import as_text
from stcloud.iaas.source import GEOMETRY, Batch, Reading

__all__ = ["VectorSource"]

_BATCH_ROWS = 16_384


class VectorSource:
    """Features of one layer of a vector file; the geometry is WKB in the column `GEOMETRY`."""

    def __init__(self, path: Path, reading: Reading) -> None:
        with path.open("rb") as file:
            zipped = file.read(2) == b"\x1f\x8b"
        self._path = f"/vsigzip/{path.resolve()}" if zipped else str(path)
        self._options: dict[str, str] = {}
        self._layer = reading.layer
        info = self._info()
        if info["driver"] in ("GeoJSON", "GeoJSONSeq"):
            self._options = {"DATE_AS_STRING": "YES"}  # as it is written
            info = self._info()
        self.crs: str | None = info["crs"]
        self.columns = (*map(str, info["fields"]), GEOMETRY)

    def position(self) -> int:
        """Not known for vector files."""
        return 0

    def batches(self) -> Iterator[Batch]:
        """Read the file once, in order."""
        start = 1
        try:
            with self._opened() as (meta, reader):
                name = meta["geometry_name"] or "wkb_geometry"
                for rows in reader:
                    numbers = np.arange(start, start + rows.num_rows, dtype=np.int64)
                    yield Batch(self._plain(rows, name), numbers)
                    start += rows.num_rows
        except (DataSourceError, pa.ArrowException) as error:
            raise _unreadable(self._path, error) from error

    def _opened(self) -> Any:
        return pyogrio.open_arrow(
            self._path, layer=self._layer, batch_size=_BATCH_ROWS, use_pyarrow=True, **self._options
        )

    def _plain(self, rows: pa.RecordBatch, geometry: str) -> pa.RecordBatch:
        columns = [as_text(rows.column(name)) for name in self.columns[:-1]]
        columns.append(rows.column(geometry).cast(pa.binary()))
        return pa.RecordBatch.from_arrays(columns, list(self.columns))

    def _info(self) -> dict[str, Any]:
        try:
            layers = [str(name) for name, _ in pyogrio.list_layers(self._path)]
            if self._layer is None and len(layers) > 1:
                raise InvalidInput(
                    "several-layers",
                    f"{self._path} holds several layers: {', '.join(layers)}",
                    hint="name one as read.layer in the definition",
                )
            found: dict[str, Any] = pyogrio.read_info(self._path, layer=self._layer, **self._options)
        except (DataSourceError, DataLayerError) as error:
            raise _unreadable(self._path, error) from error
        return found


def _unreadable(path: str, error: Exception) -> InvalidInput:
    why = str(error).split(";", maxsplit=1)[0].rstrip(".")
    return InvalidInput("unreadable-source", f"{path} cannot be read: {why}")
