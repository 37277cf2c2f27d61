"""The standing questions of a log of cases, brought up to date action by action, and as time passes.

What is kept between two runs lies in ``index/``, and is derived: how far rules were evaluated, and when time alone
next changes something of a case. Where it is gone, or does not fit, all is taken again, with the same alerts.

Tested by `tests/city/test_standingcases.py`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Any, cast

from stcloud.city.alertlayer import AlertLayer, AlertPin, shown_alert
from stcloud.city.caselogs import open_case_log
from stcloud.city.standinglayer import LayerRun
from stcloud.daas.table.timeline import ALWAYS, FOREVER
from stcloud.errors import NotFound
from stcloud.paas.case.action import Action
from stcloud.paas.case.caselog import CaseLog
from stcloud.paas.case.caserules import CaseRules
from stcloud.paas.case.limitalerts import KnownRules, LimitAlerts
from stcloud.paas.case.limitreason import case_of_group, limit_causes, limit_refusal, share_left
from stcloud.paas.case.limitrule import BoundLimit, LimitRule, bind_limit
from stcloud.paas.case.submitted import action_of
from stcloud.paas.standing.alerting import StandingAlert
from stcloud.paas.standing.reason import AlertReason, WhyNot

if TYPE_CHECKING:
    from stcloud.city.city import City
    from stcloud.city.parts import CityParts
    from stcloud.city.standingrules import RuleVersion

__all__ = ["StandingCases"]

_FORMAT = 2

Name = tuple[str, int]
Pending = dict[tuple[str, str, int], int]
"""When time alone next changes something, by case, rule and version."""


@dataclass(slots=True, eq=False)
class StandingCases:
    """The rules of a log of cases, how far they were evaluated, and what that depends on.

    Parameters
    ----------
    city, parts, name
        The city, and the log, as alerts name it.
    """

    city: City
    parts: CityParts
    name: str
    _facts: dict[str, Any] = field(default_factory=dict)
    _standing: list[list[Any]] = field(default_factory=list)
    _pending: Pending = field(default_factory=dict)
    _alerts: AlertPin = field(default_factory=AlertPin)
    _until_us: int | None = None

    def run(self, versions: Sequence[RuleVersion], alerts: AlertPin, *, full: bool = False) -> LayerRun:
        """Take the actions that were recorded since the last run, and the time that has passed.

        ``alerts`` is the newest state of their layer. An error leaves this half-way: it must not be used any more.
        """
        with self._opened() as log:
            facts = self._depends_on(log)
            done = None
            if not full and self._goes_on(facts, versions, alerts):
                done = self._take(log, versions, alerts)
            if done is None:
                self._until_us, self._pending, self._facts = None, {}, facts
                changed, work = self._advanced(log, versions)
                done = LayerRun(changed, len(work.instants), work.actions, replayed=True)
            self._alerts = alerts
        return done

    def _take(self, log: CaseLog, versions: Sequence[RuleVersion], alerts: AlertPin) -> LayerRun | None:
        """Go on; None: others changed alerts."""
        recorded = AlertLayer(self.city, self.parts)
        given, work = self._advanced(log, versions, recorded.believed([self.name], self._alerts.at_us))
        changed: list[StandingAlert] | None = given
        if self._alerts != alerts and recorded.has_changed(self.name, self._alerts.at_us):
            changed = recorded.unrecorded(self.name, given, self._alerts, alerts)
        if changed is None:
            return None
        return LayerRun(changed, len(work.instants), work.actions, replayed=False)

    def _advanced(
        self, log: CaseLog, versions: Sequence[RuleVersion], believed: Sequence[StandingAlert] = ()
    ) -> tuple[list[StandingAlert], _CaseRun]:
        """Take what came since; ``believed`` are the alerts from before."""
        after_us = ALWAYS if self._until_us is None else self._until_us
        until_us = max(log.records.pin(), after_us)
        raised: dict[tuple[Name, str], list[StandingAlert]] = {}
        for alert in believed:
            raised.setdefault(((alert.rule, alert.version), alert.group), []).append(alert)
        work = _CaseRun(self, log, versions, after_us, until_us)
        changed, self._pending = work.done(self._pending, raised)
        self._until_us, self._standing = until_us, _standing(versions, until_us)
        return changed, work

    def settle(self, before: AlertPin, after: AlertPin, *, keep: bool = False) -> None:
        """Remember that the alerts of the last run were recorded, and with them no others."""
        if self._until_us is None or self._alerts != before:
            return
        self._alerts = after
        if keep:
            self.keep()

    def keep(self) -> None:
        """Keep what is needed to go on, for who opens the city next."""
        if self._until_us is None:
            return
        document = {
            **self._facts, "alerts": self._alerts.to_document(), "until_us": self._until_us,
            "standing": self._standing,
            "pending": [[*name, at_us] for name, at_us in self._pending.items()],
        }  # fmt: skip
        self.parts.folder.write_text(json.dumps(document) + "\n", *self._place)

    def check(self, version: RuleVersion) -> None:
        """Refuse a rule that does not fit."""
        with self._opened() as log:
            self.bound(version, log.rules)

    def locked(self, wait_s: float) -> AbstractContextManager[object]:
        """Lock nothing: what is recorded before a rule is looked at with it, whenever it is seen."""
        del wait_s
        return nullcontext()

    def pin_us(self) -> int:
        """Return an instant up to which nothing will be recorded any more, UTC microseconds."""
        with self._opened() as log:
            return log.records.pin()

    @property
    def is_purged(self) -> bool:
        """Whether actions were removed for good: none ever is."""
        return False

    def why(self, alert: StandingAlert, version: RuleVersion) -> AlertReason:
        """Return why an alert was raised: the actions up to its beginning, with what was used and left."""
        configuration = self.city.configuration
        at_us = alert.known_us if alert.is_believed else alert.raised_us
        incident, iso = alert.incident, configuration.zone.iso
        with self._opened() as log:
            rules = log.rules.known_at(at_us)
            case, stage = case_of_group(alert.group, rules.stages)
            rows = limit_causes(log.actions(case, at_us), rules, stage, incident.from_us)
        window = iso(rows[0]["time"]), iso(incident.from_us if incident.to_us is None else incident.to_us)
        return AlertReason(
            alert=shown_alert(alert, configuration), rule=version.rule.text, document=version.rule.to_toml(),
            version=alert.version, window=window, value=incident.peak, threshold=alert.threshold,
            rows=[row | {"time": iso(row["time"])} for row in rows], known_at=iso(at_us),
        )  # fmt: skip

    def why_not(self, version: RuleVersion, at_us: int, group: str | None) -> WhyNot:
        """Return why a version raises nothing of a case at an instant; None: of the one with the least left."""
        with self._opened() as log:
            rules = log.rules
            bound = self.bound(version, rules)
            if group is None:
                group = self._most_pressing(bound, log, rules, at_us)
            try:
                state = log.state(case_of_group(group, rules.stages)[0], at_us=at_us)
            except NotFound:
                state = None
        return limit_refusal(bound, state, group, rules, at_us, self.city.configuration.zone)

    def bound(self, version: RuleVersion, rules: CaseRules) -> BoundLimit:
        """Bind a version of a rule to the log."""
        configuration = self.city.configuration
        return bind_limit(
            cast("LimitRule", version.rule), version.version, rules, configuration.zone, configuration.crs,
            added_us=version.added_us, ended_us=version.ended_us,
        )  # fmt: skip

    def known_rules(self, log: CaseLog) -> KnownRules:
        """Return the rules of the log, and the city's days, as they were known at instants."""
        newest, read = log.rules, dict[int, CaseRules]()
        published = self.parts.calendar.published().versions
        changes = sorted({rule.recorded_us for rule in newest} | {at_us for at_us, _ in published})

        def known_at(known_us: int) -> CaseRules:
            count = sum(at_us <= known_us for at_us in changes)
            return read.setdefault(count, newest.known_at(known_us))

        return KnownRules(tuple(changes), known_at)

    def _most_pressing(self, bound: BoundLimit, log: CaseLog, rules: CaseRules, at_us: int) -> str:
        shares = (
            (share, state.case)
            for state in log.states(log.records.pin(), at_us=at_us)
            if (share := share_left(bound, state, rules, at_us)) is not None
        )
        return min(shares, default=(0.0, ""))[1]

    @contextmanager
    def _opened(self) -> Iterator[CaseLog]:
        log = open_case_log(self.parts, self.city.configuration, self._log, self.parts.clock)
        try:
            yield log
        finally:
            log.records.close()

    def _depends_on(self, log: CaseLog) -> dict[str, Any]:
        """Return what alerts depend on, besides what is recorded later."""
        first = next(iter(log.rules))
        return {"format": _FORMAT, "log": [first.digest, first.recorded_us]}

    def _goes_on(self, facts: dict[str, Any], versions: Sequence[RuleVersion], alerts: AlertPin) -> bool:
        """Tell whether all that the last run depended on is as it was."""
        if self._until_us is None or self._facts != facts or not self._alerts.is_earlier_of(alerts):
            kept = self._kept()
            if any(kept.get(name) != value for name, value in facts.items()):
                return False
            pin = AlertPin.from_document(kept["alerts"])
            if not pin.is_earlier_of(alerts):
                return False
            self._facts, self._alerts = facts, pin
            self._until_us, self._standing = kept["until_us"], kept["standing"]
            self._pending = {(case, rule, number): at_us for case, rule, number, at_us in kept["pending"]}
        assert self._until_us is not None  # noqa: S101  (it was there, or is kept)
        return self._standing == _standing(versions, self._until_us)

    def _kept(self) -> dict[str, Any]:
        if not self.parts.folder.exists(*self._place):
            return {}
        try:
            kept = json.loads(self.parts.folder.read_text(*self._place))
        except ValueError:  # it can be made again
            return {}
        return kept if isinstance(kept, dict) else {}

    @property
    def _log(self) -> str:
        return self.name.partition(":")[2]

    @property
    def _place(self) -> tuple[str, ...]:
        return "index", "alerts", f"{self._log}.cases.json"


