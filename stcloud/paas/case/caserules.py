"""Rules of a log of cases: workflows, clocks, calendars and filing conditions, each since when it is valid and known.

Tested by `tests/paas/case/test_caserules.py`.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property, lru_cache
from typing import Any

from stcloud.errors import FormatError, InvalidDefinition, InvalidInput, NotFound
from stcloud.iaas.bundle import bundled_text, case_clocks
from stcloud.iaas.records import StoredRule
from stcloud.paas.case.classes import ConditionTable
from stcloud.paas.case.clockrules import ClockRules
from stcloud.paas.case.limit import TimeLimit
from stcloud.paas.case.vocabulary import CaseVocabulary
from stcloud.paas.case.workflow import Workflow
from stcloud.time import NO_PUBLISHED_DAYS, Calendar, PublishedDays, Zone

__all__ = ["ALWAYS_US", "KINDS", "CaseRules", "CaseTiming", "clocks_body"]

KINDS = ("workflow", "clocks", "calendar", "conditions")
"""Kinds of rules that a log has."""

ALWAYS_US = -(2**62)
"""Since when a rule is valid that has been valid since ever."""


@dataclass(frozen=True, slots=True)
class CaseTiming:
    """What the clocks of cases go by.

    Attributes
    ----------
    rules
        Office hours, what a work day is, what rework does, where the clock of a whole case starts.
    stages
        Limits of stages, by name.
    usual
        The limit of a whole case whose log states none; None: it has no deadline.
    """

    rules: ClockRules
    stages: Mapping[str, TimeLimit]
    usual: TimeLimit | None

    @classmethod
    def of(cls, body: str, calendar: str | None = None) -> CaseTiming:
        """Read rules as `clocks_body` wrote them, with a calendar's own days over those of the packages."""
        document = json.loads(body)
        stages = {name: TimeLimit.parse(text) for name, text in document.pop("stages", {}).items()}
        usual = document.pop("limit", None)
        own = {} if calendar is None else json.loads(calendar)
        return cls(
            ClockRules.from_dict({**document, **own}),
            stages,
            None if usual is None else TimeLimit.parse(usual),
        )


class CaseRules:
    """Rules as they were known at an instant; a value.

    Parameters
    ----------
    stored
        Rules in the order of recording.
    published
        What the city has published of its working days: the calendar of the clocks where the log has no calendar of
        its own.
    """

    def __init__(self, stored: Iterable[StoredRule], published: PublishedDays = NO_PUBLISHED_DAYS) -> None:
        self._stored, self._published = tuple(stored), published
        self._vocabularies: dict[str, CaseVocabulary] = {}

    @cached_property
    def workflows(self) -> dict[str, Workflow]:
        """All workflows that were ever in force, by key."""
        return {workflow.key: workflow for workflow in map(_workflow, self._bodies("workflow"))}

    @cached_property
    def stages(self) -> tuple[str, ...]:
        """Stages of all workflows, in the order of the work."""
        clauses = (
            clause for workflow in self.workflows.values() for clause in workflow.definition.states.values()
        )
        return tuple(dict.fromkeys(clause.stage for clause in clauses))

    def vocabulary(self, key: str) -> CaseVocabulary:
        """Return what states and actions mean for cases that the workflow of a key binds."""
        if key not in self._vocabularies:
            self._vocabularies[key] = CaseVocabulary(key, self.workflows)
        return self._vocabularies[key]

    @property
    def recorded_us(self) -> int:
        """When the last rule of the log was recorded; what the city publishes is none."""
        return max((rule.recorded_us for rule in self._stored), default=0)

    def known_at(self, known_us: int) -> CaseRules:
        """Return the rules that were known at an instant."""
        stored = (rule for rule in self._stored if rule.recorded_us <= known_us)
        return CaseRules(stored, self._published.known_at(known_us))

    def under(self, published: PublishedDays) -> CaseRules:
        """Return the rules with what the city has published; themselves, where it is the same."""
        return self if published == self._published else CaseRules(self._stored, published)

    def workflow(self, opened_us: int, recorded_us: int | None = None) -> Workflow:
        """Return the workflow that a case begins with.

        Parameters
        ----------
        opened_us
            When the case was opened.
        recorded_us
            When that was recorded, since no later rule could bind it; None: it is to be recorded now.

        Raises
        ------
        FormatError
            ``rule-missing``: the log has no workflow.
        """
        known = self if recorded_us is None else self.known_at(recorded_us)
        rule = known.valid("workflow", opened_us)
        if rule is None:
            raise FormatError(
                "rule-missing", "the log of cases has no workflow", hint="bring it back from a copy"
            )
        return _workflow(rule.body)

    def timing(self, at_us: int, digest: str | None = None) -> tuple[str, CaseTiming] | None:
        """Return the digest and the clocks that bind at an instant, or those of a digest; None: there are none.

        Raises
        ------
        NotFound
            ``unknown-rule``: no clocks have this digest.
        """
        if digest is None:
            rule = self.valid("clocks", at_us)
        else:
            rule = next(
                (each for each in self._stored if each.kind == "clocks" and each.digest.startswith(digest)),
                None,
            )
            if rule is None:
                raise NotFound("unknown-rule", f"the log has no clocks '{digest}'")
        if rule is None:
            return None
        days = self.valid("calendar", at_us)
        timing = _timing(rule.body, None if days is None else days.body)
        return rule.digest[:12], _under(timing, self._published)

    def limit_of(self, fields: Mapping[str, Any], at_us: int) -> dict[str, Any]:
        """Return the limit, and the version, of the filing condition that an action names; nothing if it has none.

        Conditions are valid by days, on the wall clock of the clocks; without clocks, of UTC.

        Raises
        ------
        NotFound, InvalidInput
            The log has conditions, and the class has none of this name on this day.
        """
        rule = self.valid("conditions", at_us)
        if rule is None or fields.get("class") is None or fields.get("condition") is None:
            return {}
        timing = self.timing(at_us)
        zone = Zone("UTC") if timing is None else timing[1].rules.time.zone
        day = date.fromisoformat(zone.iso(at_us)[:10])
        names = (str(fields.get("kind") or "component"), str(fields["class"]), str(fields["condition"]))
        binding = _conditions(rule.body).binding(*names, day)
        limit: dict[str, Any] = {"limit_kind": binding.limit_kind, "limit_value": binding.limit_value}
        return limit | {"rule_conditions": rule.digest[:12]}

    def conditions(self, at_us: int, digest: str | None = None) -> tuple[str, ConditionTable] | None:
        """Return filing conditions and their version: those of a digest, None: those valid at an instant."""
        rule = self.valid("conditions", at_us)
        if digest is not None:
            named = (
                each for each in self._stored if each.kind == "conditions" and each.digest.startswith(digest)
            )
            rule = next(named, None)
        return None if rule is None else (rule.digest[:12], _conditions(rule.body))

    def newest(self, kind: str) -> StoredRule | None:
        """Return the rule of a kind that was recorded last."""
        return next((rule for rule in reversed(self._stored) if rule.kind == kind), None)

    def __iter__(self) -> Any:
        return iter(self._stored)

    def _bodies(self, kind: str) -> Iterable[str]:
        return (rule.body for rule in self._stored if rule.kind == kind)

    def valid(self, kind: str, at_us: int) -> StoredRule | None:
        """Return the rule that began last, of several that began together the one recorded last."""
        rules = [rule for rule in self._stored if rule.kind == kind and rule.valid_from_us <= at_us]
        return max(rules, key=lambda rule: (rule.valid_from_us, rule.recorded_us), default=None)


