"""What a log of cases knows of a place: open cases with their clocks, probable repeats, departments by class.

Tested by `tests/city/test_situation.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from stcloud.paas.case.caseclocks import CaseClock, case_clocks
from stcloud.paas.case.classes.class_row import class_or_text
from stcloud.paas.case.duplicate import Reach, is_kin, pairs_of, report_of
from stcloud.paas.case.nearby import NearCase, PlaceCircle, cases_near
from stcloud.paas.case.responsible import condition_departments

if TYPE_CHECKING:
    from stcloud.paas.case.caselog import CaseLog
    from stcloud.paas.case.caserules import CaseRules
    from stcloud.paas.case.classes.class_table import ClassTable
    from stcloud.time import Zone

__all__ = ["LogSituation"]

Records = list[dict[str, Any]]


@dataclass(frozen=True)
class LogSituation:
    """One log's view of a place.

    Attributes
    ----------
    name, log
        The log.
    circle
        The place.
    at_us, known_us
        The instant, and as it was known at another, up to which nothing is recorded any more, UTC microseconds.
    zone
        The city's.
    class_name
        Gives the name of a class of a kind.
    """

    name: str
    log: CaseLog
    circle: PlaceCircle
    at_us: int
    known_us: int
    zone: Zone
    class_name: Callable[[str | None, str], str | None]

    @cached_property
    def rules(self) -> CaseRules:
        """The rules as they were known."""
        return self.log.rules.known_at(self.known_us)

    @cached_property
    def open_cases(self) -> list[NearCase]:
        """The cases in the circle that had not ended, nearest first."""
        workflows = self.rules.workflows
        near = cases_near(self.log, self.circle, at_us=self.at_us, known_us=self.known_us)
        return [case for case in near if not workflows[case.state.workflow].is_terminal(case.state.state)]

    def records(self) -> Records:
        """Return the open cases with the clocks of the whole case and of its present stage."""
        states = [case.state for case in self.open_cases]
        by_stage = {
            (clock.case, clock.stage): clock
            for clock in (case_clocks(states, self.rules, self.at_us) if states else [])
        }
        return [self._record(case, by_stage) for case in self.open_cases]

    def _record(self, case: NearCase, clocks: Mapping[tuple[str, str | None], CaseClock]) -> dict[str, Any]:
        state, values = case.state, case.state.values
        kind = None if values.get("kind") is None else str(values["kind"])
        name = None if state.class_code is None else self.class_name(kind, state.class_code)
        labelled = state.class_code if name is None else f"{name} ({state.class_code})"
        stage = self.rules.workflows[state.workflow].stage(state.state)
        whole, present = clocks.get((state.case, None)), clocks.get((state.case, stage))
        about = {
            "log": self.name, "number": state.case, "state": state.state, "since": self.zone.iso(state.since_us),
            "kind": kind, "class_code": state.class_code, "class": labelled, "component": values.get("component"),
            "department": state.department, "master": state.master, "opened": self.zone.iso(state.opened_us),
        }  # fmt: skip
        place = {"distance_m": round(case.distance_m, 1), "lon": case.lon, "lat": case.lat}
        staged = {f"stage_{name}": value for name, value in _clock_fields(present, self.zone).items()}
        words = ", ".join([
            "overdue" if whole is not None and whole.overdue else _does(whole),
            *([f"{stage} overdue"] if present is not None and present.overdue else []),
        ])  # fmt: skip
        return about | _clock_fields(whole, self.zone) | {"stage": stage} | staged | {"clock": words} | place

    def repeats(self, reach: Reach, classes: ClassTable) -> Records:
        """Return pairs of open cases that are probable repeats and not yet linked."""
        states = {case.state.case: case.state for case in self.open_cases}
        reports = [
            report_of(case.state, (case.lon, case.lat), self.rules, self.circle.crs)
            for case in self.open_cases
        ]
        pairs = pairs_of(reports, reach, classes)
        return [
            {"in": self.name, "first": first, "second": second, "score": round(score, 3), "why": why}
            for first, second, score, why in pairs
            if not is_kin(states[first], states[second])
        ]

    def departments(self) -> tuple[Records, list[str]]:
        """Return the departments that filing conditions name for the classes of the open cases, and why none does."""
        records: Records = []
        reasons = []
        for kind, code, pinned in self._classes():
            departments, reason = condition_departments(
                self.rules, kind, class_or_text(code, kind), None, self.at_us, pinned=pinned
            )
            records += [
                {
                    "what": each.part,
                    "who": each.department,
                    "name": None,
                    "about": f"{self.name}: {each.source}",
                }
                for each in departments
            ]
            if reason:
                reasons.append(f"{self.name}: {reason}")
        return list({tuple(record.values()): record for record in records}.values()), reasons

    def _classes(self) -> list[tuple[str | None, str, str | None]]:
        """Return the classes of the open cases, with the conditions that each is pinned to."""
        return list(dict.fromkeys(
            (None if (kind := case.state.values.get("kind")) is None else str(kind), case.state.class_code,
             case.state.rules.get("conditions"))
            for case in self.open_cases if case.state.class_code is not None
        ))  # fmt: skip


def _does(clock: CaseClock | None) -> str:
    """Return what a clock does, in a word or two."""
    if clock is None:
        return "no limit"
    ended = "not started" if clock.started_us is None else "stopped"
    return "running" if clock.running else "paused" if clock.paused else ended


def _clock_fields(clock: CaseClock | None, zone: Zone) -> dict[str, Any]:
    """Return a clock: when it is due, what is left in the unit of its limit, and whether it is overdue."""
    if clock is None:
        return {
            "due": None,
            "limit": None,
            "left": None,
            "overdue": False,
            "exempt": False,
            "provisional": False,
        }
    return {
        "due": None if clock.deadline_us is None else zone.iso(clock.deadline_us),
        "limit": None if clock.limit is None else str(clock.limit), "left": clock.left, "overdue": clock.overdue,
        "exempt": clock.exempt, "provisional": clock.provisional,
    }  # fmt: skip
