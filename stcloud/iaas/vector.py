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
        self._path = path
        self._layer = reading.layer
        info = self._info()
        self.crs: str | None = info["crs"]
        self.columns = (*map(str, info["fields"]), GEOMETRY)

    def position(self) -> int:
        """Not known for vector files."""
        return 0

    def batches(self) -> Iterator[Batch]:
        """Read the file once, in order."""
        start = 1
        with pyogrio.open_arrow(self._path, layer=self._layer, batch_size=_BATCH_ROWS, use_pyarrow=True) as (
            meta,
            reader,
        ):
            name = meta["geometry_name"] or "wkb_geometry"
            for rows in reader:
                yield Batch(self._plain(rows, name), np.arange(start, start + rows.num_rows, dtype=np.int64))
                start += rows.num_rows

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
            found: dict[str, Any] = pyogrio.read_info(self._path, layer=self._layer)
        except (DataSourceError, DataLayerError) as error:
            raise InvalidInput("unreadable-source", f"{self._path} cannot be read: {error}") from error
        return found
