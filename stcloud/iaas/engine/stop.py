"""Stopping a question from outside: by who no longer waits for it, or when it takes too long.

What runs in a ``with stoppable(stop)`` block is interrupted at its next statement or batch after ``stop.now()``.

Tested by `tests/iaas/engine/test_stop.py`.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Protocol

from stcloud.iaas.job import Cancelled

__all__ = ["Stop", "heed_stop", "interruptible", "stoppable"]


class Interruptible(Protocol):
    """A connection whose statement can be interrupted by another thread."""

    def interrupt(self) -> object:
        """Interrupt what runs."""


class Stop:
    """A request to stop; may be made by any thread, before or while the work runs."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: list[Interruptible] = []
        self._made = False

    @property
    def made(self) -> bool:
        """Whether the request was made."""
        return self._made

    def now(self) -> None:
        """Make the request: interrupt the statements that run."""
        with self._lock:
            self._made = True
            for connection in self._running:
                connection.interrupt()

    def entered(self, connection: Interruptible) -> None:
        """Note a connection that runs a statement; `Cancelled` if the request was made before."""
        with self._lock:
            if self._made:
                raise _cancelled()
            self._running.append(connection)

    def left(self, connection: Interruptible) -> None:
        """Forget a connection whose statement ended."""
        with self._lock:
            self._running.remove(connection)


_CURRENT: ContextVar[Stop | None] = ContextVar("stop", default=None)


def _cancelled() -> Cancelled:
    return Cancelled("cancelled", "the question was given up before its answer was whole")


@contextlib.contextmanager
def stoppable(stop: Stop) -> Iterator[None]:
    """Heed a request to stop in this thread until the block ends."""
    token = _CURRENT.set(stop)
    try:
        yield
    finally:
        _CURRENT.reset(token)


def heed_stop() -> None:
    """Raise `Cancelled` if this thread's work is to stop."""
    stop = _CURRENT.get()
    if stop is not None and stop.made:
        raise _cancelled()


@contextlib.contextmanager
def interruptible(connection: Interruptible) -> Iterator[None]:
    """Run a statement of a connection so that a request to stop interrupts it; it then raises `Cancelled`."""
    stop = _CURRENT.get()
    if stop is None:
        yield
        return
    stop.entered(connection)
    try:
        yield
    except Exception as error:
        if stop.made:
            raise _cancelled() from error
        raise
    finally:
        stop.left(connection)
