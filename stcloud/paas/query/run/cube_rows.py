"""Rows of a cube: what engines compute for its bins, cells and classes, and rates of it as they were in each bin.

Tested by `tests/paas/query/run/test_cubing.py`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stcloud.errors import InvalidInput
from stcloud.paas.query.compile.summary import measures_in
from stcloud.paas.query.measure.measure import Measure
from stcloud.paas.query.plan.label import labelled
from stcloud.paas.query.plan.plan import Summary, restated_in
from stcloud.paas.query.run.inquiry import Inquiry
from stcloud.paas.query.run.measuring import typed
from stcloud.paas.query.run.rate import rated

__all__ = ["counted", "rated_by_bin", "require_numbers"]

Ints = NDArray[np.int64]


def require_numbers(inquiry: Inquiry, measures: Sequence[Measure]) -> None:
    """Refuse measures that are no numbers; `InvalidInput` ``no-number``."""
    for measure in measures:
        kind = measure.type_of(inquiry.subject.columns, inquiry.subject.zone)
        if kind not in ("integer", "number"):
            raise InvalidInput(
                "no-number",
                f"'{measure.name}' is {kind}, and a cube holds numbers",
                hint="e.g. count, mean(x)",
            )


def counted(inquiry: Inquiry, goal: Summary, bare: int = 0) -> pa.Table:
    """Return groups in any order, as they are shown, the first ``bare`` ones as engines give them, and measures.

    Fields are ``g0``, ``g1``, … and those of the measures. Rates are given as counts.
    """
    zone = inquiry.subject.zone
    rows = inquiry.run(goal, ordered=False).read_all()
    groups = [
        rows.column(at) if at < bare else labelled(rows.column(at), group, zone)
        for at, group in enumerate(goal.by)
    ]
    kinds = [measure.type_of(inquiry.subject.columns, zone) for measure in goal.measures]
    values = [typed(part, kind, zone) for part, kind in zip(measures_in(rows, goal), kinds, strict=False)]
    names = [f"g{at}" for at in range(len(groups))] + [measure.name for measure in goal.measures]
    return pa.Table.from_arrays([*groups, *values], names)


def rated_by_bin(
    table: pa.Table, goal: Summary, inquiry: Inquiry, position: Ints, rated_us: Ints, changes_us: Ints
) -> pa.Table:
    """Return the rows with rates in place of their counts, each as areas and inhabitants were in its bin.

    Parameters
    ----------
    table, goal, inquiry
        A column for each group of the goal, and the measures.
    position
        ``(n,)``: the bin of each row; -1 for none.
    rated_us
        ``(t,)``: the instant that counts in each bin, UTC microseconds.
    changes_us
        Instants at which areas or inhabitants changed, ascending: between two of them bins are rated together.
    """
    if not any(measure.is_rate for measure in goal.measures):
        return table
    restated = restated_in(inquiry.conditions)
    if restated is not None and restated.at_us is not None:
        return rated(table, goal, inquiry, restated.at_us)
    version = np.searchsorted(changes_us, rated_us, side="right")[position]
    parts, rows = [], []
    for number in np.unique(version).tolist():
        chosen = np.flatnonzero(version == number)
        (at_us, *_) = rated_us[position[chosen]].tolist()
        parts.append(rated(table.take(pa.array(chosen)), goal, inquiry, at_us))
        rows.append(chosen)
    if not parts:
        return rated(table, goal, inquiry, int(rated_us[-1]))
    order = np.argsort(np.concatenate(rows), kind="stable")
    return pa.concat_tables(parts).take(pa.array(order))
