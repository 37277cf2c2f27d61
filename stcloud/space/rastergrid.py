"""The grid of a raster: its CRS, the affine transform of its pixels, and how many there are.

Tested by `tests/space/test_rastergrid.py`.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from typing import TypeAlias

from stcloud.errors import InvalidInput

__all__ = ["RasterGrid", "Transform"]

Transform: TypeAlias = tuple[float, float, float, float, float, float]
"""Six numbers in the order of ``affine.Affine``: x = a·column + b·row + c, y = d·column + e·row + f."""


@dataclass(frozen=True, slots=True)
class RasterGrid:
    """The pixels of a raster as places: rows from north to south, columns from west to east.

    Parameters
    ----------
    crs
        Authority text (``EPSG:32618``) or WKT.
    transform
        From the corner of a pixel, in columns and rows, to x and y of the CRS, in the order of ``affine.Affine``.
    shape
        Rows, columns.

    Examples
    --------
    >>> grid = RasterGrid("EPSG:32618", (30.0, 0.0, 500000.0, 0.0, -30.0, 4100000.0), (2, 3))
    >>> grid.bounds, grid.resolution
    ((500000.0, 4099940.0, 500090.0, 4100000.0), (30.0, 30.0))
    """

    crs: str
    transform: Transform
    shape: tuple[int, int]

    def __post_init__(self) -> None:
        a, b, _, d, e, _ = self.transform
        if min(self.shape) < 1 or not all(map(math.isfinite, self.transform)):
            raise InvalidInput("no-grid", f"{self.shape} pixels and {self.transform} are no grid of a raster")
        if b or d or a <= 0 or e >= 0:
            raise InvalidInput(
                "no-grid",
                f"a raster's rows go from north to south and its columns from west to east; this one's do not "
                f"(transform {', '.join(f'{number:g}' for number in self.transform)})",
                hint="warp it first, e.g. with gdalwarp",
            )

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north, in the CRS."""
        a, _, c, _, e, f = self.transform
        rows, columns = self.shape
        return c, f + e * rows, c + a * columns, f

    @property
    def resolution(self) -> tuple[float, float]:
        """Width and height of a pixel, in units of the CRS; both positive."""
        return self.transform[0], -self.transform[4]

    def window(self, first_row: int, first_column: int, rows: int, columns: int) -> RasterGrid:
        """Return the grid of some of its pixels; they may lie beyond its edges."""
        a, b, c, d, e, f = self.transform
        moved = (a, b, c + a * first_column, d, e, f + e * first_row)
        return RasterGrid(self.crs, moved, (rows, columns))

    def digest(self) -> str:
        """Return a digest of the grid, 16 hexadecimal digits: equal grids have equal ones."""
        text = json.dumps(
            [self.crs, [number.hex() for number in map(float, self.transform)], list(self.shape)]
        )
        return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
