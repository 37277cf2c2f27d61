"""Where an image lies: the CRS that it or its definition states, its grid, and its footprint.

Tested by `tests/iaas/raster/test_geotiff.py` and `tests/iaas/raster/test_netcdf.py`.
"""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from stcloud.errors import InvalidInput
from stcloud.space import LONLAT, crs_text, read_crs, same_crs, transformer
from stcloud.space.rastergrid import RasterGrid, Transform

__all__ = ["footprint", "grid_of", "stated_crs"]

_EDGE_POINTS = 16
_CLOSE_DEG = 1e-6
_IDENTITY = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


def stated_crs(name: str, own: str | None, declared: str | None) -> str:
    """Return the CRS of an image: its own, or the one that is declared of images that state none.

    Raises
    ------
    InvalidInput
        ``no-crs``: neither states one; ``other-crs``: they state two; ``unknown-crs``.
    """
    if not own:
        if declared is None:
            raise InvalidInput(
                "no-crs", f"{name} does not say which CRS it is in",
                hint="declare it in the definition: [raster] crs; it is never guessed",
            )  # fmt: skip
        return crs_text(read_crs(declared))
    crs = read_crs(own)
    if not (crs.is_geographic or crs.is_projected) or len(crs.axis_info) > 2:
        raise InvalidInput("other-crs", f"{name} is in {crs.name}, which is no CRS of a map")
    if declared is not None and not same_crs(crs_text(crs), declared):
        raise InvalidInput(
            "other-crs", f"{name} is in {crs.name}, and the definition declares {declared}",
            hint="leave the CRS out of the definition",
        )  # fmt: skip
    return crs_text(crs)


def grid_of(name: str, crs: str, transform: Any, shape: tuple[int, int]) -> RasterGrid:
    """Return a grid whose longitudes are those of maps, -180 to 180.

    Raises
    ------
    InvalidInput
        ``no-grid``: the transform is the identity, as where none is stated; ``other-crs``.
    """
    a, b, c, d, e, f = numbers = cast("Transform", tuple(map(float, transform)))
    if numbers == _IDENTITY:
        raise InvalidInput(
            "no-grid", f"{name} does not say where its pixels lie", hint="georeference it first"
        )
    try:
        grid = RasterGrid(crs, numbers, shape)
        if read_crs(crs).is_geographic:
            if grid.bounds[0] >= 180 - _CLOSE_DEG:
                grid = RasterGrid(crs, (a, b, c - 360, d, e, f), shape)
            _refuse_beyond(grid)
    except InvalidInput as error:
        error.prefix(name)
        raise
    return grid


def _refuse_beyond(grid: RasterGrid) -> None:
    """Refuse degrees that no map in one piece shows."""
    west, south, east, north = grid.bounds
    width = grid.resolution[0]
    if west < -180 - width or east > 180 + width or south < -90 - _CLOSE_DEG or north > 90 + _CLOSE_DEG:
        raise InvalidInput(
            "other-crs",
            f"degrees are from {west:g} to {east:g} east and from {south:g} to {north:g} north, "
            "which no map in one piece shows",
            hint="is it in another CRS, or does it cross 180°? cut it there",
        )


def footprint(grid: RasterGrid) -> bytes:
    """Return the outline of a grid as WKB, longitude and latitude; its edges have points between the corners.

    Raises `InvalidInput` ``other-crs`` for a grid that its CRS cannot show.
    """
    import shapely  # noqa: PLC0415  (slow to import)

    west, south, east, north = grid.bounds
    share = np.linspace(0, 1, _EDGE_POINTS, endpoint=False)
    x = np.concatenate([west + share * (east - west), np.full(len(share), east), east - share * (east - west),
                        np.full(len(share), west)])  # fmt: skip
    y = np.concatenate([np.full(len(share), south), south + share * (north - south), np.full(len(share), north),
                        north - share * (north - south)])  # fmt: skip
    lon, lat = transformer(grid.crs, LONLAT).transform(x, y)
    if not (np.isfinite(lon).all() and np.isfinite(lat).all() and np.abs(lat).max() <= 90 + _CLOSE_DEG):
        raise InvalidInput("other-crs", f"the pixels lie outside of what {read_crs(grid.crs).name} can show")
    outline = shapely.Polygon(np.column_stack([lon, lat]))
    wkb: bytes = shapely.to_wkb(outline)
    return wkb
