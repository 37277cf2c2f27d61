"""Ctrl-C, SIGTERM and SIGHUP end a command alike: one line, and 128 plus the signal's number.

Nothing heavy is imported here: an interrupt may come while everything else still is.

Tested by `tests/reliability/test_signals.py`.
"""

from __future__ import annotations

import _thread
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

__all__ = ["end_cleanly", "ended_by", "interruption", "say"]

_ENDING = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
_SAFE = "a load is there in full or not at all: loading again is safe"
_came: list[int] = []


def ended_by() -> int | None:
    """Return the number of the signal that ended this command, if one did."""
    return _came[0] if _came else None


def interruption() -> tuple[int, str]:
    """Return the exit code and the message when a command is ended from outside."""
    number = ended_by() or signal.SIGINT
    how = "interrupted" if number == signal.SIGINT else f"ended by {signal.Signals(number).name}"
    return 128 + number, f"{how}; {_SAFE}"


def say(text: str) -> None:
    """Print one line on stderr; where nobody reads it any more, nothing."""
    try:
        print(f"stcloud: {' '.join(text.split())}", file=sys.stderr, flush=True)  # noqa: T201
    except OSError:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115  (until the process ends)


@contextmanager
def end_cleanly() -> Iterator[None]:
    """Raise `KeyboardInterrupt` inside when a signal ends the command; what was ignored stays ignored."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    _came.clear()
    before = {number: signal.getsignal(number) for number in _ENDING}
    hook = sys.unraisablehook
    sys.unraisablehook = _again(hook)
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, _interrupt)
    try:
        yield
    finally:
        sys.unraisablehook = hook
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)


def _interrupt(number: int, _frame: FrameType | None) -> None:
    _came.append(number)
    raise KeyboardInterrupt


def _again(hook: Any) -> Any:
    """Return a hook that raises again what came where nothing can be raised: in a callback, in an import."""

    def report(unraisable: Any) -> None:
        if issubclass(unraisable.exc_type, KeyboardInterrupt):
            _thread.interrupt_main(signal.Signals(_came[-1]) if _came else signal.SIGINT)
        else:
            hook(unraisable)

    return report
