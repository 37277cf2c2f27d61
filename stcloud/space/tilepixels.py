"""Places on a tile: coordinates of a city's CRS as units of the tile, and where a tile lies in that CRS.

Units count from the tile's north-west corner, eastwards and southwards, 4096 along a side.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from stcloud.space.crs import AREA_MARGIN_DEG, LONLAT, area_of_use, project
from stcloud.space.tilegrid import EXTENT, HALF_SIDE_M, WEB_MERCATOR, Tile

__all__ = ["OFF_TILE", "TilePixels"]

Floats: TypeAlias = NDArray[np.float64]
Units: TypeAlias = NDArray[np.int64]
Box: TypeAlias = tuple[float, float, float, float]

OFF_TILE = -1
"""Unit of what does not lie on the tile."""
_SAMPLES = 17
_SPARE = 0.02
_WIDEST_DEG = 60.0
_NOWHERE = (1.0, 1.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class TilePixels:
    """How a city's coordinates lie on a tile.

    Parameters
    ----------
    crs
        Text of the city's CRS.
    tile
        The tile.

    Examples
    --------
    >>> pixels = TilePixels("EPSG:4528", Tile.at(121.4737, 31.2304, 14))
    >>> [unit.tolist() for unit in pixels.units(np.array([40640412.315, 0.0]), np.array([3457455.489, 0.0]))]
    [[1650, -1], [2307, -1]]
    """

    crs: str
    tile: Tile

    def project(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Return places, ``(n,)`` metres of the city's CRS, as units of the tile, also beyond it; NaN stays NaN."""
        across, down = self._of_grid(x, y)
        return across - self.tile.x * EXTENT, down - self.tile.y * EXTENT

    def units(self, x: Floats, y: Floats) -> tuple[Units, Units]:
        """Return the column and the row of the unit that holds each place, ``(n,)`` int64.

        Notes
        -----
        `OFF_TILE` both, where a place does not lie on the tile, or is NaN. Tiles and units are half-open, so each
        place lies on exactly one tile of a zoom. O(n); only places in `box` are projected.
        """
        columns, rows = np.full(len(x), OFF_TILE, np.int64), np.full(len(x), OFF_TILE, np.int64)
        near = np.flatnonzero(self.near(x, y))
        across, down = self._of_grid(x[near], y[near])
        across[across == EXTENT << self.tile.z] = 0  # the meridian of 180 degrees is that of -180
        across -= self.tile.x * EXTENT
        down -= self.tile.y * EXTENT
        within = (across >= 0) & (across < EXTENT) & (down >= 0) & (down < EXTENT)
        held = near[within]
        columns[held], rows[held] = across[within].astype(np.int64), down[within].astype(np.int64)
        return columns, rows

    def _of_grid(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Return places as units of the whole grid: the same for all tiles of a zoom, so that no two hold them."""
        east, north = project(x, y, self.crs, WEB_MERCATOR)
        whole = EXTENT << self.tile.z
        return (east + HALF_SIDE_M) / (2 * HALF_SIDE_M) * whole, (HALF_SIDE_M - north) / (
            2 * HALF_SIDE_M
        ) * whole

    @property
    def box(self) -> Box | None:
        """``(xmin, ymin, xmax, ymax)`` that holds all of the tile that the CRS is used for; closed, metres.

        Edges and inside are sampled densely, and the box made wider by what may lie between samples. Where no part
        of the tile is in use, the box is empty; None: none is known, as for a tile of half the world.
        """
        return _box(self.crs, self.tile)

    def buffered(self, units: int) -> Box | None:
        """Return `box`, so many units of the tile wider on each side, and somewhat more; None: none is known."""
        if self.box is None or self.box[0] > self.box[2]:
            return self.box
        west, south, east, north = self.box
        more = 1.5 * units / EXTENT
        wide, high = (east - west) * more, (north - south) * more
        return west - wide, south - high, east + wide, north + high

    def near(self, x: Floats, y: Floats) -> NDArray[np.bool_]:
        """Tell which places lie in `box`; all that are places, where none is known."""
        if self.box is None:
            return np.asarray(np.isfinite(x) & np.isfinite(y))
        west, south, east, north = self.box
        with np.errstate(invalid="ignore"):
            return np.asarray((x >= west) & (x <= east) & (y >= south) & (y <= north))


@functools.lru_cache(maxsize=1024)
def _box(crs: str, tile: Tile) -> Box | None:
    parts = list(_usable(crs, tile))
    boxes = [_box_of(crs, part) for part in parts]
    known = [box for box in boxes if box is not None]
    if len(known) < len(boxes):
        return None
    if not known:
        return _NOWHERE
    west, south, east, north = zip(*known, strict=True)
    return min(west), min(south), max(east), max(north)


def _box_of(crs: str, bounds: Box) -> Box | None:
    """Return the box of a part of a tile, degrees."""
    west, south, east, north = bounds
    if max(east - west, north - south) > _WIDEST_DEG:  # so far from its middle a projection tells little
        return None
    lon, lat = np.meshgrid(np.linspace(west, east, _SAMPLES), np.linspace(south, north, _SAMPLES))
    x, y = project(lon, lat, LONLAT, crs)
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        return None
    spare_x, spare_y = (_bend(values) + _SPARE * float(np.ptp(values)) for values in (x, y))
    return (
        float(x.min()) - spare_x, float(y.min()) - spare_y, float(x.max()) + spare_x, float(y.max()) + spare_y,
    )  # fmt: skip


def _usable(crs: str, tile: Tile) -> Iterator[Box]:
    """Give the parts of a tile, degrees, that may hold places of a city: its CRS's area of use, and a margin."""
    west, south, east, north = tile.bounds_lonlat
    area = area_of_use(crs)
    if area is None:
        yield west, south, east, north
        return
    low, high = max(south, area[1] - AREA_MARGIN_DEG), min(north, area[3] + AREA_MARGIN_DEG)
    whole = area[2] == area[0] + 360
    width = 360.0 if whole else (area[2] - area[0]) % 360 + 2 * AREA_MARGIN_DEG
    for turn in (-360, 0, 360):
        start = area[0] - AREA_MARGIN_DEG + turn
        left, right = max(west, start), min(east, start + width)
        if left < right and low < high:
            yield left, low, right, high


def _bend(values: Floats) -> float:
    """Return how far values may lie beyond those of samples, by how much they bend from sample to sample."""
    return float(sum(np.abs(np.diff(values, n=2, axis=axis)).max() for axis in (0, 1)))
