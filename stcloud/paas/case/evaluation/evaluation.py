"""Evaluation: the numbers by which areas, departments and posts are judged, each with the counts that it is made of.

Facts are read once, in batches, by all indicators together.

Tested by `tests/paas/case/evaluation/test_evaluation.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from stcloud.errors import InvalidInput
from stcloud.paas.case.evaluation.cohort import Cohort
from stcloud.paas.case.evaluation.cohortcounts import count_cases
from stcloud.paas.case.evaluation.evaluationplan import EvaluationPlan
from stcloud.paas.case.evaluation.factbatches import Facts, batches_of, read_facts
from stcloud.paas.case.evaluation.grouping import group_key
from stcloud.paas.case.evaluation.indicatorscheme import IndicatorScheme
from stcloud.paas.case.evaluation.indicatortable import table_of
from stcloud.paas.case.evaluation.schemeclauses import Basis
from stcloud.time import Span, Zone

__all__ = ["Evaluation", "evaluate", "evaluate_plan"]


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """Numbers of an evaluation.

    Attributes
    ----------
    plan
        What was evaluated, by which policies.
    table
        A row for each group, in order of the labels, what is not known last. Columns: those of ``by``, and for each
        indicator of unit ``rate``: ``NAME`` (float64, per cent with two decimals, halves up; null: n/a, since no case
        is in the denominator), ``NAME_numerator`` and ``NAME_denominator`` (int64); of unit ``count``: ``NAME``
        (int64); of unit ``hours``: ``NAME`` (float64, two decimals) and ``NAME_cases`` (int64).
    total
        The same of all groups together, a single row, without the columns of ``by``.
    left_out
        Indicators that facts do not give, with the reason.
    undated
        How many cases have no instant of a basis and so are in none of its cohorts.
    """

    plan: EvaluationPlan
    table: pa.Table
    total: pa.Table
    left_out: Mapping[str, str]
    undated: Mapping[Basis, int]

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Give the table to whoever reads Arrow."""
        return self.table.__arrow_c_stream__(requested_schema)

    def words(self) -> tuple[str, ...]:
        """Return what the numbers mean, a line for each thing: instants, policies, cohorts, what is left out."""
        undated = (
            f"{count:,} {'case is' if count == 1 else 'cases are'} in no cohort {Cohort(basis)}"
            for basis, count in self.undated.items()
            if count
        )
        left_out = (f"{name}: not given, {reason}" for name, reason in self.left_out.items())
        given = (line for line in self.plan.words() if line.partition(":")[0] not in self.left_out)
        return (*given, *left_out, *undated)

    def row(self, **group: Any) -> dict[str, Any]:
        """Return the numbers of a group, by the labels of ``by``; without any: those of all groups together.

        Raises
        ------
        InvalidInput
            ``unknown-group``: there is no such group.
        """
        if not group:
            return dict(self.total.to_pylist()[0])
        for row in self.table.to_pylist():
            if all(row.get(name) == value for name, value in group.items()) and group.keys() == set(
                self.plan.by
            ):
                return dict(row)
        written = ", ".join(f"{name} {value!r}" for name, value in group.items())
        raise InvalidInput(
            "unknown-group", f"no group has {written}", hint=f"name {' and '.join(self.plan.by)}"
        )


def evaluate(
    facts: Facts, at_us: int, zone: Zone, *, by: str | Sequence[str] = (), period: str | Span | None = None,
    indicators: str | Sequence[str] | None = None, policy: str | Sequence[str] = (), basis: Basis | None = None,
    scheme: IndicatorScheme | str = "urban-management", known_us: int | None = None,
) -> Evaluation:  # fmt: skip
    """Evaluate cases: indicators by group, with the counts that they are made of.

    Parameters
    ----------
    facts
        Of cases, with the columns of `FACTS`: an Arrow table, a reader of batches, or whatever gives an Arrow stream.
    at_us
        The instant at which facts were read, UTC microseconds: what was due before it is overdue.
    zone
        The city's, for periods and bins of the calendar.
    by
        Up to two of ``cell``, ``community``, ``street``, ``district``, ``duty_grid``, ``department``, a post such as
        ``handler_post``, ``class``, ``condition``, ``kind``, ``source``, ``component``, and ``day``, ``week``,
        ``month``, ``quarter``, ``year`` of the instant of each indicator's cohort.
    period
        Such as ``2024-03``; None: all time. A case belongs to it by the instant of the indicator's cohort.
    indicators
        Names, or ``all``; None: those by which what groups are is judged.
    policy
        Variants of policies, such as ``should_close_handled``, which are taken for the usual ones.
    basis
        ``reported``, ``filed``, ``dispatched``, ``handled``, ``due``, ``closed`` or ``all``, of all cohorts; None:
        each indicator has its own.
    scheme
        Indicators and policies, or the name of bundled ones.
    known_us
        As of when facts were known, UTC microseconds; None: ``at_us``.

    Raises
    ------
    InvalidInput, NotFound
        As `EvaluationPlan.of`; ``not-facts``: without a column that is needed, or no Arrow at all.

    Examples
    --------
    >>> from stcloud.testing.casefacts import case_facts
    >>> evaluation = evaluate(case_facts(1000, seed=1), 1_735_689_600_000_000, Zone("Asia/Shanghai"), by="department")
    >>> evaluation.table.column_names[:4]
    ['department', 'reported_cases', 'filed_cases', 'filing_rate']
    """
    plan = EvaluationPlan.of(
        at_us, zone, by=by, period=period, indicators=indicators, policy=policy, basis=basis, scheme=scheme,
        known_us=known_us,
    )  # fmt: skip
    return evaluate_plan(facts, plan)


def evaluate_plan(facts: Facts, plan: EvaluationPlan) -> Evaluation:
    """Evaluate cases.

    Parameters
    ----------
    facts
        As in `evaluate`.
    plan
        What is evaluated.
    """
    source = read_facts(facts)
    left_out = plan.lacking(source.schema.names)
    indicators = [each for each in plan.measured if each.name not in left_out]
    keys = [group_key(name, plan.zone) for name in plan.by]
    needed = {name for each in indicators for name in each.needs} | {key.column for key in keys if key.column}
    batches = batches_of(source, sorted(needed) or source.schema.names[:1])
    counted = count_cases(batches, indicators, keys)
    table, total = table_of(
        {each.name: counted.columns[each.name] for each in indicators}, keys, counted.counts
    )
    return Evaluation(plan, table, total, left_out, counted.undated)
