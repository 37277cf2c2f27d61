"""Which cases two policies count differently, and why: the reports of two departments reconciled.

Tested by `tests/paas/case/evaluation/test_reconciliation.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa

from stcloud.errors import InvalidInput
from stcloud.iaas.conversion import texts, whole_numbers
from stcloud.paas.case.evaluation.cohort import Cohort
from stcloud.paas.case.evaluation.evaluationplan import EvaluationPlan
from stcloud.paas.case.evaluation.factbatches import Facts, read_facts
from stcloud.paas.case.evaluation.openedcases import cases_where
from stcloud.paas.case.evaluation.policies import PolicyPart
from stcloud.paas.case.evaluation.schemeclauses import Basis
from stcloud.time import Bools

__all__ = ["against"]

_SHOWN = (
    "number", "department", "street", "reported_at", "filed_at", "dispatched_at", "due_at", "handled_at", "closed_at",
    "suspended",
)  # fmt: skip


def against(
    facts: Facts, plan: EvaluationPlan, policy: str, group: Mapping[str, str | None] | None = None,
    basis: Basis | None = None,
) -> pa.Table:  # fmt: skip
    """Return the cases that are counted by one policy and not by another one.

    Parameters
    ----------
    facts
        Those that were evaluated.
    plan
        Of the evaluation.
    policy
        A variant, such as ``should_close_handled``, which is compared with the policy that was taken in its place.
    group
        Labels of ``by``; None: all groups.
    basis
        Of the cohort; None: that of the evaluation, or of the first of its indicators that uses the policy.

    Returns
    -------
    A row for each case, by number: some columns of facts; ``counted_by`` and ``not_counted_by``, the policies;
    ``reason``: the conditions of the other policy that are not true of the case.

    Raises
    ------
    NotFound
        ``unknown-policy``.
    InvalidInput
        ``no-variant``; ``same-policy``: it is the one that was taken; ``unknown-group``, ``not-facts``.
    """
    role = plan.scheme.policies.clause(policy).variant_of or policy
    taken = plan.policy(role)
    if taken == policy:
        raise InvalidInput(
            "same-policy", f"the evaluation was made with '{policy}'",
            hint=f"compare it with {' or '.join(_others(plan, role, policy)) or 'another evaluation'}",
        )  # fmt: skip
    plan.scheme.chosen([policy])
    pair = (taken, policy)
    parts = [plan.policies.parts(name) for name in pair]
    conditions = [plan.policies.condition(name) for name in pair]
    conditions += [part.condition for several in parts for part in several]
    source = read_facts(facts)
    cohort = Cohort(basis or _basis(plan, role), plan.period)
    tables = [
        _differing(batch, places, truths, pair, parts)
        for batch, places, truths in cases_where(source, conditions, cohort, plan, group or {})
    ]
    shown = pa.schema([source.schema.field(name) for name in _SHOWN if name in source.schema.names])
    added = [("counted_by", pa.string()), ("not_counted_by", pa.string()), ("reason", pa.string())]
    whole = pa.concat_tables([pa.schema([*shown, *added]).empty_table(), *tables])
    return whole.sort_by("number")


def _others(plan: EvaluationPlan, role: str, policy: str) -> list[str]:
    return [name for name in (role, *plan.scheme.policies.variants(role)) if name != policy]


def _basis(plan: EvaluationPlan, role: str) -> Basis:
    """Return the basis of the first indicator that uses a policy; by deadline where none does."""
    for measured in plan.measured:
        clause = measured.clause
        if role in (clause.denominator, clause.numerator, *clause.exclude):
            return measured.cohort.basis
    return plan.basis or "due"


def _differing(
    batch: pa.RecordBatch, places: np.ndarray, truths: Sequence[Bools], pair: tuple[str, str],
    parts: Sequence[Sequence[PolicyPart]],
) -> pa.Table:  # fmt: skip
    """Return the cases of a batch that are counted by one of two policies only."""
    first, second = len(parts[0]), len(parts[1])
    of_taken, of_other = truths[2 : 2 + first], truths[2 + first : 2 + first + second]
    tables = []
    for by, other, others in ((0, 1, of_other), (1, 0, of_taken)):
        rows = np.flatnonzero(truths[by] & ~truths[other])
        shown = batch.select([name for name in _SHOWN if name in batch.schema.names])
        chosen = pa.Table.from_batches([shown.take(whole_numbers(places[rows]))])
        reasons = _reasons([part.text for part in parts[other]], [truth[rows] for truth in others], len(rows))
        for name, values in (
            ("counted_by", [pair[by]] * len(rows)), ("not_counted_by", [pair[other]] * len(rows)), ("reason", reasons)
        ):  # fmt: skip
            chosen = chosen.append_column(name, texts(values))
        tables.append(chosen)
    return pa.concat_tables(tables)


def _reasons(conditions: Sequence[str], truths: Sequence[Bools], count: int) -> list[str]:
    """Return for each case the conditions that are not true of it."""
    failing = np.zeros(count, np.int64)
    for place, truth in enumerate(truths):
        failing |= (~truth).astype(np.int64) << place
    written = {
        bits: "not true: " + "; ".join(text for place, text in enumerate(conditions) if bits >> place & 1)
        for bits in np.unique(failing).tolist()
    }
    return [written[bits] for bits in failing.tolist()]
