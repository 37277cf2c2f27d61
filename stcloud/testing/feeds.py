"""A feed in memory: messages that come in any order, twice, and again unless they were acknowledged.

Tested by `tests/saas/feed/test_listener.py`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from stcloud.iaas.feed.message import Message, StreamPlace, Take

__all__ = ["MemoryFeed", "numbered", "stated"]


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


def numbered(number: int, *rows: Any, stream: str = "s", **more: Any) -> Message:
    """Return a message with a place in a stream."""
    return Message(
        json.dumps(list(rows)).encode(), "application/json", place=StreamPlace(stream, number), **more
    )


def stated(name: str, *rows: Any, **more: Any) -> Message:
    """Return a message with an id."""
    return Message(json.dumps(list(rows)).encode(), "application/json", id=name, **more)
