"""Notices of which a small text in a store says what was delivered: an outbox where no database can lie.

::

    to-4f1c9a….json     {"until_us": …, "done": ["a:open"], "failed": {"b:open": [2, 1709287200000000, "…"]}}

Notices are made anew each time, from what is recorded for ever; the text says how far they were delivered: all that
were recorded until an instant, and some after it, but for those that failed. Each text is true when it is written,
and stays true. So it needs no condition when it is put: of two machines that deliver at once the later text counts,
and what only the other one says is delivered again. Without the text all is.

Laws: **at least once**: a notice that the text does not have as delivered is taken; **nothing else**: what is
taken was put.

Tested by `tests/iaas/records/test_storedoutbox.py` and `tests/reliability/test_kill_standing_steps.py`.
"""

from __future__ import annotations

import heapq
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from stcloud.iaas.clock import Clock, system_clock
from stcloud.iaas.records.entry import Notice
from stcloud.iaas.store.model import Store, bytes_or_none

__all__ = ["StoredOutbox"]

_LEASE_US = 60_000_000
_LONGEST_ERROR = 500
Tried = tuple[int, int | None, str | None]
"""How often a notice was tried, when it may be again (None: it is given up), and the last error."""
_UNTRIED: Tried = (0, 0, None)


class StoredOutbox:
    """The notices for one receiver; of one thread.

    Parameters
    ----------
    store, key
        Where the text is.
    notices
        All there are, with the instants at which they were recorded, whether delivered or not.
    clock
        Present instant, UTC microseconds.
    """

    def __init__(
        self, store: Store, key: str, notices: Iterable[Notice], *, clock: Clock = system_clock
    ) -> None:
        self._store, self._key, self._clock = store, key, clock
        there = {notice.id: notice for notice in sorted(notices, key=_order)}
        self._newest_us = max((notice.recorded_us for notice in there.values()), default=0)
        self._until_us, done, self._failed = self._read(there)
        self._undone = {
            name: notice
            for name, notice in there.items()
            if name in self._failed or (notice.recorded_us > self._until_us and name not in done)
        }
        self._ahead = {name: there[name].recorded_us for name in done if name not in self._undone}
        """Those that are delivered, and may be later than one that is not even tried."""
        self._untried = [name for name in reversed(self._undone) if name not in self._failed]
        self._due: list[tuple[int, int, str]] = []
        self._next: dict[str, int] = {}
        for name in self._undone:
            self._schedule(name, self._failed.get(name, _UNTRIED)[1])
        self._is_changed = self._has_delivered = False

    def take(self, limit: int = 100, *, lease_us: int = _LEASE_US) -> list[Notice]:
        """Return notices that are due, the oldest first; ``attempts`` counts this one.

        What was delivered before is written first: who dies loses no more than what is in hand.
        """
        if self._has_delivered:
            self.write()
        now_us = self._clock()
        taken: list[Notice] = []
        while self._due and self._due[0][0] <= now_us and len(taken) < limit:
            at_us, _, name = heapq.heappop(self._due)
            if self._next.get(name) == at_us:
                taken.append(self._tried(name, more=1))
                del self._next[name]
        for notice in taken:
            self._schedule(notice.id, now_us + lease_us)
        return taken

    def done(self, notice: Notice) -> None:
        """Keep that a notice was delivered."""
        if self._undone.pop(notice.id, None) is not None:
            self._failed.pop(notice.id, None)
            self._next.pop(notice.id, None)
            self._ahead[notice.id] = notice.recorded_us
            self._is_changed = self._has_delivered = True

    def failed(self, notice: Notice, error: str, *, again_after_us: int | None) -> None:
        """Keep why a notice was not delivered, and when it may be taken again; None: it is given up."""
        if notice.id not in self._undone:
            return
        again_us = None if again_after_us is None else self._clock() + again_after_us
        self._failed[notice.id] = (notice.attempts, again_us, error[:_LONGEST_ERROR])
        self._schedule(notice.id, again_us)
        self._is_changed = True

    def waiting(self) -> list[Notice]:
        """Return the notices that were neither delivered nor given up, in the order of their recording."""
        return [self._tried(name) for name in self._undone if not self._is_given_up(name)]

    def given_up(self) -> list[Notice]:
        """Return the notices that were given up, with the last error."""
        return [self._tried(name) for name in self._undone if self._is_given_up(name)]

    def write(self) -> None:
        """Write what became of notices, if anything did."""
        if not self._is_changed:
            return
        while self._untried and (self._untried[-1] not in self._undone or self._untried[-1] in self._failed):
            self._untried.pop()
        oldest = self._undone[self._untried[-1]].recorded_us - 1 if self._untried else self._newest_us
        self._until_us = max(self._until_us, oldest)
        self._ahead = {name: at_us for name, at_us in self._ahead.items() if at_us > self._until_us}
        document = {"until_us": self._until_us, "done": sorted(self._ahead), "failed": self._failed}
        self._store.put(self._key, f"{json.dumps(document, ensure_ascii=False)}\n".encode())
        self._is_changed = self._has_delivered = False

    def _schedule(self, name: str, at_us: int | None) -> None:
        """Let a notice be taken from an instant on; None: never."""
        self._next.pop(name, None)
        if at_us is not None:
            self._next[name] = at_us
            heapq.heappush(self._due, (at_us, *_order(self._undone[name])))

    def _tried(self, name: str, *, more: int = 0) -> Notice:
        attempts, _, error = self._failed.get(name, _UNTRIED)
        return replace(self._undone[name], attempts=attempts + more, error=error)

    def _is_given_up(self, name: str) -> bool:
        return self._failed.get(name, _UNTRIED)[1] is None

    def _read(self, there: Mapping[str, Notice]) -> tuple[int, set[str], dict[str, Tried]]:
        """Return what the text says, of notices that there are; of one that cannot be read nothing."""
        content = bytes_or_none(self._store, self._key)
        try:
            document: dict[str, Any] = {} if content is None else json.loads(content)
            until_us, done = int(document.get("until_us", 0)), set(document.get("done", ()))
            failed = {
                name: (int(attempts), None if next_us is None else int(next_us), error)
                for name, (attempts, next_us, error) in document.get("failed", {}).items()
                if name in there
            }
        except (ValueError, TypeError, AttributeError):  # it can be made again
            return 0, set(), {}
        return until_us, done & there.keys(), failed


def _order(notice: Notice) -> tuple[int, str]:
    return notice.recorded_us, notice.id
