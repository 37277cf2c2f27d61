"""Tiles: points that lie on a tile of a web map, exactly, and shapes that may.

Tested by `tests/conformance/test_conditions.py`.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from stcloud.iaas.conversion import numbers_of
from stcloud.paas.query.condition.area import PLACED, in_boxes
from stcloud.paas.query.place.extent import Box, Extent
from stcloud.paas.query.plan.condition import Condition
from stcloud.paas.query.plan.limits import NO_LIMITS, Limits
from stcloud.paas.query.plan.resolved import Mask, Resolved, Writing
from stcloud.paas.query.plan.resolving import Resolving
from stcloud.paas.query.sql import exp
from stcloud.space import Lattice, Level, descendants
from stcloud.space.tilegrid import Tile
from stcloud.space.tilepixels import OFF_TILE, TilePixels

__all__ = ["OnTile", "PointsOnTile", "points_on_tile", "tile_extent"]

_MOST_CELLS = 1_000
_WIDER_ZOOMS, _WIDER_FROM = 2, 12


@dataclass(frozen=True, slots=True)
class OnTile(Condition):
    """Keep rows that lie on a tile: points as half-open as the tile is, shapes that may touch it or its buffer.

    Parameters
    ----------
    tile
        The tile.
    buffer
        How far beyond the tile shapes are wanted, units of the tile; points beyond it belong to its neighbours.
    roughly
        Whether points near the tile are kept, too: who projects them anyway leaves them out.
    """

    tile: Tile
    buffer: int
    roughly: bool = False

    def __str__(self) -> str:
        return f"on tile {self.tile.z}/{self.tile.x}/{self.tile.y}"

    def resolve(self, resolving: Resolving) -> tuple[Resolved, ...]:
        """Return the condition on rows of a layer's kind."""
        pixels = TilePixels(resolving.lattice.crs, self.tile)
        return resolving.rows.tiled(pixels, self.buffer, resolving.lattice, roughly=self.roughly)


@dataclass(frozen=True, slots=True, eq=False)
class PointsOnTile(Resolved):
    """Keep points that lie on a tile, by their projection: each point lies on exactly one tile of a zoom.

    Parameters
    ----------
    pixels
        How the city's coordinates lie on the tile.
    extent
        Holds it; None: none is known.
    roughly
        Whether points near it, in its box, are kept, too.
    wider
        Holds the tile of a lower zoom that it is of: its other tiles are wanted soon; None: none is known.
    """

    pixels: TilePixels
    extent: Extent | None
    roughly: bool = False
    wider: Extent | None = None

    columns = frozenset(PLACED)

    @property
    def limits(self) -> Limits:
        """The extent."""
        return NO_LIMITS if self.extent is None else Limits(extent=self.extent, wider=self.wider)

    def mask(self, rows: pa.RecordBatch) -> Mask:
        """Tell which rows of a batch lie on it; a row without a place does not."""
        x, y = (numbers_of(rows.column(name)) for name in ("st_x", "st_y"))
        return self.pixels.near(x, y) if self.roughly else np.asarray(self.pixels.units(x, y)[0] != OFF_TILE)

    def sql(self, writing: Writing) -> list[exp.Expression]:
        """Return that rows lie in its bounding box: a superset."""
        return [] if self.extent is None else [in_boxes(self.extent.boxes, writing)]


def points_on_tile(pixels: TilePixels, lattice: Lattice, *, roughly: bool) -> PointsOnTile:
    """Return the condition that points lie on a tile."""
    tile, wider = pixels.tile, None
    if roughly and tile.z >= _WIDER_FROM:
        above = Tile(tile.z - _WIDER_ZOOMS, tile.x >> _WIDER_ZOOMS, tile.y >> _WIDER_ZOOMS)
        wider = tile_extent(TilePixels(pixels.crs, above), lattice)
    return PointsOnTile(pixels, tile_extent(pixels, lattice), roughly, wider)


@functools.lru_cache(maxsize=1024)
def tile_extent(pixels: TilePixels, lattice: Lattice) -> Extent | None:
    """Return the box and the cells that hold a tile; None: none is known."""
    box = pixels.box
    if box is None:
        return None
    if box[0] > box[2]:
        return Extent((), ())
    level = next((size for size in reversed(Level) if _cells_in(box, size) <= _MOST_CELLS), Level.KM1000)
    starts, stops = descendants(lattice.cells_of_box(*box, level))
    apart = np.flatnonzero(starts[1:] != stops[:-1])
    firsts, lasts = np.append(0, apart + 1)[: len(starts)], np.append(apart, len(starts) - 1)[: len(starts)]
    return Extent((box,), tuple(zip(starts[firsts].tolist(), stops[lasts].tolist(), strict=True)))


def _cells_in(box: Box, level: Level) -> float:
    west, south, east, north = box
    return ((east - west) / level.side_m + 1) * ((north - south) / level.side_m + 1)
