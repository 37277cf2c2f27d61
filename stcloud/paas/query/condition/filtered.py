"""Filtered: the parts of a filter, as SQL where SQL can express them, and in memory.

Tested by `tests/conformance/test_conditions.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stcloud.iaas.conversion import scalar, truths_of, whole_numbers
from stcloud.paas.query.filter.node import Node, stored_in
from stcloud.paas.query.filter.statement import Statement
from stcloud.paas.query.filter.vector import evaluate
from stcloud.paas.query.plan.limits import Limits
from stcloud.paas.query.plan.resolved import Mask, Resolved, Writing
from stcloud.paas.query.sql import exp

__all__ = ["Filtered", "FilteredInMemory"]

_FALSE = scalar(False, pa.bool_())  # noqa: FBT003


@dataclass(frozen=True, slots=True, eq=False)
class FilteredInMemory(Resolved):
    """Keep rows for which all parts of a filter are true, neither false nor unknown.

    Parameters
    ----------
    parts
        Checked.
    bounds
        What the filter leaves.
    """

    parts: tuple[Node, ...]
    bounds: Limits

    @property
    def columns(self) -> frozenset[str]:
        """Stored columns that the parts look at."""
        return frozenset(name for part in self.parts for name in stored_in(part))

    @property
    def limits(self) -> Limits:
        """What the filter leaves."""
        return self.bounds

    def mask(self, rows: pa.RecordBatch) -> Mask:
        """Tell for which rows of a batch all parts are true; each is asked of the rows that are left."""
        at = np.arange(rows.num_rows)
        for part in self.parts:
            kept = evaluate(part, rows if len(at) == rows.num_rows else rows.take(whole_numbers(at)))
            if isinstance(kept, pa.Scalar):
                at = at if kept.as_py() is True else at[:0]
            else:
                at = at[truths_of(pc.fill_null(kept, _FALSE))]
        mask = np.zeros(rows.num_rows, np.bool_)
        mask[at] = True
        return mask


@dataclass(frozen=True, slots=True, eq=False)
class Filtered(FilteredInMemory):
    """Keep the same rows; SQL can express all parts."""

    exact = True

    def sql(self, writing: Writing) -> list[exp.Expression]:
        """Return the parts as SQL."""
        statement = Statement(writing.binder, writing.owner)
        return [statement.of(part) for part in self.parts]
