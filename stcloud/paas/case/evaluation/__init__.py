"""Evaluation of cases: the numbers by which areas, departments and posts are judged (ring: paas).

Knows: facts of cases, named sets of cases (policies), indicators made of them, cohorts, scores. Must not know: logs,
workflows, layers, files, what the time is. All of it is pure: facts in, tables out.

Nouns: a *policy* is a named set of cases, written as a condition on facts. An *indicator* is the cases of one policy
among those of another. A *cohort* is the cases of a period, by one of their instants. An *evaluation* is a table of
indicators by group, each of whose numbers is *opened* into its cases. A *score* is a weighted sum of indicators.

Start at `policies.py`, `indicatorscheme.py` and `evaluationplan.py`. `evaluation.py` evaluates, in one pass that is
in `cohortcounts.py`. `openedcases.py` lists the cases of a number, `reconciliation.py` those that two policies count
differently; `periodcomparison.py` puts periods side by side. `timetoclose.py` estimates, `repeatedcases.py`
finds what was reported again, `scoretable.py` scores.
"""

from typing import TYPE_CHECKING

from stcloud.late import late_names

if TYPE_CHECKING:
    from stcloud.paas.case.evaluation.evaluation import Evaluation, evaluate, evaluate_plan
    from stcloud.paas.case.evaluation.evaluationplan import EvaluationPlan
    from stcloud.paas.case.evaluation.indicatorscheme import IndicatorScheme, read_scheme
    from stcloud.paas.case.evaluation.openedcases import opened
    from stcloud.paas.case.evaluation.periodcomparison import PeriodComparison, compare_periods
    from stcloud.paas.case.evaluation.reconciliation import against
    from stcloud.paas.case.evaluation.repeatedcases import RepeatRule, repeats, with_repeats
    from stcloud.paas.case.evaluation.scoretable import ScoreTable, read_score_table, score_table_at
    from stcloud.paas.case.evaluation.survival import SurvivalCurve
    from stcloud.paas.case.evaluation.timetoclose import TimeToClose, time_to_close

__all__ = [
    "Evaluation", "EvaluationPlan", "IndicatorScheme", "PeriodComparison", "RepeatRule", "ScoreTable",
    "SurvivalCurve", "TimeToClose", "against", "compare_periods", "evaluate", "evaluate_plan", "opened",
    "read_scheme", "read_score_table", "repeats", "score_table_at", "time_to_close", "with_repeats",
]  # fmt: skip

_HOMES = {
    "Evaluation": ".evaluation", "EvaluationPlan": ".evaluationplan", "IndicatorScheme": ".indicatorscheme",
    "PeriodComparison": ".periodcomparison", "RepeatRule": ".repeatedcases", "ScoreTable": ".scoretable",
    "SurvivalCurve": ".survival", "TimeToClose": ".timetoclose", "against": ".reconciliation",
    "compare_periods": ".periodcomparison", "evaluate": ".evaluation", "evaluate_plan": ".evaluation",
    "opened": ".openedcases", "read_scheme": ".indicatorscheme", "read_score_table": ".scoretable",
    "repeats": ".repeatedcases", "score_table_at": ".scoretable", "time_to_close": ".timetoclose",
    "with_repeats": ".repeatedcases",
}  # fmt: skip

__getattr__ = late_names(__name__, _HOMES)
