"""Standing questions of a city: rules that are asked of every row that arrives, and the alerts that they raise.

Tested by `tests/city/test_standing.py`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from stcloud.city.alertlayer import AlertLayer
from stcloud.city.alertoutbox import alert_outbox
from stcloud.city.keywords import LOCK_WAIT_S
from stcloud.city.standinglayer import StandingLayer
from stcloud.city.standinglog import StandingLog
from stcloud.city.standingrules import RuleVersion, StandingRules
from stcloud.daas.ledger import Reckoning
from stcloud.errors import NotFound, nearest
from stcloud.iaas.store.folder import read_text
from stcloud.paas.standing.alerting import StandingAlert
from stcloud.paas.standing.alertrows import ALERTS, SCHEMA, alert_rows
from stcloud.paas.standing.boundrule import OWN, BoundRule
from stcloud.paas.standing.reason import AlertReason, WhyNot, causes, refusal
from stcloud.paas.standing.standingrule import StandingRule
from stcloud.time import Instant, TimeSpan, instant_us

if TYPE_CHECKING:
    from stcloud.city.city import City
    from stcloud.city.parts import CityParts
    from stcloud.iaas.records import Records
    from stcloud.paas.query import Query

__all__ = ["CityStanding", "GivenStandingRule", "StandingRun"]

GivenStandingRule = StandingRule | Mapping[str, Any] | str | os.PathLike[str]
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
        self._layers: dict[str, StandingLayer] = {}

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
            with self._parts.catalogue.locked(given.layer, wait_s=wait_s):
                at_us = self._next_us(given.layer)
                version = RuleVersion(given, len(before) + 1, at_us)
                StandingLayer(self._city, self._parts, given.layer).bound(
                    version
                )  # refuses what does not fit
                self._rules.append(given.id, given.to_toml(), at_us)
        return self._rules.versions(given.id)[-1]

    def end(self, rule: str, at: Instant | None = None, *, wait_s: float = LOCK_WAIT_S) -> RuleVersion:
        """End a rule: its open alerts end at an instant of valid time (None: now), and it raises no other one.

        Raises `NotFound` ``unknown-rule``; `InvalidInput` ``rule-ended``.
        """
        with self._parts.folder.lock(_LOCK, wait_s=wait_s):
            layer = self._rules.versions(rule)[-1].rule.layer
            with self._parts.catalogue.locked(layer, wait_s=wait_s):
                at_us = self._next_us(layer)
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
            return self._run(self._rules.all(), full=full, keep=True)

    def after_load(self, reckoning: Reckoning, *, wait_s: float = LOCK_WAIT_S) -> StandingRun | None:
        """Take what a load brought, as a feed does after each of its batches; None: no rule looks at its layer."""
        with self._parts.folder.lock(_LOCK, wait_s=wait_s):
            versions = tuple(each for each in self._rules.all() if each.rule.layer == reckoning.layer)
            return self._run(versions, full=False, keep=False) if versions else None

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

    def outbox(self, to: str) -> Records:
        """Return what delivers alerts to one receiver: a notice for each status that an alert takes, once recorded.

        Close it after use. It lies in ``index/``: if it is deleted, all is delivered again, with the same ids.

        Parameters
        ----------
        to
            The receiver; each has notices of its own.

        Raises
        ------
        InvalidInput
            ``database-needed``: the city lies in a bucket.
        """
        return alert_outbox(
            self._parts, self._city.configuration.crs, to, AlertLayer(self._city, self._parts).believed()
        )

    def why(self, alert: str) -> AlertReason:
        """Return why an alert was raised: its rows and their window, the value, and the version of the rule.

        Rows are as they were known when the alert was last changed; of one that is not believed any more, when it
        was raised. `NotFound` ``unknown-alert``.
        """
        known = {each.id: each for each in AlertLayer(self._city, self._parts).believed()}
        if alert not in known:
            raise NotFound("unknown-alert", f"there is no alert '{alert}'", nearest=nearest(alert, known))
        given = known[alert]
        version = self._rules.versions(given.rule)[given.version - 1]
        at_us = given.known_us if given.is_believed else given.raised_us
        bound, rows = self._history(version, at_us)
        chosen, start_us, end_us = causes(bound, given, rows)
        zone = self._city.configuration.zone
        return AlertReason(
            alert=self._records([given])[0], rule=version.rule.text, document=version.rule.to_toml(),
            version=given.version, window=(zone.iso(start_us), zone.iso(end_us)), value=given.incident.peak,
            threshold=given.threshold, rows=self._shown(rows, chosen, given.layer), known_at=zone.iso(at_us),
        )  # fmt: skip

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
        bound, rows = self._history(version, self._parts.catalogue.layer(version.rule.layer).pin_us())
        return refusal(bound, rows, at_us, group)

    def _run(self, versions: Sequence[RuleVersion], *, full: bool, keep: bool) -> StandingRun:
        alerts, runs = AlertLayer(self._city, self._parts), {}
        for name in sorted({version.rule.layer for version in versions}):
            layer = self._layers.setdefault(name, StandingLayer(self._city, self._parts, name))
            own = [version for version in versions if version.rule.layer == name]
            runs[name] = layer.run(own, full=full)
        replayed = tuple(name for name, run in runs.items() if run.replayed)
        changed = sorted(
            (alert for run in runs.values() for alert in run.changed), key=lambda alert: alert.order
        )
        recorded = alerts.record(changed, replayed)
        for name in runs:
            self._layers[name].settle()
        for layer in self._layers.values():
            if keep:
                layer.keep()
        return StandingRun(
            tuple(changed), sum(run.loads for run in runs.values()), sum(run.rows for run in runs.values()), replayed,
            tuple(recorded),
        )  # fmt: skip

    def _next_us(self, layer: str) -> int:
        """Return a recorded instant that is later than all loads of a layer, and than all rules."""
        pin_us = self._parts.catalogue.layer(layer).pin_us()
        return max(self._parts.clock(), pin_us + 1, self._rules.changed_us + 1)

    def _history(self, version: RuleVersion, known_us: int) -> tuple[BoundRule, pa.RecordBatch]:
        layer = self._parts.catalogue.layer(version.rule.layer)
        bound = StandingLayer(self._city, self._parts, layer.name).bound(version)
        columns = {attribute.stored for attribute in layer.attributes}
        log = StandingLog(layer, frozenset(OWN) | columns | bound.columns)
        return bound, log.history(bound, known_us)

    def _shown(self, rows: pa.RecordBatch, chosen: np.ndarray, layer: str) -> list[dict[str, Any]]:
        names = {each.stored: each.name for each in self._parts.catalogue.layer(layer).attributes}
        table = pa.Table.from_batches([rows.take(pa.array(chosen, pa.int64()))])
        shown = {"key": table["st_key"], "time": table["st_time"].cast(self._local)}
        shown |= {name: table[stored] for stored, name in names.items()}
        records: list[dict[str, Any]] = pa.table(shown).to_pylist()
        return records

    def _records(self, alerts: Sequence[StandingAlert]) -> list[dict[str, Any]]:
        table = alert_rows(alerts, self._city.configuration.crs)
        instant = SCHEMA.field("from").type
        columns = {
            name: table[name].cast(self._local) if table[name].type == instant else table[name]
            for name in SCHEMA.names
        }
        records: list[dict[str, Any]] = pa.table(columns).to_pylist()
        return records

    @property
    def _local(self) -> pa.DataType:
        return pa.timestamp("us", self._city.configuration.zone.name)


def read_rule(rule: GivenStandingRule) -> StandingRule:
    """Return a rule; errors are those of `StandingRule.from_toml`, and of a file."""
    if isinstance(rule, StandingRule):
        return rule
    if isinstance(rule, Mapping):
        return StandingRule.from_document(rule, name="rule")
    path = Path(rule)
    read = StandingRule.from_json if path.suffix == ".json" else StandingRule.from_toml
    return read(read_text(path), name=path.name)
