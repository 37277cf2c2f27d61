"""Rasters as a source of rows: a row for each image, with what is known of it, its digest and its footprint.

Tested by `tests/iaas/raster/test_geotiff.py` and `tests/iaas/raster/test_netcdf.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from stcloud.errors import InvalidInput
from stcloud.iaas.raster.arrayfiles import ArrayFiles
from stcloud.iaas.raster.geotiff import open_geotiff
from stcloud.iaas.raster.image import Image, content_digest
from stcloud.iaas.raster.naming import NamePattern
from stcloud.iaas.raster.placing import footprint
from stcloud.iaas.source.protocol import GEOMETRY, Batch, Reading
from stcloud.iaas.source.rasterreading import IMAGE_COLUMNS, RasterReading
from stcloud.iaas.source.text import Declared
from stcloud.space import LONLAT
from stcloud.time import Zone, read_stamps

__all__ = ["Dated", "RasterSource", "open_raster"]

_NETCDF = (".nc", ".nc4")


@dataclass(frozen=True, slots=True)
class Dated:
    """An image, when it was acquired (ISO 8601), and its product and tile."""

    image: Image
    acquired: str
    product: str
    tile: str


class RasterSource:
    """A file of images, opened.

    Parameters
    ----------
    path
        The file.
    images
        Gives its images, each time anew.
    """

    crs = LONLAT
    geometry = GEOMETRY
    columns = tuple(IMAGE_COLUMNS)

    def __init__(self, path: Path, images: Callable[[], Iterator[Dated]]) -> None:
        self._path = path
        self._images = images
        self._digests: list[str] = []
        self.types = {name: Declared(kind) for name, kind in IMAGE_COLUMNS.items() if name != GEOMETRY}

    def batches(self) -> Iterator[Batch]:
        """Give a row for each image; its values are read for the digest."""
        rows = [self._row(dated) for dated in self._images()]
        self._digests = [row["digest"] for row in rows]
        fields = [pa.field(name, pa.binary() if name == GEOMETRY else pa.string()) for name in IMAGE_COLUMNS]
        columns = [pa.array([row[field.name] for row in rows], field.type) for field in fields]
        yield Batch(
            pa.RecordBatch.from_arrays(columns, schema=pa.schema(fields)), np.arange(1, len(rows) + 1)
        )

    def _row(self, dated: Dated) -> dict[str, Any]:
        image = dated.image
        digest = content_digest(image)
        try:
            outline = footprint(image.facts.grid)
        except InvalidInput as error:
            error.prefix(self._path.name)
            raise
        facts = {name: None if value is None else str(value) for name, value in image.facts.columns().items()}
        return {
            "product": dated.product, "tile": dated.tile, "acquired": dated.acquired, "since": dated.acquired,
            GEOMETRY: outline, "digest": digest, "file": ArrayFiles.key(digest), **facts,
        }  # fmt: skip

    def images(self) -> Iterator[tuple[int, Image, str]]:
        """Give the images again, with the numbers of their rows and the digests that were read."""
        for number, dated in enumerate(self._images(), start=1):
            yield number, dated.image, self._digests[number - 1]

    def position(self) -> int:
        """Return how many bytes of the file are read so far: it is read at once."""
        return self._path.stat().st_size


def open_raster(path: Path, reading: Reading) -> RasterSource:
    """Open a file of images.

    Raises
    ------
    InvalidInput
        ``not-rows``: the layer is not one of scenes; ``no-date``, and what `open_geotiff` and `open_netcdf` raise.
    MissingExtra
        ``missing-extra``: rasterio is not installed.
    """
    if reading.raster is None:
        raise InvalidInput(
            "not-rows", f"{path} is an image or a grid, and not rows of a table",
            hint='load it into a layer of scenes: a definition with kind = "scene"',
        )  # fmt: skip
    stated = reading.raster
    if path.suffix.lower() in _NETCDF:
        from stcloud.iaas.raster.netcdf import open_netcdf  # noqa: PLC0415  (xarray is slow to import)

        product, tile, _ = _named(path, stated)
        steps = open_netcdf(path, stated)
        return RasterSource(path, lambda: (Dated(image, at, product, tile) for at, image in steps.images()))
    image, tag = open_geotiff(path, stated)
    product, tile, named = _named(path, stated)
    dated = Dated(image, _written(path, stated, tag, named), product, tile)
    return RasterSource(path, lambda: iter([dated]))


def _named(path: Path, reading: RasterReading) -> tuple[str, str, tuple[str, str] | None]:
    """Return product, tile, and text and format of the instant, as far as name and definition give them."""
    fields: dict[str, str] = {}
    stamp = None
    if reading.acquired.file is not None:
        text, form, fields = NamePattern(reading.acquired.file).read(path.name.split(".", maxsplit=1)[0])
        stamp = (text, form)
    product = fields.get("product", reading.product)
    tile = fields.get("tile", reading.tile)
    if product is None or tile is None:
        raise InvalidInput("no-date", f"nothing says which product and tile {path.name} is of")
    return product, tile, stamp


def _written(path: Path, reading: RasterReading, tag: str | None, named: tuple[str, str] | None) -> str:
    """Return the instant of a file as it is written: ISO 8601, on the clock that its definition names."""
    if tag is not None:
        text, forms, where = tag, reading.acquired.formats, f"tag {reading.acquired.tag}"
    elif named is not None:
        text, forms, where = named[0], (named[1],), "name"
    else:
        raise InvalidInput(
            "no-date", f"nothing says when {path.name} was acquired",
            hint='state where: [acquired] file = "scene_%Y%m%d", or a tag',
        )  # fmt: skip
    read, shifted = (read_stamps(pa.array([text]), list(forms), Zone(zone)) for zone in ("UTC", "Etc/GMT-5"))
    if not read.valid[0]:
        raise InvalidInput(
            "no-date", f"the {where} of {path.name} gives no date: '{text}' is not {' or '.join(forms)}"
        )
    absolute = read.utc_us[0] == shifted.utc_us[0]  # the text has an offset of its own
    at = np.datetime64(int(read.utc_us[0]), "us")
    return str(np.datetime_as_string(at, unit="us")) + ("Z" if absolute else "")
