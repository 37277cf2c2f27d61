"""A view of scenes: on which grid, which bands, made one by which rule; read block by block.

Tested by `tests/paas/scene/test_scenes.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stcloud.errors import InvalidInput, NotFound, nearest
from stcloud.iaas.raster.arrayfiles import ArrayFiles
from stcloud.iaas.raster.image import windows
from stcloud.iaas.raster.window import KEEPING, RESAMPLINGS, RasterReader, offset_of
from stcloud.paas.scene.mosaic import Mosaic
from stcloud.paas.scene.pixels import Pixels
from stcloud.paas.scene.scene import Scene
from stcloud.space.rastergrid import RasterGrid

__all__ = ["BlockWindow", "SceneView"]

BlockWindow = tuple[int, int, int, int]
"""First row, first column, rows, columns of a block."""


@dataclass(frozen=True, slots=True)
class SceneView:
    """Scenes of one step, earliest first, as they are wanted.

    Parameters
    ----------
    files
        The array files.
    scenes
        The scenes; none gives pixels without a value.
    grid, bands, mosaic, resampling
        Where, what, by which rule they become one, and how values come to other pixels; None: not at all.
    """

    files: ArrayFiles
    scenes: tuple[Scene, ...]
    grid: RasterGrid
    bands: tuple[str, ...]
    mosaic: Mosaic
    resampling: str | None

    def __post_init__(self) -> None:
        if self.resampling is not None and self.resampling not in RESAMPLINGS:
            raise InvalidInput(
                "unknown-resampling",
                f"'{self.resampling}' is no rule of resampling (there are: {', '.join(RESAMPLINGS)})",
            )
        for scene in self.scenes:
            lacking = [band for band in self._read_bands if band not in scene.facts.bands]
            if lacking:
                raise NotFound(
                    "unknown-band",
                    f"the scene of {scene.product} {scene.tile} has no band '{lacking[0]}' "
                    f"(it has: {', '.join(scene.facts.bands)})",
                    nearest=nearest(lacking[0], scene.facts.bands),
                )
        if self.resampling is None:
            self._refuse_shifted()

    @property
    def _read_bands(self) -> tuple[str, ...]:
        quality = self.mosaic.band
        return self.bands if quality is None or quality in self.bands else (*self.bands, quality)

    def _refuse_shifted(self) -> None:
        for scene in self.scenes:
            if offset_of(scene.facts.grid, self.grid) is None:
                size = " x ".join(f"{number:g}" for number in scene.facts.grid.resolution)
                raise InvalidInput(
                    "resampling-needed",
                    f"the pixels of {scene.product} {scene.tile} ({size}, {scene.facts.grid.crs}) are not those of "
                    "the grid that is wanted: they are shifted, or of another size",
                    hint="state resampling='nearest', 'bilinear', 'average' ...",
                    in_shell="state --resampling nearest, bilinear, average ...",
                )

    def dtype(self) -> np.dtype[Any]:
        """Return the type of the values that `read` gives."""
        if self.mosaic.rule == "median" or any(scene.facts.is_scaled for scene in self.scenes):
            return np.dtype(np.float64)
        kinds = [
            np.dtype(scene.facts.dtype)
            if self.resampling is None
            or self.resampling in KEEPING
            or offset_of(scene.facts.grid, self.grid) is not None
            else np.dtype(np.float64)
            for scene in self.scenes
        ]
        return np.result_type(*kinds) if kinds else np.dtype(np.float32)

    def read(self, reader: RasterReader, grid: RasterGrid) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """Return ``(bands, rows, columns)`` values on a part of the grid, scaled, and where there are none."""
        bands = self._read_bands
        layers = []
        for scene in self.scenes:
            places = [scene.facts.bands.index(band) for band in bands]
            values, missing = reader.read(scene.file, scene.facts, grid, places, self.resampling)
            if scene.facts.is_scaled:
                values = np.stack([
                    scene.facts.measured(values[at], place).astype(np.float64) for at, place in enumerate(places)
                ])  # fmt: skip
            layers.append((values, missing))
        if not layers:
            shape = (len(self.bands), *grid.shape)
            return np.zeros(shape, self.dtype()), np.ones(shape, np.bool_)
        quality = bands.index(self.mosaic.band) if self.mosaic.band is not None else None
        values, missing = self.mosaic.merged(layers, quality)
        values, missing = values[: len(self.bands)], missing[: len(self.bands)]
        return values.astype(self.dtype(), copy=False), missing

    def pixels(self, reader: RasterReader, window: BlockWindow) -> Pixels:
        """Return the pixels of a block."""
        grid = self.grid.window(*window)
        values, missing = self.read(reader, grid)
        gone = dict(zip(self.bands, missing, strict=True)) if missing.any() else None
        return Pixels(grid, dict(zip(self.bands, values, strict=True)), gone)

    def blocks(self, size: int) -> Iterator[tuple[BlockWindow, Pixels]]:
        """Give block after block; no more than one is in memory."""
        with RasterReader(self.files) as reader:
            for window in windows(self.grid.shape, size):
                yield window, self.pixels(reader, window)


def bands_of(scenes: Sequence[Scene], bands: Sequence[str] | str | None) -> tuple[str, ...]:
    """Return the bands that are wanted; None: those of the last scene."""
    if bands is None:
        return scenes[-1].facts.bands if scenes else ()
    names = (bands,) if isinstance(bands, str) else tuple(bands)
    if not names or len(set(names)) < len(names):
        raise InvalidInput("wrong-bands", f"bands are named once each, and at least one: {', '.join(names)}")
    return names
