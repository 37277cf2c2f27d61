"""Requests that were turned away before anybody looked at what they ask for: counted by minute.

A flood would else write as many lines as it has requests, and fill the disk that it cannot fill with answers.

Tested by `tests/saas/rights/test_turnedaway.py`.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace

from stcloud.saas.rights.auditentry import AuditEntry
from stcloud.saas.rights.principal import Principal

__all__ = ["TurnedAway"]

_MINUTE_US = 60_000_000
OTHERS = "others"
"""Stands for the addresses and names of a minute beyond the first thousand."""


@dataclass(frozen=True, slots=True)
class _Sort:
    """What requests of one entry have in common."""

    minute: int
    principal: Principal
    address: str | None
    city: str
    status: int
    error: str


class TurnedAway:
    """Counts requests that were turned away, one entry for each principal, city, kind of error and minute.

    **The counts of all entries add up to the requests that were turned away.** Threads may share it.

    Parameters
    ----------
    most
        So many sorts of requests have entries of their own at a time; what comes then is counted for `OTHERS`.
    """

    def __init__(self, most: int = 1_000) -> None:
        self._most = most
        self._counted: dict[_Sort, AuditEntry] = {}
        self._lock = threading.Lock()

    def add(
        self, principal: Principal, address: str, *, city: str, status: int, error: str, at_us: int
    ) -> None:
        """Count a request; ``address`` is that of whoever is not known, ``at_us`` when it came, UTC microseconds."""
        sort = _Sort(
            at_us // _MINUTE_US, Principal(principal.name, kind=principal.kind),
            address if principal.is_anonymous else None, city, status, error,
        )  # fmt: skip
        with self._lock:
            if sort not in self._counted and len(self._counted) >= self._most:
                who = Principal("", kind=principal.kind)
                sort = replace(sort, principal=who, address=OTHERS)
            known = self._counted.get(sort)
            self._counted[sort] = AuditEntry(
                principal=sort.principal, action="refused", at_us=at_us if known is None else max(at_us, known.at_us),
                city=city, status=status, error=error, count=1 if known is None else known.count + 1,
                since_us=at_us if known is None else min(at_us, known.since_us or at_us),
                address=sort.address,
            )  # fmt: skip

    def ended(self, now_us: int | None = None) -> tuple[AuditEntry, ...]:
        """Give the entries of minutes that are over at an instant, UTC microseconds (None: all), once."""
        with self._lock:
            over = [sort for sort in self._counted if now_us is None or sort.minute < now_us // _MINUTE_US]
            return tuple(self._counted.pop(sort) for sort in over)
