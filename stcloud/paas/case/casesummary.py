"""Summaries of cases: what a log is searched by.

Tested by `tests/paas/case/test_caselog.py`.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from stcloud.iaas.records.entry import CaseSummary
from stcloud.paas.case.action import Scalar
from stcloud.paas.case.caserules import CaseRules
from stcloud.paas.case.classes import bundled_classes
from stcloud.paas.case.classes.class_row import Language
from stcloud.paas.case.state import CaseState

__all__ = ["now_of", "summary_of"]


def summary_of(
    state: CaseState, rules: CaseRules, due_us: int | None, former: CaseState | None
) -> CaseSummary:
    """Return the summary of a case.

    Parameters
    ----------
    state
        The case.
    rules
        Rules of its log.
    due_us
        Deadline of the whole case while its clock has not stopped; None: that of its source, if it is open.
    former
        The case before, whose text is kept if it is the same; None: it is new.
    """
    workflow = rules.workflows[state.workflow]
    due = state.values.get("due")
    if due_us is None and isinstance(due, int) and not workflow.is_terminal(state.state):
        due_us = due
    counted = workflow.is_counted(state.state, state.flags)
    fields: dict[str, Scalar] = {"stage": workflow.stage(state.state), "counted": counted}
    fields |= {
        name: state.values[name]
        for name in ("condition", "source", "component", "handler")
        if name in state.values
    }
    if state.until_us is not None and state.state in workflow.resumes:
        following = workflow.resumes[state.state]
        fields |= {
            "until_us": state.until_us,
            "resumes": following,
            "resumes_stage": workflow.stage(following),
        }
    if state.flags:
        fields["flags"] = ";".join(sorted(state.flags))
    return CaseSummary(
        number=state.case, state=state.state, kind=_text(state, "kind"), class_code=_text(state, "class"),
        department=_text(state, "department"), cell=_text(state, "cell"), lon=_number(state, "lon"),
        lat=_number(state, "lat"), reported_us=state.opened_us, due_us=due_us,
        text=None if former is not None and _searched(former) == _searched(state) else _searched(state),
        link=state.master or state.whole, fields=fields,
    )  # fmt: skip


def now_of(summary: CaseSummary, now_us: int) -> CaseSummary:
    """Return a summary as it is at an instant: a case may have resumed by itself since its last action."""
    until_us = summary.fields.get("until_us")
    if not isinstance(until_us, int) or until_us > now_us:
        return summary
    fields = {
        name: value
        for name, value in summary.fields.items()
        if name not in ("until_us", "resumes", "resumes_stage")
    }
    return replace(
        summary,
        state=str(summary.fields["resumes"]),
        fields=fields | {"stage": summary.fields["resumes_stage"]},
    )


def _searched(state: CaseState) -> str:
    """Return the text that a case is searched by: codes, and the names of its class in both languages."""
    code, kind = _text(state, "class"), _text(state, "kind")
    names = _names(kind, code) if code else ()
    return " ".join(filter(None, (code, *names, _text(state, "component"), _text(state, "condition"))))


@lru_cache(maxsize=1024)
def _names(kind: str | None, code: str) -> tuple[str | None, ...]:
    languages: tuple[Language, ...] = ("en", "zh")
    return tuple(bundled_classes().name_of(kind, code, language=language) for language in languages)


def _text(state: CaseState, name: str) -> str | None:
    value = state.values.get(name)
    return None if value is None else str(value)


def _number(state: CaseState, name: str) -> float | None:
    value = state.values.get(name)
    return float(value) if isinstance(value, int | float) else None
