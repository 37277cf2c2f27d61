"""Held: rows that a feature held at their own time, as groups of features count them, and rows of no duty grid.

Runs in this process or in Spark's mapInArrow.

Tested by `tests/conformance/test_conditions.py` and `tests/conformance/test_groups.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stcloud.daas.table.feature import instants, micros
from stcloud.daas.table.schema import UNIT
from stcloud.daas.table.timeline import ALWAYS, FOREVER
from stcloud.errors import InternalError
from stcloud.paas.query.condition.area import BOUNDS, PLACED, in_boxes
from stcloud.paas.query.condition.ofgroup import holds_value
from stcloud.paas.query.place.extent import Extent
from stcloud.paas.query.place.site import OnCells, PlacedRows
from stcloud.paas.query.plan.limits import NO_LIMITS, Limits
from stcloud.paas.query.plan.resolved import Mask, Resolved, Writing
from stcloud.paas.query.sql import exp
from stcloud.time import Binning, Zone

__all__ = ["Begun", "HeldPoints", "HeldShapes", "OffDuty", "beginnings", "representatives"]

Holders = Callable[[pa.RecordBatch], pa.Array]
"""Gives the names of the features that held rows with ``st_x``, ``st_y`` and ``st_time``."""
_SINCE = "st_valid_from"


@dataclass(frozen=True, slots=True, eq=False)
class HeldPoints(Resolved):
    """Keep events that a feature of a name held at their own time.

    Parameters
    ----------
    holders
        Gives names for rows.
    value
        The name; None: no feature held them.
    extent
        What holds all rows that are kept; None: no bound is known.
    """

    holders: Holders
    value: str | None
    extent: Extent | None

    columns = frozenset((*PLACED, "st_time"))

    @property
    def limits(self) -> Limits:
        """What holds all rows that are kept."""
        return Limits(extent=self.extent)

    def mask(self, rows: pa.RecordBatch) -> Mask:
        """Tell which rows of a batch are kept; only those that lie near are compared with shapes."""
        near = self._near(rows)
        if near is None:
            return holds_value(self.holders(rows), self.value)
        kept = np.zeros(rows.num_rows, np.bool_)
        few = rows.take(pa.array(near))
        kept[near] = holds_value(self.holders(few), self.value)
        return kept

    def _near(self, rows: pa.RecordBatch) -> NDArray[np.intp] | None:
        if self.extent is None:
            return None
        cells = rows.column("st_cell").fill_null(0).to_numpy()
        near = np.flatnonzero(self.extent.region.nears(cells))
        return near[self.extent.region.listed(cells[near])]

    def sql(self, writing: Writing) -> list[exp.Expression]:
        """Return that rows lie in its bounding boxes: a superset."""
        return [] if self.extent is None else [in_boxes(self.extent.boxes, writing)]


@dataclass(frozen=True, slots=True, eq=False)
class HeldShapes(Resolved):
    """Keep features whose middle a feature of a name held when they were first there.

    Parameters
    ----------
    holders, value
        As for `HeldPoints`.
    after_us
        Where the query's time begins, UTC microseconds.
    """

    holders: Holders
    value: str | None
    after_us: int

    columns = frozenset((*BOUNDS, _SINCE))

    def mask(self, rows: pa.RecordBatch) -> Mask:
        """Tell which rows of a batch are kept."""
        middles = pa.RecordBatch.from_arrays(
            representatives(rows, self.after_us), names=["st_x", "st_y", "st_time"]
        )
        return holds_value(self.holders(middles), self.value)


@dataclass(frozen=True, slots=True)
class Begun(Resolved):
    """Keep features that began in a bin of time.

    Parameters
    ----------
    by, value, zone
        The bin, its number, the city's zone; no number: it is not known when they began.
    """

    by: Binning
    value: int | None
    zone: Zone

    columns = frozenset((_SINCE,))

    def mask(self, rows: pa.RecordBatch) -> Mask:
        """Tell which rows of a batch are kept."""
        return holds_value(beginnings(self.by, rows, self.zone), self.value)


@dataclass(frozen=True, slots=True, eq=False)
class OffDuty(Resolved):
    """Keep events whose unit cell no duty grid of a layer had then.

    Parameters
    ----------
    members
        Who had which cell when: ``unit``, ``since``, ``until``; None in a query that is explained and not run.
    restated_us
        Codes of unit cells stand for this instant, UTC microseconds; None: for each row's own.
    """

    members: pa.Table | None
    restated_us: int | None = None

    columns = frozenset((UNIT, "st_time"))

    @property
    def limits(self) -> Limits:
        """None: any unit may have had no duty grid."""
        return NO_LIMITS

    def mask(self, rows: pa.RecordBatch) -> Mask:
        """Tell which rows of a batch are kept; among them those without a unit cell."""
        if self.members is None:
            raise InternalError("not-read", "a query that is explained tests no rows")
        at_us = micros(rows.column("st_time"), FOREVER)
        stands = at_us if self.restated_us is None else np.array(self.restated_us, np.int64)
        nowhere = np.zeros(rows.num_rows)
        codes = rows.column(UNIT).cast(pa.string())
        placed = PlacedRows(nowhere.astype(np.int64), nowhere, nowhere, at_us, codes, stands)
        return np.asarray(~OnCells(self.members).holds(placed))


def beginnings(by: Binning, rows: pa.RecordBatch, zone: Zone) -> pa.Array:
    """Return the number of the bin in which features began; null where that is not known."""
    at_us = micros(rows.column(_SINCE), ALWAYS)
    endless = at_us == ALWAYS
    return pa.array(by.numbers(np.where(endless, 0, at_us), zone), pa.int64(), mask=endless)


def representatives(rows: pa.RecordBatch, after_us: int) -> list[pa.Array]:
    """Return the middle of features' bounds, NaN without a shape, and when they were first there after an instant."""
    west, south, east, north = (rows.column(name).to_numpy(zero_copy_only=False) for name in BOUNDS)
    at_us = np.maximum(micros(rows.column(_SINCE), ALWAYS), after_us)
    return [pa.array((west + east) / 2), pa.array((south + north) / 2), instants(at_us)]
