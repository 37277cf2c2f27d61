"""What of a filter SQL cannot say, as one function over batches that keeps rows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from stcloud.paas.query.filter.node import Node, stored_in
from stcloud.paas.query.filter.vector import evaluate

__all__ = ["FilterMask"]


@dataclass(frozen=True, slots=True)
class FilterMask:
    """Keeps the rows for which all conditions are true; neither false nor unknown.

    It can be pickled: a cluster applies it where the rows are.

    Parameters
    ----------
    conditions
        Checked.
    """

    conditions: tuple[Node, ...]

    @property
    def columns(self) -> frozenset[str]:
        """Stored columns that it looks at."""
        return frozenset(_all_stored(self.conditions))

    def __call__(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """Return the rows that pass, in their order, with all their columns."""
        for condition in self.conditions:
            kept = evaluate(condition, rows)
            if isinstance(kept, pa.Scalar):
                rows = rows if kept.as_py() is True else rows.slice(0, 0)
            else:
                rows = rows.filter(pc.fill_null(kept, False))  # noqa: FBT003
        return rows


def _all_stored(conditions: Iterable[Node]) -> Iterable[str]:
    return (name for condition in conditions for name in stored_in(condition))
