"""The exact test of where a row lies: by its cell, and by its point only in cells that an area's edge crosses.

Runs in this process or in Spark's mapInArrow.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from stcloud.space import CellIds, Cover, contains

__all__ = ["Refinement", "Region"]


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """A place, ready for testing rows against it.

    Parameters
    ----------
    area
        The area asked for, in the CRS of the coordinates, or None.
    starts, stops, inner
        Half-open ranges of 10 m cells, ascending and disjoint, that hold the area; wholly in it where ``inner``.
    cell_starts, cell_stops
        Ranges of 10 m cells that were asked for as cells, likewise.
    """

    area: BaseGeometry | None
    starts: CellIds
    stops: CellIds
    inner: NDArray[np.bool_]
    cell_starts: CellIds
    cell_stops: CellIds

    @classmethod
    def of(cls, area: BaseGeometry | None, cover: Cover, cells: tuple[tuple[int, int], ...]) -> Region:
        """Make a region of an area's cover and of ranges of cells, which may overlap."""
        starts, stops, inner = cover.ranges()
        return cls(area, starts, stops, inner, *_merged(cells))

    def holds(self, cells: CellIds, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Tell which rows lie in the region, by 10 m cell and coordinates."""
        within = _range_of(cells, self.cell_starts, self.cell_stops) >= 0
        place = _range_of(cells, self.starts, self.stops)
        hit = place >= 0
        within |= hit & (self.inner[place] if len(self.inner) else False)
        edge = np.flatnonzero(hit & ~within)
        if self.area is not None and len(edge):
            within[edge] = contains(self.area, x[edge], y[edge])
        return within


@dataclass(frozen=True, slots=True)
class Refinement:
    """Keeps rows that lie in every region.

    Parameters
    ----------
    regions
        Where rows must lie.
    drops
        Columns that served the test only.
    """

    regions: tuple[Region, ...]
    drops: tuple[str, ...]

    def __call__(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """Return the rows that pass, without the dropped columns."""
        cells = rows.column("st_cell").fill_null(0).to_numpy()
        x, y = (rows.column(name).to_numpy(zero_copy_only=False) for name in ("st_x", "st_y"))
        keep = np.ones(rows.num_rows, np.bool_)
        for region in self.regions:
            keep &= region.holds(cells, x, y)
        rows = rows.drop_columns(list(self.drops)) if self.drops else rows
        return rows if keep.all() else rows.filter(pa.array(keep))


def _range_of(cells: CellIds, starts: CellIds, stops: CellIds) -> NDArray[np.intp]:
    """Return the number of the range that each cell lies in, -1 for none."""
    if not len(starts):
        return np.full(len(cells), -1)
    place = np.searchsorted(starts, cells, side="right") - 1
    place[(place >= 0) & (cells >= stops[place])] = -1
    return place


def _merged(ranges: tuple[tuple[int, int], ...]) -> tuple[CellIds, CellIds]:
    """Return ranges in order, those that overlap made one."""
    found: list[list[int]] = []
    for start, stop in sorted(ranges):
        if found and start <= found[-1][1]:
            found[-1][1] = max(found[-1][1], stop)
        else:
            found.append([start, stop])
    starts, stops = np.array(found, np.int64).reshape(-1, 2).T
    return starts, stops
