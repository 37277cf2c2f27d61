"""Cases, clocks and rules on limits for tests, whose instants are whole steps of `SlowLimits`.

Tested by `tests/paas/case/test_limitcourse.py`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from stcloud.iaas.bundle import bundled_text
from stcloud.iaas.records import StoredRule
from stcloud.paas.case import Scalar
from stcloud.paas.case.caserules import ALWAYS_US, CaseRules, clocks_body
from stcloud.paas.case.guard import FACTS
from stcloud.paas.case.limitalerts import KnownRules
from stcloud.paas.case.limitrule import BoundLimit, LimitRule, bind_limit
from stcloud.testing.caselogs import GrowingLog
from stcloud.testing.limits import STEP_US, SlowClocks
from stcloud.time import Zone

__all__ = ["STEPS", "ClockTown", "bound_limits", "clock_towns", "limited_cases"]

STEPS = 480
"""Ten days."""

_TOWNS = {
    "Asia/Shanghai": ("CN", "2024-06-06 07:00"),  # the Dragon Boat Festival is a Monday
    "America/New_York": ("US", "2024-11-01 07:00"),  # an hour comes twice on the third, the 11th is free
}
_HOURS = {
    "08:00-12:00,14:00-18:00": ((time(8), time(12)), (time(14), time(18))),
    "09:30-17:30": ((time(9, 30), time(17, 30)),),
}
_STAGES = {
    "accept": ("urgent_hour", 2.0), "dispatch": ("work_hour", 2.0), "handle": ("work_hour", 8.0),
    "check": ("urgent_hour", 2.0),
}  # fmt: skip
_LIMITS = (
    ("work_hour", 4.0), ("work_hour", 8.0), ("urgent_hour", 8.0), ("work_day", 1.0), ("work_day", 2.0),
    ("natural_day", 1.0),
)  # fmt: skip
_TO_HANDLER = ("report", "file", "dispatch", "assign")
_PATHS = (
    (), ("report", "file"), _TO_HANDLER, (*_TO_HANDLER, "handle", "feed_back", "check", "rework"),
    (*_TO_HANDLER, "request_extension", "review_extension", "approve_extension"),
    (*_TO_HANDLER, "suspend", "resume"), (*_TO_HANDLER, "handle", "feed_back", "check", "close", "reopen"),
)  # fmt: skip
_WORDS = {"urgent_hour": "urgent hours", "work_hour": "work hours", "work_day": "work days"}
_WORKFLOW = bundled_text("layers", "workflows", "urban-management.toml")


@dataclass(frozen=True)
class ClockTown:
    """A town's clocks, as the library and as the oracle has them, each with when it became known."""

    zone: str
    start_us: int
    stored: tuple[StoredRule, ...] = field(repr=False)
    slow: tuple[tuple[int, SlowClocks], ...] = field(repr=False)

    @property
    def rules(self) -> KnownRules:
        """The rules of its log, as they were known."""
        newest, known = CaseRules(self.stored), dict[int, CaseRules]()

        def known_at(known_us: int) -> CaseRules:
            version = sum(rule.recorded_us <= known_us for rule in self.stored)
            return known.setdefault(version, newest.known_at(known_us))

        return KnownRules(tuple(rule.recorded_us for rule in self.stored), known_at)


