"""Desks that act on a log of cases under bundled rules: what an action needs is stated for them.

Tested by `tests/paas/case/test_caselog.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from stcloud.iaas.bundle import bundled_text
from stcloud.iaas.clock import system_clock
from stcloud.iaas.records import Records
from stcloud.paas.case.caselog import Accepted, CaseLog
from stcloud.paas.case.caserules import ALWAYS_US, clocks_body
from stcloud.paas.case.submitted import Submission
from stcloud.testing.caselogs import AHEAD_US, GIVEN

__all__ = ["Desk", "new_desk", "open_desk"]

ROLES = {
    "report": "collector", "verify": "collector", "check": "collector", "dispatch": "dispatcher",
    "split": "dispatcher", "return_to_operator": "dispatcher", "suspend": "dispatcher",
    "resume": "dispatcher", "assign": "department", "feed_back": "department",
    "return_to_dispatcher": "department", "request_extension": "department", "appeal": "department",
    "review_extension": "dispatcher", "review_appeal": "dispatcher", "approve_appeal": "evaluator",
    "handle": "handler", "force_close": "shift_leader", "approve_extension": "shift_leader",
    "urge": "evaluator", "change_limit": "dispatcher", "migrate": "admin",
}  # fmt: skip
"""Who does what, where it is not an operator."""


class Desk:
    """Acts on the cases of a log, as whoever may."""

    def __init__(self, log: CaseLog) -> None:
        self.log = log
        self.records = log.records
        self._sent = 0

    def submission(self, case: str, name: str, **stated: Any) -> Submission:
        """Return an action with all that it needs; ``stated`` are fields, and attributes of the submission."""
        role = stated.pop("role", ROLES.get(name, "operator"))
        own = {
            key: stated.pop(key)
            for key in ("id", "happened_us", "expected", "private", "person", "post")
            if key in stated
        }
        self._sent += 1
        own.setdefault("id", f"{case}:{name}:{self._sent}:{id(self)}")
        state = self.log.states_of([case]).get(case)
        workflow = (
            self.log.rules.workflows[state.workflow] if state else self.log.rules.workflow(self.log.now_us())
        )
        transitions = [actions[name] for actions in workflow.table.values() if name in actions]
        takes, needs = (transitions[0].takes, transitions[0].needs) if transitions else (frozenset(), ())
        at_us = own.get("happened_us") or self.log.now_us()
        fields = {
            need: stated[need] if need in stated else at_us + AHEAD_US[need] if need in AHEAD_US else GIVEN.get(need)
            for need in needs if need not in own.get("private", ())
        }  # fmt: skip
        fields |= {
            key: value for key, value in stated.items() if key in takes or key not in ("department", "actor")
        }
        department = stated.get("department") if "department" not in takes else None
        if department is None and state is not None and role in ("department", "handler"):
            department = state.department
        return Submission(
            case=case,
            name=name,
            actor=stated.get("actor", role),
            role=role,
            department=department,
            fields=fields,
            **own,
        )

    def do(self, case: str, *names: str, **stated: Any) -> Accepted:
        """Do actions one after the other; return the last."""
        for name in names:
            accepted = self.log.submit(self.submission(case, name, **stated))
        return accepted


def new_desk(
    place: Any, name: str = "cases", *, clock: Callable[[], int] = system_clock, zone: str = "Asia/Shanghai",
    workflow: str = "urban-management", clocks: str | None = "urban-management", calendar: str = "CN",
) -> Desk:  # fmt: skip
    """Return a desk of a new log, in a folder or at an address, with bundled rules."""
    records = Records.create(place, name, clock=clock)
    text = bundled_text("layers", "workflows", f"{workflow}.toml")
    records.rules.add("workflow", text, valid_from_us=ALWAYS_US)
    if clocks is not None:
        body = clocks_body(None, name=clocks, calendar=calendar, zone=zone)
        records.rules.add("clocks", body, valid_from_us=ALWAYS_US)
    return Desk(CaseLog(records, clock))


def open_desk(place: Any, name: str = "cases", *, clock: Callable[[], int] = system_clock) -> Desk:
    """Return another desk of a log that is there."""
    return Desk(CaseLog(Records.open(place, name, clock=clock), clock))
