"""Values on curvilinear coordinates as pixels of a regular grid: the nearest one, within a radius.

Tested by `tests/iaas/raster/test_netcdf.py`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stcloud.errors import InvalidInput
from stcloud.iaas.raster.image import refuse_size
from stcloud.iaas.source.rasterreading import Regridding
from stcloud.space import LONLAT, crs_text, read_crs, transformer
from stcloud.space.rastergrid import RasterGrid

__all__ = ["NearestPixels", "nearest_pixels"]

_EARTH_M = 6_371_008.8
_NONE = -1


@dataclass(frozen=True, slots=True, eq=False)
class NearestPixels:
    """Which stored value each pixel of a grid takes.

    Parameters
    ----------
    grid
        The grid that is made.
    place
        ``(rows, columns)`` int64, place among the stored values in order of rows; -1: none is near.
    """

    grid: RasterGrid
    place: NDArray[np.int64]

    @property
    def has_gaps(self) -> bool:
        """Whether some pixel has no value."""
        return bool((self.place == _NONE).any())

    def block(self, array: Any, fill: float, row: int, column: int, rows: int, columns: int) -> NDArray[Any]:
        """Return the values of a block, of an array ``(y, x)``; ``fill`` where there is none."""
        place = self.place[row : row + rows, column : column + columns]
        width = array.shape[1]
        near = place != _NONE
        values = np.full(place.shape, fill, array.dtype.newbyteorder("="))
        if near.any():
            at = place[near] // width, place[near] % width
            first, last = int(at[0].min()), int(at[0].max()) + 1
            values[near] = np.asarray(array[first:last].values)[at[0] - first, at[1]]
        return values


def nearest_pixels(
    lon: NDArray[np.float64], lat: NDArray[np.float64], rule: Regridding, name: str
) -> NearestPixels:
    """Return the grid of a rule around places, and the nearest place of each pixel's centre.

    Parameters
    ----------
    lon, lat
        ``(rows, columns)``, degrees.
    rule, name
        The rule, and what to call the file.

    Raises
    ------
    InvalidInput
        ``no-grid``: no place has coordinates; ``too-large``.
    """
    from scipy.spatial import cKDTree  # noqa: PLC0415  (slow to import)

    there = np.isfinite(lon) & np.isfinite(lat)
    if not there.any():
        raise InvalidInput("no-grid", f"{name} has no coordinates that are numbers")
    crs = crs_text(read_crs(rule.crs))
    x, y = (np.asarray(axis) for axis in transformer(LONLAT, crs).transform(lon[there], lat[there]))
    size = rule.resolution
    left, top = math.floor(x.min() / size), math.ceil(y.max() / size)
    shape = (top - math.floor(y.min() / size), math.ceil(x.max() / size) - left)
    refuse_size(name, shape, 1)
    grid = RasterGrid(
        crs, (size, 0.0, left * size, 0.0, -size, top * size), (max(1, shape[0]), max(1, shape[1]))
    )
    tree = cKDTree(_on_sphere(lon[there], lat[there]))
    number = np.flatnonzero(there.ravel())
    place = np.full(grid.shape, _NONE, np.int64)
    xs = (left + np.arange(grid.shape[1]) + 0.5) * size
    for row in range(grid.shape[0]):
        centre = transformer(crs, LONLAT).transform(xs, np.full(len(xs), (top - row - 0.5) * size))
        distance, at = tree.query(_on_sphere(*map(np.asarray, centre)))
        metres = 2 * _EARTH_M * np.arcsin(np.minimum(distance / 2, 1))
        near = metres <= rule.radius_m
        place[row, near] = number[at[near]]
    return NearestPixels(grid, place)


def _on_sphere(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return places as points of the unit sphere, ``(n, 3)``."""
    east, north = np.radians(lon), np.radians(lat)
    return np.column_stack([np.cos(north) * np.cos(east), np.cos(north) * np.sin(east), np.sin(north)])
