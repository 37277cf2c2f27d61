"""Weights of cells on a raster's grid: made once, kept beside the index of the cells' layer, used for every scene.

What is kept is named by the digest of the cells and lies in a folder named by the digest of the raster's grid. When
the cells change it is looked up no more, and what is damaged is not taken. It may be deleted.

Tested by `tests/paas/scene/test_kept_weights.py`.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import numpy as np
import shapely
import xxhash

from stcloud.errors import FormatError, StorageError
from stcloud.iaas.store.arrays import ArrayFolder
from stcloud.paas.cache import Cache
from stcloud.paas.scene.cellsource import SceneCells
from stcloud.space.polygons import project_polygons
from stcloud.space.rastergrid import RasterGrid

if TYPE_CHECKING:
    from stcloud.index import PixelWeights

__all__ = ["cropped", "kept_weights"]

_TOLERANCE = 1e-3  # of a pixel: how far an edge may be from its true curve
_SMALL = 10_000  # pixels along edges: making them anew takes less than to write and read them


def kept_weights(
    cells: SceneCells, crs: str, grid: RasterGrid, place: ArrayFolder, memory: Cache
) -> PixelWeights:
    """Return the weights of cells on a grid, as they are kept, or else made and kept.

    Parameters
    ----------
    cells, crs
        The cells, and the city's CRS.
    grid
        The raster's.
    place, memory
        Folder of the layer, which a folder for each grid is made in; the city's cache.
    """
    folder = place.within(f"{grid.digest()}-{xxhash.xxh32_hexdigest(cells.noun.encode())}")
    key = ("pixel weights", folder, cells.digest)
    return memory.once(key, lambda: _weights(cells, crs, grid, folder), lambda weights: weights.nbytes)


def _weights(cells: SceneCells, crs: str, grid: RasterGrid, folder: ArrayFolder) -> PixelWeights:
    from stcloud.index import PixelWeights  # noqa: PLC0415  (numba is slow to import)

    with contextlib.suppress(FormatError, StorageError):  # older, damaged or just replaced: made anew
        arrays = folder.read(cells.digest)
        if arrays is not None:
            kept = PixelWeights.from_arrays(arrays)
            if kept.shape == grid.shape and len(kept) == len(cells):
                return kept
    shapes = project_polygons(cells.shapes, crs, grid.crs, _TOLERANCE * min(grid.resolution))
    weights = PixelWeights.of(shapes, grid.transform, grid.shape)
    if len(weights.pixel) > _SMALL:
        with contextlib.suppress(StorageError):  # a city that may only be read is asked all the same
            folder.write(cells.digest, weights.arrays())
    return weights


def cropped(cells: SceneCells, crs: str, grid: RasterGrid) -> RasterGrid:
    """Return the part of a grid that cells may meet; of cells that meet none, its first pixel."""
    boxes = shapely.bounds(cells.shapes)
    boxes = boxes[np.isfinite(boxes).all(axis=1)]
    if not len(boxes):
        return grid.window(0, 0, 1, 1)
    hull = shapely.box(*boxes[:, :2].min(axis=0), *boxes[:, 2:].max(axis=0))
    (moved,) = project_polygons(np.array([hull], object), crs, grid.crs, _TOLERANCE * min(grid.resolution))
    west, south, east, north = moved.bounds
    a, _, c, _, e, f = grid.transform
    rows, columns = grid.shape
    first_column, last_column = max(0, int((west - c) // a) - 1), min(columns, int((east - c) // a) + 2)
    first_row, last_row = max(0, int((north - f) // e) - 1), min(rows, int((south - f) // e) + 2)
    if first_row >= last_row or first_column >= last_column:
        return grid.window(0, 0, 1, 1)
    return grid.window(first_row, first_column, last_row - first_row, last_column - first_column)
