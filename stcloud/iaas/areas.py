"""Areas in files: polygons of any vector file, with the CRS that the file declares."""

from __future__ import annotations

from pathlib import Path

import geopandas
import pyogrio
from pyogrio.errors import DataLayerError, DataSourceError

from stcloud.errors import InvalidInput, NotFound
from stcloud.iaas.folder import storage_errors

__all__ = ["read_areas"]


def read_areas(path: Path) -> geopandas.GeoDataFrame:
    """Read the polygons of a vector file.

    Raises
    ------
    NotFound
        ``no-source``: there is no such file.
    InvalidInput
        ``unreadable-source``: it is no vector file, or holds something else than polygons.
    """
    if not path.is_file():
        raise NotFound("no-source", f"there is no file {path}")
    try:
        with storage_errors(f"read {path}"):
            frame = pyogrio.read_dataframe(path, columns=[])
    except (DataSourceError, DataLayerError) as error:
        raise InvalidInput("unreadable-source", f"{path} cannot be read: {error}") from error
    kinds = set(frame.geom_type) if isinstance(frame, geopandas.GeoDataFrame) else set()
    if not kinds or not kinds <= {"Polygon", "MultiPolygon"}:
        found = ", ".join(sorted(map(str, kinds))) or "no geometry"
        raise InvalidInput("unreadable-source", f"{path} holds {found}, not polygons")
    return frame
