"""Alerts that wait to be delivered: one outbox for each receiver, in ``index/``.

Of a city in a folder it is one that cases have, in a database; in a bucket it is a small text. Notices are made of
alerts that are recorded, and of no others: who dies in between makes them at the next time.

Tested by `tests/city/test_alertoutbox.py`.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from stcloud.city.alertlayer import RecordedAlert
from stcloud.city.keywords import LOCK_WAIT_S
from stcloud.errors import NotFound
from stcloud.iaas.records import Notice
from stcloud.iaas.store.folder import Folder
from stcloud.paas.standing.alertrows import alert_rows

if TYPE_CHECKING:
    from stcloud.city.parts import CityParts
    from stcloud.iaas.records.outbox import Notices

__all__ = ["AlertOutbox", "alert_outbox"]

_TARGET = "alert"
_PLACE = "index", "alerts"


@dataclass(frozen=True, slots=True, eq=False)
class AlertOutbox:
    """What delivers alerts to one receiver; close it after use, or use it in a ``with`` block.

    Attributes
    ----------
    outbox
        The notices that wait.
    """

    outbox: Notices
    _close: Callable[[], None]

    def close(self) -> None:
        """Keep what became of notices, and let go of the place where that is."""
        self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def alert_outbox(
    parts: CityParts, crs: str, to: str, alerts: Callable[[], Iterable[RecordedAlert]]
) -> AlertOutbox:
    """Return the outbox for a receiver, with the notices of alerts; see `CityStanding.outbox`.

    ``crs`` is the city's.
    """
    name = f"to-{hashlib.blake2b(to.encode(), digest_size=6).hexdigest()}"
    if parts.folder.mount is None:
        return _in_folder(parts, name, _notices(alerts(), crs))
    return _in_bucket(parts, name, lambda: _notices(alerts(), crs))


def _in_folder(parts: CityParts, name: str, notices: Iterable[Notice]) -> AlertOutbox:
    from stcloud.iaas.records import Records  # noqa: PLC0415  (a database is slow to import)

    place = Folder.at("/".join((parts.folder.url, *_PLACE)))
    try:
        records = Records.open(place, name, clock=parts.clock)
    except NotFound:
        records = Records.create(place, name, clock=parts.clock)
    records.outbox.put(notices)
    return AlertOutbox(records.outbox, records.close)


def _in_bucket(parts: CityParts, name: str, notices: Callable[[], Iterable[Notice]]) -> AlertOutbox:
    from stcloud.iaas.records.storedoutbox import StoredOutbox  # noqa: PLC0415

    with contextlib.ExitStack() as held:  # one process of this machine delivers at a time
        held.enter_context(parts.folder.lock(f"alerts-{name}", wait_s=LOCK_WAIT_S))
        key = "/".join((*_PLACE, f"{name}.json"))
        outbox = StoredOutbox(parts.folder.store, key, notices(), clock=parts.clock)
        held.callback(outbox.write)
        return AlertOutbox(outbox, held.pop_all().close)
    raise AssertionError  # pragma: no cover  (a stack hides no error)


def _notices(alerts: Iterable[RecordedAlert], crs: str) -> list[Notice]:
    """Return a notice for each status that alerts took, in the order in which they were recorded.

    Its id is the same whenever it is made: of an alert that takes a status again it has a number, ``…:open:2``.
    """
    taken: list[tuple[str, RecordedAlert]] = []
    last: dict[str, str] = {}
    times: dict[str, int] = {}
    for recorded in alerts:
        alert = recorded.alert
        if last.get(alert.id) != alert.status:
            last[alert.id] = alert.status
            name = f"{alert.id}:{alert.status}"
            times[name] = times.get(name, 0) + 1
            taken.append((name if times[name] == 1 else f"{name}:{times[name]}", recorded))
    rows = alert_rows([recorded.alert for _, recorded in taken], crs).to_pylist()
    return [
        Notice(
            id=name, case=recorded.alert.id, seq=1, target=_TARGET, body=_body(row), recorded_us=recorded.from_us
        )
        for (name, recorded), row in zip(taken, rows, strict=True)
    ]  # fmt: skip


def _body(row: dict[str, Any]) -> str:
    shown = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in row.items()}
    return json.dumps(shown, ensure_ascii=False)
