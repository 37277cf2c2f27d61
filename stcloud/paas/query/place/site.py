"""Sites: what a row with a place is tested against, one test each; formulas of them are as exact as they are.

Runs in this process or in Spark's mapInArrow.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from stcloud.daas.table.feature import micros
from stcloud.daas.table.schema import UNIT
from stcloud.daas.table.timeline import ALWAYS, FOREVER, Ints
from stcloud.paas.query.place.extent import Extent
from stcloud.paas.query.place.region import Region
from stcloud.paas.query.place.versions import History
from stcloud.space import CellIds

if TYPE_CHECKING:
    from stcloud.index import AsOfIndex

__all__ = [
    "AtTimes",
    "InCodes",
    "InRegion",
    "NearLayer",
    "NearShape",
    "OnCells",
    "PlacedRows",
    "Site",
    "whole_micrometres",
]

Mask: TypeAlias = NDArray[np.bool_]
Metres: TypeAlias = NDArray[np.float64]

_HALF = 0.5  # of a layer is near: it is made ready as a whole, once


@dataclass(frozen=True, slots=True, eq=False)
class PlacedRows:
    """Rows that have a place.

    Parameters
    ----------
    cells, x, y
        ``(n,)`` int64 ids of 10 m cells, and float64 metres.
    at_us
        ``(n,)`` int64, UTC microseconds: when each happened.
    unit
        ``(n,)`` text: codes of unit cells.
    unit_at_us
        The instant for which codes stand, one for all or ``(n,)``.
    """

    cells: CellIds
    x: Metres
    y: Metres
    at_us: Ints
    unit: pa.Array
    unit_at_us: Ints

    def take(self, chosen: NDArray[np.intp]) -> PlacedRows:
        """Return some of the rows, each at most once and in their order."""
        if len(chosen) == len(self):
            return self
        unit_at = self.unit_at_us if self.unit_at_us.ndim == 0 else self.unit_at_us[chosen]
        return PlacedRows(
            self.cells[chosen], self.x[chosen], self.y[chosen], self.at_us[chosen],
            self.unit.take(pa.array(chosen)), unit_at,
        )  # fmt: skip

    def __len__(self) -> int:
        return len(self.cells)


class Site(Protocol):
    """One test of where, or when, a row lies."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that it looks at besides cell and coordinates."""

    @property
    def extent(self) -> Extent | None:
        """What holds every row that passes; None: no bound is known."""

    @property
    def is_thin(self) -> bool:
        """Whether it is a line or a point, which holds only what is exactly on it."""

    @property
    def units(self) -> tuple[tuple[str, str], ...] | None:
        """Half-open ranges of codes that hold that of every row that passes; None: no bound is known."""

    def holds(self, rows: PlacedRows) -> Mask:
        """Tell which rows pass."""


@dataclass(frozen=True, slots=True, eq=False)
class InRegion:
    """In an area, its border included, or in cells."""

    region: Region
    extent: Extent
    columns: tuple[str, ...] = ()
    units: None = None

    @property
    def is_thin(self) -> bool:
        """Whether it is a line or a point, which holds only what is exactly on it."""
        return self.region.is_thin

    def holds(self, rows: PlacedRows) -> Mask:
        """Tell which rows pass."""
        passing = self.region.nears(rows.cells)
        at = np.flatnonzero(passing)
        passing[at] = self.region.holds(rows.cells[at], rows.x[at], rows.y[at])
        return passing


@dataclass(frozen=True, slots=True, eq=False)
class AtTimes:
    """At some times, whatever the place.

    Parameters
    ----------
    start_us, end_us
        ``(k,)`` int64, UTC microseconds, half-open.
    """

    start_us: Ints
    end_us: Ints
    columns: tuple[str, ...] = ("st_time",)
    extent: None = None
    is_thin: bool = False
    units: None = None

    def holds(self, rows: PlacedRows) -> Mask:
        """Tell which rows pass."""
        passing = np.zeros(len(rows), np.bool_)
        for start, end in zip(self.start_us, self.end_us, strict=True):
            passing |= (rows.at_us >= start) & (rows.at_us < end)
        return passing


@dataclass(frozen=True, slots=True, eq=False)
class NearShape:
    """At most so far from a shape.

    Parameters
    ----------
    shape
        In the CRS of the coordinates.
    metres
        Inclusive.
    extent
        Holds what is so near.
    """

    shape: BaseGeometry
    metres: float
    extent: Extent
    columns: tuple[str, ...] = ()
    is_thin: bool = False
    units: None = None

    def holds(self, rows: PlacedRows) -> Mask:
        """Tell which rows pass; distances are compared as whole micrometres, as `AsOfIndex` does."""
        passing = self.extent.region.listed(rows.cells)
        at = np.flatnonzero(passing)
        shapely.prepare(self.shape)
        points = shapely.points(rows.x[at], rows.y[at])
        passing[at] = shapely.dwithin(self.shape, points, whole_micrometres(self.metres))
        return passing


