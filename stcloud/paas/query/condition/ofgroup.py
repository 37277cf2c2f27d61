"""Of a group: rows that an answer counted in one of its groups, by what the group is computed from.

Tested by `tests/conformance/test_conditions.py` and `tests/conformance/test_groups.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stcloud.iaas.conversion import scalar, truths_of
from stcloud.paas.query.plan.condition import Condition
from stcloud.paas.query.plan.groupcolumn import group_column, group_expression, group_values
from stcloud.paas.query.plan.limits import NO_LIMITS, Limits
from stcloud.paas.query.plan.plan import By, DutyGroup, FeatureGroup, Part
from stcloud.paas.query.plan.resolved import Mask, Resolved, Writing
from stcloud.paas.query.plan.resolving import Resolving
from stcloud.paas.query.sql import exp
from stcloud.paas.query.sql.clock import within
from stcloud.paas.query.sql.tree import number
from stcloud.space import CellSize
from stcloud.time import Binning, Span, Spans, Zone
from stcloud.time.micros import DAY_US

__all__ = ["Grouped", "OfGroup", "holds_value", "times_near"]

_NEAR_US = 2 * DAY_US
"""More than clocks of the world differ, and than any was ever set back."""


@dataclass(frozen=True, slots=True)
class OfGroup(Condition):
    """Keep rows of one group.

    Parameters
    ----------
    by
        What is grouped by.
    value
        The group: the number of a cell or a bin, an instant in UTC microseconds, ISO 8601 text of a date, another
        value of a column, a text; None: the group of null.
    text
        As it was written.
    spans
        What holds the times of all rows of the group; None: they may be at any time.
    """

    by: By
    value: Any
    text: str
    spans: Spans | None = None

    def __str__(self) -> str:
        return f"of the group {self.text}"

    @property
    def layers(self) -> tuple[str, ...]:
        """The layer whose features, or duty grids, are the groups."""
        return (self.by.layer,) if isinstance(self.by, FeatureGroup | DutyGroup) else ()

    @property
    def of_units(self) -> bool:
        """Whether the groups are of unit cells."""
        return isinstance(self.by, Part | DutyGroup)

    @property
    def drifts(self) -> bool:
        """Whether groups are features, or duty grids, as they were at each row's own time."""
        return bool(self.layers)

    @property
    def fact(self) -> str:
        """It is the group."""
        return "group"

    def starts(self) -> Spans | None:
        """Return the times in which rows of the group started."""
        return self.spans

    def describe(self) -> str:
        """Return the group, as it is written."""
        return self.text

    def earlier(self, by_bins: int, zone: Zone) -> OfGroup:
        """Return the group of a bin that lies so many before it; itself, of what is no bin or recurs."""
        if not by_bins or not isinstance(self.by, Binning):
            return self
        number = self.value - by_bins
        spans = None if self.spans is None else times_near(self.by, number, zone)
        return OfGroup(self.by, number, f"{self.by} {self.by.label(number)}", spans)

    def resolve(self, resolving: Resolving) -> tuple[Resolved, ...]:
        """Return the condition on rows of a layer's kind; reads the features or duty grids that are the groups."""
        return (resolving.rows.of_group(self.by, self.value, self.spans, resolving),)


def times_near(by: Binning, number: int, zone: Zone) -> Spans:
    """Return what holds the times of all events of a bin: two days wider than it, whatever a clock was set back."""
    span = by.span(number, zone)
    assert span.start_us is not None  # noqa: S101  (bins have both ends)
    assert span.end_us is not None  # noqa: S101
    return Spans.of([Span(span.start_us - _NEAR_US, span.end_us + _NEAR_US)])


@dataclass(frozen=True, slots=True)
class Grouped(Resolved):
    """Keep events whose cell, bin of time, part of a unit code, or column has a value.

    Parameters
    ----------
    by, value
        As for `OfGroup`.
    zone
        The city's.
    spans
        As for `OfGroup`.
    bounds
        What holds all rows of the group.
    """

    by: By
    value: Any
    zone: Zone
    spans: Spans | None = None
    bounds: Limits = field(default=NO_LIMITS, compare=False)

    exact = True

    @property
    def columns(self) -> frozenset[str]:
        """The column that the group is computed from."""
        return frozenset(filter(None, (group_column(self.by),)))

    @property
    def limits(self) -> Limits:
        """What holds all rows of the group."""
        return self.bounds

    def mask(self, rows: pa.RecordBatch) -> Mask:
        """Tell which rows of a batch are of the group."""
        return holds_value(group_values(self.by, rows, self.zone), self.value)

    def sql(self, writing: Writing) -> list[exp.Expression]:
        """Return the same as SQL conditions that must all hold; bounds are stated, too, by which engines prune."""
        own = group_expression(self.by, writing)
        if self.value is None:
            return [exp.Is(this=exp.Paren(this=own), expression=exp.null())]
        equal = exp.EQ(this=exp.Paren(this=own), expression=self._bound(writing))
        return [*self._bounded(writing), equal]

    def _bound(self, writing: Writing) -> exp.Expression:
        if isinstance(self.by, CellSize | Binning):
            return number(self.value)
        kind = getattr(self.by, "type", "text")
        if kind == "boolean":
            return exp.true() if self.value else exp.false()
        if kind == "instant":
            return writing.binder.instant(self.value)
        if kind == "date":
            return exp.cast(writing.binder.bind(date.fromisoformat(self.value)), "date")
        return writing.binder.bind(self.value)

    def _bounded(self, writing: Writing) -> list[exp.Expression]:
        """Return bounds of cells and times: wider than the group."""
        extent, binder = self.bounds.extent, writing.binder
        ranges = [] if extent is None else extent.ranges
        cells = [(min(first for first, _ in ranges), max(stop for _, stop in ranges))] if ranges else []
        stated = [within(writing.column("st_cell"), *map(number, ends)) for ends in cells]
        for span in self.spans.parts if self.spans is not None else ():
            ends = (
                None if at_us is None else binder.instant(at_us) for at_us in (span.start_us, span.end_us)
            )
            stated.append(within(writing.column("st_time"), *ends))
        return stated


def holds_value(values: pa.Array, value: Any) -> Mask:
    """Tell which of some values equal one; None: which are null."""
    if value is None:
        return np.array(truths_of(pc.is_null(values)))
    whole = values.cast(values.type.value_type) if pa.types.is_dictionary(values.type) else values
    wanted = date.fromisoformat(value) if pa.types.is_date32(whole.type) else value
    equal = pc.equal(whole, scalar(wanted, whole.type))
    return np.array(truths_of(pc.fill_null(equal, scalar(False, pa.bool_()))))  # noqa: FBT003