@dataclass(slots=True, eq=False)
class _CaseRun:
    """One run over the cases of a log, from an instant to another."""

    subject: StandingCases
    log: CaseLog
    versions: Sequence[RuleVersion]
    after_us: int
    until_us: int
    instants: set[int] = field(default_factory=set)
    actions: int = 0

    def done(
        self, pending: Pending, raised: Mapping[tuple[Name, str], list[StandingAlert]]
    ) -> tuple[list[StandingAlert], Pending]:
        """Bring all cases up to date; return the alerts that are new or have changed, and what is pending."""
        rules = self.subject.known_rules(self.log)
        newest, changed, after = rules.known_at(self.until_us), list[StandingAlert](), dict(pending)
        bounds = {
            (version.rule.id, version.version): (
                self.subject.bound(version, self.log.rules),
                version.until_us,
            )
            for version in self.versions
            if version.added_us <= self.until_us and not self._is_over(version)
        }
        for actions in self._touched(rules, pending) if bounds else ():
            case = actions[0].case
            groups = (case, *(f"{case} | {stage}" for stage in newest.stages))
            for name, (bound, ends_us) in bounds.items():
                alerts = [alert for group in groups for alert in raised.get((name, group), ())]
                fold = LimitAlerts(bound, actions, rules, alerts, FOREVER if ends_us is None else ends_us)
                own, next_us = fold.advance(self.after_us, self.until_us)
                changed += own
                after.pop((case, *name), None)
                if next_us is not None:
                    after[(case, *name)] = next_us
        kept = {key: at_us for key, at_us in after.items() if key[1:] in bounds}
        return sorted(changed, key=lambda alert: alert.order), kept

    def _is_over(self, version: RuleVersion) -> bool:
        return version.ended_us is not None and version.ended_us <= self.after_us

    def _touched(self, rules: KnownRules, pending: Pending) -> Iterator[list[Action]]:
        """Give the logs of the cases of which something may change."""
        turns = [*rules.changes_us, *(version.added_us for version in self.versions)]
        turns += [version.ended_us for version in self.versions if version.ended_us is not None]
        if any(self.after_us < at_us <= self.until_us for at_us in turns):
            for actions in self.log.logs(self.until_us):
                self._count(actions)
                yield actions
            return
        cases = {key[0] for key, at_us in pending.items() if at_us <= self.until_us}
        for batch in self.log.records.recorded(self.after_us, self.until_us, columns=["case"]):
            cases |= set(batch.column("case").to_pylist())
        entries = self.log.records.logs_of(sorted(cases))
        for _, own in groupby(map(action_of, entries), key=lambda action: action.case):
            actions = [action for action in own if action.recorded_us <= self.until_us]
            self._count(actions)
            yield actions

    def _count(self, actions: Sequence[Action]) -> None:
        new = [action.recorded_us for action in actions if action.recorded_us > self.after_us]
        self.instants.update(new)
        self.actions += len(new)


def _standing(versions: Sequence[RuleVersion], until_us: int) -> list[list[Any]]:
    """Return the versions that were there by an instant, and when they ended, if they had."""
    return sorted(
        [version.rule.id, version.version, version.ended_us if (version.ended_us or FOREVER) <= until_us else None]
        for version in versions
        if version.added_us <= until_us
    )  # fmt: skip
