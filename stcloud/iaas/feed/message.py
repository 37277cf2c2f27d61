"""Messages, and what a feed of them is.

Tested by `tests/saas/feed/test_listener.py`.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

__all__ = ["MOST_BODY_BYTES", "Feed", "Message", "StreamPlace", "Take"]

MOST_BODY_BYTES = 16 << 20
"""Bytes of one message, at most."""


@dataclass(frozen=True, slots=True)
class StreamPlace:
    """Where a message lies in the order of its stream.

    Parameters
    ----------
    stream
        What the numbers count in; a stream that was deleted and made anew is another one.
    number
        Later messages have greater numbers.
    """

    stream: str
    number: int


@dataclass(frozen=True, slots=True)
class Message:
    """What arrived at once, and is acknowledged at once.

    Parameters
    ----------
    body
        What it says; empty where ``path`` is a file that says it.
    media
        Media type of the body, with its parameters; None: the transport has none.
    id
        The same at each delivery, and no other message's; None: the transport has none.
    place
        Its place in the order of a stream, the same at each delivery; None: the transport has none.
    at_us
        When it was sent, UTC microseconds; None: the transport does not say.
    path
        A file that is the message.
    handle
        What the transport knows it by.
    """

    body: bytes
    media: str | None = None
    id: str | None = None
    place: StreamPlace | None = None
    at_us: int | None = None
    path: Path | None = None
    handle: Any = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Take:
    """How much is taken at once, and how long it is waited for.

    Parameters
    ----------
    most, most_bytes
        Messages, and bytes of their bodies; one message is taken whatever its size.
    wait_s
        Seconds after which what has come is returned, however little.
    stop
        Set when nobody waits any longer.
    """

    most: int
    most_bytes: int
    wait_s: float
    stop: threading.Event


class Feed(Protocol):
    """Where messages are taken from. Its methods are called from one thread, `open` first.

    A message that was taken and is neither acknowledged nor refused comes again: after `release`, or when the feed is
    opened anew. It may come again in any case: whoever takes messages knows what was applied.
    """

    @property
    def address(self) -> str:
        """What people call it, without names, passwords and tokens."""

    def open(self) -> None:
        """Begin to receive; `StorageError` ``feed-unreachable``, `InvalidInput` for a wrong address."""

    def take(self, take: Take) -> list[Message]:
        """Return messages as they came, as soon as there are as many as wanted, or when the time is over."""

    def acknowledge(self, messages: Sequence[Message]) -> None:
        """Let go of messages whose rows are visible in the layer."""

    def refuse(self, messages: Sequence[Message]) -> None:
        """Let go of messages that are in quarantine."""

    def release(self, messages: Sequence[Message]) -> None:
        """Give messages back: they are to come again."""

    def close(self) -> None:
        """End; what is neither acknowledged nor refused comes again."""
