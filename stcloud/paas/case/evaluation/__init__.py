"""Evaluation of cases: the numbers by which areas, departments and posts are judged (ring: paas).

Knows: facts of cases, named sets of cases (policies), indicators made of them, cohorts, scores. Must not know: logs,
workflows, layers, files, what the time is. All of it is pure: facts in, tables out.

Nouns: a *policy* is a named set of cases, written as a condition on facts. An *indicator* is the cases of one policy
among those of another. A *cohort* is the cases of a period, by one of their instants. An *evaluation* is a table of
indicators by group.

Start at `policies.py` and `evaluationplan.py`; `evaluation.py` counts, `openedcases.py` lists the cases of a number.
"""

from typing import TYPE_CHECKING

from stcloud.late import late_names

__all__ = []  # type: ignore[var-annotated]
