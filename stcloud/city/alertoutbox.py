"""Alerts that wait to be delivered, by the outbox of cases: one for each receiver, in ``index/``.

Notices are made of alerts that are recorded, and of no others: who dies in between makes them at the next time.

Tested by `tests/city/test_alertoutbox.py`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from stcloud.errors import InvalidInput, NotFound
from stcloud.iaas.records import Notice
from stcloud.iaas.store.folder import Folder
from stcloud.paas.standing.alerting import StandingAlert
from stcloud.paas.standing.alertrows import alert_rows

if TYPE_CHECKING:
    from stcloud.city.parts import CityParts
    from stcloud.iaas.records import Records

__all__ = ["alert_outbox"]

_TARGET = "alert"


def alert_outbox(parts: CityParts, crs: str, to: str, alerts: Iterable[StandingAlert]) -> Records:
    """Return the outbox for a receiver, with the notices of alerts; see `CityStanding.outbox`.

    ``crs`` is the city's.
    """
    from stcloud.iaas.records import Records  # noqa: PLC0415  (a database is slow to import)

    if parts.folder.mount is not None:
        raise InvalidInput(
            "database-needed", "what waits to be delivered cannot lie in a bucket",
            hint="deliver from a city in a folder",
        )  # fmt: skip
    place = Folder.at(f"{parts.folder.url}/index/alerts")
    name = f"to-{hashlib.blake2b(to.encode(), digest_size=6).hexdigest()}"
    try:
        records = Records.open(place, name, clock=parts.clock)
    except NotFound:
        records = Records.create(place, name, clock=parts.clock)
    records.outbox.put(_notice(alert, crs) for alert in alerts)
    return records


def _notice(alert: StandingAlert, crs: str) -> Notice:
    """Return the notice of an alert in its status; its id is the same whenever it is made."""
    row: dict[str, Any] = alert_rows([alert], crs).to_pylist()[0]
    shown = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in row.items()}
    body = json.dumps(shown, ensure_ascii=False)
    return Notice(id=f"{alert.id}:{alert.status}", case=alert.id, seq=1, target=_TARGET, body=body)
