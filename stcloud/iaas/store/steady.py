"""One look at a bucket in one step of work: what was read in it is not read again until the step ends.

Who looks twice while a step runs would see what others do meanwhile, and pay a request for it. Nothing is decided by
what is remembered: a commit is decided by its number, and whoever was overtaken looks anew.

Tested by `tests/iaas/store/test_steady.py`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Hashable, Iterator
from contextvars import ContextVar
from typing import Any, TypeVar

__all__ = ["forget", "remembered", "steady"]

_Read = TypeVar("_Read")
_memory: ContextVar[dict[Hashable, Any] | None] = ContextVar("memory", default=None)


@contextlib.contextmanager
def steady() -> Iterator[None]:
    """Let what is inside look once at each thing in this thread; a step inside of another is a part of it.

    Examples
    --------
    >>> looks = iter([1, 2, 3])
    >>> with steady():
    ...     remembered("key", lambda: next(looks)), remembered("key", lambda: next(looks))
    (1, 1)
    >>> remembered("key", lambda: next(looks))
    2
    """
    if _memory.get() is not None:
        yield
        return
    token = _memory.set({})
    try:
        yield
    finally:
        _memory.reset(token)


def remembered(key: Hashable, read: Callable[[], _Read]) -> _Read:
    """Return what was read under a key in this step, or read it; outside of a step it is read each time."""
    memory = _memory.get()
    if memory is None:
        return read()
    if key not in memory:
        memory[key] = read()
    return memory[key]  # type: ignore[no-any-return]


def forget(key: Hashable) -> None:
    """Let a key be read again: what it stands for was written, or by another writer."""
    memory = _memory.get()
    if memory is not None:
        memory.pop(key, None)