@st.composite
def clock_towns(draw: st.DrawFn, *, versions: int = 2) -> ClockTown:
    """Draw a town, and clocks that may become others on a later day."""
    zone = draw(st.sampled_from(sorted(_TOWNS)))
    calendar, start = _TOWNS[zone]
    start_us = int(datetime.fromisoformat(start).replace(tzinfo=ZoneInfo(zone)).timestamp()) * 1_000_000
    stored = [_stored("workflow", "w", 0, _WORKFLOW)]
    slow = []
    for version in range(draw(st.integers(1, versions))):
        known_us = start_us + draw(st.sampled_from((20, 50, 130))) * STEP_US if version else 0
        hours, work_day = draw(st.sampled_from(sorted(_HOURS))), draw(st.sampled_from(("hours", "end")))
        rework = draw(st.sampled_from(("restart", "cumulative")))
        begins = draw(st.sampled_from((None, "dispatch", "handle")))
        usual = draw(st.sampled_from((None, ("work_hour", 4.0))))
        document = json.loads(clocks_body(None, name="urban-management", calendar=calendar, zone=zone)) | {
            "office_hours": hours, "work_day": work_day, "rework": rework, "start": begins,
            "stages": {stage: _text(limit) for stage, limit in _STAGES.items()},
            "limit": None if usual is None else _text(usual),
        }  # fmt: skip
        body = json.dumps({name: value for name, value in document.items() if value is not None})
        stored.append(_stored("clocks", f"c{version}", known_us, body))
        slow.append((known_us, SlowClocks(
            zone, calendar, _HOURS[hours], work_day, rework, begins, _STAGES, usual, start_us, STEPS
        )))  # fmt: skip
    return ClockTown(zone, start_us, tuple(stored), tuple(slow))


def _stored(kind: str, letter: str, known_us: int, body: str) -> StoredRule:
    return StoredRule(kind=kind, digest=letter * 16, valid_from_us=ALWAYS_US, recorded_us=known_us, body=body)


def _text(limit: tuple[str, float]) -> str:
    return f"{limit[1]:g} {_WORDS[limit[0]]}"


@st.composite
def limited_cases(draw: st.DrawFn, town: ClockTown, case: str = "C-1", most: int = 9) -> GrowingLog:
    """Draw a case with legal actions, some of which are recorded long after they happened."""
    log = GrowingLog(case=case)
    log.now_us = town.start_us
    for name in (*draw(st.sampled_from(_PATHS)), *[None] * draw(st.integers(1, most))):
        _act(draw, log, name, town.start_us)
    if not log.actions:
        _act(draw, log, "report", town.start_us)
    return log


def _act(draw: st.DrawFn, log: GrowingLog, name: str | None, start_us: int) -> None:
    table = log.workflow.table[log.state.state if log.state else None]
    if name is None:
        onward = [each for each in sorted(table) if table[each].target is not None]
        name = draw(st.sampled_from([*onward, *onward, *sorted(table)]))
    recorded_us = log.now_us + draw(st.sampled_from((0, 1, 2, 4, 9, 17, 48))) * STEP_US
    happened_us = max(recorded_us - draw(st.sampled_from((0, 0, 0, 1, 3, 20))) * STEP_US, start_us)
    limit = draw(st.sampled_from(_LIMITS))
    stated: dict[str, Scalar] = {
        "limit_kind": limit[0], "limit_value": limit[1], "extension_value": draw(st.sampled_from((1.0, 2.0))),
        "until": happened_us + draw(st.sampled_from((1, 5, 30))) * STEP_US,
        "corrects": draw(st.integers(1, max(1, len(log.actions)))),
        "corrected": max(start_us, happened_us - draw(st.sampled_from((0, 2, 12))) * STEP_US),
    }  # fmt: skip
    given: dict[str, Any] = {each: value for each, value in stated.items() if each in table[name].takes}
    action = log.draft(name, happened_us=happened_us, **given)
    log.append(replace(action, recorded_us=recorded_us), draw(st.sets(st.sampled_from(FACTS))))


@st.composite
def bound_limits(draw: st.DrawFn, town: ClockTown) -> BoundLimit:
    """Draw a rule, added at the town's first instant or a day later."""
    document = {
        "id": "nearly-late", "left_at_most": draw(st.sampled_from((0.0, 0.25, 0.5, 1.0))),
        "clock": draw(st.sampled_from((None, "whole", "handle", "check"))), "cases": {"log": "desk"},
    }  # fmt: skip
    given = {name: value for name, value in document.items() if value is not None}
    rule = LimitRule.from_document(given | {"from": "2024-01-01"}, name="rule")
    added_us = town.start_us + draw(st.sampled_from((0, 48))) * STEP_US
    rules = CaseRules(town.stored)
    return bind_limit(rule, 1, rules, Zone(town.zone), "EPSG:4548", added_us=added_us)
