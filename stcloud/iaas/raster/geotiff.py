"""GeoTIFF and cloud-optimised GeoTIFF in: facts that are checked, values block by block.

Tested by `tests/iaas/raster/test_geotiff.py`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stcloud.errors import InvalidInput
from stcloud.iaas.raster.drivers import gdal, raster_errors
from stcloud.iaas.raster.image import KEPT_TYPES, Block, ImageFacts, refuse_size, windows
from stcloud.iaas.raster.placing import grid_of, stated_crs
from stcloud.iaas.source.rasterreading import RasterReading

__all__ = ["GeoTiff", "open_geotiff"]

_MOST_BLOCK_BYTES = 1 << 28


@dataclass(frozen=True, slots=True)
class GeoTiff:
    """The image of a GeoTIFF file.

    Parameters
    ----------
    path
        The file.
    facts
        As it and the definition state them.
    """

    path: Path
    facts: ImageFacts

    def blocks(self) -> Iterator[Block]:
        """Read it once, block by block."""
        with opened(self.path) as source:
            for row, column, rows, columns in windows(self.facts.grid.shape):
                with raster_errors(self.path.name):
                    values = source.read(window=((row, row + rows), (column, column + columns)))
                yield row, column, values


@contextlib.contextmanager
def opened(path: Path) -> Iterator[Any]:
    """Open a file as GeoTIFF, and as nothing else."""
    with gdal() as rasterio:
        with raster_errors(path.name):
            source = rasterio.open(path, driver="GTiff")
        with source:
            yield source


def open_geotiff(path: Path, reading: RasterReading) -> tuple[GeoTiff, str | None]:
    """Return the image of a file, and the text of the tag with its instant, if one is wanted.

    Raises
    ------
    InvalidInput
        ``unreadable-source``, ``too-large``, ``not-a-scene``, ``wrong-bands``, ``no-crs``, ``other-crs``,
        ``no-grid``, ``bad-nodata``, ``no-date``, ``no-classes``.
    """
    with opened(path) as source:
        refuse_size(path.name, (source.height, source.width), source.count)
        _refuse_blocks(path, source)
        _refuse_kinds(path, source, reading)
        facts = ImageFacts(
            grid_of(path.name, stated_crs(path.name, source.crs and source.crs.to_wkt(), reading.crs),
                    tuple(source.transform)[:6], (source.height, source.width)),
            _bands(path, source, reading), source.dtypes[0], _nodata(path, source, reading),
            reading.scale or tuple(source.scales), reading.offset or tuple(source.offsets),
        )  # fmt: skip
        return GeoTiff(path, facts), _tag(path, source, reading)


def _refuse_blocks(path: Path, source: Any) -> None:
    """Refuse a file whose smallest readable piece does not fit into memory."""
    height, width = source.block_shapes[0]
    bands = source.count if source.interleaving is not None and source.interleaving.name == "pixel" else 1
    if height * width * bands * 8 > _MOST_BLOCK_BYTES * 8:
        raise InvalidInput(
            "too-large", f"{path.name} is written in blocks of {height:,} x {width:,} pixels, too large to be read",
            hint="write it anew in tiles, e.g. with gdal_translate -co TILED=YES",
        )  # fmt: skip


def _refuse_kinds(path: Path, source: Any, reading: RasterReading) -> None:
    if source.dtypes[0] not in KEPT_TYPES:
        raise InvalidInput(
            "not-a-scene",
            f"{path.name} has values of type {source.dtypes[0]}",
            hint=f"write it anew as one of {', '.join(KEPT_TYPES)}",
        )
    if len(set(source.dtypes)) > 1:
        raise InvalidInput(
            "not-a-scene", f"{path.name} has bands of several types: {', '.join(source.dtypes)}"
        )
    if "palette" in {band.name for band in source.colorinterp} and not reading.classed:
        raise InvalidInput(
            "no-classes",
            f"{path.name} has a palette: its values are classes, and nothing says what they mean",
            hint='name them in the definition: [raster.classes] 1 = "water"',
        )
    flags = {flag.name for band in source.mask_flag_enums for flag in band}
    named = "alpha" in flags and len(reading.bands) == source.count  # many writers call a fourth band alpha
    if not named and ("alpha" in flags or ("per_dataset" in flags and "nodata" not in flags)):
        raise InvalidInput(
            "not-a-scene",
            f"{path.name} marks missing pixels by a mask or an alpha band, which is not kept",
            hint="write it anew with a value for nodata; if that band was measured too, name all in [raster] bands",
        )


def _bands(path: Path, source: Any, reading: RasterReading) -> tuple[str, ...]:
    if reading.bands and len(reading.bands) != source.count:
        raise InvalidInput(
            "wrong-bands",
            f"{path.name} has {source.count} bands, and the definition names {len(reading.bands)}: "
            f"{', '.join(reading.bands)}",
        )
    described = tuple(source.descriptions)
    if reading.bands:
        return reading.bands
    plain = (
        all(described)
        and len(set(described)) == len(described)
        and not any("," in name for name in described)
    )
    return described if plain else tuple(f"band{number}" for number in source.indexes)


def _nodata(path: Path, source: Any, reading: RasterReading) -> float | None:
    if reading.nodata is not None:
        return reading.nodata
    values = set(map(repr, source.nodatavals))
    if len(values) > 1:
        raise InvalidInput(
            "bad-nodata", f"{path.name} has another nodata in each band: {', '.join(sorted(values))}",
            hint="state nodata in the table [raster] of the definition",
        )  # fmt: skip
    nodata: float | None = source.nodatavals[0]
    return nodata


def _tag(path: Path, source: Any, reading: RasterReading) -> str | None:
    name = reading.acquired.tag
    if name is None:
        return None
    tags = source.tags()
    if not tags.get(name):
        raise InvalidInput(
            "no-date",
            f"{path.name} has no tag {name!r} with its date (it has: {', '.join(sorted(tags)) or 'none'})",
        )
    return str(tags[name]).strip()
