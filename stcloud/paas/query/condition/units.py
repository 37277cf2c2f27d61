"""Units: events by the code of their unit cell, and by the duty grids that had the cell then.

Tested by `tests/conformance/test_conditions.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stcloud.daas.table.schema import UNIT
from stcloud.paas.query.plan.condition import Condition
from stcloud.paas.query.plan.limits import Limits
from stcloud.paas.query.plan.resolved import Mask, Resolved, Writing
from stcloud.paas.query.plan.resolving import Resolving
from stcloud.paas.query.sql import exp
from stcloud.paas.query.sql.tree import all_of, any_of

__all__ = ["InUnits", "OnDuty"]


@dataclass(frozen=True, slots=True)
class InUnits(Condition, Resolved):
    """Keep events whose unit code lies in one of some half-open ranges of texts."""

    ranges: tuple[tuple[str, str], ...]
    text: str

    columns = frozenset((UNIT,))
    exact = True
    of_units = True

    def __str__(self) -> str:
        return f"where {self.text}"

    def resolve(self, _: Resolving) -> tuple[Resolved, ...]:
        """Return itself: it reads no other layer."""
        return (self,)

    @property
    def limits(self) -> Limits:
        """The ranges of codes."""
        return Limits(units=self.ranges)

    def mask(self, rows: pa.RecordBatch) -> Mask:
        """Tell which rows of a batch have such a code."""
        code = rows.column(UNIT)
        kept = np.zeros(rows.num_rows, np.bool_)
        for low, high in self.ranges:
            within = pc.and_(pc.greater_equal(code, low), pc.less(code, high))
            kept |= pc.fill_null(within, fill_value=False).to_numpy(zero_copy_only=False)
        return kept

    def sql(self, writing: Writing) -> list[exp.Expression]:
        """Return the same as an SQL condition."""
        code, bind = writing.column(UNIT), writing.binder.bind
        within = [
            all_of(
                [
                    exp.GTE(this=code.copy(), expression=bind(low)),
                    exp.LT(this=code.copy(), expression=bind(high)),
                ]
            )
            for low, high in self.ranges
        ]
        return [any_of(within)]


@dataclass(frozen=True, slots=True)
class OnDuty(Condition):
    """Keep events in cells that some duty grids of a layer had then."""

    layer: str
    duties: tuple[str, ...]
    text: str

    of_units = True

    def __str__(self) -> str:
        return f"where {self.text}"

    @property
    def drifts(self) -> bool:
        """It names the cells that grids had at each event's own time."""
        return True

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of the layers that are read."""
        return (self.layer,)

    def resolve(self, resolving: Resolving) -> tuple[Resolved, ...]:
        """Return the condition by the cells of the grids."""
        return (resolving.located(self),)
