"""What a service notes of requests in its audit trail: answers that are given, and requests that are refused.

Of what is refused nothing is noted but the path below the city, the layer, the status and the kind of the error: no
body, no filter and no credentials. What is not there and what may not be seen are both noted, with the same work: the
time of an answer does not tell them apart.

Tested by `tests/saas/web/test_requestnotes.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from stcloud.errors import StcloudError
from stcloud.saas.rights.auditentry import AuditEntry
from stcloud.saas.rights.traildigests import TrailDigests
from stcloud.saas.rights.turnedaway import TurnedAway
from stcloud.saas.web.problem import status_of

if TYPE_CHECKING:
    from stcloud.city import City
    from stcloud.iaas.clock import Clock
    from stcloud.saas.rights.audittrail import AuditTrail
    from stcloud.saas.rights.principal import Principal
    from stcloud.saas.web.call import CityRequest

__all__ = ["RequestNotes"]

_REFUSED = (403, 404)
_COUNTED = (401, 429)
"""Statuses of requests of which nobody looked at what they ask for: counted by minute, see `TurnedAway`."""
_LONGEST_PATH = 500
_OPEN311 = "/open311/"


class RequestNotes:
    """Notes what becomes of requests; without a trail it notes nothing.

    Parameters
    ----------
    trail
        Where; None: nowhere.
    clock
        Returns the present instant, UTC microseconds.
    """

    def __init__(self, trail: AuditTrail | None, clock: Clock) -> None:
        self._trail, self._clock = trail, clock
        self._turned_away = TurnedAway()
        self._digests = None if trail is None else TrailDigests(trail)

    @property
    def are_kept(self) -> bool:
        """Whether there is a trail."""
        return self._trail is not None

    def answered(self, call: CityRequest, action: str, city: str, status: int) -> None:
        """Note a response of a handler before it is sent; the entry is on disk then."""
        if status < 400:
            self._add(
                AuditEntry(
                    principal=call.principal, action=action, at_us=call.now_us, city=city, status=status,
                    question=call.noted_request(), pin=call.given.get("pin"), rows=call.given.get("rows"),
                    personal=call.given.get("personal", frozenset()),
                )
            )  # fmt: skip
        else:
            self._refused(call, action, city, status, call.given.get("error"))

    def failed(self, call: CityRequest, action: str, city: str, error: StcloudError) -> None:
        """Note a request that a handler refuses."""
        self._refused(call, action, city, status_of(error), error)

    def turned_away(self, principal: Principal, address: str, city: str, error: StcloudError) -> None:
        """Count a request of a principal that is not known, or asks too often."""
        status = status_of(error)
        if self._trail is not None and status in _COUNTED:
            self._turned_away.add(
                principal, address, city=city, status=status, error=error.kind, at_us=self._clock()
            )

    def tend(self, cities: Mapping[str, City]) -> None:
        """Write down what was counted in minutes that are over; once an hour let the cities know of the trail."""
        now_us = self._clock()
        self._write(self._turned_away.ended(now_us))
        if self._digests is not None:
            self._digests.enter(cities, now_us)

    def close(self, cities: Mapping[str, City]) -> None:
        """Write down all that was counted, and let the cities know of all that the trail has."""
        self._write(self._turned_away.ended())
        if self._digests is not None:
            self._digests.enter(cities, self._clock(), ends=True)

    def _refused(
        self, call: CityRequest, action: str, city: str, status: int, error: StcloudError | None
    ) -> None:
        if status in _COUNTED and error is not None:
            self.turned_away(call.principal, call.address, city, error)
        elif status in _REFUSED:
            self._add(
                AuditEntry(
                    principal=call.principal, action=action, at_us=call.now_us, city=city, status=status,
                    question=_request_of(call), error=None if error is None else error.kind,
                    withheld=status == 404 and _is_withheld(call, city),
                )
            )  # fmt: skip

    def _add(self, entry: AuditEntry) -> None:
        if self._trail is not None:
            self._trail.add(entry)

    def _write(self, entries: tuple[AuditEntry, ...]) -> None:
        if self._trail is not None and entries:
            self._trail.add_all(entries)


def _request_of(call: CityRequest) -> dict[str, Any]:
    """Return what a refused request asked for, without what a client may have written into it."""
    wanted: dict[str, Any] = {"path": call.path[:_LONGEST_PATH]}
    document = call.given.get("document") or {}
    return wanted | {
        name: document[name] for name in ("layer", "log", "join", "action", "case") if name in document
    }


def _is_withheld(call: CityRequest, city: str) -> bool:
    """Return whether a city, a layer or a log that a request is about is there, and may not be seen."""
    if not city:
        named = unquote(call.path.strip("/").partition("/")[0])
        return named in call.service.cities and not call.service.shows(named, call.principal)
    document = call.given.get("document") or {}
    layers = [
        call.segments.get("collection"),
        call.segments.get("table"),
        document.get("layer"),
        document.get("join"),
    ]
    logs = [call.segments.get("log"), document.get("log")]
    if call.path.startswith(_OPEN311):
        layers.append(call.service.settings.open311)
        logs.append(call.service.settings.open311)
    return call.service.withholds(city, call.principal, filter(None, layers), filter(None, logs))
