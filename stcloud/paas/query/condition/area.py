"""Areas: points that lie in one, and shapes that touch one.

Tested by `tests/conformance/test_conditions.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from stcloud.paas.query.place.extent import Box, Extent
from stcloud.paas.query.place.region import Region
from stcloud.paas.query.plan.limits import Limits
from stcloud.paas.query.plan.resolved import Mask, Resolved, Writing
from stcloud.paas.query.sql import exp
from stcloud.paas.query.sql.tree import all_of, any_of

__all__ = ["BOUNDS", "PLACED", "InArea", "TouchesArea", "in_boxes"]

PLACED = ("st_cell", "st_x", "st_y")
"""Columns that decide whether a point lies in a place."""
BOUNDS = ("st_xmin", "st_ymin", "st_xmax", "st_ymax")
"""Columns of the bounds of shapes."""
_GEOMETRY = "st_geom"


@dataclass(frozen=True, slots=True, eq=False)
class InArea(Resolved):
    """Keep points that lie in a region: by their cell, and by coordinates only in cells that its edge crosses.

    Parameters
    ----------
    region
        The area and the cells; its edge is inside, cells are half-open.
    extent
        Holds it.
    """

    region: Region
    extent: Extent

    columns = frozenset(PLACED)

    @property
    def limits(self) -> Limits:
        """The region."""
        return Limits(extent=self.extent, region=self.region)

    def mask(self, rows: pa.RecordBatch) -> Mask:
        """Tell which rows of a batch lie in it; a row without a place does not."""
        column = rows.column("st_cell")
        cells = (column.fill_null(0) if column.null_count else column).to_numpy()
        x, y = (rows.column(name).to_numpy(zero_copy_only=False) for name in ("st_x", "st_y"))
        kept = np.zeros(len(cells), np.bool_)
        kept[self.region.rows(cells, x, y)] = True
        return kept

    def sql(self, writing: Writing) -> list[exp.Expression]:
        """Return that rows lie in its bounding boxes: a superset."""
        return [in_boxes(self.extent.boxes, writing)]


@dataclass(frozen=True, slots=True, eq=False)
class TouchesArea(Resolved):
    """Keep shapes that touch an area.

    Parameters
    ----------
    area
        In the city's CRS; its edge counts.
    """

    area: BaseGeometry

    columns = frozenset((_GEOMETRY, *BOUNDS))
    limits_exact = True

    @property
    def limits(self) -> Limits:
        """The area."""
        return Limits(areas=(self.area,))

    def mask(self, rows: pa.RecordBatch) -> Mask:
        """Tell which rows of a batch touch it; geometry is read of those alone whose bounds are not within it."""
        shapely.prepare(self.area)
        kept: Mask = shapely.contains(self.area, shapely.box(*bounds_in(rows)))
        unsure = np.flatnonzero(~kept)
        wkb = rows.column(_GEOMETRY).take(pa.array(unsure)).to_numpy(zero_copy_only=False)
        kept[unsure] = shapely.intersects(self.area, shapely.from_wkb(wkb))
        return kept

    def near(self, rows: pa.RecordBatch) -> Mask:
        """Tell which rows may touch it, by their bounds: a superset."""
        west, south, east, north = self.area.bounds
        xmin, ymin, xmax, ymax = bounds_in(rows)
        with np.errstate(invalid="ignore"):
            return np.asarray((xmin <= east) & (xmax >= west) & (ymin <= north) & (ymax >= south))

    def sql(self, writing: Writing) -> list[exp.Expression]:
        """Return that the bounds of rows meet those of the area: a superset."""
        west, south, east, north = (float(edge) for edge in self.area.bounds)
        edges = {"st_xmin": east, "st_ymin": north}, {"st_xmax": west, "st_ymax": south}
        most = [
            exp.LTE(this=writing.column(name), expression=writing.binder.bind(at))
            for name, at in edges[0].items()
        ]
        least = [
            exp.GTE(this=writing.column(name), expression=writing.binder.bind(at))
            for name, at in edges[1].items()
        ]
        return [*most, *least]


def bounds_in(rows: pa.RecordBatch) -> list[NDArray[np.float64]]:
    """Return the bounds of shapes: least x, least y, greatest x, greatest y; NaN without a shape."""
    return [rows.column(name).to_numpy(zero_copy_only=False) for name in BOUNDS]


def in_boxes(boxes: Sequence[Box], writing: Writing) -> exp.Expression:
    """Return that a point lies in any of some boxes, edges included."""
    near = []
    for xmin, ymin, xmax, ymax in boxes:
        bounds = [writing.binder.bind(float(value)) for value in (xmin, xmax, ymin, ymax)]
        sides = [
            exp.Between(this=writing.column("st_x"), low=bounds[0], high=bounds[1]),
            exp.Between(this=writing.column("st_y"), low=bounds[2], high=bounds[3]),
        ]
        near.append(all_of(sides))
    return any_of(near)
