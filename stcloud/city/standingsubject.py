"""What standing questions look at: a layer, or a log of cases. Whoever evaluates rules need not know which.

Tested by `tests/city/test_standing.py` and `tests/city/test_standingcases.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol

from stcloud.city.standingcases import StandingCases
from stcloud.city.standinglayer import LayerRun, StandingLayer
from stcloud.paas.case.limitrule import LimitRule
from stcloud.paas.standing.alerting import StandingAlert
from stcloud.paas.standing.reason import AlertReason, WhyNot
from stcloud.paas.standing.ruledocument import RuleDocument
from stcloud.paas.standing.standingrule import StandingRule

if TYPE_CHECKING:
    from stcloud.city.alertlayer import AlertPin
    from stcloud.city.city import City
    from stcloud.city.parts import CityParts
    from stcloud.city.standingrules import RuleVersion

__all__ = ["StandingSubject", "rule_of", "subject_of"]


class StandingSubject(Protocol):
    """The rules of a layer, or of a log of cases, and how far they were evaluated."""

    name: str

    def run(self, versions: Sequence[RuleVersion], alerts: AlertPin, *, full: bool = False) -> LayerRun:
        """Take what was recorded, and came with time, since the last run; ``full``: all there ever was.

        ``alerts`` is the newest state of their layer. An error leaves this half-way: it must not be used any more.
        """

    def settle(self, before: AlertPin, after: AlertPin, *, keep: bool = False) -> None:
        """Remember that the alerts of the last run were recorded, and with them no others; keep it, if told to."""

    def keep(self) -> None:
        """Keep what is needed to go on, for who opens the city next."""

    def check(self, version: RuleVersion) -> None:
        """Refuse a rule that does not fit."""

    def locked(self, wait_s: float) -> AbstractContextManager[object]:
        """Let nothing be recorded meanwhile that would be later than a rule that is added now, and seem earlier."""

    def pin_us(self) -> int:
        """Return the newest recorded instant, UTC microseconds."""

    @property
    def is_purged(self) -> bool:
        """Whether values were removed for good, so that alerts of what is gone stay."""

    def why(self, alert: StandingAlert, version: RuleVersion) -> AlertReason:
        """Return why an alert was raised by a version of a rule."""

    def why_not(self, version: RuleVersion, at_us: int, group: str | None) -> WhyNot:
        """Return why a version of a rule raises nothing at an instant of valid time, or that it does."""


_KINDS: dict[str, tuple[type[RuleDocument], type[StandingLayer | StandingCases]]] = {
    StandingRule.table: (StandingRule, StandingLayer),
    LimitRule.table: (LimitRule, StandingCases),
}
"""Kinds of rules, and what each looks at, by the table that its document has."""


def rule_of(document: Mapping[str, Any], name: str) -> RuleDocument:
    """Return the rule of a document, whatever it looks at; `InvalidDefinition` ``invalid-definition``."""
    table = next((table for table in _KINDS if table in document), StandingRule.table)
    return _KINDS[table][0].from_document(document, name=name)


def subject_of(city: City, parts: CityParts, rule: RuleDocument) -> StandingSubject:
    """Return what a rule looks at."""
    return _KINDS[rule.table][1](city, parts, rule.layer)
