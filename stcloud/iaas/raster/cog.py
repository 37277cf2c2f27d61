"""Writing an image as cloud-optimised GeoTIFF: tiles of 512 pixels, deflated, with overviews.

Tested by `tests/iaas/raster/test_arrayfiles.py`.
"""

from __future__ import annotations

from pathlib import Path

from stcloud.iaas.raster.drivers import THREADS, gdal
from stcloud.iaas.raster.image import BLOCK, Image

__all__ = ["write_cog"]


def write_cog(image: Image, target: Path, scratch: Path) -> None:
    """Write an image block by block; ``scratch`` is a file that is deleted at the end.

    Values are kept as they are: overviews take the nearest one, so that classes stay classes.
    """
    facts = image.facts
    rows, columns = facts.grid.shape
    predictor = 3 if facts.dtype.startswith("float") else 2
    with gdal() as rasterio:
        from rasterio.shutil import copy  # noqa: PLC0415

        profile = {
            "driver": "GTiff", "dtype": facts.dtype, "count": len(facts.bands), "height": rows, "width": columns,
            "crs": rasterio.crs.CRS.from_user_input(facts.grid.crs), "nodata": facts.nodata,
            "transform": rasterio.Affine(*facts.grid.transform), "tiled": True, "blockxsize": BLOCK,
            "blockysize": BLOCK, "bigtiff": "if_safer", "interleave": "pixel",
        }  # fmt: skip
        try:
            with rasterio.open(scratch, "w", **profile) as made:
                for row, column, values in image.blocks():
                    height, width = values.shape[1:]
                    made.write(values, window=((row, row + height), (column, column + width)))
                made.descriptions = facts.bands
                made.scales, made.offsets = facts.scale, facts.offset
            copy(scratch, target, driver="COG", blocksize=BLOCK, compress="DEFLATE", predictor=predictor,
                 overview_resampling="NEAREST", bigtiff="IF_SAFER", num_threads=THREADS)  # fmt: skip
        finally:
            scratch.unlink(missing_ok=True)
