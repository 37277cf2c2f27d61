"""Which rows of a feature layer were there: valid then, believed then, touching an area.

Runs in this process or in Spark's mapInArrow; for so few rows as a place has, it is faster than a statement.

Tested by `tests/conformance/test_features.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stcloud.daas.table.feature import micros
from stcloud.daas.table.timeline import FOREVER
from stcloud.paas.query.condition.area import BOUNDS, TouchesArea
from stcloud.paas.query.condition.known import KnownByEnds

__all__ = ["SIFTED", "ValidRows"]

_UNTIL = "st_recorded_to"
SIFTED = (*BOUNDS, "st_row", "st_valid_from", "st_valid_to", "st_recorded_from", _UNTIL)
"""Columns that decide which rows may pass."""


@dataclass(frozen=True, slots=True, eq=False)
class ValidRows:
    """Keeps rows that were valid at some instant of ``[after_us, before_us)``, believed at one, and touch an area.

    Parameters
    ----------
    touching
        The area.
    after_us, before_us
        UTC microseconds of valid time.
    known
        What was believed.
    """

    touching: TouchesArea
    after_us: int
    before_us: int
    known: KnownByEnds

    def __call__(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """Return the rows that were there; the end of their belief came later, and is null."""
        at = np.flatnonzero(self.passes(rows))
        rows = rows if len(at) == rows.num_rows else rows.take(pa.array(at))
        rows = rows.take(pa.array(np.flatnonzero(self.touching.mask(rows))))
        place = rows.schema.get_field_index(_UNTIL)
        field = rows.schema.field(place)
        return rows.set_column(place, field, pa.nulls(rows.num_rows, field.type))

    def passes(self, rows: pa.RecordBatch) -> NDArray[np.bool_]:
        """Tell which rows were there then and may touch the area, from the columns `SIFTED`."""
        hit = self.touching.near(rows)
        hit &= micros(rows.column("st_valid_from"), FOREVER) < self.before_us
        hit &= micros(rows.column("st_valid_to"), FOREVER) > self.after_us
        at = np.flatnonzero(hit)
        hit[at] = self.known.mask(rows.take(pa.array(at)))
        return hit
