"""The standing questions of one layer, brought up to date load by load.

What is kept between two runs lies in ``index/``, and is derived: where it is gone, or where anything but the layer's
rows is not as it was, all loads are taken again from the first rule on, with the same alerts.

Tested by `tests/city/test_standing.py`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from stcloud.city.alertlayer import AlertLayer
from stcloud.city.standinglog import StandingLog
from stcloud.city.standingrules import RuleVersion
from stcloud.paas.query.resolve.resolver import layers_of
from stcloud.paas.standing.alertbook import AlertBook
from stcloud.paas.standing.alerting import StandingAlert
from stcloud.paas.standing.alertrows import ALERTS
from stcloud.paas.standing.boundrule import BoundRule, bind_rule
from stcloud.paas.standing.layerevaluation import LayerEvaluation, LoadedRows

if TYPE_CHECKING:
    from stcloud.city.city import City
    from stcloud.city.parts import CityParts
    from stcloud.daas.entry import Layer
    from stcloud.paas.query import Query

__all__ = ["LayerRun", "StandingLayer"]

_FORMAT = 1


@dataclass(frozen=True, slots=True)
class LayerRun:
    """What a run did for one layer.

    Attributes
    ----------
    changed
        Alerts that are new or have changed; of a replay all there are.
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
    _named: dict[tuple[str, int], tuple[str, ...]] = field(default_factory=dict)
    _alerts_us: int = 0
    _loads_us: int = 0
    _evaluated_us: int = 0

    def run(self, versions: Sequence[RuleVersion], *, full: bool = False) -> LayerRun:
        """Take the loads that were recorded since the last run; ``full``: all of them."""
        self._index_first(versions)
        layer = self.parts.catalogue.layer(self.name)
        log = StandingLog(layer)
        facts = self._depends_on(layer, versions)
        evaluation = None if full else self._going_on(facts, versions)
        if evaluation is not None:
            done = self._take(evaluation, log, layer, versions)
            if done is not None:
                return done
        self._loads_us = self._evaluated_us = 0
        book = AlertBook()
        fresh = LayerEvaluation(log.history, book)
        loads, rows = self._steps(fresh, log, layer, versions)
        self._evaluation, self._facts = fresh, facts
        return LayerRun(book.changed(), loads, rows, replayed=True)

    def settle(self) -> None:
        """Remember that the alerts of the last run were recorded."""
        if self._evaluation is None:  # its run has failed
            return
        alerts = AlertLayer(self.city, self.parts)
        self._evaluation.book.flush(lambda: alerts.believed([self.name]))
        self._alerts_us = alerts.pin_us

    def keep(self) -> None:
        """Keep what is needed to go on, for who opens the city next."""
        if self._evaluation is None:
            return
        document = {
            **self._facts, "alerts_us": self._alerts_us, "loads_us": self._loads_us,
            "evaluated_us": self._evaluated_us,
            "standing": [list(bound.name) for bound in self._evaluation.rules],
            "state": self._evaluation.state(),
        }  # fmt: skip
        self.parts.folder.write_text(json.dumps(document) + "\n", *self._place)

    def bound(self, version: RuleVersion, query: Query | None = None) -> BoundRule:
        """Bind a version of a rule to the layer; ``query`` is about all of it."""
        rule = version.rule
        query = rule.question.narrow(self.city.query(self.name) if query is None else query)
        return bind_rule(rule, version.version, query, added_us=version.added_us, ended_us=version.ended_us)

    def _take(
        self, evaluation: LayerEvaluation, log: StandingLog, layer: Layer, versions: Sequence[RuleVersion]
    ) -> LayerRun | None:
        """Go on; None: a load was recorded before a rule that was evaluated already."""
        log.look_at(evaluation.columns)
        evaluation.history = log.history
        book, first = evaluation.book, next(log.loads(self._loads_us), None)
        if first is not None and first.at_us <= self._evaluated_us:
            return None
        loads, rows = self._steps(evaluation, log, layer, versions)
        return LayerRun(book.changed(), loads, rows, replayed=False)

    def _steps(
        self, evaluation: LayerEvaluation, log: StandingLog, layer: Layer, versions: Sequence[RuleVersion]
    ) -> tuple[int, int]:  # fmt: skip
        """Take rules and loads in the order of their recorded instants."""
        if evaluation.watermark_us is None and versions:
            first_us = min(version.added_us for version in versions)
            evaluation.see(*log.times(first_us))
            self._loads_us = max(self._loads_us, first_us)
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
            version.rule.question.by for version in versions
        ):
            self.city.index(self.name)

    def _depends_on(self, layer: Layer, versions: Sequence[RuleVersion]) -> dict[str, Any]:
        """Return what alerts depend on, besides the rows of the layer and rules that are recorded later."""
        catalogue = self.parts.catalogue
        read_by = layer.definition.model_copy(update={"id": "layer", "title": ""}).to_toml()
        index = self.parts.grids.of(self.name)
        named = sorted({
            name for version in versions if version.ended_us is None for name in self._layers_of(version)
        })  # fmt: skip
        return {
            "format": _FORMAT,
            "layer": catalogue.naming.folder_of(layer.name),
            "deleted_us": catalogue.ledger.deleted_us(layer.name),
            "definition": hashlib.blake2b(read_by.encode(), digest_size=8).hexdigest(),
            "grid": None if index is None else [index[0].name, index[1]],
            "named": {name: catalogue.layer(name).pin_us() for name in named},
            "alerts_deleted_us": catalogue.ledger.deleted_us(ALERTS),
        }

    def _layers_of(self, version: RuleVersion) -> tuple[str, ...]:
        """Return the other layers that a rule's question names."""
        name = version.rule.id, version.version
        if name not in self._named:
            query = version.rule.question.narrow(self.city.query(self.name))
            self._named[name] = layers_of(query.conditions)
        return self._named[name]

    def _going_on(self, facts: dict[str, Any], versions: Sequence[RuleVersion]) -> LayerEvaluation | None:
        """Return the evaluation of the last run, if all that it depended on is as it was."""
        alerts = AlertLayer(self.city, self.parts)
        if (
            self._evaluation is not None
            and self._facts == facts
            and not alerts.changed(self.name, self._alerts_us)
        ):
            return self._evaluation
        kept = self._kept()
        if kept is None or any(kept.get(name) != value for name, value in facts.items()):
            return None
        if alerts.changed(self.name, kept["alerts_us"]):
            return None
        known = {(version.rule.id, version.version): version for version in versions}
        names = [(rule, number) for rule, number in kept["standing"]]
        if any(name not in known for name in names):
            return None
        evaluation = LayerEvaluation(_nothing, AlertBook(lambda: alerts.believed([self.name])))
        query = self.city.query(self.name)
        evaluation.restore(kept["state"], [self.bound(known[name], query) for name in names])
        self._loads_us, self._evaluated_us = kept["loads_us"], kept["evaluated_us"]
        self._evaluation, self._facts, self._alerts_us = evaluation, facts, kept["alerts_us"]
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


def _nothing(*_: object) -> Any:
    """Stand for a history until the log is there."""
