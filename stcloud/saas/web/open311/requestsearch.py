"""What requests are searched for: the parameters of GET requests.

Tested by `tests/saas/web/open311/test_requestsearch.py`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from stcloud.errors import InvalidInput, StcloudError, nearest
from stcloud.time import Zone, instant_us

__all__ = ["MOST_REQUESTS", "SECOND_US", "RequestSearch"]

MOST_REQUESTS = 1_000
"""Most requests of a page: that of the standard."""
SECOND_US = 1_000_000
_DAYS_US = 90 * 86_400_000_000
_PARAMETERS = (
    "service_request_id", "service_code", "start_date", "end_date", "updated_after", "updated_before", "status",
    "page_size", "cursor",
)  # fmt: skip
_IGNORED = ("jurisdiction_id", "api_key", "extensions")
"""Parameters of the standard that change nothing: an address is that of one city."""
_STATUSES = ("open", "closed")
_PLUS = re.compile(r"(T[0-9:.]+) ([0-9]{2}:?[0-9]{2})")
_MOST_IDS = 1_000


@dataclass(frozen=True, slots=True)
class RequestSearch:
    """What requests are searched for; all that is given must hold.

    Parameters
    ----------
    numbers
        Requests that are named; then nothing else counts.
    codes, statuses
        Service codes; ``open``, ``closed``. Empty: all.
    reported_us, changed_us
        First and last instant of reporting, and of the last change, UTC microseconds, inclusive; None: open.
    size, cursor
        Most requests of the page; where it begins, None: at the newest.
    """

    numbers: tuple[str, ...] = ()
    codes: frozenset[str] = frozenset()
    statuses: frozenset[str] = frozenset()
    reported_us: tuple[int | None, int | None] = (None, None)
    changed_us: tuple[int | None, int | None] = (None, None)
    size: int = MOST_REQUESTS
    cursor: str | None = None

    @classmethod
    def of(cls, given: Mapping[str, str], zone: Zone, now_us: int) -> RequestSearch:
        """Read parameters; one that is empty is not there.

        Without dates the span is the last 90 days before ``end_date`` or now, unless changes are searched for.

        Raises
        ------
        InvalidInput
            ``unknown-parameter``, ``unknown-status``, ``unreadable-time``, ``unreadable-limit``.
        """
        known = {name: value for name, value in given.items() if value.strip()}
        _refuse_unknown(known)
        start_us, end_us, after_us, before_us = (
            _instant(known.get(name), name, zone)
            for name in ("start_date", "end_date", "updated_after", "updated_before")
        )
        if start_us is None and after_us is None and before_us is None:
            start_us = (now_us if end_us is None else end_us) - _DAYS_US
        statuses = _listed(known.get("status", ""))
        for status in statuses:
            if status not in _STATUSES:
                raise InvalidInput(
                    "unknown-status", f"there is no status '{status:.80}'", hint="open or closed"
                )
        return cls(
            numbers=_listed(known.get("service_request_id", "")),
            codes=frozenset(_listed(known.get("service_code", ""))), statuses=frozenset(statuses),
            reported_us=(start_us, _to_its_end(end_us)), changed_us=(after_us, _to_its_end(before_us)),
            size=_size(known.get("page_size")),
            cursor=known.get("cursor"),
        )  # fmt: skip


def _refuse_unknown(given: Mapping[str, str]) -> None:
    known = (*_PARAMETERS, *_IGNORED)
    for name in given:
        if name not in known:
            close = nearest(name, known)
            hint = f"did you mean '{close[0]}'?" if close else f"there are: {', '.join(_PARAMETERS)}"
            raise InvalidInput("unknown-parameter", f"there is no parameter '{name:.80}' here", hint=hint)


def _listed(text: str) -> tuple[str, ...]:
    values = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    if len(values) > _MOST_IDS:
        raise InvalidInput(
            "too-many-values", f"a list has {len(values):,} values", hint=f"at most {_MOST_IDS:,}"
        )
    return values


def _instant(text: str | None, name: str, zone: Zone) -> int | None:
    """Return an instant; one without a zone is on the city's clock. A plus that became a space is a plus."""
    if text is None:
        return None
    try:
        return instant_us(_PLUS.sub(r"\1+\2", text.strip()), zone)
    except (StcloudError, ValueError, OverflowError) as error:
        raise InvalidInput(
            "unreadable-time", f"{name} '{text:.80}' is no instant", hint="write it like 2026-01-31T00:00:00Z"
        ) from error


def _to_its_end(at_us: int | None) -> int | None:
    """Return the last instant of a whole second: documents show no parts of seconds, and an end is inside."""
    return at_us if at_us is None or at_us % SECOND_US else at_us + SECOND_US - 1


def _size(text: str | None) -> int:
    if text is None:
        return MOST_REQUESTS
    if not re.fullmatch(r"[0-9]{1,9}", text, re.ASCII) or int(text) < 1:
        raise InvalidInput("unreadable-limit", f"page_size '{text:.80}' is no number of requests")
    return min(int(text), MOST_REQUESTS)
