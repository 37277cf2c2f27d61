"""Open311 services as feeds: what was requested lately is read again and again, and settles with its key.

A service says nothing of what has changed, so each poll reads the last days once more: requests that are as they were
change nothing, others become a load. Tested by `tests/saas/feed/test_polled.py`.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from stcloud.iaas.clock import Clock, system_clock
from stcloud.iaas.feed.message import Message, Take
from stcloud.saas.delivery import shown_address
from stcloud.saas.harvest import Harvest, harvest
from stcloud.saas.harvest.politereader import PoliteReader
from stcloud.time import Zone

__all__ = ["Open311Feed"]

_DAY_US = 86_400_000_000


class Open311Feed:
    """Requests of an Open311 endpoint.

    Parameters
    ----------
    endpoint
        Its address.
    zone
        Of instants that have none.
    days
        How many days before now are read in each poll.
    poll_s
        Seconds between two polls; None: as often as batches are loaded.
    clock, read
        Gives the present instant, and reads a span; as `harvest`.
    """

    def __init__(
        self, endpoint: str, zone: str, *, days: float = 7.0, poll_s: float | None = None,
        clock: Clock = system_clock, read: Callable[..., Harvest] = harvest,
    ) -> None:  # fmt: skip
        self._endpoint, self._zone, self._days = endpoint, Zone(zone), days
        self._clock, self._read, self._poll_s = clock, read, poll_s
        self._folder = Path()
        self._reader = PoliteReader()
        self._next_s = 0.0

    @property
    def address(self) -> str:
        """The endpoint, without keys."""
        return shown_address(self._endpoint)

    def open(self) -> None:
        """Have a folder for what is read."""
        self._folder = Path(tempfile.mkdtemp(prefix="stcloud-poll-"))
        self._next_s = 0.0

    def take(self, take: Take) -> list[Message]:
        """Wait until the next poll is due; return what it reads as one file."""
        left_s = self._next_s - time.monotonic()
        if left_s > 0 and take.stop.wait(left_s):
            return []
        self._next_s = time.monotonic() + (take.wait_s if self._poll_s is None else self._poll_s)
        now_us = self._clock()
        place = self._folder / str(now_us)
        done = self._read(
            self._endpoint, place, first_us=now_us - int(self._days * _DAY_US), until_us=now_us, zone=self._zone,
            reader=self._reader,
        )  # fmt: skip
        if not done.requests:
            shutil.rmtree(place, ignore_errors=True)
            return []
        return [Message(b"", at_us=now_us, path=done.path, handle=place)]

    def acknowledge(self, messages: Sequence[Message]) -> None:
        """Delete what was read."""
        for message in messages:
            shutil.rmtree(message.handle, ignore_errors=True)

    def refuse(self, messages: Sequence[Message]) -> None:
        """Delete what was read."""
        self.acknowledge(messages)

    def release(self, messages: Sequence[Message]) -> None:
        """Delete what was read: the next poll reads it again."""
        self.acknowledge(messages)

    def close(self) -> None:
        """Delete the folder."""
        shutil.rmtree(self._folder, ignore_errors=True)
