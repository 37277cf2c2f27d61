"""Logs of cases for tests: actions with what they need, one after the other, and random legal ones.

Tested by `tests/paas/case/test_course.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cache

import pyarrow as pa
from hypothesis import strategies as st

from stcloud.iaas.records.values import canonical
from stcloud.paas.case import Action, CaseState, RefusedAction, Scalar, Workflow, read_workflow, resumed, step
from stcloud.paas.case.guard import FACTS
from stcloud.paas.case.storedlogs import COLUMNS, StoredLogs

__all__ = ["DAY_US", "MINUTE_US", "START_US", "GrowingLog", "handled_case", "logs", "stored_logs"]

MINUTE_US = 60_000_000
DAY_US = 1_440 * MINUTE_US
START_US = 1_709_257_800_000_000
"""2024-03-01 09:50 in Shanghai."""

GIVEN: dict[str, Scalar] = {
    "reason": "not_ours", "opinion": "private:7", "source": "collector", "class": "01001", "condition": "1",
    "verification": "exists", "check": "pass", "department": "roads", "handler": "h1", "limit_kind": "work_day",
    "limit_value": 2.0, "extension_value": 2.0, "master": "M-1", "whole": "W-1", "parts": "P-1;P-2",
    "departments": "roads;lamps", "bundle": "b1", "satisfaction": 4, "workflow": "urban-management/2",
}  # fmt: skip
"""What actions state where a test does not say it."""
TO_HANDLER = ("report", "file", "dispatch", "assign")
PATHS: tuple[tuple[str, ...], ...] = (
    (), ("report", "order_verify", "verify", "file"), ("report", "file", "split"), TO_HANDLER,
    (*TO_HANDLER, "suspend"), (*TO_HANDLER, "handle", "feed_back", "check"),
    (*TO_HANDLER, "handle", "feed_back", "check", "close"),
)  # fmt: skip
"""How random logs begin."""
AHEAD_US = {"until": 30 * DAY_US, "required": 3 * DAY_US}
HANDLING = ("department", "handler")


@cache
def _urban_management() -> Workflow:
    return read_workflow("urban-management")


class GrowingLog:
    """The log of a case that grows by actions, each a minute after the one before; it holds accepted ones only.

    An action without a role is that of the first role that may do it, and its actor is named for the role.
    """

    def __init__(self, workflow: Workflow | None = None, case: str = "2024-1") -> None:
        self.workflow = workflow or _urban_management()
        self.case = case
        self.now_us = START_US
        self.actions: list[Action] = []
        self.state: CaseState | None = None

    def draft(self, name: str, role: str | None = None, **stated: object) -> Action:
        """Return the next action, with all that it needs; ``stated`` are fields, and attributes of the action."""
        own = {
            key: stated.pop(key) for key in ("actor", "department_of_actor", "happened_us") if key in stated
        }
        now = int(str(own.get("happened_us", self.now_us + MINUTE_US)))
        state = resumed(self.workflow, self.state, now) if self.state else None
        transition = self.workflow.table[state.state if state else None].get(name)
        roles = [
            known for known in self.workflow.definition.roles if transition and known in transition.roles
        ]
        role = role or (roles[0] if roles else "operator")
        fields: dict[str, Scalar] = {
            need: self._given(need, now) for need in (transition.needs if transition else ())
        }
        fields |= {field.rstrip("_"): value for field, value in stated.items()}  # type: ignore[misc]
        seq = len(self.actions) + 1
        department = own.get("department_of_actor", state.department if role in HANDLING and state else None)
        place = None if department is None else str(department)
        return Action(
            self.case, seq, f"{self.case}/{seq}", name, now, max(self.now_us + MINUTE_US, now),
            str(own.get("actor", role)), role, department=place, fields=fields,
        )  # fmt: skip

    def _given(self, field: str, now_us: int) -> Scalar:
        if field in AHEAD_US:
            return now_us + AHEAD_US[field]
        return {"corrects": len(self.actions), "corrected": now_us - MINUTE_US}.get(field, GIVEN.get(field))

    def offer(
        self, name: str, role: str | None = None, facts: Iterable[str] = (), **stated: object
    ) -> CaseState | RefusedAction:
        """Do an action, or be refused; a refused action leaves the log as it is."""
        return self.append(self.draft(name, role, **stated), facts)

    def append(self, action: Action, facts: Iterable[str] = ()) -> CaseState | RefusedAction:
        """Append an action, if it is legal."""
        result = step(self.workflow, self.state, action, frozenset(facts))
        if isinstance(result, CaseState):
            self.now_us = max(self.now_us, action.recorded_us)
            self.actions.append(action)
            self.state = result
        return result

    def do(
        self, name: str, role: str | None = None, facts: Iterable[str] = (), **stated: object
    ) -> CaseState:
        """Do an action that is legal."""
        result = self.offer(name, role, facts, **stated)
        assert isinstance(result, CaseState), str(result)
        return result

    def refuse(
        self, name: str, role: str | None = None, facts: Iterable[str] = (), **stated: object
    ) -> RefusedAction:
        """Offer an action that is refused."""
        result = self.offer(name, role, facts, **stated)
        assert isinstance(result, RefusedAction), result.state
        return result


def handled_case(*actions: str) -> GrowingLog:
    """Return a log with the named actions, or with those of a case up to its feedback."""
    log = GrowingLog()
    for name in actions or (*TO_HANDLER, "handle", "feed_back"):
        log.do(name)
    return log


@st.composite
def logs(draw: st.DrawFn, most: int = 12, workflow: Workflow | None = None) -> GrowingLog:
    """Draw a log of legal actions, which happen before, at or after the ones before them."""
    log = GrowingLog(workflow)
    paths = PATHS if "file" in {name for table in log.workflow.table.values() for name in table} else ((),)
    for name in draw(st.sampled_from(paths)):
        log.do(name)
    for _ in range(draw(st.integers(1, most))):
        table = log.workflow.table[log.state.state if log.state else None]
        onward = [name for name in sorted(table) if table[name].target is not None]
        name = draw(st.sampled_from([*onward, *onward, *onward, *sorted(table)]))
        role = draw(st.sampled_from(sorted(table[name].roles)))
        # Most actions come at once; a phone without a net delivers later.
        waited = draw(st.sampled_from((0, 1, 60, 1_440, 31 * 1_440))) * MINUTE_US
        late = draw(st.sampled_from((0, 0, 0, 1, 2, 90, 40 * 1_440))) * MINUTE_US
        recorded = log.now_us + waited + 1
        happened = max(recorded - late, START_US)
        stated = {
            field: draw(values)
            for field, values in _stated(log, happened).items()
            if field in table[name].takes
        }
        action = log.draft(
            name, role, actor=draw(st.sampled_from(("a1", "a2"))), happened_us=happened, **stated
        )
        log.append(replace(action, recorded_us=recorded), draw(st.sets(st.sampled_from(FACTS))))
    return log if log.actions else handled_case("report")


def _stated(log: GrowingLog, happened_us: int) -> dict[str, st.SearchStrategy[Scalar]]:
    """Return what fields may state that decide about states, instants and values."""
    return {
        "source": st.sampled_from(("collector", "hotline")),
        "verification": st.sampled_from(("exists", "not_exists", "unable")),
        "check": st.sampled_from(("pass", "fail", "unable")),
        "department": st.sampled_from((None, "roads", "lamps")) if log.state else st.just("roads"),
        "extension_value": st.sampled_from((1.0, 2.5)),
        "class": st.sampled_from(("01001", "06010")),
        "until": st.sampled_from((1, 60, 30 * 1_440)).map(lambda minutes: happened_us + minutes * MINUTE_US),
        "corrects": st.integers(1, max(1, len(log.actions))),
        "corrected": st.integers(-45 * 1_440, 0).map(lambda minutes: happened_us + minutes * MINUTE_US),
    }


def stored_logs(logs: Iterable[Sequence[Action]]) -> StoredLogs:
    """Return logs of actions as a store hands them, one log of each case, ordered by the numbers of cases."""
    actions = [action for log in logs for action in log]
    columns = {
        "case": [action.case for action in actions],
        "seq": [action.seq for action in actions],
        "name": [action.name for action in actions],
        "happened_us": [action.happened_us for action in actions],
        "recorded_us": [action.recorded_us for action in actions],
        "post": [action.post for action in actions],
        "fields": [canonical(action.fields) for action in actions],
    }
    types = {"seq": pa.int32(), "happened_us": pa.int64(), "recorded_us": pa.int64()}
    schema = pa.schema([(name, types.get(name, pa.string())) for name in COLUMNS])
    return StoredLogs.of(pa.RecordBatch.from_pydict(columns, schema=schema))