def clocks_body(text: str | None, *, name: str, calendar: str | None, zone: str) -> str:
    """Return rules of clocks as they are kept: checked, with the calendar and the zone of the city.

    Parameters
    ----------
    text
        A TOML document; None: the bundled one called ``name``.
    name
        What errors call it.
    calendar, zone
        Those of the city, where the document names none.

    Raises
    ------
    InvalidInput
        ``calendar-needed``: neither document nor city has a calendar; ``unknown-clocks``; what `ClockRules` raises.
    InvalidDefinition
        ``not-toml``, ``invalid-clocks``.
    """
    if text is None:
        if name not in case_clocks():
            raise InvalidInput(
                "unknown-clocks",
                f"there are no bundled clocks '{name}'",
                hint=f"use {', '.join(case_clocks())}",
            )
        text, name = bundled_text("layers", "clocks", f"{name}.toml"), f"{name}.toml"
    try:
        text.encode()  # a text of Python may have half a character, and no file can
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidDefinition("not-toml", name, faults=[str(error)]) from error
    document.setdefault("zone", zone)
    if document.setdefault("calendar", calendar) is None:
        raise InvalidInput(
            "calendar-needed", f"{name}: clocks need the calendar of a country, and the city has none",
            hint="write calendar = \"CN\" in city.toml, or in the clocks",
        )  # fmt: skip
    _refuse_misshapen(document, name)
    body = json.dumps(document, sort_keys=True, ensure_ascii=False)
    CaseTiming.of(body)
    return body


def _refuse_misshapen(document: Mapping[str, Any], name: str) -> None:
    stages = document.get("stages", {})
    faults = [
        f"{key}: give a text"
        for key, value in document.items()
        if key != "stages" and not isinstance(value, str)
    ]
    if not isinstance(stages, Mapping):
        faults.append('stages: give a table of limits, such as accept = "0.25 urgent hours"')
    else:
        faults += [
            f"stages.{key}: give a text" for key, value in stages.items() if not isinstance(value, str)
        ]
    if faults:
        raise InvalidDefinition("invalid-clocks", name, faults=faults)


@lru_cache(maxsize=64)
def _workflow(body: str) -> Workflow:
    return Workflow.from_toml(body, name="workflow")


@lru_cache(maxsize=64)
def _conditions(body: str) -> ConditionTable:
    return ConditionTable.from_csv(body, None)  # a city checks them by its classes when the rule is added


@lru_cache(maxsize=64)
def _timing(body: str, calendar: str | None) -> CaseTiming:
    return CaseTiming.of(body, calendar)


def _under(timing: CaseTiming, published: PublishedDays) -> CaseTiming:
    """Return clocks with the days that the city has published, where the log has none and the calendar is its."""
    calendar = timing.rules.time.calendar
    known = published.over(calendar)
    if known is calendar:
        return timing
    return replace(timing, rules=_with_days(timing.rules, known))


@lru_cache(maxsize=64)
def _with_days(rules: ClockRules, calendar: Calendar) -> ClockRules:
    return replace(rules, time=replace(rules.time, calendar=calendar))
