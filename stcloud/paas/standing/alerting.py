"""Alerts: what was raised of incidents, and what becomes of it when rows are late, corrected or withdrawn.

An incident is what is believed now; an alert stays. As beliefs change, incidents are matched with the alerts of
their group by the time that they have in common. An alert goes on as the incident that it matches. One that matches
none any more is `retracted`; one whose incident became a part of another one's is `merged` into that alert.

Laws: **one incident, one alert**; **nothing is withdrawn**: an alert that was raised keeps its row for ever.

Tested by `tests/paas/standing/test_alerting.py`.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from stcloud.daas.table.timeline import FOREVER
from stcloud.paas.standing.incident import Incident

__all__ = [
    "ENDED",
    "MERGED",
    "OPEN",
    "RETRACTED",
    "AlertTerms",
    "StandingAlert",
    "believed",
    "closed",
    "settled",
]

OPEN, ENDED, RETRACTED, MERGED = "open", "ended", "retracted", "merged"
"""What has become of an alert: its incident goes on, is over, is believed no more, is a part of another one."""


@dataclass(frozen=True, slots=True)
class StandingAlert:
    """What was raised of an incident; instants are UTC microseconds.

    Attributes
    ----------
    id
        Its key: rule, the incident's beginning as it was raised, and a digest of those with version and group. A
        second alert of one beginning has another digest.
    rule, version, layer, group
        The rule with its version, the layer of its rows, and their group as a text.
    status, into
        `OPEN`, `ENDED`, `RETRACTED` or `MERGED`, and of the last the alert that has its incident now.
    incident
        As it is believed; of an alert that is retracted or merged as it was believed last.
    threshold
        What the count or value was compared with.
    late, lateness_us
        Whether the rows came late, and how much: how far rules had been evaluated beyond `crossed_us`.
    raised_us, known_us
        The recorded instants of the load that raised it, and of the last one that changed it.
    """

    id: str
    rule: str
    version: int
    layer: str
    group: str
    status: str
    into: str | None
    incident: Incident
    threshold: float
    late: bool
    lateness_us: int
    raised_us: int
    known_us: int

    def state(self) -> dict[str, Any]:
        """Return its attributes as JSON has them."""
        own = {name: getattr(self, name) for name in self.__slots__}
        return own | {"incident": self.incident.state()}

    @property
    def order(self) -> tuple[int, str, int, str, int, str]:
        """What alerts are ordered by: as they were raised, then by rule, group and time."""
        return self.raised_us, self.rule, self.version, self.group, self.incident.from_us, self.id

    @property
    def first_us(self) -> int:
        """When its incident began as it was raised, which its id names; UTC microseconds."""
        at = datetime.fromisoformat(self.id.rpartition("#")[0].rpartition("@")[2])
        return int(at.replace(microsecond=0).timestamp()) * 1_000_000 + at.microsecond

    @property
    def is_believed(self) -> bool:
        """Whether it has an incident of its own."""
        return self.status in (OPEN, ENDED)


@dataclass(frozen=True, slots=True)
class AlertTerms:
    """What alerts of one rule and group are raised with.

    Attributes
    ----------
    rule, version, layer, group, threshold
        As of `StandingAlert`.
    lateness_us
        How late rows may come for their alert not to be called late.
    at_us
        The recorded instant of the load.
    watermark_us
        Up to when rules had been evaluated before it, valid time; None: they had not been.
    """

    rule: str
    version: int
    layer: str
    group: str
    threshold: float
    lateness_us: int
    at_us: int
    watermark_us: int | None

    def alert(self, incident: Incident, taken: Collection[str] = ()) -> StandingAlert:
        """Return a new alert of an incident; ``taken`` are ids of the group's other alerts."""
        behind_us = 0 if self.watermark_us is None else max(0, self.watermark_us - incident.crossed_us)
        ids = (self._id(incident.from_us, number) for number in itertools.count())
        return StandingAlert(
            id=next(each for each in ids if each not in taken), rule=self.rule, version=self.version,
            layer=self.layer, group=self.group, status=_status(incident), into=None, incident=incident,
            threshold=self.threshold, late=behind_us > self.lateness_us, lateness_us=behind_us,
            raised_us=self.at_us, known_us=self.at_us,
        )  # fmt: skip

    def _id(self, from_us: int, number: int) -> str:
        """Return an id that knows nothing of the load: where a feed's batches end does not matter."""
        identity = "\n".join(
            map(str, (self.rule, self.version, self.group, from_us, *([number] if number else ())))
        )
        return f"{self.rule}@{_iso(from_us)}#{hashlib.blake2b(identity.encode(), digest_size=5).hexdigest()}"


def believed(
    alerts: Sequence[StandingAlert], incidents: Iterable[Incident], raising: AlertTerms
) -> tuple[list[StandingAlert], list[StandingAlert]]:
    """Return the alerts of a group once incidents are believed, and those of them that are new or have changed.

    Parameters
    ----------
    alerts
        Those that were raised of the group, in the time of the incidents.
    incidents
        Those that are believed now, in order; they have no time in common.
    raising
        What new alerts are raised with.
    """
    after, left = [], sorted(alerts, key=lambda alert: (not alert.is_believed, alert.order))
    known = {alert.id: alert for alert in alerts}
    owners = []
    for incident in incidents:
        alert = next((each for each in left if _meet(each.incident, incident)), None)
        if alert is None:
            alert = raising.alert(incident, known)
        else:
            left.remove(alert)
            alert = replace(alert, incident=incident, status=_status(incident), into=None)
        owners.append(alert)
    after += owners
    for alert in left:
        if alert.is_believed:
            owner = next((each for each in owners if _meet(each.incident, alert.incident)), None)
            status = RETRACTED if owner is None else MERGED
            after.append(replace(
                alert, status=status, into=None if owner is None else owner.id, incident=_over(alert.incident)
            ))  # fmt: skip
        else:
            after.append(alert)
    stamped = [
        alert if known.get(alert.id) == alert else replace(alert, known_us=raising.at_us) for alert in after
    ]
    changed = [alert for alert in stamped if known.get(alert.id) != alert]
    return stamped, changed


def settled(alert: StandingAlert, before_us: int) -> bool:
    """Tell whether an alert's time is over before an instant, so that nothing later can meet it or have its id."""
    return alert.status != OPEN and _end_us(alert.incident) <= before_us and alert.first_us < before_us


def closed(alert: StandingAlert, until_us: int, at_us: int) -> StandingAlert:
    """Return an open alert as it is when its rule has ended, at a valid and a recorded instant."""
    ends_us = until_us if alert.incident.ends_us is None else min(until_us, alert.incident.ends_us)
    incident = replace(alert.incident, to_us=max(ends_us, alert.incident.last_us), ends_us=None)
    return replace(alert, status=ENDED, incident=incident, known_us=at_us)


def _status(incident: Incident) -> str:
    return OPEN if incident.to_us is None else ENDED


def _over(incident: Incident) -> Incident:
    """Return an incident that is believed no more: it ends with its last row, if no end was known."""
    to_us = incident.last_us if incident.to_us is None else incident.to_us
    return replace(incident, to_us=to_us, ends_us=None)


def _end_us(incident: Incident) -> int:
    return FOREVER if incident.to_us is None else max(incident.to_us, incident.last_us + 1)


def _meet(first: Incident, second: Incident) -> bool:
    return first.from_us < _end_us(second) and second.from_us < _end_us(first)


def _iso(at_us: int) -> str:
    at = datetime.fromtimestamp(at_us // 1_000_000, UTC).replace(microsecond=at_us % 1_000_000)
    return at.isoformat().replace("+00:00", "Z")
