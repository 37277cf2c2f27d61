"""Pictures out: an array of red, green, blue and opacity as PNG.

Tested by `tests/paas/scene/test_quicklook.py`.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stcloud.errors import InvalidInput
from stcloud.iaas.raster.drivers import gdal
from stcloud.iaas.store.oserror import storage_errors

__all__ = ["png_of", "write_png"]


def write_png(path: str | os.PathLike[str], rgba: NDArray[np.uint8]) -> None:
    """Write ``(4, rows, columns)`` uint8 as PNG; `InvalidInput` ``bad-suffix``: the file is not called so."""
    target = Path(path)
    if target.suffix.lower() != ".png":
        raise InvalidInput("bad-suffix", f"a picture is written as PNG, and {target.name} is not called so")
    with storage_errors(f"write {target}"):
        target.write_bytes(png_of(rgba))


def png_of(rgba: NDArray[np.uint8]) -> bytes:
    """Return ``(4, rows, columns)`` uint8 as PNG."""
    profile = {
        "driver": "PNG", "dtype": "uint8", "count": 4, "height": rgba.shape[1], "width": rgba.shape[2],
    }  # fmt: skip
    with gdal() as rasterio, rasterio.MemoryFile() as memory:
        with memory.open(**profile) as made:
            made.write(rgba)
        data: bytes = memory.read()
        return data
