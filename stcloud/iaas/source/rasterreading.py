"""What an image or grid does not say of itself, as the definition of a layer of scenes states it.

Tested by `tests/iaas/raster/test_geotiff.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["IMAGE_COLUMNS", "Acquired", "RasterReading", "Regridding"]

IMAGE_COLUMNS: Mapping[str, str] = {
    "product": "text", "tile": "text", "acquired": "text", "since": "text", "geometry": "text", "crs": "text",
    "transform": "text", "rows": "integer", "columns": "integer", "bands": "text", "dtype": "text", "nodata": "text",
    "scale": "text", "offset": "text", "digest": "text", "file": "text",
}  # fmt: skip
"""Columns of the rows that images become, and their types; ``since`` is ``acquired`` once more, as the begin of the
valid period."""


@dataclass(frozen=True, slots=True)
class Acquired:
    """Where the instant of a scene is written: a pattern of the file's name, or a tag in the file with its formats.

    A pattern has directives of strptime, ``{tile}`` and ``{product}``, and ``*`` for any text. Neither: the file has
    a time coordinate.
    """

    file: str | None = None
    tag: str | None = None
    formats: tuple[str, ...] = ("iso",)


@dataclass(frozen=True, slots=True)
class Regridding:
    """How values on curvilinear coordinates become pixels: the nearest value within a distance.

    Parameters
    ----------
    crs, resolution
        Of the grid that is made, and the size of its pixels in units of the CRS; edges are multiples of it.
    radius_m
        A pixel has no value if the nearest one is farther from its centre, metres.
    """

    crs: str
    resolution: float
    radius_m: float


@dataclass(frozen=True, slots=True)
class RasterReading:
    """How the files of a layer of scenes are read.

    Parameters
    ----------
    product, tile
        Constants, where the file's name does not give them.
    acquired
        Where the instant is.
    bands
        Names of the bands in order; of netCDF the variables. Empty: as the file names them.
    nodata, scale, offset
        Stated values, which go before those of the file; a scale and an offset for all bands, or one for each.
    crs
        Of files that state none.
    classed
        Whether values are classes, whose names the definition has.
    regridding
        For curvilinear coordinates; None: they are refused.
    """

    product: str | None = None
    tile: str | None = None
    acquired: Acquired = Acquired()
    bands: tuple[str, ...] = ()
    nodata: float | None = None
    scale: tuple[float, ...] = ()
    offset: tuple[float, ...] = ()
    crs: str | None = None
    classed: bool = False
    regridding: Regridding | None = None
