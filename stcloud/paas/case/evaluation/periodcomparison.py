"""An evaluation beside that of an earlier period: year on year, period on period.

Tested by `tests/paas/case/evaluation/test_periodcomparison.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from stcloud.errors import InvalidInput
from stcloud.paas.case.evaluation.evaluation import Evaluation, evaluate_plan
from stcloud.paas.case.evaluation.evaluationplan import EvaluationPlan
from stcloud.paas.case.evaluation.factbatches import Facts
from stcloud.paas.case.evaluation.grouping import BINS
from stcloud.time import Bin, Span, Spans, earlier, parse_when

__all__ = ["PeriodComparison", "compare_periods", "earlier_plan"]


@dataclass(frozen=True, slots=True, eq=False)
class PeriodComparison:
    """Two evaluations side by side.

    Attributes
    ----------
    now, before
        The evaluations.
    table
        A row for each group of either. Columns: those of ``by``, and for each indicator ``NAME``, ``NAME_before``,
        and ``NAME_change`` (float64, two decimals): the difference, of rates in percentage points; null where a side
        is n/a. A count of a group that only one side has is 0 on the other. Bins of the calendar are paired by their
        place in the period, and are called as in the later one.
    """

    now: Evaluation
    before: Evaluation
    table: pa.Table

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Give the table to whoever reads Arrow."""
        return self.table.__arrow_c_stream__(requested_schema)


def earlier_plan(plan: EvaluationPlan, which: str) -> EvaluationPlan:
    """Return the plan of the period before (``previous``) or of the same one a year earlier (``year``).

    Raises
    ------
    InvalidInput
        ``no-period``: the plan has none with both ends; ``unknown-comparison``, ``no-such-week``.
    """
    spans = Spans((plan.period or Span(None, None),))
    return replace(plan, period=earlier(spans, which, plan.zone).parts[0])


def compare_periods(
    facts: Facts, plan: EvaluationPlan, which: str, facts_before: Facts | None = None
) -> PeriodComparison:
    """Evaluate a period and an earlier one.

    Parameters
    ----------
    facts
        Read once for each period; not a reader, of which nothing is left after the first.
    plan
        Of the later period.
    which
        ``previous`` or ``year``.
    facts_before
        Facts as they were when the earlier period was evaluated; None: the same facts. Then open cases of the earlier
        period have had longer to be closed than those of the later one.

    Raises
    ------
    InvalidInput
        As `earlier_plan`; ``not-facts``: a reader that would be read twice.
    """
    if facts_before is None and isinstance(facts, pa.RecordBatchReader):
        raise InvalidInput(
            "not-facts",
            "a reader is read once, and two periods are evaluated",
            hint="give a table of the cases",
        )
    before_plan = earlier_plan(plan, which)
    now = evaluate_plan(facts, plan)
    before = evaluate_plan(facts if facts_before is None else facts_before, before_plan)
    return PeriodComparison(now, before, _joined(now, before))


def _joined(now: Evaluation, before: Evaluation) -> pa.Table:
    by = now.plan.by
    names = [name for name in now.plan.names if name in now.table.column_names]
    rows = {_key(row, now): row for row in now.table.to_pylist()}
    earlier_rows = {_key(row, before): row for row in before.table.to_pylist()}
    keys = [*rows, *(key for key in earlier_rows if key not in rows)]
    keys.sort(key=lambda key: [(label is None, label or type(label)()) for label in key])
    columns: dict[str, Any] = {
        name: pa.array([_label(key[place], name, now) for key in keys], pa.string())
        for place, name in enumerate(by)
    }
    for name in names:
        usual = 0 if now.plan.scheme.indicators[name].unit == "count" else None
        sides = [[side.get(key, {}).get(name, usual) for key in keys] for side in (rows, earlier_rows)]
        changes = [_change(*pair) for pair in zip(*sides, strict=True)]
        kind = pa.int64() if usual == 0 else pa.float64()
        columns |= {name: pa.array(sides[0], kind), f"{name}_before": pa.array(sides[1], kind)}
        columns[f"{name}_change"] = pa.array(changes, pa.float64())
    return pa.table(columns)


def _change(now: float | None, before: float | None) -> float | None:
    return None if now is None or before is None else round(float(now) - float(before), 2)


def _key(row: Mapping[str, Any], of: Evaluation) -> tuple[Any, ...]:
    """Return the labels of a group, of bins of the calendar their place in the period."""
    return tuple(
        _number(str(row[name]), name, of) - _first(name, of) if name in BINS else row[name]
        for name in of.plan.by
    )


def _number(label: str, name: str, of: Evaluation) -> int:
    start_us = parse_when(label, of.plan.zone).start_us
    return int(Bin(name).numbers(_array(start_us), of.plan.zone)[0])


def _first(name: str, of: Evaluation) -> int:
    assert of.plan.period is not None  # noqa: S101  (an earlier one was found)
    return int(Bin(name).numbers(_array(of.plan.period.start_us), of.plan.zone)[0])


def _label(label: Any, name: str, now: Evaluation) -> str | None:
    return str(Bin(name).label(_first(name, now) + label)) if name in BINS else label


def _array(at_us: int | None) -> Any:
    return np.array([at_us], np.int64)
