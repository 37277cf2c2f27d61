"""Entries of an audit trail: who asked what, and what became of it.

Tested by `tests/saas/rights/test_audittrail.py` and `tests/saas/web/test_requestnotes.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stcloud.errors import InvalidInput
from stcloud.saas.rights.principal import Principal

__all__ = ["AuditEntry"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """An answer that was given, a request that was refused, or several that were turned away.

    Parameters
    ----------
    principal, action, at_us
        Who, what (such as a route), and when, UTC microseconds; of several requests the last one.
    city
        Name of the city in the service's addresses; empty: it was no city that was asked.
    question, pin, rows
        The question as a document, the pin of the answer, and how many rows were given.
    personal
        Names of the columns given that hold what is personal.
    status, error
        Status of the answer; the kind of the error, if it was refused.
    withheld
        Whether what was asked for is there, and its principal may not see it: the answer was that of what is absent.
    count, since_us
        How many requests it stands for; of more than one, when the first one came, UTC microseconds.
    address
        Network address of who asked, where it is not known who did.

    Raises
    ------
    InvalidInput
        ``bad-setting``: an entry stands for less than one request.
    """

    principal: Principal
    action: str
    at_us: int
    city: str = ""
    question: Mapping[str, Any] | None = None
    pin: str | None = None
    rows: int | None = None
    personal: frozenset[str] = frozenset()
    status: int = 200
    error: str | None = None
    withheld: bool = False
    count: int = 1
    since_us: int | None = None
    address: str | None = None

    def __post_init__(self) -> None:
        if self.count < 1:
            raise InvalidInput("bad-setting", f"an entry stands for {self.count} requests")

    def document(self) -> dict[str, Any]:
        """Return it as the trail has it; what is said of refused requests alone is left out of others."""
        more = {
            "error": self.error,
            "withheld": self.withheld or None,
            "count": None if self.since_us is None else self.count,
            "since_us": self.since_us,
            "address": self.address,
        }
        return {
            "at_us": self.at_us, "principal": self.principal.name, "kind": self.principal.kind, "city": self.city,
            "action": self.action, "status": self.status,
            "question": None if self.question is None else dict(self.question), "pin": self.pin, "rows": self.rows,
            "personal": sorted(self.personal), **{name: value for name, value in more.items() if value is not None},
        }  # fmt: skip
