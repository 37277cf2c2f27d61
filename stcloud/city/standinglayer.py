"""The standing questions of one layer, brought up to date load by load.

What is kept between two runs lies in ``index/``, and is derived: where it is gone, or where anything but the layer's
rows is not as it was, all loads are taken again from the first rule on, with the same alerts. Alerts may have been
recorded since it was kept, by who was killed then: the loads since are taken again from it, and what they give is
compared with what is recorded.

Tested by `tests/city/test_standing.py`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pyarrow as pa

from stcloud.city.alertlayer import AlertLayer, AlertPin, shown_alert
from stcloud.city.standinglog import StandingLog
from stcloud.paas.standing.alertbook import AlertBook
from stcloud.paas.standing.alerting import StandingAlert
from stcloud.paas.standing.boundrule import OWN, BoundRule, bind_rule, layers_named
from stcloud.paas.standing.layerevaluation import LayerEvaluation, LoadedRows
from stcloud.paas.standing.reason import AlertReason, WhyNot, causes, refusal
from stcloud.paas.standing.standingrule import StandingRule

if TYPE_CHECKING:
    from stcloud.city.city import City
    from stcloud.city.parts import CityParts
    from stcloud.city.standingrules import RuleVersion
    from stcloud.daas.entry import Layer
    from stcloud.paas.query import Query

__all__ = ["LOADS_KEPT", "LayerRun", "StandingLayer"]

_FORMAT = 2
LOADS_KEPT = 30
"""After so many loads it is kept how far rules were evaluated: who comes after a kill takes no more loads again."""


@dataclass(frozen=True, slots=True)
class LayerRun:
    """What a run did for one layer.

    Attributes
    ----------
    changed
        Alerts that are new or have changed, and are not recorded so; of a replay all there are.
    loads, rows
        How many loads were taken, and how many rows they brought or ended.
    replayed
        Whether all loads were taken again.
    """

    changed: list[StandingAlert]
    loads: int
    rows: int
    replayed: bool


@dataclass(slots=True, eq=False)
class StandingLayer:
    """The rules of a layer, how far they were evaluated, and what that depends on.

    Parameters
    ----------
    city, parts, name
        The city, and the layer.
    """

    city: City
    parts: CityParts
    name: str
    _evaluation: LayerEvaluation | None = None
    _facts: dict[str, Any] = field(default_factory=dict)
    _named: tuple[Sequence[RuleVersion], frozenset[str]] = ((), frozenset())
    _alerts: AlertPin = field(default_factory=AlertPin)
    _loads_us: int = 0
    _evaluated_us: int = 0
    _since_kept: int = 0

    def run(self, versions: Sequence[RuleVersion], alerts: AlertPin, *, full: bool = False) -> LayerRun:
        """Take the loads that were recorded since the last run; ``full``: all of them.

        ``alerts`` is the newest state of their layer. An error leaves this half-way: it must not be used any more.
        """
        self._index_first(versions)
        layer = self.parts.catalogue.layer(self.name)
        log = StandingLog(layer)
        facts = self._depends_on(layer, versions)
        evaluation = None if full else self._going_on(facts, versions, alerts)
        done = None if evaluation is None else self._take(evaluation, log, layer, versions, alerts)
        if done is None:
            self._loads_us = self._evaluated_us = 0
            book = AlertBook()
            self._evaluation, self._facts = LayerEvaluation(log.history, book), facts
            loads, rows = self._steps(self._evaluation, log, layer, versions)
            done = LayerRun(book.changed(), loads, rows, replayed=True)
            self._since_kept = LOADS_KEPT
        self._alerts = alerts
        self._since_kept += done.loads
        return done

    def settle(self, before: AlertPin, after: AlertPin, *, keep: bool = False) -> None:
        """Remember that the alerts of the last run were recorded, and with them no others.

        ``keep`` what is needed to go on, too; it is kept by itself after many loads.
        """
        if self._evaluation is None or self._alerts != before:
            return
        layer = AlertLayer(self.city, self.parts)
        self._evaluation.book.flush(lambda: layer.believed([self.name], after.at_us))
        self._alerts = after
        if keep or self._since_kept >= LOADS_KEPT:
            self.keep()

    def keep(self) -> None:
        """Keep what is needed to go on, for who opens the city next."""
        if self._evaluation is None:
            return
        document = {
            **self._facts, "alerts": self._alerts.to_document(), "loads_us": self._loads_us,
            "evaluated_us": self._evaluated_us, "standing": [list(bound.name) for bound in self._evaluation.rules],
            "state": self._evaluation.state(),
        }  # fmt: skip
        self.parts.folder.write_text(json.dumps(document) + "\n", *self._place)
        self._since_kept = 0

    def check(self, version: RuleVersion) -> None:
        """Refuse a rule that does not fit."""
        self.bound(version)

    def locked(self, wait_s: float) -> AbstractContextManager[object]:
        """Let nothing be loaded meanwhile."""
        return self.parts.catalogue.locked(self.name, wait_s=wait_s)

    def pin_us(self) -> int:
        """Return the newest recorded instant, UTC microseconds."""
        return self.parts.catalogue.layer(self.name).pin_us()

    @property
    def is_purged(self) -> bool:
        """Whether rows were purged."""
        return bool(self.parts.catalogue.layer(self.name).purges)

    def why(self, alert: StandingAlert, version: RuleVersion) -> AlertReason:
        """Return why an alert was raised by a version of a rule."""
        configuration = self.city.configuration
        at_us = alert.known_us if alert.is_believed else alert.raised_us
        bound, rows = self._history(version, at_us)
        chosen, start_us, end_us = causes(bound, alert, rows)
        iso = configuration.zone.iso
        return AlertReason(
            alert=shown_alert(alert, configuration), rule=version.rule.text, document=version.rule.to_toml(),
            version=alert.version, window=(iso(start_us), iso(end_us)), value=alert.incident.peak,
            threshold=alert.threshold, rows=self._shown(rows, chosen), known_at=iso(at_us),
        )  # fmt: skip

    def why_not(self, version: RuleVersion, at_us: int, group: str | None) -> WhyNot:
        """Return why a version of a rule raises nothing at an instant of valid time, or that it does."""
        bound, rows = self._history(version, self.pin_us())
        return refusal(bound, rows, at_us, group)

    def _history(self, version: RuleVersion, known_us: int) -> tuple[BoundRule, pa.RecordBatch]:
        layer, bound = self.parts.catalogue.layer(self.name), self.bound(version)
        columns = {attribute.stored for attribute in layer.attributes}
        log = StandingLog(layer, frozenset(OWN) | columns | bound.columns)
        return bound, log.history(bound, known_us)

    def _shown(self, rows: pa.RecordBatch, chosen: np.ndarray) -> list[dict[str, Any]]:
        local = pa.timestamp("us", self.city.configuration.zone.name)
        names = {each.stored: each.name for each in self.parts.catalogue.layer(self.name).attributes}
        table = pa.Table.from_batches([rows.take(pa.array(chosen, pa.int64()))])
        shown = {"key": table["st_key"], "time": table["st_time"].cast(local)}
        shown |= {name: table[stored] for stored, name in names.items()}
        records: list[dict[str, Any]] = pa.table(shown).to_pylist()
        return records

    def bound(self, version: RuleVersion, query: Query | None = None) -> BoundRule:
        """Bind a version of a rule to the layer; ``query`` is about all of it."""
        rule = _rule_of(version)
        query = rule.question.narrow(self.city.query(self.name) if query is None else query)
        return bind_rule(rule, version.version, query, added_us=version.added_us, ended_us=version.ended_us)

    def _take(
        self, evaluation: LayerEvaluation, log: StandingLog, layer: Layer, versions: Sequence[RuleVersion],
        alerts: AlertPin,
    ) -> LayerRun | None:  # fmt: skip
        """Go on; None: a load was recorded before a rule that was evaluated already, or others changed alerts."""
        log.look_at(evaluation.columns)
        evaluation.history = log.history
        book, first = evaluation.book, next(log.loads(self._loads_us), None)
        if first is not None and first.at_us < self._evaluated_us:
            return None
        loads, rows = self._steps(evaluation, log, layer, versions)
        changed: list[StandingAlert] | None = book.changed()
        recorded = AlertLayer(self.city, self.parts)
        if self._alerts != alerts and recorded.has_changed(self.name, self._alerts.at_us):
            changed = recorded.unrecorded(self.name, book.changed(), self._alerts, alerts)
        return None if changed is None else LayerRun(changed, loads, rows, replayed=False)

    def _steps(
        self, evaluation: LayerEvaluation, log: StandingLog, layer: Layer, versions: Sequence[RuleVersion]
    ) -> tuple[int, int]:  # fmt: skip
        """Take rules and loads in the order of their recorded instants."""
        if evaluation.watermark_us is None and versions:
            before_us = min(version.added_us for version in versions) - 1
            evaluation.see(*log.times(before_us))  # of one instant the rule is first: a clock may stand still
            self._loads_us = max(self._loads_us, before_us)
        rules = self._events(versions, self._evaluated_us)
        bounds, query = {}, self.city.query(self.name)
        for _, begins, version in rules:
            if begins:
                bounds[version.rule.id, version.version] = bound = self.bound(version, query)
                log.look_at(bound.columns)
        loads = rows = 0
        pending = iter(rules)
        event = next(pending, None)
        for load in self._all(log):
            while event is not None and (load is None or event[0] <= load.at_us):
                self._change(evaluation, event, bounds)
                event = next(pending, None)
            if load is not None:
                evaluation.load(load)
                self._loads_us = load.at_us
                self._evaluated_us = max(self._evaluated_us, load.at_us)
                loads, rows = loads + 1, rows + load.begun.num_rows + load.ended.num_rows
        self._loads_us = max(self._loads_us, layer.pin_us())
        return loads, rows

    def _all(self, log: StandingLog) -> Iterator[LoadedRows | None]:
        yield from log.loads(self._loads_us)
        yield None

    def _change(self, evaluation: LayerEvaluation, event: Any, bounds: dict[Any, BoundRule]) -> None:
        at_us, begins, version = event
        name = version.rule.id, version.version
        if begins:
            evaluation.add(bounds[name])
        else:
            evaluation.end(name, at_us, version.until_us)
        self._evaluated_us = max(self._evaluated_us, at_us)

    @staticmethod
    def _events(versions: Sequence[RuleVersion], since_us: int) -> list[tuple[int, bool, RuleVersion]]:
        """Return when versions begin and end after an instant, by recorded instant; ends first."""
        events = [(version.added_us, True, version) for version in versions if version.added_us > since_us]
        ended = ((version.ended_us, version) for version in versions if version.ended_us is not None)
        events += [(at_us, False, version) for at_us, version in ended if at_us > since_us]
        return sorted(events, key=lambda event: (event[0], event[1], event[2].rule.id, event[2].version))

    def _index_first(self, versions: Sequence[RuleVersion]) -> None:
        """Give rows the codes of their unit cells, where a load that was killed has left that undone."""
        if self.name in self.parts.grids.outdated(self.name) and any(
            _rule_of(version).question.by for version in versions
        ):
            self.city.index(self.name)

    def _depends_on(self, layer: Layer, versions: Sequence[RuleVersion]) -> dict[str, Any]:
        """Return what alerts depend on, besides the rows of the layer and rules that are recorded later."""
        catalogue = self.parts.catalogue
        read_by = layer.definition.model_copy(update={"id": "layer", "title": ""}).to_toml()
        index = self.parts.grids.of(self.name)
        return {
            "format": _FORMAT,
            "layer": catalogue.naming.folder_of(layer.name),
            "deleted_us": catalogue.ledger.deleted_us(layer.name),
            "definition": hashlib.blake2b(read_by.encode(), digest_size=8).hexdigest(),
            "grid": None if index is None else [index[0].name, index[1]],
            "named": {name: catalogue.layer(name).pin_us() for name in sorted(self._others(versions))},
        }

    def _others(self, versions: Sequence[RuleVersion]) -> frozenset[str]:
        """Return the other layers that questions of rules name, of those that have not ended."""
        if self._named[0] is not versions:
            rules = [_rule_of(version) for version in versions if version.ended_us is None]
            query = self.city.query(self.name)
            named = (layers_named(rule, rule.question.narrow(query)) for rule in rules)
            self._named = versions, frozenset(name for names in named for name in names)
        return self._named[1]

    def _going_on(
        self, facts: dict[str, Any], versions: Sequence[RuleVersion], alerts: AlertPin
    ) -> LayerEvaluation | None:
        """Return the evaluation of the last run, if all that it depended on is as it was."""
        if self._evaluation is not None and self._facts == facts and self._alerts.is_earlier_of(alerts):
            return self._evaluation
        kept = self._kept()
        if kept is None or any(kept.get(name) != value for name, value in facts.items()):
            return None
        pin = AlertPin.from_document(kept["alerts"])
        known = {(version.rule.id, version.version): version for version in versions}
        names = [(rule, number) for rule, number in kept["standing"]]
        if not pin.is_earlier_of(alerts) or any(name not in known for name in names):
            return None
        layer = AlertLayer(self.city, self.parts)
        evaluation = LayerEvaluation(_nothing, AlertBook(lambda: layer.believed([self.name], pin.at_us)))
        query = self.city.query(self.name)
        evaluation.restore(kept["state"], [self.bound(known[name], query) for name in names])
        self._loads_us, self._evaluated_us = kept["loads_us"], kept["evaluated_us"]
        self._evaluation, self._facts, self._alerts, self._since_kept = evaluation, facts, pin, 0
        return evaluation

    def _kept(self) -> dict[str, Any] | None:
        if not self.parts.folder.exists(*self._place):
            return None
        try:
            kept = json.loads(self.parts.folder.read_text(*self._place))
        except ValueError:  # it can be made again
            return None
        return kept if isinstance(kept, dict) else None

    @property
    def _place(self) -> tuple[str, str]:
        return "index", f"{self.parts.catalogue.naming.folder_of(self.name)}.standing.json"


def _rule_of(version: RuleVersion) -> StandingRule:
    """Return the rule of a version, which is about rows, as it is about a layer."""
    return cast("StandingRule", version.rule)


def _nothing(*_: object) -> Any:
    """Stand for a history until the log is there."""
