"""Regions: the exact test of where points lie, by cells, and by coordinates in cells that an edge crosses."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from stcloud.space import CellIds, Cover, contains

__all__ = ["Region"]


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
    inner_count, edge_count
        How many cells of any level lie wholly in it, and how many its edge crosses.
    """

    area: BaseGeometry | None
    starts: CellIds
    stops: CellIds
    inner: NDArray[np.bool_]
    cell_starts: CellIds
    cell_stops: CellIds
    inner_count: int = 0
    edge_count: int = 0

    @classmethod
    def of(cls, area: BaseGeometry | None, cover: Cover, cells: tuple[tuple[int, int], ...]) -> Region:
        """Make a region of an area's cover and of ranges of cells, which may overlap."""
        starts, stops, inner = cover.ranges()
        return cls(
            area, starts, stops, inner, *_merged(cells), len(cover.inner) + len(cells), len(cover.edge)
        )

    @property
    def is_thin(self) -> bool:
        """Whether the area is a line or a point, which holds only what is exactly on it."""
        return self.area is not None and self.area.area == 0

    def may_hold(self, low: int, high: int) -> bool:
        """Tell whether a cell of the closed range [low, high] is one of the region's."""
        return any(_meet(low, high, starts, stops) for starts, stops in self._ranges)

    def meets(self, low: NDArray[np.float64], high: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Tell the same of many ranges, ``(n,)`` each."""
        met = np.zeros(len(low), np.bool_)
        for starts, stops in self._ranges:
            place = np.searchsorted(stops, low, side="right")
            met |= np.append(starts, np.inf)[place] <= high
        return met & (low <= high)

    @property
    def _ranges(self) -> tuple[tuple[CellIds, CellIds], ...]:
        return (self.starts, self.stops), (self.cell_starts, self.cell_stops)

    def nears(self, cells: CellIds) -> NDArray[np.bool_]:
        """Tell which cells lie between the region's first and last: a quick look before the exact one."""
        ends = [(int(starts[0]), int(stops[-1])) for starts, stops in self._ranges if len(starts)]
        first, stop = min((low for low, _ in ends), default=0), max((high for _, high in ends), default=0)
        return np.asarray((cells >= first) & (cells < stop))

    def listed(self, cells: CellIds) -> NDArray[np.bool_]:
        """Tell which cells are the region's."""
        return np.asarray(np.any([_range_of(cells, *ends) >= 0 for ends in self._ranges], axis=0), np.bool_)

    def listed_rows(self, cells: CellIds) -> NDArray[np.intp]:
        """Return the numbers of the rows whose cells are the region's, ascending: quickly, where cells ascend."""
        pieces = [
            _listed(cells, *run, *ends)[0] for ends in self._ranges if len(ends[0]) for run in _runs(cells)
        ]
        if len(pieces) == 1:
            return pieces[0]
        return np.unique(np.concatenate(pieces)) if pieces else np.empty(0, np.intp)

    def way(self, cell: int) -> str:
        """Tell how a row in a 10 m cell is decided: by the cell alone, by its point, or not to lie there."""
        cells = np.array([cell], np.int64)
        if _range_of(cells, self.cell_starts, self.cell_stops)[0] >= 0:
            return "in a cell that was asked for"
        place = int(_range_of(cells, self.starts, self.stops)[0])
        if place < 0:
            return "outside the area's cells"
        return "in an inner cell" if self.inner[place] else "in an edge cell, so its point was compared"

    def settles(self, low: CellIds, high: CellIds) -> NDArray[np.bool_]:
        """Tell which closed ranges of cells lie in cells that were asked for, or in inner cells alone."""
        first, last = (_range_of(cells, self.cell_starts, self.cell_stops) for cells in (low, high))
        place, end = (_range_of(cells, self.starts, self.stops) for cells in (low, high))
        inner = (place >= 0) & (place == end) & (self.inner[place] if len(self.inner) else False)
        return np.asarray(inner | ((first >= 0) & (first == last)), np.bool_)

    def rows(self, cells: CellIds, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.intp]:
        """Return the numbers of the rows that lie in the region, ascending, by 10 m cell and coordinates."""
        runs = _runs(cells)
        if len(self.cell_starts) or len(runs) * len(self.starts) > len(cells):
            near = np.flatnonzero(self.nears(cells))
            held: NDArray[np.intp] = near[self.holds(cells[near], x[near], y[near])]
            return held
        pieces = [_listed(cells, *run, self.starts, self.stops) for run in runs]
        numbers = np.concatenate([rows for rows, _ in pieces]) if pieces else np.empty(0, np.intp)
        keep = np.concatenate([self.inner[place] for _, place in pieces]) if pieces else np.empty(0, np.bool_)
        edge = np.flatnonzero(~keep)
        if self.area is not None and len(edge):
            keep[edge] = contains(self.area, x[numbers[edge]], y[numbers[edge]])
        kept: NDArray[np.intp] = numbers[keep]
        return kept

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


def _runs(cells: CellIds) -> list[tuple[int, int]]:
    """Return the stretches in which cells ascend: a file's rows are in their order, but for late ones."""
    ends = [0, *(np.flatnonzero(cells[1:] < cells[:-1]) + 1).tolist(), len(cells)]
    return [(start, stop) for start, stop in pairwise(ends) if start < stop]


def _listed(
    cells: CellIds, start: int, stop: int, starts: CellIds, stops: CellIds
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return which of a stretch of ascending cells lie in ranges, and in which, without a look at the others."""
    run = cells[start:stop]
    low, high = np.searchsorted(run, starts), np.searchsorted(run, stops)
    counts = high - low
    place = np.repeat(np.arange(len(starts)), counts)
    rows = np.arange(len(place)) - np.repeat(np.cumsum(counts) - counts, counts) + low[place] + start
    return rows, place


def _range_of(cells: CellIds, starts: CellIds, stops: CellIds) -> NDArray[np.intp]:
    """Return the number of the range that each cell lies in, -1 for none."""
    if not len(starts):
        return np.full(len(cells), -1)
    place = np.searchsorted(starts, cells, side="right") - 1
    place[(place >= 0) & (cells >= stops[place])] = -1
    return place


def _meet(low: int, high: int, starts: CellIds, stops: CellIds) -> bool:
    """Tell whether the closed range [low, high] meets one of the half-open ranges, ascending and disjoint."""
    place = int(np.searchsorted(stops, low, side="right"))
    return place < len(starts) and bool(starts[place] <= high)


def _merged(ranges: tuple[tuple[int, int], ...]) -> tuple[CellIds, CellIds]:
    """Return ranges in order, those that overlap made one."""
    merged: list[list[int]] = []
    for start, stop in sorted(ranges):
        if merged and start <= merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], stop)
        else:
            merged.append([start, stop])
    starts, stops = np.array(merged, np.int64).reshape(-1, 2).T
    return starts, stops
