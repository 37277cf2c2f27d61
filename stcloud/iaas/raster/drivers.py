"""rasterio, imported when a raster is first read, and kept to what it is here for: GeoTIFF, and no network.

Tested by `tests/iaas/raster/test_geotiff.py`.
"""

from __future__ import annotations

import contextlib
import importlib.util
import warnings
from collections.abc import Iterator
from typing import Any

from stcloud.errors import InvalidInput, MissingExtra

__all__ = ["SETTINGS", "THREADS", "gdal", "raster_errors", "require_raster"]

SETTINGS: dict[str, Any] = {
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",  # nothing that lies beside a file says anything of it
    "GDAL_PAM_ENABLED": "NO",
    "GDAL_CACHEMAX": 128,  # MB: blocks are read once
    "GDAL_HTTP_MAX_RETRY": "0",
    "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": ".none",
    "GDAL_MAX_DATASET_POOL_SIZE": "16",
    "GTIFF_REPORT_COMPD_CS": "YES",
    "PROJ_NETWORK": "OFF",
}

THREADS = 2
"""How many threads compress the blocks of an image, or decompress those of a window."""


def require_raster() -> None:
    """Refuse to go on without rasterio: `MissingExtra` ``missing-extra``."""
    if importlib.util.find_spec("rasterio") is None:
        raise MissingExtra(
            "missing-extra", "images and grids are read with rasterio, which is not installed",
            hint="pip install 'stcloud[scene]'",
        )  # fmt: skip


@contextlib.contextmanager
def gdal(**more: Any) -> Iterator[Any]:
    """Give rasterio with GDAL set as we want it."""
    require_raster()
    import rasterio  # noqa: PLC0415  (slow to import)

    with rasterio.Env(**{**SETTINGS, **more}), warnings.catch_warnings():
        warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
        yield rasterio


@contextlib.contextmanager
def raster_errors(name: str) -> Iterator[None]:
    """Raise what GDAL cannot read as `InvalidInput` ``unreadable-source``, in one line."""
    from rasterio.errors import RasterioError  # noqa: PLC0415

    try:
        yield
    except RasterioError as error:
        text = str(error.__cause__ or error).replace("\n", " ")[:200]
        raise InvalidInput(
            "unreadable-source",
            f"{name} cannot be read as an image: {text}",
            hint="is it whole? get it again",
        ) from error
