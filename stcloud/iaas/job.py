"""Jobs: progress for whoever watches, and a cancellation that leaves nothing half-written.

A long operation takes a `Job`, reports its steps to it, and may be stopped by it at every batch.
Nothing becomes visible before the operation's one commit, so stopping at any batch is safe.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from stcloud.errors import StcloudError

__all__ = ["Cancelled", "Job", "Progress"]

Progress = Callable[[str, int, int], None]
"""``(step, done, total)``; total is 0 when it is not known."""


class Cancelled(StcloudError):
    """The job was cancelled before its commit: nothing was written."""


def _silent(step: str, done: int, total: int) -> None:
    del step, done, total


@dataclass(frozen=True, slots=True)
class Job:
    """A piece of work whose progress can be watched and which can be cancelled.

    Examples
    --------
    >>> seen = []
    >>> job = Job(progress=lambda step, done, total: seen.append((step, done, total)))
    >>> job.tell("read", 1, 2)
    >>> seen
    [('read', 1, 2)]
    >>> job.cancel()
    >>> job.tell("read", 2, 2)
    Traceback (most recent call last):
    ...
    stcloud.iaas.job.Cancelled: cancelled at step 'read'; nothing was written
    """

    progress: Progress = _silent
    _stop: threading.Event = field(default_factory=threading.Event)

    def named(self, subject: str) -> Job:
        """Return a part of this job whose steps are named ``subject: step``."""
        return Job(lambda step, done, total: self.progress(f"{subject}: {step}", done, total), self._stop)

    def cancel(self) -> None:
        """Request that the work stops at its next step; may be called from any thread."""
        self._stop.set()

    def proceed(self, step: str) -> None:
        """Raise `Cancelled` when someone has cancelled; called from any thread."""
        if self._stop.is_set():
            raise Cancelled("cancelled", f"cancelled at step '{step}'; nothing was written")

    def tell(self, step: str, done: int, total: int = 0) -> None:
        """Report progress; raise `Cancelled` when someone has cancelled."""
        self.proceed(step)
        self.progress(step, done, total)
