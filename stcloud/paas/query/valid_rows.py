"""Which rows of a feature layer stood: valid then, believed then, there.

Runs in this process or in Spark's mapInArrow; for so few rows as a place has, it is faster than a statement.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from stcloud.daas.table.feature import Ends, micros
from stcloud.daas.table.timeline import FOREVER, Ints
from stcloud.paas.query.condition.known import Known

__all__ = ["BOUNDS", "SIFTED", "ValidRows"]

BOUNDS = ("st_xmin", "st_ymin", "st_xmax", "st_ymax")
_UNTIL = "st_recorded_to"
SIFTED = (*BOUNDS, "st_row", "st_valid_from", "st_valid_to", "st_recorded_from", _UNTIL)


@dataclass(frozen=True, slots=True, eq=False)
class ValidRows:
    """Keeps rows that were valid at some instant of ``[after_us, before_us)``, believed at one, and touch an area.

    Parameters
    ----------
    area
        In the city's CRS; its edge counts.
    after_us, before_us
        UTC microseconds of valid time.
    known
        What was believed.
    ends
        Until when rows are believed that do not tell it themselves.
    """

    area: BaseGeometry
    after_us: int
    before_us: int
    known: Known
    ends: Ends

    def __call__(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """Return the rows that stood; the end of their belief came later, and is null."""
        at = np.flatnonzero(self.passes(rows))
        rows = rows if len(at) == rows.num_rows else rows.take(pa.array(at))
        rows = rows.take(pa.array(self._touching(rows)))
        place = rows.schema.get_field_index(_UNTIL)
        field = rows.schema.field(place)
        return rows.set_column(place, field, pa.nulls(rows.num_rows, field.type))

    def passes(self, rows: pa.RecordBatch) -> NDArray[np.bool_]:
        """Tell which rows stood then and may touch the area, from the columns `SIFTED`."""
        hit = self._near(rows)
        hit &= micros(rows.column("st_valid_from"), FOREVER) < self.before_us
        hit &= micros(rows.column("st_valid_to"), FOREVER) > self.after_us
        at = np.flatnonzero(hit)
        near = rows.take(pa.array(at))
        hit[at] = self.known.holds(micros(near.column("st_recorded_from"), FOREVER), self._until(near))
        return hit

    def _until(self, rows: pa.RecordBatch) -> Ints:
        return self.ends.of(rows.column("st_row").to_numpy(), micros(rows.column(_UNTIL), FOREVER))

    def _near(self, rows: pa.RecordBatch) -> NDArray[np.bool_]:
        west, south, east, north = self.area.bounds
        xmin, ymin, xmax, ymax = _bounds(rows)
        with np.errstate(invalid="ignore"):
            return np.asarray((xmin <= east) & (xmax >= west) & (ymin <= north) & (ymax >= south))

    def _touching(self, rows: pa.RecordBatch) -> NDArray[np.intp]:
        """Return which rows touch the area; geometry is read of those alone whose bounds are not within it."""
        shapely.prepare(self.area)
        within = shapely.contains(self.area, shapely.box(*_bounds(rows)))
        unsure = np.flatnonzero(~within)
        wkb = rows.column("st_geom").take(pa.array(unsure)).to_numpy(zero_copy_only=False)
        within[unsure] = shapely.intersects(self.area, shapely.from_wkb(wkb))
        return np.flatnonzero(within)


def _bounds(rows: pa.RecordBatch) -> list[NDArray[np.float64]]:
    return [rows.column(name).to_numpy(zero_copy_only=False) for name in BOUNDS]
