"""The cases of a number: every count of an evaluation opens into the cases that it counts.

Tested by `tests/paas/case/evaluation/test_openedcases.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stcloud.errors import InvalidInput
from stcloud.iaas.conversion import truths_of, whole_numbers
from stcloud.paas.case.evaluation.cohort import Cohort
from stcloud.paas.case.evaluation.evaluationplan import EvaluationPlan
from stcloud.paas.case.evaluation.factbatches import Facts, batches_of, read_facts
from stcloud.paas.case.evaluation.grouping import group_key
from stcloud.paas.case.evaluation.truths import Truths
from stcloud.paas.query.filter.node import Node
from stcloud.time import Bools

__all__ = ["cases_where", "opened"]


def opened(
    facts: Facts, plan: EvaluationPlan, indicator: str, part: str = "numerator",
    group: Mapping[str, str | None] | None = None,
) -> pa.Table:  # fmt: skip
    """Return the cases that a number of an evaluation counts: as many rows as the count says.

    Parameters
    ----------
    facts
        Those that were evaluated.
    plan
        Of the evaluation.
    indicator
        Its name.
    part
        ``numerator``, ``denominator``, or ``difference``: those in the denominator that are not in the numerator.
    group
        Labels of ``by`` (None: what is not known); None or without some: of all groups.

    Returns
    -------
    Rows of facts, with all of their columns, by number.

    Raises
    ------
    NotFound
        ``unknown-indicator``.
    InvalidInput
        ``unknown-part``, ``unknown-group``; ``not-facts``: without a column that is needed.
    """
    measured = plan.measure(indicator)
    source = read_facts(facts)
    rows = cases_where(source, [measured.part(part)], measured.cohort, plan, group or {})
    batches = [batch.take(whole_numbers(places[truth])) for batch, places, (truth,) in rows if truth.any()]
    table = pa.Table.from_batches(batches) if batches else source.schema.empty_table()
    return table.sort_by("number") if "number" in table.column_names else table


def cases_where(
    source: pa.Table | pa.RecordBatchReader, conditions: Sequence[Node], cohort: Cohort, plan: EvaluationPlan,
    group: Mapping[str, str | None],
) -> Iterator[tuple[pa.RecordBatch, npt.NDArray[np.intp], list[Bools]]]:  # fmt: skip
    """Give batches of facts, the places of the rows of a cohort and group, and what is true of these.

    Parameters
    ----------
    source
        Facts.
    conditions
        Checked.
    cohort, group
        Which rows; the group by the labels of ``by``.
    plan
        Of the evaluation.
    """
    if strange := [name for name in group if name not in plan.by]:
        raise InvalidInput(
            "unknown-group", f"what was evaluated is not grouped by '{strange[0]}'",
            hint=f"name {' and '.join(plan.by)}" if plan.by else "name no group",
        )  # fmt: skip
    # Texts are compared before instants, of which fewer are left then.
    keys = sorted((group_key(name, plan.zone) for name in group), key=lambda key: key.timed)
    truths = Truths(conditions)
    columns = {*truths.columns, *(key.column for key in keys if key.column), *filter(None, [cohort.column])}
    for batch, rows in _pairs(source, sorted(columns) or source.schema.names[:1]):
        within, at_us, _ = cohort.of(rows)
        places = np.flatnonzero(within)
        for key in keys:
            chosen = rows.select([key.column]) if key.column else rows
            if not key.timed:
                places = places[key.matches(chosen, at_us, group[key.name])[places]]
            elif len(places):
                places = places[key.matches(chosen, at_us[places], group[key.name])]
        if len(places):
            narrowed = rows.take(whole_numbers(places))
            yield batch, places, [truths_of(truth) for truth in truths.of(narrowed)]


def _pairs(
    source: pa.Table | pa.RecordBatchReader, needed: Sequence[str]
) -> Iterator[tuple[pa.RecordBatch, pa.RecordBatch]]:
    """Give batches with all columns, and the same with those that are needed."""
    for batch in batches_of(source, source.schema.names):
        if missing := [name for name in needed if name not in batch.schema.names]:
            raise InvalidInput(
                "not-facts", f"the cases have no column '{missing[0]}'", hint="give facts of cases"
            )
        yield batch, batch.select(needed)