@dataclass(frozen=True, eq=False)
class NearLayer:
    """At most so far from any feature of a layer as it was then.

    Parameters
    ----------
    history
        The features' versions.
    metres
        Inclusive.
    at_us
        As the layer was then, UTC microseconds; None: at each row's own time.
    extent
        Holds what is so near.
    """

    history: History
    metres: float
    at_us: int | None
    extent: Extent
    is_thin = False
    units = None

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that it looks at besides cell and coordinates."""
        return ("st_time",) if self.at_us is None else ()

    def holds(self, rows: PlacedRows) -> Mask:
        """Tell which rows pass."""
        may = self.extent.region.listed(rows.cells)
        at, passing = np.flatnonzero(may), np.zeros(len(rows), np.bool_)
        if len(at):
            x, y = rows.x[at], rows.y[at]
            times = rows.at_us[at] if self.at_us is None else self.at_us
            near = self._index_near(x, y).nearest(x, y, times, 1, self.metres)
            passing[at[near.event]] = True
        return passing

    def _index_near(self, x: Metres, y: Metres) -> AsOfIndex:
        """Return the versions that may be near some points: few are made ready for these points alone."""
        west, south, east, north = self._bounds.T
        reach = self.metres + 1.0
        near = (west <= x.max() + reach) & (east >= x.min() - reach)
        near &= (south <= y.max() + reach) & (north >= y.min() - reach)
        return self._partners if near.mean() > _HALF else _ready(self.history.take(near))

    @cached_property
    def _bounds(self) -> Metres:
        bounds: Metres = shapely.bounds(self.history.shapes)
        return bounds

    @cached_property
    def _partners(self) -> AsOfIndex:
        return _ready(self.history)

    def __reduce__(self) -> tuple[Any, ...]:
        # What is prepared is prepared anew elsewhere: arrays that were frozen come back writable.
        return NearLayer, (self.history, self.metres, self.at_us, self.extent)


@dataclass(frozen=True, slots=True, eq=False)
class InCodes:
    """In a unit cell with a code in one of some half-open ranges of texts."""

    ranges: tuple[tuple[str, str], ...]
    columns: tuple[str, ...] = (UNIT,)
    extent: None = None
    is_thin: bool = False

    @property
    def units(self) -> tuple[tuple[str, str], ...]:
        """Half-open ranges of codes that hold that of every row that passes."""
        return self.ranges

    def holds(self, rows: PlacedRows) -> Mask:
        """Tell which rows pass."""
        passing = np.zeros(len(rows), np.bool_)
        for low, high in self.ranges:
            hit = pc.and_(pc.greater_equal(rows.unit, low), pc.less(rows.unit, high))
            passing |= pc.fill_null(hit, fill_value=False).to_numpy(zero_copy_only=False)
        return passing


@dataclass(frozen=True, slots=True, eq=False)
class OnCells:
    """In a unit cell that was on a list then.

    Parameters
    ----------
    cells
        ``unit``, ``since`` (null: ever since) and ``until`` (null: no end is known), half-open.
    """

    cells: pa.Table
    columns: tuple[str, ...] = (UNIT, "st_time")
    extent: None = None
    is_thin: bool = False

    @property
    def units(self) -> tuple[tuple[str, str], ...]:
        """Half-open ranges of codes that hold that of every row that passes: from the first to the last."""
        ends = pc.min_max(self.cells["unit"])
        return ((ends["min"].as_py(), f"{ends['max'].as_py()}0"),) if len(self.cells) else ()

    def holds(self, rows: PlacedRows) -> Mask:
        """Tell which rows pass."""
        order = pc.sort_indices(self.cells["unit"])
        codes = self.cells["unit"].take(order).combine_chunks().cast(pa.string()).dictionary_encode()
        since, until = (
            micros(self.cells[name].take(order), null)
            for name, null in (("since", ALWAYS), ("until", FOREVER))
        )
        number = codes.indices.to_numpy()
        which = pc.index_in(rows.unit, value_set=codes.dictionary)
        mine = which.fill_null(-1).to_numpy(zero_copy_only=False)
        first, stop = np.searchsorted(number, mine), np.searchsorted(number, mine, side="right")
        return _any_period(first, stop, since, until, np.broadcast_to(rows.unit_at_us, mine.shape))


def whole_micrometres(metres: float) -> float:
    """Return the most that a distance may be, compared as whole micrometres: half of one more."""
    return float(np.floor(metres * 1e6 + 0.5) + 0.5) / 1e6


def _ready(past: History) -> AsOfIndex:
    from stcloud.index import AsOfIndex  # noqa: PLC0415  (numba is slow to import)

    return AsOfIndex.of(past.key, past.start_us, past.end_us, past.shapes)


def _any_period(first: Ints, stop: Ints, since: Ints, until: Ints, at_us: Ints) -> Mask:
    """Tell for which rows one of their periods, ``first`` to ``stop``, holds their instant."""
    passing = np.zeros(len(first), np.bool_)
    for later in range(int((stop - first).max(initial=0))):
        at = np.flatnonzero(first + later < stop)
        place = first[at] + later
        passing[at] |= (since[place] <= at_us[at]) & (at_us[at] < until[place])
    return passing
