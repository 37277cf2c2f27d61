"""Positions of vehicles that an agency publishes at an address, as GTFS-realtime: read again and again.

Each answer states all vehicles, and its header when it was made: that is what it is known by, so that an answer that
was seen is not applied twice. Requests are conditional: an answer that is as it was is not sent again.

Tested by `tests/saas/feed/test_polledpositions.py`.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence

from stcloud.errors import InvalidInput
from stcloud.iaas.clock import Clock, system_clock
from stcloud.iaas.feed.message import Message, StreamPlace, Take
from stcloud.iaas.feed.vehiclepositions import sent_s
from stcloud.saas.delivery import shown_address
from stcloud.saas.harvest.politereader import PoliteReader, checked_address

__all__ = ["PolledPositions"]

_MEDIA = "application/x-protobuf"
_CONDITIONS = {"ETag": "If-None-Match", "Last-Modified": "If-Modified-Since"}


class PolledPositions:
    """The vehicles of an address of GTFS-realtime.

    Parameters
    ----------
    address
        Where they are published.
    poll_s
        Seconds between two requests; None: as often as batches are loaded.
    attempts
        How often a request is tried, later and later, before the feed counts as unreachable.
    clock
        Gives the present instant, where an answer does not say when it was made.

    Raises
    ------
    InvalidInput
        ``unreadable-address``
    """

    def __init__(
        self, address: str, *, poll_s: float | None = None, attempts: int = 6, clock: Clock = system_clock
    ) -> None:
        self._url = checked_address(address, "positions of GTFS-realtime")
        self._poll_s, self._attempts, self._clock = poll_s, attempts, clock
        self._conditions: dict[str, str] = {}
        self._waiting: list[Message] = []
        self._next_s = 0.0

    @property
    def address(self) -> str:
        """The address, without keys."""
        return shown_address(self._url)

    def open(self) -> None:
        """Ask for the newest answer, whatever was read before."""
        self._conditions, self._next_s = {}, 0.0

    def take(self, take: Take) -> list[Message]:
        """Ask whenever it is time, until the wait is over; return what is new.

        Raises
        ------
        StorageError
            ``source-unreachable``: it failed again and again.
        InvalidInput
            ``source-refused``: the server refuses, or its answer is no GTFS-realtime; ``source-too-large``.
        """
        poll_s = take.wait_s if self._poll_s is None else self._poll_s
        end_s = time.monotonic() + take.wait_s
        taken, self._waiting = self._waiting, []
        while not take.stop.is_set() and len(taken) < take.most:
            now_s = time.monotonic()
            if self._next_s <= now_s:
                self._next_s = now_s + poll_s
                taken += self._polled(take)
                if sum(len(message.body) for message in taken) >= take.most_bytes:
                    break
            until_s = min(self._next_s, end_s)
            if take.stop.wait(max(0.0, until_s - time.monotonic())) or until_s == end_s:
                break
        return taken

    def acknowledge(self, messages: Sequence[Message]) -> None:
        """Nothing: an address does not know who has read it."""

    def refuse(self, messages: Sequence[Message]) -> None:
        """Nothing."""

    def release(self, messages: Sequence[Message]) -> None:
        """Let them come again: the address may have newer ones by then."""
        self._waiting = [*messages, *self._waiting]

    def close(self) -> None:
        """Forget what waits: the next answer states all vehicles."""
        self._waiting = []

    def _polled(self, take: Take) -> list[Message]:
        """Ask once; return the answer if it is another one than before."""

        def sleep(seconds: float) -> None:
            if take.stop.wait(seconds):
                raise _Ended

        reader = PoliteReader(pause_s=0.0, attempts=self._attempts, sleep=sleep)
        try:
            fetched = reader.fetch(self._url, {"Accept": f"{_MEDIA}, */*;q=0.1", **self._conditions})
        except _Ended:
            return []
        if fetched.body is None:
            return []
        body = fetched.body
        seconds = _made_s(body)
        self._conditions = {
            condition: stated
            for header, condition in _CONDITIONS.items()
            if (stated := fetched.headers.get(header))
        }
        if not seconds:
            return [Message(body, _MEDIA, id=hashlib.sha256(body).hexdigest(), at_us=self._clock())]
        return [Message(body, _MEDIA, place=StreamPlace(self.address, seconds), at_us=seconds * 1_000_000)]


class _Ended(Exception):
    """Somebody ended the listener while it waited to ask again."""


def _made_s(body: bytes) -> int:
    try:
        return sent_s(body)
    except InvalidInput as error:
        raise InvalidInput(
            "source-refused", "the server answers something else than positions of GTFS-realtime",
            hint="give the address of the vehicle positions, often vehiclepositions.pb",
        ) from error  # fmt: skip
