"""Shapes of any kind that queries look in, in a city's CRS."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from stcloud.errors import InvalidInput
from stcloud.space.area import Area, project_area
from stcloud.space.bend import bend, forwarded, require_lonlat
from stcloud.space.crs import LONLAT, read_crs, transformer
from stcloud.space.metric import require_metric

if TYPE_CHECKING:
    import pyproj
    from shapely.geometry.base import BaseGeometry

__all__ = ["project_shape"]


def project_shape(shape: BaseGeometry, target: str | pyproj.CRS, source: str = LONLAT) -> BaseGeometry:
    """Project points, lines, polygons and collections of them, edges bending as they must.

    Parameters
    ----------
    shape
        Not empty; polygons valid. Heights are dropped.
    target
        A projected CRS in metres.
    source
        The CRS of ``shape``; longitude and latitude by default.

    Returns
    -------
    A shape of the same kind in ``target``; the very coordinates when the CRSs are equal.

    Raises
    ------
    InvalidInput
        Those of `Area` and `project_area`; ``empty-area``.
    Unsupported
        ``ballpark-transformation``

    Notes
    -----
    Edges deviate less than 1 cm from the true curve; a vertex stays a vertex.

    Examples
    --------
    >>> line = shapely.LineString([(-74.02, 40.70), (-73.84, 40.71)])
    >>> len(project_shape(line, "EPSG:32618").coords) > 10
    True
    """
    if shape.is_empty:
        raise InvalidInput("empty-area", f"the {shape.geom_type} is empty", hint="give one with a place")
    if shape.geom_type in ("Polygon", "MultiPolygon"):
        return project_area(Area(shape, source), target)
    if shape.geom_type == "GeometryCollection":
        parts = [project_shape(part, target, source) for part in shape.geoms]
        return shapely.GeometryCollection(parts)
    flat, crs = shapely.force_2d(shape), read_crs(source)
    if crs.is_geographic:
        require_lonlat(*flat.bounds)
    if crs == require_metric(target):
        return flat
    forward = transformer(crs, target)
    if "Point" in flat.geom_type:
        return shapely.transform(flat, lambda points: forwarded(points, forward))
    points, line = shapely.get_coordinates(shapely.get_parts(flat), return_index=True)
    bent, line = bend(points, line.astype(np.intp), forward)
    lines = shapely.linestrings(bent, indices=line)
    return lines[0] if flat.geom_type == "LineString" else shapely.multilinestrings(lines)
