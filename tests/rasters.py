"""Small rasters for tests, written with rasterio and xarray themselves."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import rasterio
from rasterio.errors import NotGeoreferencedWarning
from rasterio.transform import from_origin

CRS = "EPSG:4548"
WEST, NORTH, PIXEL = 500_000.0, 3_500_000.0, 10.0
DEFINITION = """
id = "images"
kind = "scene"
product = "test"

[acquired]
file = "{tile}_%Y%m%d"

[raster]
bands = ["red", "nir"]
nodata = 0
"""


def values_of(
    seed: int, bands: int = 2, rows: int = 30, columns: int = 40, dtype: str = "uint8"
) -> np.ndarray:
    """Return random values ``(bands, rows, columns)``, some of them 0."""
    chance = np.random.default_rng(seed)
    values = chance.integers(0, 200, (bands, rows, columns)).astype(dtype)
    values[:, chance.random((rows, columns)) < 0.1] = 0
    return values


def geotiff(
    path: Path,
    values: np.ndarray | int,
    *,
    west: float = WEST,
    north: float = NORTH,
    pixel: float = PIXEL,
    crs: str | None = CRS,
    transform: object = None,
    nodata: float | None = None,
    tags: dict[str, str] | None = None,
    colormap: dict[int, tuple[int, int, int]] | None = None,
    **profile: object,
) -> Path:
    """Write a GeoTIFF; a number makes random values."""
    array = values_of(values) if isinstance(values, int) else values
    place = from_origin(west, north, pixel, pixel) if transform is None else transform
    warnings.simplefilter("ignore", NotGeoreferencedWarning)
    with rasterio.open(
        path, "w", driver="GTiff", dtype=array.dtype, count=array.shape[0], height=array.shape[1],
        width=array.shape[2], crs=crs, transform=place, nodata=nodata, **profile,
    ) as made:  # fmt: skip
        made.write(array)
        if tags:
            made.update_tags(**tags)
        if colormap:
            made.write_colormap(1, colormap)
    return path


def city_with(folder: Path, ticks: object = None, zone: str = "Asia/Shanghai"):
    """Return a new city, and a definition of scenes beside it."""
    import stcloud

    stcloud.create(folder / "city", crs=CRS, zone=zone)
    (folder / "images.toml").write_text(DEFINITION)
    count = iter(range(1_770_000_000_000_000, 1_770_000_000_100_000, 7)) if ticks is None else ticks
    return stcloud.open(folder / "city", clock=lambda: next(count))
