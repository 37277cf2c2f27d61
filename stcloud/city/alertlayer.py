"""The layer of alerts: what changed is loaded by the way of every load, so it has both clocks, a ledger, cells.

Tested by `tests/city/test_standing.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from stcloud.daas.table.feature import micros
from stcloud.daas.table.layer import newest
from stcloud.daas.table.timeline import FOREVER
from stcloud.errors import InvalidInput, NotFound
from stcloud.paas.standing.alerting import StandingAlert
from stcloud.paas.standing.alertrows import (
    ALERTS,
    SCHEMA,
    alert_definition,
    alert_rows,
    alerts_of,
    is_of_alerts,
)

if TYPE_CHECKING:
    from stcloud.city.city import City
    from stcloud.city.parts import CityParts
    from stcloud.daas.configuration import CityConfiguration
    from stcloud.daas.entry import Layer
    from stcloud.daas.reckoning import Reckoning

Instants = NDArray[np.int64]

__all__ = ["AlertLayer", "AlertPin", "RecordedAlert", "shown_alert"]


@dataclass(frozen=True, slots=True)
class AlertPin:
    """A state of the layer of alerts.

    Attributes
    ----------
    identity
        Its folder, when a layer of its name was deleted last, and how often it was purged; empty: there is none.
    at_us
        Its newest recorded instant, UTC microseconds; 0: nothing is recorded.
    """

    identity: tuple[str | int, ...] = ()
    at_us: int = 0

    def is_earlier_of(self, other: AlertPin) -> bool:
        """Return whether the other state is one of the same layer, in which this one can be looked at."""
        return not self.at_us or bool(self.identity and self.identity == other.identity)

    def to_document(self) -> list[Any]:
        """Return it as JSON has it."""
        return [list(self.identity), self.at_us]

    @classmethod
    def from_document(cls, document: Any) -> AlertPin:
        """Return what was written as `to_document` has it."""
        identity, at_us = document
        return cls(tuple(identity), at_us)


@dataclass(frozen=True, slots=True)
class RecordedAlert:
    """An alert as it was believed during a time, recorded time in UTC microseconds, half-open."""

    alert: StandingAlert
    from_us: int
    to_us: int

    def order(self) -> tuple[int, tuple[int, str, int, str, int, str]]:
        """Return what beliefs are ordered by: as they were recorded."""
        return self.from_us, self.alert.order


@dataclass(frozen=True, slots=True)
class AlertLayer:
    """The alerts that a city has recorded.

    Parameters
    ----------
    city, parts
        The city.
    """

    city: City
    parts: CityParts

    @property
    def layer(self) -> Layer | None:
        """The layer; None: nothing was recorded yet. `InvalidInput` ``not-derived``: it has something else."""
        try:
            layer = self.parts.catalogue.layer(ALERTS)
        except NotFound:
            return None
        if not is_of_alerts(layer.definition):
            raise InvalidInput(
                "not-derived", f"layer '{ALERTS}' has something else than alerts",
                hint="rename it: city.rename", in_shell="rename it: stcloud define --rename",
            )  # fmt: skip
        return layer

    @property
    def pin(self) -> AlertPin:
        """Its newest state."""
        layer, catalogue = self.layer, self.parts.catalogue
        if layer is None:
            return AlertPin()
        identity = (
            catalogue.naming.folder_of(ALERTS), catalogue.ledger.deleted_us(ALERTS), len(layer.purges)
        )  # fmt: skip
        return AlertPin(identity, layer.pin_us())

    def pin_after(self, before: AlertPin, recorded: Sequence[Reckoning]) -> AlertPin | None:
        """Return its state after loads into an earlier one; None: not only these have changed it."""
        now, ledger = self.pin, self.parts.catalogue.ledger
        if not now.identity or now == before:
            return now if now == before and not recorded else None
        own = {reckoning.load for reckoning in recorded}
        at_us = max([before.at_us, *(reckoning.recorded_at_us for reckoning in recorded)])
        since_us = before.at_us or ledger.deleted_us(ALERTS)
        alone = now.at_us == at_us and ledger.entered_after(ALERTS, since_us) <= own
        return now if alone and before.is_earlier_of(now) else None

    def believed(
        self, layers: Collection[str] | None = None, known_us: int | None = None
    ) -> list[StandingAlert]:
        """Return the alerts of rules of some layers (None: of all), as recorded at an instant (None: now)."""
        at_us = FOREVER - 1 if known_us is None else known_us
        recorded = self._recorded(lambda from_us, to_us: (from_us <= at_us) & (at_us < to_us), layers)
        return sorted((each.alert for each in recorded), key=lambda alert: alert.order)

    def unrecorded(
        self, name: str, changed: Sequence[StandingAlert], before: AlertPin, now: AlertPin
    ) -> list[StandingAlert] | None:
        """Return the alerts of a layer's rules that are not recorded as they should be, in order.

        Alerts should be as they were in an earlier state, and as `changed` since. None: not only these have changed.
        """
        were, there = (
            {alert.id: alert for alert in self.believed([name], pin.at_us)} for pin in (before, now)
        )
        meant = were | {alert.id: alert for alert in changed}
        if not were.keys() <= there.keys() <= meant.keys():
            return None
        missing = [alert for name, alert in meant.items() if not _same(there.get(name), alert)]
        return sorted(missing, key=lambda alert: alert.order)

    def has_changed(self, layer: str, since_us: int) -> bool:
        """Return whether alerts of a layer's rules were recorded, ended or purged after the instant of a state."""
        own = self.layer
        if own is None:
            return False
        if any(purge.recorded_at_us > since_us for purge in own.purges):
            return True
        files = [file for file in own.snapshot.files if (newest([file]) or FOREVER) > since_us]
        stored = next(attribute.stored for attribute in own.attributes if attribute.name == "layer")
        rows = own.snapshot.read(files, [stored, "st_recorded_from", "st_recorded_to"])
        rows = rows.filter(pc.equal(rows[stored], layer))
        times = (micros(rows[name], 0) for name in ("st_recorded_from", "st_recorded_to"))
        return any(bool((at_us > since_us).any()) for at_us in times)

    def recorded(self) -> list[RecordedAlert]:
        """Return all that was ever recorded of the alerts that are believed now, in the order of recording.

        Of an alert that was taken out and recorded again, what was recorded since.
        """
        known: dict[str, list[RecordedAlert]] = {}
        for each in self._recorded(lambda from_us, _: from_us < FOREVER):
            before = known.get(each.alert.id)
            if before is None or before[-1].to_us != each.from_us:
                known[each.alert.id] = [each]
            else:
                before.append(each)
        now = [each for history in known.values() if history[-1].to_us == FOREVER for each in history]
        return sorted(now, key=RecordedAlert.order)

    def _recorded(
        self, kept: Callable[[Instants, Instants], Any], layers: Collection[str] | None = None
    ) -> list[RecordedAlert]:
        """Return the beliefs whose recorded time is kept, in the order of recording."""
        layer = self.layer
        if layer is None:
            return []
        stored = {attribute.name: attribute.stored for attribute in layer.attributes}
        names = [stored.get(name, name) for name in SCHEMA.names]
        clock = ["st_recorded_from", "st_recorded_to"]
        rows = layer.snapshot.read(layer.snapshot.files, [*names, *clock])
        rows = rows.filter(pa.array(kept(*(micros(rows[name], FOREVER) for name in clock))))
        if layers is not None:
            chosen = pc.is_in(rows[stored.get("layer", "layer")], pa.array(sorted(layers), pa.string()))
            rows = rows.filter(chosen)
        alerts = alerts_of(rows.select(names).rename_columns(SCHEMA.names))
        from_us, to_us = (micros(rows[name], FOREVER).tolist() for name in clock)
        recorded = map(RecordedAlert, alerts, from_us, to_us)
        return sorted(recorded, key=RecordedAlert.order)

    def record(
        self, changed: Sequence[StandingAlert], replayed: Collection[str] = (), purged: Collection[str] = ()
    ) -> list[Reckoning]:
        """Record alerts that are new or have changed; return the reckonings of at most two loads.

        ``replayed`` are layers of which `changed` has all alerts: others of their rules are withdrawn, unless they
        are ``purged``.
        """
        loads = []
        before = {alert.id: alert for alert in self.believed(replayed)} if replayed else {}
        if replayed:
            gone = before.keys() - {alert.id for alert in changed}
            withdrawn = sorted(name for name in gone if before[name].layer not in purged)
            if withdrawn:
                keys = pa.table({"alert": pa.array(withdrawn, pa.string())})
                loads.append(self.city.load(ALERTS, keys, mode="delete", again=True))
        news = [alert for alert in changed if not _same(before.get(alert.id), alert)]
        if news:
            rows = alert_rows(news, self.city.configuration.crs)
            loads.append(self.city.load(ALERTS, rows, definition=alert_definition(), again=True))
        return loads


def shown_alert(alert: StandingAlert, configuration: CityConfiguration) -> dict[str, Any]:
    """Return an alert as its row is shown, with instants on the city's clock."""
    table, local = alert_rows([alert], configuration.crs), pa.timestamp("us", configuration.zone.name)
    columns = {
        name: table[name].cast(local) if pa.types.is_timestamp(table[name].type) else table[name]
        for name in SCHEMA.names
    }
    record: dict[str, Any] = pa.table(columns).to_pylist()[0]
    return record


def _same(before: StandingAlert | None, alert: StandingAlert) -> bool:
    """Tell whether a row of an alert is as it was; places that are not known are equal."""
    return before is not None and repr(before) == repr(alert)
