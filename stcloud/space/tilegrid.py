"""The tile grid of web maps, WebMercatorQuad: squares of Web Mercator, halved from zoom to zoom.

Tile (0, 0) of a zoom is the north-west one; columns count eastwards, rows southwards. A tile is half-open: it holds
its west and north edges, and not its east and south ones, so every point lies in exactly one tile of a zoom.
"""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass

from stcloud.errors import InvalidInput
from stcloud.space.block import Block, CellSize
from stcloud.space.cell import Level

__all__ = ["EXTENT", "FINEST_ZOOM", "HALF_SIDE_M", "WEB_MERCATOR", "Tile", "cell_of_zoom"]

WEB_MERCATOR = "EPSG:3857"
"""The CRS of the grid."""
HALF_SIDE_M = math.pi * 6_378_137.0
"""Half the side of the square that is divided, metres of Web Mercator."""
FINEST_ZOOM = 24
EXTENT = 4096
"""Units of a tile's own coordinates along a side."""
_CELLS_ACROSS = 16
_SIZES: tuple[CellSize, ...] = (
    Level.KM1000, Level.KM100, Level.KM10, Level.KM1, Block.M500, Block.M250, Level.M100, Level.M10,
)  # fmt: skip


@dataclass(frozen=True, slots=True, order=True)
class Tile:
    """A tile of WebMercatorQuad.

    Parameters
    ----------
    z
        Zoom, 0 to 24.
    x, y
        Column and row, counted from the north-west.

    Raises
    ------
    InvalidInput
        ``unknown-tile``

    Examples
    --------
    >>> Tile(1, 1, 0).bounds_m == (0.0, 0.0, HALF_SIDE_M, HALF_SIDE_M)
    True
    >>> Tile.at(121.4737, 31.2304, 14)
    Tile(z=14, x=13720, y=6694)
    """

    z: int
    x: int
    y: int

    def __post_init__(self) -> None:
        try:
            for name in ("z", "x", "y"):
                object.__setattr__(self, name, operator.index(getattr(self, name)))
        except TypeError:
            raise _unknown(self, "zoom, column and row are whole numbers") from None
        if not 0 <= self.z <= FINEST_ZOOM:
            raise _unknown(self, f"zooms are 0 to {FINEST_ZOOM}")
        if not (0 <= self.x < 1 << self.z and 0 <= self.y < 1 << self.z):
            raise _unknown(self, f"columns and rows of zoom {self.z} are 0 to {(1 << self.z) - 1}")

    @classmethod
    def at(cls, lon: float, lat: float, z: int) -> Tile:
        """Return the tile of a zoom that holds a point, degrees; `InvalidInput` ``outside-tiles``: none does."""
        if not (-180 <= lon <= 180 and abs(lat) < 90):
            raise _outside(lon, lat)
        across = (lon + 180) / 360 if lon < 180 else 0.0
        down = (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2
        if not 0 <= down < 1:
            raise _outside(lon, lat)
        many = 1 << z
        # Rounding lets a place just before 180 degrees be at the very end.
        return cls(z, min(int(across * many), many - 1), min(int(down * many), many - 1))

    @property
    def place(self) -> tuple[int, int]:
        """Column and row."""
        return self.x, self.y

    @property
    def side_m(self) -> float:
        """Side, metres of Web Mercator: on the ground at the equator."""
        return 2 * HALF_SIDE_M / (1 << self.z)

    @property
    def bounds_m(self) -> tuple[float, float, float, float]:
        """``(west, south, east, north)``, metres of Web Mercator."""
        side = self.side_m
        west, north = -HALF_SIDE_M + self.x * side, HALF_SIDE_M - self.y * side
        return west, north - side, west + side, north

    @property
    def bounds_lonlat(self) -> tuple[float, float, float, float]:
        """``(west, south, east, north)``, degrees.

        >>> [round(degree, 4) for degree in Tile(0, 0, 0).bounds_lonlat]
        [-180.0, -85.0511, 180.0, 85.0511]
        """
        west, east = (column / (1 << self.z) * 360 - 180 for column in (self.x, self.x + 1))
        south, north = (
            math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * row / (1 << self.z)))))
            for row in (self.y + 1, self.y)
        )
        return west, south, east, north


def cell_of_zoom(z: int) -> CellSize:
    """Return the size of the lattice cells by which points are clustered on tiles of a zoom.

    It is the largest of which a tile is at least sixteen across, at the equator; so a tile has some hundreds of
    cells, and never more than some ten thousand.

    >>> [cell_of_zoom(z).label for z in (0, 5, 8, 11, 13, 16)]
    ['1000km', '10km', '1km', '1km', '250m', '10m']
    """
    side_m = Tile(z, 0, 0).side_m / _CELLS_ACROSS
    return next((size for size in _SIZES if size.side_m <= side_m), Level.M10)


def _unknown(tile: Tile, why: str) -> InvalidInput:
    return InvalidInput("unknown-tile", f"there is no tile {tile.z}/{tile.x}/{tile.y}", hint=why)


def _outside(lon: float, lat: float) -> InvalidInput:
    return InvalidInput(
        "outside-tiles", f"no tile holds lon {lon:g}, lat {lat:g}",
        hint="tiles reach from -180 to 180 degrees east, and from -85.0511 to 85.0511 degrees north",
    )  # fmt: skip
