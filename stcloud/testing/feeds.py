"""Feeds in memory: messages that come in any order, twice, and again unless they were acknowledged; or by a clock.

Tested by `tests/saas/feed/test_listener.py` and `tests/reliability/test_replay.py`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from typing import Any

from stcloud.iaas.clock import Clock
from stcloud.iaas.feed.message import Message, StreamPlace, Take

__all__ = ["FastClock", "MemoryFeed", "PacedFeed", "numbered", "stated"]


class MemoryFeed:
    """Messages of a list, ``at_once`` of them in each take; what is released comes again after the others."""

    address = "memory"

    def __init__(self, messages: Iterable[Message], at_once: int = 1_000_000) -> None:
        self.waiting = list(messages)
        self.at_once = at_once
        self.acknowledged: list[Message] = []
        self.refused: list[Message] = []
        self.takes: list[Take] = []
        self.is_open = False

    def open(self) -> None:
        """Note that it is open."""
        self.is_open = True

    def take(self, take: Take) -> list[Message]:
        """Return what comes next; never wait."""
        self.takes.append(take)
        most = min(self.at_once, take.most)
        taken, self.waiting = self.waiting[:most], self.waiting[most:]
        return taken

    def acknowledge(self, messages: Sequence[Message]) -> None:
        """Note which."""
        self.acknowledged += messages

    def refuse(self, messages: Sequence[Message]) -> None:
        """Note which."""
        self.refused += messages

    def release(self, messages: Sequence[Message]) -> None:
        """Let them come again."""
        self.waiting += messages

    def close(self) -> None:
        """Note that it is closed."""
        self.is_open = False


class FastClock:
    """A clock that shows an instant when it is made, and goes so many times faster than others from then on."""

    def __init__(self, start_us: int, times: float) -> None:
        self._start_us, self._times, self._began_s = start_us, times, time.monotonic()

    def __call__(self) -> int:
        """Return its instant, UTC microseconds."""
        return self._start_us + int((time.monotonic() - self._began_s) * self._times * 1_000_000)


class PacedFeed(MemoryFeed):
    """Messages that come when a clock has reached the instant of their sending; after the last one it stops."""

    def __init__(self, messages: Iterable[Message], clock: Clock) -> None:
        super().__init__(messages)
        self._clock = clock

    def take(self, take: Take) -> list[Message]:
        """Wait as long as is wanted; return what has come."""
        take.stop.wait(take.wait_s)
        now_us = self._clock()
        come = 0
        while come < min(len(self.waiting), take.most) and (self.waiting[come].at_us or 0) <= now_us:
            come += 1
        taken, self.waiting = self.waiting[:come], self.waiting[come:]
        if not taken and not self.waiting:
            take.stop.set()
        return taken


def numbered(number: int, *rows: Any, stream: str = "s", **more: Any) -> Message:
    """Return a message with a place in a stream."""
    return Message(
        json.dumps(list(rows)).encode(), "application/json", place=StreamPlace(stream, number), **more
    )


def stated(name: str, *rows: Any, **more: Any) -> Message:
    """Return a message with an id."""
    return Message(json.dumps(list(rows)).encode(), "application/json", id=name, **more)
