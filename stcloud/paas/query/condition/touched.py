"""Touched: shapes that touch, or are near, the places of a formula, at an instant at which both were there.

Tested by `tests/conformance/test_conditions.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import shapely
from shapely.geometry.base import BaseGeometry

from stcloud.daas.table.feature import micros
from stcloud.daas.table.timeline import ALWAYS, FOREVER
from stcloud.paas.query.place.decide import extent_of, holds
from stcloud.paas.query.place.extent import Box
from stcloud.paas.query.place.formula import Formula
from stcloud.paas.query.place.touch import Forms
from stcloud.paas.query.plan.limits import NO_LIMITS, Limits
from stcloud.paas.query.plan.resolved import Mask, Resolved

__all__ = ["Touched"]

_GEOMETRY, _FROM, _TO = "st_geom", "st_valid_from", "st_valid_to"


@dataclass(frozen=True, slots=True, eq=False)
class Touched(Resolved):
    """Keep features that fulfil a formula of places; one without a shape lies nowhere, and outside of nothing.

    Parameters
    ----------
    formula
        Its leaves are `Touching` and `TouchingAny`.
    window
        The time of the query, half-open, UTC microseconds: what features were at other times does not matter.
    """

    formula: Formula
    window: tuple[int, int]

    columns = frozenset((_GEOMETRY, _FROM, _TO))

    @property
    def limits(self) -> Limits:
        """Boxes that everything that is kept touches, as one area."""
        extent = extent_of(self.formula)
        return NO_LIMITS if extent is None else Limits(areas=(_united(extent.boxes),))

    def mask(self, rows: pa.RecordBatch) -> Mask:
        """Tell which rows of a batch lie there."""
        after, before = self.window
        shapes = np.asarray(shapely.from_wkb(rows.column(_GEOMETRY).to_numpy(zero_copy_only=False)), object)
        at = np.flatnonzero(~shapely.is_missing(shapes) & ~shapely.is_empty(shapes))
        start = np.maximum(micros(rows.column(_FROM), ALWAYS), after)
        end = np.minimum(micros(rows.column(_TO), FOREVER), before)
        kept = np.zeros(rows.num_rows, np.bool_)
        kept[at[holds(self.formula, Forms(shapes, start, end).take(at))]] = True
        return kept


def _united(boxes: Sequence[Box]) -> BaseGeometry:
    return shapely.union_all([shapely.box(*box) for box in boxes])
