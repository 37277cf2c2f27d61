"""Standing questions of a city: rules that are asked of every row that arrives, and the alerts that they raise.

Tested by `tests/city/test_standing.py`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stcloud.city.alertlayer import AlertLayer
from stcloud.city.alertoutbox import AlertOutbox, alert_outbox
from stcloud.city.keywords import LOCK_WAIT_S
from stcloud.city.standingrules import RuleVersion, StandingRules
from stcloud.city.standingsubject import StandingSubject, rule_of, subject_of
from stcloud.daas.reckoning import Reckoning
from stcloud.errors import NotFound, nearest
from stcloud.iaas.store.folder import read_text
from stcloud.paas.standing.alerting import StandingAlert
from stcloud.paas.standing.alertrows import ALERTS
from stcloud.paas.standing.reason import AlertReason, WhyNot
from stcloud.paas.standing.ruledocument import RuleDocument, json_document, toml_document
from stcloud.time import Instant, TimeSpan, instant_us

if TYPE_CHECKING:
    from stcloud.city.city import City
    from stcloud.city.parts import CityParts
    from stcloud.paas.query import Query

__all__ = ["CityStanding", "GivenStandingRule", "StandingRun"]

GivenStandingRule = RuleDocument | Mapping[str, Any] | str | os.PathLike[str]
"""A rule, its keys and values, or its TOML or JSON file."""

_LOCK = "standing"


@dataclass(frozen=True, slots=True)
class StandingRun:
    """What a run did.

    Attributes
    ----------
    alerts
        Those that are new or have changed, in order; of layers that were taken again all there are.
    loads, rows
        How many loads were taken, and how many rows they brought or ended.
    replayed
        Layers of which all loads were taken again.
    recorded
        Reckonings of the loads of the layer of alerts.
    """

    alerts: tuple[StandingAlert, ...]
    loads: int
    rows: int
    replayed: tuple[str, ...]
    recorded: tuple[Reckoning, ...]

    @property
    def raised(self) -> int:
        """How many alerts were recorded for the first time."""
        return sum(reckoning.accepted for reckoning in self.recorded if reckoning.mode != "delete")

    @property
    def changed(self) -> int:
        """How many alerts were corrected."""
        return sum(reckoning.updated for reckoning in self.recorded)

    def __str__(self) -> str:
        news = f"{self.raised:,} alerts raised, {self.changed:,} changed"
        return f"{self.loads:,} loads with {self.rows:,} rows: {news}"


class CityStanding:
    """The standing questions of a city; `City.standing` is one.

    With a ``city``::

        city.standing.add("busy-unit.toml")
        city.load("requests", "today.csv")
        city.standing.run()
        city.standing.alerts().to_records()

    Parameters
    ----------
    city, parts
        The city.
    """

    def __init__(self, city: City, parts: CityParts) -> None:
        self._city, self._parts = city, parts
        self._rules = StandingRules(parts, city.configuration.zone)
        self._layers: dict[str, StandingSubject] = {}

    def add(self, rule: GivenStandingRule, *, wait_s: float = LOCK_WAIT_S) -> RuleVersion:
        """Add a rule, or a new version of it; one that is the same as the newest version changes nothing.

        It looks at rows from its ``from`` on, valid time; without one from now on.

        Raises
        ------
        InvalidDefinition
            ``not-toml``, ``not-json``, ``invalid-definition``: with every fault.
        InvalidInput, NotFound
            What its question raises; ``unknown-group``, ``unknown-column``, ``no-step``, ``not-events``.
        """
        given = read_rule(rule)
        with self._parts.folder.lock(_LOCK, wait_s=wait_s):
            before = self._rules.versions(given.id) if given.id in self._rules.names() else ()
            if before and before[-1].ended_us is None and before[-1].rule == given:
                return before[-1]
            subject = self._made(given)
            with subject.locked(wait_s):
                at_us = self._next_us(subject)
                subject.check(RuleVersion(given, len(before) + 1, at_us))
                self._rules.append(given.id, given.to_toml(), at_us)
        return self._rules.versions(given.id)[-1]

    def end(self, rule: str, at: Instant | None = None, *, wait_s: float = LOCK_WAIT_S) -> RuleVersion:
        """End a rule: its open alerts end at an instant of valid time (None: now), and it raises no other one.

        Raises `NotFound` ``unknown-rule``; `InvalidInput` ``rule-ended``.
        """
        with self._parts.folder.lock(_LOCK, wait_s=wait_s):
            subject = self._made(self._rules.versions(rule)[-1].rule)
            with subject.locked(wait_s):
                at_us = self._next_us(subject)
                until_us = at_us if at is None else instant_us(at, self._city.configuration.zone)
                self._rules.end(rule, until_us, at_us)
        return self._rules.versions(rule)[-1]

    def rules(self) -> tuple[RuleVersion, ...]:
        """Return the newest version of each rule, by name, of those that have ended, too."""
        return tuple(self._rules.versions(name)[-1] for name in self._rules.names())

    def versions(self, rule: str) -> tuple[RuleVersion, ...]:
        """Return all versions of a rule, oldest first; `NotFound` ``unknown-rule``."""
        return self._rules.versions(rule)

    def run(self, *, full: bool = False, wait_s: float = LOCK_WAIT_S) -> StandingRun:
        """Take all loads that were recorded since the last run, and record the alerts.

        Parameters
        ----------
        full
            Take all loads again, from the first rule on; the alerts are the same.
        wait_s
            Seconds to wait for another run.

        Raises
        ------
        Conflict
            ``locked``
        InvalidInput
            ``not-derived``: the city has another layer that is called ``alerts``.
        """
        with self._parts.folder.lock(_LOCK, wait_s=wait_s):
            return self._run(self._rules.by_layer(), full=full, keep=True)

    def after_load(self, reckoning: Reckoning, *, wait_s: float = LOCK_WAIT_S) -> StandingRun | None:
        """Take what a load brought, as a feed does after each of its batches; None: no rule looks at its layer.

        After each 30 loads it is kept how far rules were evaluated: who comes after a kill takes those since again.
        """
        return self.catch_up(reckoning.layer, wait_s=wait_s)

    def catch_up(self, layer: str, *, wait_s: float = LOCK_WAIT_S) -> StandingRun | None:
        """Take the loads of a layer that were not put to its rules, say after a kill; None: it has no rule."""
        with self._parts.folder.lock(_LOCK, wait_s=wait_s):
            versions = self._rules.by_layer().get(layer)
            return None if versions is None else self._run({layer: versions}, full=False, keep=False)

    def keep(self) -> None:
        """Keep in ``index/`` how far rules were evaluated by `after_load`, for who opens the city next."""
        with self._parts.folder.lock(_LOCK, wait_s=LOCK_WAIT_S):
            for layer in self._layers.values():
                layer.keep()

    def alerts(self, rule: str | None = None, *, during: TimeSpan | None = None) -> Query:
        """Return the question about the alerts: of a rule, and of those that began during a span of time.

        Raises `NotFound` ``no-alerts``: none was recorded yet; ``unknown-rule``.
        """
        if AlertLayer(self._city, self._parts).layer is None:
            raise NotFound(
                "no-alerts", "no alert was recorded yet", hint="evaluate the rules: city.standing.run()",
                in_shell="evaluate the rules: stcloud alerts run CITY",
            )  # fmt: skip
        query = self._city.query(ALERTS)
        if rule is not None:
            query = query.what(f"rule = '{self._rules.versions(rule)[-1].rule.id}'")
        return query if during is None else query.when(during)

    def outbox(self, to: str) -> AlertOutbox:
        """Return what delivers alerts to one receiver: a notice for each status that an alert takes, once recorded.

        Close it after use. It lies in ``index/``: if it is deleted, all is delivered again, with the same ids. In a
        bucket one process of a machine has it at a time; two machines that deliver to one receiver at once may both
        deliver a notice.

        Parameters
        ----------
        to
            The receiver; each has notices of its own.

        Raises
        ------
        Conflict
            ``locked``: another process of this machine delivers to it from a bucket.
        """
        alerts = AlertLayer(self._city, self._parts)
        return alert_outbox(self._parts, self._city.configuration.crs, to, alerts.recorded)

    def why(self, alert: str) -> AlertReason:
        """Return why an alert was raised: its rows and their window, the value, and the version of the rule.

        Rows are as they were known when the alert was last changed; of one that is not believed any more, when it
        was raised. `NotFound` ``unknown-alert``.
        """
        known = {each.id: each for each in AlertLayer(self._city, self._parts).believed()}
        if alert not in known:
            raise NotFound("unknown-alert", f"there is no alert '{alert}'", nearest=nearest(alert, known))
        version = self._rules.versions(known[alert].rule)[known[alert].version - 1]
        return self._made(version.rule).why(known[alert], version)

    def why_not(self, rule: str, at: Instant, group: str | None = None) -> WhyNot:
        """Return why a rule raises nothing at an instant of valid time, by what is known now; or that it does.

        Parameters
        ----------
        rule
            Its newest version is asked.
        at, group
            The instant, and the group; None: the one with the most rows.

        Raises
        ------
        NotFound
            ``unknown-rule``
        """
        version = self._rules.versions(rule)[-1]
        at_us = instant_us(at, self._city.configuration.zone)
        return self._made(version.rule).why_not(version, at_us, group)

    def _run(self, rules: Mapping[str, tuple[RuleVersion, ...]], *, full: bool, keep: bool) -> StandingRun:
        """Evaluate and record; of a run that fails nothing is used: the next one goes on from what is kept."""
        try:
            return self._recorded(rules, full=full, keep=keep)
        except BaseException:
            self._layers.clear()
            raise

    def _recorded(
        self, rules: Mapping[str, tuple[RuleVersion, ...]], *, full: bool, keep: bool
    ) -> StandingRun:
        alerts, runs = AlertLayer(self._city, self._parts), {}
        before = alerts.pin
        for name, versions in rules.items():
            if name not in self._layers:
                self._layers[name] = self._made(versions[0].rule)
            runs[name] = self._layers[name].run(versions, before, full=full)
        replayed = tuple(name for name, run in runs.items() if run.replayed)
        changed = sorted(
            (alert for run in runs.values() for alert in run.changed), key=lambda alert: alert.order
        )
        purged = [name for name in replayed if self._layers[name].is_purged]
        recorded = alerts.record(changed, replayed, purged)
        after = alerts.pin_after(before, recorded)
        if after is None:  # somebody else has changed alerts meanwhile
            self._layers.clear()
        else:
            for layer in self._layers.values():
                layer.settle(before, after, keep=keep)
        return StandingRun(
            tuple(changed), sum(run.loads for run in runs.values()), sum(run.rows for run in runs.values()), replayed,
            tuple(recorded),
        )  # fmt: skip

    def _next_us(self, subject: StandingSubject) -> int:
        """Return a recorded instant that is later than all that is looked at, and than all rules."""
        return max(self._parts.clock(), subject.pin_us() + 1, self._rules.changed_us + 1)

    def _made(self, rule: RuleDocument) -> StandingSubject:
        return subject_of(self._city, self._parts, rule)


def read_rule(rule: GivenStandingRule) -> RuleDocument:
    """Return a rule; errors are those of `RuleDocument.from_toml`, and of a file."""
    if isinstance(rule, RuleDocument):
        return rule
    if isinstance(rule, Mapping):
        return rule_of(rule, "rule")
    path = Path(rule)
    read = json_document if path.suffix == ".json" else toml_document
    return rule_of(read(read_text(path), path.name), path.name)
