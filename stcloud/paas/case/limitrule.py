"""Rules of standing questions about cases: how little of its limit is left, of which cases of which log.

`docs/explanation/standing-questions.md` describes every key. Tested by `tests/paas/case/test_limitrule.py`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import pyarrow as pa
from pydantic import Field, field_validator

from stcloud.daas.definition.clause import Closed, Text
from stcloud.daas.table.schema import Attribute
from stcloud.daas.table.timeline import FOREVER
from stcloud.errors import InvalidInput, nearest
from stcloud.paas.case.caserules import CaseRules
from stcloud.paas.case.facts import FACTS, INSTANT, facts_of
from stcloud.paas.case.state import CaseState
from stcloud.paas.query.condition.filtered import FilteredInMemory
from stcloud.paas.query.condition.predicate import Predicate
from stcloud.paas.query.plan.limits import NO_LIMITS
from stcloud.paas.standing.ruledocument import RuleDocument
from stcloud.space import project
from stcloud.time import Zone, instant_us

__all__ = ["WHOLE_CASE", "BoundLimit", "CasesClause", "LimitRule", "bind_limit"]

WHOLE_CASE = "whole"
"""What the clock of a whole case is called, beside those of stages."""

_OF_CASES = "cases:"
_DEGREES = "EPSG:4326"
_TYPES = {
    pa.string(): "text",
    pa.int64(): "integer",
    pa.float64(): "number",
    pa.bool_(): "boolean",
    INSTANT: "instant",
}
_ATTRIBUTES = {field.name: Attribute(field.name, field.name, _TYPES[field.type]) for field in FACTS}


class CasesClause(Closed):
    """Which cases: those of a log for which all of ``what`` holds, CQL2 over their facts."""

    log: Text
    what: tuple[str, ...] = ()

    @field_validator("what", mode="before")
    @classmethod
    def _several(cls, given: Any) -> Any:
        return (given,) if isinstance(given, str) else given


class LimitRule(RuleDocument):
    """A question that is asked of every case of a log: whether so little of its limit is left.

    Attributes
    ----------
    left_at_most
        Share of the limit, 0 to 1: an incident lasts while so much of it is left, or less.
    clock
        ``whole`` or a stage: the clock that is looked at; None: each clock of a case.
    cases
        Which cases.

    Examples
    --------
    >>> rule = LimitRule.from_toml('''
    ... id = "nearly-late"
    ... left_at_most = 0.1
    ... [cases]
    ... log = "desk"
    ... what = "department = 'roads'"
    ... ''', name="late.toml")
    >>> rule.text
    "at most 10 % of the limit of any clock left, department = 'roads'"
    """

    table: ClassVar[str] = "cases"

    left_at_most: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
    clock: Text | None = None
    cases: CasesClause

    @classmethod
    def keys(cls, place: tuple[int | str, ...]) -> tuple[str, ...]:
        """Return the keys that are known at a place of the document."""
        return tuple(CasesClause.model_fields) if place == (cls.table,) else super().keys(place)

    @property
    def layer(self) -> str:
        """What is looked at, as alerts name it: ``cases:`` and the log."""
        return f"{_OF_CASES}{self.cases.log}"

    @property
    def threshold(self) -> float:
        """The share of the limit."""
        return self.left_at_most

    @property
    def text(self) -> str:
        """The rule in a line."""
        clock = "any clock" if self.clock is None else f"clock {self.clock}"
        head = f"at most {self.left_at_most * 100:g} % of the limit of {clock} left"
        return ", ".join([head, *self.cases.what])


@dataclass(frozen=True, slots=True, eq=False)
class BoundLimit:
    """A version of a rule, ready to look at cases.

    Attributes
    ----------
    rule, version
        The rule.
    since_us, until_us
        The valid time that it looks at, half-open, UTC microseconds.
    added_us, ended_us
        The recorded instants between which it is there; None: it has not ended.
    conditions
        What cases must be, each with its text.
    crs
        The city's.
    """

    rule: LimitRule
    version: int
    since_us: int
    until_us: int
    added_us: int
    ended_us: int | None
    conditions: tuple[tuple[str, FilteredInMemory], ...]
    crs: str

    @property
    def name(self) -> tuple[str, int]:
        """What it is called: the rule's id, and the version."""
        return self.rule.id, self.version

    def looks_at(self, stage: str | None) -> bool:
        """Tell whether it looks at the clock of a stage; None: of the whole case."""
        return self.rule.clock in (None, WHOLE_CASE if stage is None else stage)

    def kept(self, state: CaseState, rules: CaseRules, at_us: int) -> list[tuple[str, bool]]:
        """Return of each condition whether it holds for a case as it is at an instant."""
        if not self.conditions:
            return []
        facts = facts_of([state], rules, at_us)
        return [(text, bool(condition.mask(facts)[0])) for text, condition in self.conditions]

    def place_of(self, state: CaseState) -> tuple[float, float]:
        """Return where a case is, metres in the city's CRS; NaN: that is not known."""
        lon, lat = (state.values.get(name) for name in ("lon", "lat"))
        if not isinstance(lon, int | float) or not isinstance(lat, int | float):
            return math.nan, math.nan  # this very one, so that it equals itself
        x, y = project([lon], [lat], _DEGREES, self.crs)
        return float(x[0]), float(y[0])

    def group_of(self, case: str, stage: str | None) -> str:
        """Return what the group of a case's clock is called."""
        return case if stage is None else f"{case} | {stage}"


def bind_limit(
    rule: LimitRule, version: int, rules: CaseRules, zone: Zone, crs: str, *, added_us: int,
    ended_us: int | None = None,
) -> BoundLimit:  # fmt: skip
    """Bind a rule to its log.

    Parameters
    ----------
    rule, version
        The rule.
    rules
        Rules of the log.
    zone, crs
        The city's.
    added_us, ended_us
        The recorded instants between which it is there.

    Raises
    ------
    InvalidInput, NotFound
        ``unknown-stage``: no workflow has this stage; what `Query.what` raises, of the columns of facts.
    """
    known = (WHOLE_CASE, *rules.stages)
    if rule.clock is not None and rule.clock not in known:
        close = nearest(rule.clock, known)
        raise InvalidInput(
            "unknown-stage", f"the cases of log '{rule.cases.log}' have no clock '{rule.clock}'",
            hint=f"did you mean '{close[0]}'?" if close else f"use {', '.join(known)}",
        )  # fmt: skip
    conditions = tuple(
        (text, FilteredInMemory((Predicate.read(text, _ATTRIBUTES, zone).condition,), NO_LIMITS))
        for text in rule.cases.what
    )
    return BoundLimit(
        rule, version, added_us if rule.since is None else instant_us(rule.since, zone),
        FOREVER if rule.until is None else instant_us(rule.until, zone), added_us, ended_us, conditions, crs,
    )  # fmt: skip
