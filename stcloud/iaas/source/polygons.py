"""Areas in files: polygons of any vector file, with the CRS that the file declares.

Tested by ``tests/reliability/test_hostile_files.py``.
"""

from __future__ import annotations

from pathlib import Path

import geopandas
import numpy as np
import shapely

from stcloud.errors import InvalidInput
from stcloud.iaas.source.protocol import Reading, geometry_column
from stcloud.iaas.source.registry import open_source
from stcloud.iaas.source.wkb import read_wkb

__all__ = ["read_areas"]


def read_areas(path: Path) -> geopandas.GeoDataFrame:
    """Read the polygons of a vector file or of GeoParquet; features without a geometry are passed over.

    Raises
    ------
    NotFound
        ``no-source``: there is no such file.
    InvalidInput
        ``unreadable-source``: it is no vector file, or holds something else than polygons; ``several-layers``.
    """
    source = open_source(path, Reading())
    column = geometry_column(source)
    if column is None:
        raise InvalidInput("unreadable-source", f"{path} holds no geometry, so no polygons")
    parts = []
    for batch in source.batches():
        raw = batch.rows.column(column).drop_null().to_numpy(zero_copy_only=False)
        parts.append(read_wkb(raw, on_invalid="fix"))
    shapes = np.concatenate(parts) if parts else np.empty(0, object)
    shapes = shapes[~(shapely.is_missing(shapes) | shapely.is_empty(shapes))]
    kinds = set(geopandas.GeoSeries(shapes).geom_type)
    if not kinds:
        raise InvalidInput("unreadable-source", f"{path} holds no polygons: all its geometries are empty")
    if not kinds <= {"Polygon", "MultiPolygon"}:
        raise InvalidInput("unreadable-source", f"{path} holds {', '.join(sorted(kinds))}, not polygons")
    return geopandas.GeoDataFrame(geometry=shapes, crs=source.crs)
