"""Sited: points that fulfil a formula of sites, such as in or near features as they were then.

Tested by `tests/conformance/test_conditions.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from stcloud.daas.table.feature import micros
from stcloud.daas.table.schema import UNIT
from stcloud.daas.table.timeline import FOREVER
from stcloud.paas.query.condition.area import PLACED, in_boxes
from stcloud.paas.query.place.decide import extent_of, holds, units_of
from stcloud.paas.query.place.extent import Extent
from stcloud.paas.query.place.formula import Formula, leaves_of
from stcloud.paas.query.place.site import PlacedRows
from stcloud.paas.query.plan.limits import Limits
from stcloud.paas.query.plan.resolved import Mask, Resolved, Writing
from stcloud.paas.query.sql import exp

__all__ = ["Sited"]


@dataclass(frozen=True, slots=True, eq=False)
class Sited(Resolved):
    """Keep points that fulfil a formula. A row without a place lies nowhere: in no site, and outside of none.

    Parameters
    ----------
    formula
        Its leaves are sites.
    restated_us
        Codes of unit cells stand for this instant, UTC microseconds; None: for each row's own.
    """

    formula: Formula
    restated_us: int | None = None

    extent: Extent | None = field(init=False)
    """What holds all that lies there; None: no bound is known."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "extent", extent_of(self.formula))

    @property
    def columns(self) -> frozenset[str]:
        """Columns of the place, and those that its sites look at."""
        return frozenset((*PLACED, *(name for site in leaves_of(self.formula) for name in site.columns)))

    @property
    def limits(self) -> Limits:
        """What holds all that lies there."""
        return Limits(extent=self.extent, units=units_of(self.formula))

    @property
    def notes(self) -> tuple[str, ...]:
        """That hardly anything can lie there."""
        thin = any(site.is_thin for site in leaves_of(self.formula))
        return ("only events exactly on a line or point: near:LAYER:ID:20m asks around it",) if thin else ()

    def mask(self, rows: pa.RecordBatch) -> Mask:
        """Tell which rows of a batch lie there."""
        at = self._near(rows)
        placed = self._placed_rows(rows if len(at) == rows.num_rows else rows.take(pa.array(at)))
        kept = np.zeros(rows.num_rows, np.bool_)
        kept[at[holds(self.formula, placed)]] = True
        return kept

    def sql(self, writing: Writing) -> list[exp.Expression]:
        """Return that rows lie in its bounding boxes: a superset."""
        return [] if self.extent is None else [in_boxes(self.extent.boxes, writing)]

    def _near(self, rows: pa.RecordBatch) -> NDArray[np.intp]:
        """Return rows with a place that lie in what holds all that may pass: a quick look before the exact one."""
        placed = pc.and_(rows.column("st_x").is_valid(), rows.column("st_y").is_valid())
        near = np.flatnonzero(placed.to_numpy(zero_copy_only=False))
        if self.extent is None:
            return near
        cells = rows.column("st_cell").fill_null(0).to_numpy()
        near = near[self.extent.region.nears(cells[near])]
        return near[self.extent.region.listed(cells[near])]

    def _placed_rows(self, rows: pa.RecordBatch) -> PlacedRows:
        names = rows.schema.names
        cells, x, y = (rows.column(name).to_numpy() for name in PLACED)
        at_us = np.zeros(len(cells), np.int64)
        if "st_time" in names:
            at_us = micros(rows.column("st_time"), FOREVER)
        unit = rows.column(UNIT).cast(pa.string()) if UNIT in names else pa.nulls(len(cells), pa.string())
        unit_at = at_us if self.restated_us is None else np.array(self.restated_us, np.int64)
        return PlacedRows(cells, x, y, at_us, unit, unit_at)
