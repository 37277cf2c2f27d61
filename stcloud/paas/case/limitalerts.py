"""Alerts of one case under one rule: what was raised as actions were recorded, and as time passed between them.

What is known of a case changes when an action of it is recorded, and when rules of its log are. Between these
instants nothing new is known, and time alone begins and ends incidents. So the alerts of a case are a fold over
instants that its log and its rules give; when it is looked at is none of them.

Law: **replay is step by step**: in one step or in many, alerts are the same.

Tested by `tests/paas/case/test_limitalerts.py`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from stcloud.daas.table.timeline import FOREVER
from stcloud.paas.case.action import Action
from stcloud.paas.case.caserules import CaseRules
from stcloud.paas.case.limitcourse import LimitCourse, LimitSpell
from stcloud.paas.case.limitrule import BoundLimit
from stcloud.paas.standing.alerting import OPEN, AlertTerms, StandingAlert, believed, closed

__all__ = ["KnownRules", "LimitAlerts"]


@dataclass(frozen=True, slots=True, eq=False)
class KnownRules:
    """The rules of a log, as they were known at instants.

    Parameters
    ----------
    changes_us
        When they changed, recorded instants in order, UTC microseconds.
    known_at
        Returns those that were known at an instant; the same object whenever nothing has changed.
    """

    changes_us: tuple[int, ...]
    known_at: Callable[[int], CaseRules]


class LimitAlerts:
    """The alerts of one case under a version of a rule, by group.

    Parameters
    ----------
    bound, actions
        The rule, and the log of the case.
    rules
        The rules of the log.
    alerts
        What was raised before.
    until_us
        When the version ends, valid time, if it does.
    """

    def __init__(
        self, bound: BoundLimit, actions: Sequence[Action], rules: KnownRules,
        alerts: Iterable[StandingAlert] = (), until_us: int = FOREVER,
    ) -> None:  # fmt: skip
        self._bound, self._actions, self._rules, self._until_us = bound, actions, rules, until_us
        self._course = LimitCourse(bound, actions)
        self._alerts: dict[str, list[StandingAlert]] = {}
        for alert in alerts:
            self._alerts.setdefault(alert.group, []).append(alert)

    def advance(self, after_us: int, until_us: int) -> tuple[list[StandingAlert], int | None]:
        """Take all that was recorded, or came with time, after an instant and until another.

        Returns
        -------
        The alerts that are new or have changed, and the next instant at which time alone changes something.
        """
        ended_us = FOREVER if self._bound.ended_us is None else self._bound.ended_us
        last_us = min(until_us, ended_us - 1)
        changed: dict[str, StandingAlert] = {}
        next_us = None
        for known_us, end_us in self._periods(last_us):
            if end_us <= after_us:
                continue
            spells = self._spells(known_us)
            turns = {at_us for own in spells.values() for each in own for at_us in (each.from_us, each.to_us)}
            for at_us in sorted({known_us, *turns}):
                if max(after_us + 1, known_us) <= at_us < end_us and at_us <= last_us:
                    changed |= {alert.id: alert for alert in self._step(spells, at_us)}
            next_us = min((at_us for at_us in turns if last_us < at_us < FOREVER), default=None)
        if after_us < ended_us <= until_us:
            changed |= {alert.id: alert for alert in self._end(ended_us)}
        in_order = sorted(changed.values(), key=lambda alert: alert.order)
        return in_order, next_us if until_us < ended_us else None

    def _periods(self, until_us: int) -> Iterator[tuple[int, int]]:
        """Give the stretches of recorded time in which nothing new is known, half-open, that begin by an instant."""
        if not self._actions:
            return
        first_us = max(self._actions[0].recorded_us, self._bound.added_us)
        instants = {first_us, *(action.recorded_us for action in self._actions), *self._rules.changes_us}
        known = sorted(at_us for at_us in instants if first_us <= at_us <= until_us)
        yield from pairwise([*known, FOREVER])

    def _spells(self, known_us: int) -> dict[str, list[LimitSpell]]:
        """Return the spells by what was known at an instant."""
        known = bisect_right(self._actions, known_us, key=lambda action: action.recorded_us)
        return self._course.spells(known, self._rules.known_at(known_us))

    def _step(self, spells: Mapping[str, Sequence[LimitSpell]], at_us: int) -> Iterator[StandingAlert]:
        """Bring the alerts up to date at an instant; give those that are new or have changed."""
        bound = self._bound
        for group in sorted({*spells, *self._alerts}):
            incidents = [each.incident(at_us) for each in spells.get(group, ()) if each.from_us <= at_us]
            terms = AlertTerms(
                bound.rule.id, bound.version, bound.rule.layer, group, bound.rule.threshold, bound.rule.lateness_us,
                at_us, at_us,
            )  # fmt: skip
            self._alerts[group], changed = believed(self._alerts.get(group, ()), incidents, terms)
            yield from changed

    def _end(self, at_us: int) -> Iterator[StandingAlert]:
        """End what is open, as the rule has ended; give what has changed."""
        for group, alerts in self._alerts.items():
            self._alerts[group] = [
                closed(alert, self._until_us, at_us) if alert.status == OPEN else alert for alert in alerts
            ]
            yield from (
                after
                for before, after in zip(alerts, self._alerts[group], strict=True)
                if before is not after
            )
