"""Pixels of an array file on a grid that is wanted: as they are where grids agree, else resampled by a stated rule.

Tested by `tests/iaas/raster/test_window.py`.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from stcloud.errors import InvalidInput
from stcloud.iaas.raster.arrayfiles import ArrayFiles
from stcloud.iaas.raster.drivers import raster_errors
from stcloud.iaas.raster.image import ImageFacts
from stcloud.space import transformer
from stcloud.space.rastergrid import RasterGrid, Transform

__all__ = ["KEEPING", "RESAMPLINGS", "RasterReader", "offset_of"]

RESAMPLINGS = (
    "nearest", "overview", "bilinear", "cubic", "average", "mode", "max", "min", "med", "q1", "q3", "sum", "rms",
)  # fmt: skip
"""Rules of resampling, as GDAL names them; ``overview``, for pictures, is the nearest of a coarser copy."""
KEEPING = ("nearest", "overview", "mode", "max", "min")
"""Those that give values which were measured."""
_CLOSE = 1e-3
_REACH = 4
_OPEN = 32
_LEVEL = "#"
MOST_READ = 1 << 22
"""So many pixels of an image are resampled at once."""


def offset_of(grid: RasterGrid, other: RasterGrid) -> tuple[int, int] | None:
    """Return in which row and column of a grid the first pixel of another lies; None: their pixels do not agree.

    Pixels agree within a thousandth of one, over the whole of both grids.
    """
    width, height = grid.resolution
    other_width, other_height = other.resolution
    most = max(*grid.shape, *other.shape)
    if (
        grid.crs != other.crs
        or max(abs(other_width / width - 1), abs(other_height / height - 1)) * most > _CLOSE
    ):
        return None
    column = (other.transform[2] - grid.transform[2]) / width
    row = (grid.transform[5] - other.transform[5]) / height
    if max(abs(column - round(column)), abs(row - round(row))) > _CLOSE:
        return None
    return round(row), round(column)


class RasterReader:
    """Reads array files, of which it keeps some open; a context manager, for one thread.

    Parameters
    ----------
    files
        The array files.
    """

    def __init__(self, files: ArrayFiles) -> None:
        self.files = files
        self._open: dict[str, Any] = {}
        self._held = contextlib.ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._held.close()

    def read(
        self, key: str, facts: ImageFacts, grid: RasterGrid, bands: Sequence[int], resampling: str | None
    ) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """Return values of some bands on a grid, unscaled, and where there are none.

        Parameters
        ----------
        key, facts
            The file, and what is known of it.
        grid
            Where values are wanted.
        bands
            Their places among the file's, from 0.
        resampling
            One of `RESAMPLINGS`, for grids that do not agree with the file's; None: they are refused.

        Returns
        -------
        ``(bands, rows, columns)``: of the file's type, or float64 where values were computed from several; bool.

        Raises
        ------
        InvalidInput
            ``resampling-needed``
        """
        offset = offset_of(facts.grid, grid)
        if offset is not None:
            return self._window(key, facts, offset, grid.shape, bands)
        if resampling is None:
            raise InvalidInput(
                "resampling-needed", f"the pixels of {key} are not those of the grid that is wanted",
                hint="state resampling: nearest, bilinear, average ...",
            )  # fmt: skip
        return self._resampled(key, facts, grid, bands, resampling)

    def _window(
        self,
        key: str,
        facts: ImageFacts,
        offset: tuple[int, int],
        shape: tuple[int, int],
        bands: Sequence[int],
    ) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """Return values of a window, which may lie beyond the edges."""
        values = np.zeros((len(bands), *shape), facts.dtype)
        missing = np.ones(values.shape, np.bool_)
        starts = [max(0, at) for at in offset]
        stops = [min(at + size, most) for at, size, most in zip(offset, shape, facts.grid.shape, strict=True)]
        if all(start < stop for start, stop in zip(starts, stops, strict=True)):
            with raster_errors(key):
                read = self._source(key).read(
                    [band + 1 for band in bands], window=((starts[0], stops[0]), (starts[1], stops[1]))
                )
            place = (
                slice(None),
                *(
                    slice(start - at, stop - at)
                    for start, stop, at in zip(starts, stops, offset, strict=True)
                ),
            )
            values[place], missing[place] = read, facts.missing(read)
        return values, missing

    def _resampled(
        self, key: str, facts: ImageFacts, grid: RasterGrid, bands: Sequence[int], resampling: str
    ) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        from rasterio import Affine  # noqa: PLC0415  (slow to import)
        from rasterio.enums import Resampling  # noqa: PLC0415
        from rasterio.warp import reproject  # noqa: PLC0415

        if resampling == "overview":
            key, facts = self._overview(key, facts, grid)
            resampling = "nearest"
        scale = _scale(facts.grid, grid)
        parts = _halves(facts.grid, grid, scale)
        if parts is not None:
            return self._joined(key, facts, grid, parts, bands, resampling)
        made = np.full((len(bands), *grid.shape), np.nan)
        area = _source_window(facts.grid, grid, scale)
        if area is not None:
            offset, shape = area
            values, missing = self._window(key, facts, offset, shape, bands)
            wide = np.where(missing, np.nan, values.astype(np.float64))
            part = facts.grid.window(*offset, *shape)
            for source, target in zip(
                wide, made, strict=True
            ):  # of bands together one's gaps would be another's
                with raster_errors(key):
                    reproject(
                        source, target, src_transform=Affine(*part.transform), src_crs=part.crs, src_nodata=np.nan,
                        dst_transform=Affine(*grid.transform), dst_crs=grid.crs, dst_nodata=np.nan,
                        resampling=Resampling[resampling], tolerance=0, num_threads=1,
                        XSCALE=str(scale[1]), YSCALE=str(scale[0]),
                    )  # fmt: skip
        gone: NDArray[np.bool_] = np.isnan(made)
        if resampling in KEEPING:
            return np.where(gone, 0, made).astype(facts.dtype), gone
        return made, gone

    def _joined(
        self,
        key: str,
        facts: ImageFacts,
        grid: RasterGrid,
        parts: Sequence[RasterGrid],
        bands: Sequence[int],
        rule: str,
    ) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """Return what two halves of a grid give, side by side."""
        (first, gone), (second, also) = (self._resampled(key, facts, part, bands, rule) for part in parts)
        axis = 1 if parts[0].shape[1] == grid.shape[1] else 2
        return np.concatenate([first, second], axis), np.concatenate([gone, also], axis)

    def _overview(self, key: str, facts: ImageFacts, grid: RasterGrid) -> tuple[str, ImageFacts]:
        """Return the coarsest copy of an image that is still finer than a grid, and its facts."""
        coarser = 1 / max(_scale(facts.grid, grid))
        levels = [level for level, size in enumerate(self._source(key).overviews(1)) if size <= coarser]
        if not levels:
            return key, facts
        name = f"{key}{_LEVEL}{levels[-1]}"
        source = self._source(name)
        transform: Transform = tuple(map(float, source.transform))[:6]  # type: ignore[assignment]  # nine in all
        return name, replace(facts, grid=RasterGrid(facts.grid.crs, transform, source.shape))

    def _source(self, name: str) -> Any:
        """Return an open file by its key, or by its key and the level of an overview."""
        if name not in self._open:
            if len(self._open) >= _OPEN:
                self._held.close()
                self._open.clear()
            key, _, level = name.partition(_LEVEL)
            more = {"overview_level": int(level)} if level else {}
            self._open[name] = self._held.enter_context(self.files.open(key, **more))
        return self._open[name]


def _halves(
    source: RasterGrid, target: RasterGrid, scale: tuple[float, float]
) -> tuple[RasterGrid, RasterGrid] | None:
    """Return the halves of a grid that needs more of an image than is read at once; None: it does not."""
    area = _source_window(source, target, scale)
    rows, columns = target.shape
    if area is None or area[1][0] * area[1][1] <= MOST_READ or rows * columns == 1:
        return None
    if rows >= columns:
        middle = rows // 2
        return target.window(0, 0, middle, columns), target.window(middle, 0, rows - middle, columns)
    middle = columns // 2
    return target.window(0, 0, rows, middle), target.window(0, middle, rows, columns - middle)


def _scale(source: RasterGrid, target: RasterGrid) -> tuple[float, float]:
    """Return how many pixels of the target there are for one of the source, down and across, at its middle.

    It does not depend on which part of the target is read, so that blocks give what the whole gives.
    """
    west, south, east, north = source.bounds
    x, y = (west + east) / 2, (south + north) / 2
    width, height = source.resolution
    xs, ys = transformer(source.crs, target.crs).transform([x, x + width, x], [y, y, y + height])
    across = math.hypot((xs[1] - xs[0]) / target.resolution[0], (ys[1] - ys[0]) / target.resolution[1])
    down = math.hypot((xs[2] - xs[0]) / target.resolution[0], (ys[2] - ys[0]) / target.resolution[1])
    usable = math.isfinite(across) and math.isfinite(down) and across > 0 and down > 0
    return (down, across) if usable else (1.0, 1.0)


def _source_window(
    source: RasterGrid, target: RasterGrid, scale: tuple[float, float]
) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """Return first row and column, rows and columns of the pixels that a target needs; None: it needs none."""
    west, south, east, north = target.bounds
    share = np.linspace(0, 1, 21)
    x, y = (
        axis.ravel() for axis in np.meshgrid(west + share * (east - west), south + share * (north - south))
    )
    xs, ys = (np.asarray(axis) for axis in transformer(target.crs, source.crs).transform(x, y))
    finite = np.isfinite(xs) & np.isfinite(ys)
    if not finite.any():
        return None
    xs, ys = xs[finite], ys[finite]
    a, _, c, _, e, f = source.transform
    reach = [math.ceil(_REACH * max(1.0, 1 / ratio)) + 2 for ratio in scale]
    rows, columns = (ys - f) / e, (xs - c) / a
    starts = [
        max(0, math.floor(axis.min()) - more) for axis, more in zip((rows, columns), reach, strict=True)
    ]
    stops = [
        min(most, math.ceil(axis.max()) + more)
        for axis, more, most in zip((rows, columns), reach, source.shape, strict=True)
    ]
    if starts[0] >= stops[0] or starts[1] >= stops[1]:
        return None
    return (starts[0], starts[1]), (stops[0] - starts[0], stops[1] - starts[1])
