"""The unit grids of a city: made, checked, located on, and indexed.

Tested by `tests/paas/grid`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from stcloud.city import below
from stcloud.city.keywords import LOCK_WAIT_S
from stcloud.city.methods.opened import OpenedCity

if TYPE_CHECKING:
    from datetime import date

    from stcloud.iaas.job import Job
    from stcloud.paas.grid import Indexed, UnitGrid
    from stcloud.paas.grid.check import Report
    from stcloud.paas.grid.divided import DividedGrid
    from stcloud.paas.grid.geometries import GeometrySource
    from stcloud.paas.grid.points import LocatedPoints
    from stcloud.space import GivenCRS
    from stcloud.time import Instant

__all__ = ["CityGrids"]


class CityGrids(OpenedCity):
    """Unit grids, and the events on them."""

    def grid(self, layer: str) -> UnitGrid:
        """Return a unit grid, with ``locate``, ``check``, ``crosswalk`` and ``units``.

        Raises `NotFound` ``unknown-layer``; `InvalidInput` ``not-a-grid``: its definition has no table ``[grid]``.
        """
        return self._parts.grids.grid(layer)

    def locate(
        self, grid: str, points: Any, *, x: str = "x", y: str = "y", crs: GivenCRS | None = None,
        at: Instant | None = None,
    ) -> LocatedPoints:  # fmt: skip
        """Add to each point the code of the cell that contains it, in a column ``unit``, batch by batch.

        Parameters
        ----------
        grid, points
            Layer of a unit grid; a file (CSV, NDJSON, Parquet), a DataFrame or an Arrow table.
        x, y, crs
            Names of the columns with the coordinates, and their CRS; default: the city's.
        at
            An instant, or the name of a column of instants; None: the newest state of the grid.

        Raises
        ------
        NotFound, InvalidInput
            ``unknown-layer``, ``no-source``, ``unknown-column``; ``not-a-grid``, ``column-exists``, ``unknown-crs``.
        """
        return below.locate_points(self.grid(grid), points, x=x, y=y, crs=below.crs_text(crs), at=at)

    def divide(
        self, communities: GeometrySource, streets: GeometrySource, *, buildings: GeometrySource | None = None,
        components: GeometrySource | None = None, water: GeometrySource | None = None,
        previous: GeometrySource | None = None, community_code: str = "code", target_area_m2: float = 10_000.0,
        preset: str = "balanced", initial_date: str | date | None = None, crs: GivenCRS | None = None,
        source_crs: GivenCRS | None = None, workers: int = 2, tell: Callable[[str], object] | None = None,
    ) -> DividedGrid:  # fmt: skip
        """Divide communities into unit cells, as `stcloud.divide` does; inputs may be layers of the city, too.

        The default of ``crs`` is the city's CRS. If communities are a layer, its keys are their codes.
        """
        sources = below.GroundSources(
            communities, streets, buildings, components, water, previous, community_code
        )
        reader = self._parts.geometries(crs, source_crs, tell)
        return below.divide_ground(reader, sources, target_area_m2, preset, initial_date, workers)

    def check_grid(
        self, grid: str, communities: GeometrySource | None = None, *, community_code: str = "code",
        tolerance_m: float | None = None, tell: Callable[[str], object] | None = None,
    ) -> Report:  # fmt: skip
        """Find the faults of a unit grid; with communities, also where its cells do not tile them.

        ``communities`` and ``community_code`` are as for `divide`. The default of ``tolerance_m``, in metres, is that
        of the layer's definition.
        """
        unit_grid = self.grid(grid)
        rules = unit_grid.rules if tolerance_m is None else replace(unit_grid.rules, tolerance_m=tolerance_m)
        reader = self._parts.geometries(None, None, tell)
        areas = () if communities is None else reader.areas(communities, community_code)
        return unit_grid.check(*areas, rules=rules)

    def index(
        self, events: str, grid: str | None = None, *, job: Job | None = None, wait_s: float = LOCK_WAIT_S
    ) -> Indexed:
        """Store with every event the code of the cell that contained it at its own time.

        Raises `NotFound` ``unknown-layer``; `InvalidInput` ``not-events``, ``not-a-grid``, ``which-grid``.

        Parameters
        ----------
        events
            A layer of events. Later loads of it, and of the grid, update the codes. Indexed events are not indexed
            again.
        grid
            Layer of the unit grid; None: the grid that was used before, or else the only grid of the city.
        job, wait_s
            As for `load`.
        """
        return self._changes(wait_s).index(events, grid, job)
