"""Enters what an audit trail holds into the ledgers of the cities of a service, once an hour and when it ends.

Each city has the digests of the whole trail, though lines of it be about others: any of them can prove the file, and
none need know of the others.

Tested by `tests/saas/rights/test_traildigests.py`.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING

from stcloud.daas.traildigest import TrailHead, enter_digest
from stcloud.errors import StcloudError

if TYPE_CHECKING:
    from stcloud.city import City
    from stcloud.saas.rights.audittrail import AuditTrail

__all__ = ["TrailDigests"]

_LOG = logging.getLogger("stcloud.rights")
_HOUR_US = 3_600_000_000


class TrailDigests:
    """What cities know of a trail; what cannot be entered stops nothing, and is logged once.

    Parameters
    ----------
    trail
        The trail.
    """

    def __init__(self, trail: AuditTrail) -> None:
        self._trail = trail
        self._known: dict[str, tuple[int, TrailHead | None]] = {}
        self._failed: set[str] = set()

    def enter(self, cities: Mapping[str, City], now_us: int, *, ends: bool = False) -> None:
        """Enter what the trail holds, where lines were written since, and the hour is another than at the last time.

        Parameters
        ----------
        cities
            Cities by the names that they have in the service.
        now_us
            The present instant, UTC microseconds.
        ends
            Whether the service ends, in whatever hour.
        """
        head = self._trail.head()
        if head is None:
            return
        for name, city in cities.items():
            hour, known = self._known.get(name, (-1, None))
            if known == head or (hour == now_us // _HOUR_US and not ends):
                continue
            self._known[name] = now_us // _HOUR_US, self._entered(name, city, head, now_us, ends=ends)

    def _entered(
        self, name: str, city: City, head: TrailHead, now_us: int, *, ends: bool
    ) -> TrailHead | None:
        """Return what the ledger says of the trail then; None: that is not known."""
        parts = city.parts
        try:
            newest = enter_digest(
                parts.folder, parts.catalogue.ledger, head, file=self._trail.name, now_us=now_us, ends=ends
            )
        except (StcloudError, OSError) as error:
            if name not in self._failed:
                message = error.message if isinstance(error, StcloudError) else error
                _LOG.warning("city '%s' gets no digests of the audit trail: %s", name, message)
            self._failed.add(name)
            return None
        self._failed.discard(name)
        return None if newest is None else newest.head
