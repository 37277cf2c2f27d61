"""How long a bucket is waited for: how often a request is made again, and when it is given up.

Tested by `tests/iaas/store/test_patience.py`.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

__all__ = ["PATIENCE", "Patience"]


@dataclass(frozen=True, slots=True)
class Patience:
    """Bounds of waiting.

    Parameters
    ----------
    tries
        How often a request is made at most. With pauses that double, eight tries last about ten seconds: longer than
        a server takes that asks to slow down or is replaced, and short enough for somebody who waits.
    total_s
        Seconds after which no further try begins, so that slow failures do not add up.
    first_pause_s
        Longest pause before the second try; it doubles from try to try. Each is drawn anew, so that writers who
        failed together do not come back together.
    longest_pause_s
        What it grows to.
    connect_s
        Seconds for a connection: on any network one is made in much less.
    answer_s
        Seconds without a byte of an answer: a store that stalls this long is not at work on it any more.
    request_s
        Seconds for one whole request: 64 MiB at 5 Mbit/s.
    """

    tries: int = 8
    total_s: float = 30.0
    first_pause_s: float = 0.1
    longest_pause_s: float = 4.0
    connect_s: float = 5.0
    answer_s: float = 30.0
    request_s: float = 120.0

    def rounds(self, *, tries: int | None = None) -> Iterator[int]:
        """Give the number of each try, from 0, and not more than ``tries``; before each but the first is a pause."""
        begun_s = time.monotonic()
        for number in range(self.tries if tries is None else min(tries, self.tries)):
            if number:
                longest_s = min(self.longest_pause_s, self.first_pause_s * 2 ** (number - 1))
                pause_s = longest_s * (0.5 + random.random() / 2)  # noqa: S311  (no secret)
                if time.monotonic() + pause_s - begun_s > self.total_s:
                    return
                time.sleep(pause_s)
            yield number

    def retrying(self, *, tries: int) -> dict[str, Any]:
        """Return the same as the client's own configuration of retries, for at most so many tries."""
        return {
            "max_retries": tries - 1,
            "retry_timeout": timedelta(seconds=self.total_s),
            "backoff": {
                "init_backoff": timedelta(seconds=self.first_pause_s),
                "max_backoff": timedelta(seconds=self.longest_pause_s),
                "base": 2,
            },
        }

    def connecting(self, *, allow_http: bool) -> dict[str, Any]:
        """Return the same as the client's own configuration of connections."""
        return {
            "allow_http": allow_http,
            "connect_timeout": timedelta(seconds=self.connect_s),
            "read_timeout": timedelta(seconds=self.answer_s),
            "timeout": timedelta(seconds=self.request_s),
        }


PATIENCE = Patience()
"""What a bucket is waited for unless a test says otherwise."""
