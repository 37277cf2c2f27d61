"""The grid of a raster for xarray: coordinates and CRS as odc-geo makes them.

Tested by `tests/paas/scene/test_xarraydataset.py`.
"""

from __future__ import annotations

from typing import Any

from stcloud.space.rastergrid import RasterGrid

__all__ = ["grid_coordinates"]


def grid_coordinates(grid: RasterGrid) -> tuple[tuple[str, str], dict[str, Any]]:
    """Return the dimensions of rows and columns, and the coordinates of a dataset on a grid, with its CRS."""
    from odc.geo.geobox import GeoBox  # noqa: PLC0415  (slow to import)
    from odc.geo.xr import xr_coords  # noqa: PLC0415
    from rasterio import Affine  # noqa: PLC0415

    box = GeoBox(grid.shape, Affine(*grid.transform), grid.crs)
    rows, columns = box.dimensions
    return (rows, columns), {str(name): coordinate for name, coordinate in xr_coords(box).items()}
