"""The layer of alerts: what changed is loaded by the way of every load, so it has both clocks, a ledger, cells.

Tested by `tests/city/test_standing.py`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

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
    from stcloud.daas.entry import Layer
    from stcloud.daas.ledger import Reckoning

__all__ = ["AlertLayer"]


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
    def pin_us(self) -> int:
        """The newest recorded instant of the layer, UTC microseconds; 0: there is none."""
        layer = self.layer
        return 0 if layer is None else layer.pin_us()

    def changed(self, layer: str, since_us: int) -> bool:
        """Return whether alerts of a layer's rules were recorded, ended or purged after an instant of `pin_us`."""
        own, pin_us = self.layer, self.pin_us
        if own is None or pin_us <= since_us:
            return pin_us != since_us
        if any(purge.recorded_at_us > since_us for purge in own.purges):
            return True
        files = [file for file in own.snapshot.files if (newest([file]) or FOREVER) > since_us]
        stored = next(attribute.stored for attribute in own.attributes if attribute.name == "layer")
        rows = own.snapshot.read(files, [stored, "st_recorded_from", "st_recorded_to"])
        rows = rows.filter(pc.equal(rows[stored], layer))
        times = (micros(rows[name], 0) for name in ("st_recorded_from", "st_recorded_to"))
        return any(bool((at_us > since_us).any()) for at_us in times)

    def believed(self, layers: Collection[str] | None = None) -> list[StandingAlert]:
        """Return the alerts, as they are recorded now, of rules of some layers; None: of all."""
        layer = self.layer
        if layer is None:
            return []
        stored = {attribute.name: attribute.stored for attribute in layer.attributes}
        names = [stored.get(name, name) for name in SCHEMA.names]
        rows = layer.snapshot.read(layer.snapshot.files, [*names, "st_recorded_to"])
        rows = rows.filter(pc.is_null(rows["st_recorded_to"])).select(names).rename_columns(SCHEMA.names)
        if layers is not None:
            rows = rows.filter(pc.is_in(rows["layer"], pa.array(sorted(layers), pa.string())))
        return sorted(alerts_of(rows), key=lambda alert: alert.order)

    def record(self, changed: Sequence[StandingAlert], replayed: Collection[str] = ()) -> list[Reckoning]:
        """Record alerts that are new or have changed; return the reckonings of at most two loads.

        ``replayed`` are layers of which `changed` has all alerts: others of their rules are withdrawn, unless the
        layer was purged.
        """
        loads = []
        before = {alert.id: alert for alert in self.believed(replayed)} if replayed else {}
        if replayed:
            purged = {name for name in replayed if self.parts.catalogue.layer(name).purges}
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


def _same(before: StandingAlert | None, alert: StandingAlert) -> bool:
    """Tell whether a row of an alert is as it was; places that are not known are equal."""
    return before is not None and repr(before) == repr(alert)
