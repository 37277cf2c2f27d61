"""What a city keeps in memory between queries: bounded, shared by threads, gone when the city is closed."""

from __future__ import annotations

import contextlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from typing import Any, TypeVar

from stcloud.errors import InvalidInput

__all__ = ["Cache", "city_closed"]

Value = TypeVar("Value")

_MOST, _MOST_BYTES = 16, 1 << 29


class Cache:
    """The values used last, each by a key that says what it was made of.

    Parameters
    ----------
    most
        So many values at most.
    most_bytes
        So many bytes together; the last value stays however large it is.

    Examples
    --------
    >>> cache = Cache(most=2)
    >>> for key in "abca": _ = cache.keep(key, key.upper(), size=1)
    >>> cache.get("b"), cache.get("c"), cache.get("a")
    (None, 'C', 'A')
    """

    def __init__(self, *, most: int = _MOST, most_bytes: int = _MOST_BYTES) -> None:
        self._most, self._most_bytes = most, most_bytes
        self._kept: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._making: dict[Hashable, threading.Lock] = {}
        self._lock = threading.Lock()
        self._closed = False

    def get(self, key: Hashable) -> Any:
        """Return the value of a key, or None; `InvalidInput` ``city-closed``."""
        with self._lock:
            self._refuse_closed()
            if key not in self._kept:
                return None
            self._kept.move_to_end(key)
            return self._kept[key][0]

    def keep(self, key: Hashable, value: Value, size: int) -> Value:
        """Keep a value of so many bytes, let go of those used longest ago, and return it.

        A city that was closed meanwhile keeps nothing: whoever made the value may use it still.
        """
        with self._lock:
            if self._closed:
                return value
            self._kept[key] = value, size
            self._kept.move_to_end(key)
            while len(self._kept) > 1 and not self._fits():
                self._kept.popitem(last=False)
        return value

    def once(self, key: Hashable, make: Callable[[], Value], size_of: Callable[[Value], int]) -> Value:
        """Return the value of a key; of several threads that want it one makes it, and the others wait.

        Parameters
        ----------
        key
            Says what the value is made of.
        make
            Makes it.
        size_of
            Returns its size in bytes.
        """
        with self.making(key):
            value: Value | None = self.get(key)
            if value is None:
                made = make()
                value = self.keep(key, made, size_of(made))
            return value

    @contextlib.contextmanager
    def making(self, key: Hashable) -> Iterator[None]:
        """Let one thread at a time make the value of a key."""
        with self._lock:
            lock = self._making.setdefault(key, threading.Lock())
        try:
            with lock:
                yield
        finally:
            with self._lock:
                if not lock.locked():  # nobody waits for it
                    self._making.pop(key, None)

    def close(self) -> None:
        """Let go of all values, and keep none from now on."""
        with self._lock:
            self._closed = True
            self._kept.clear()

    def __len__(self) -> int:
        with self._lock:
            return len(self._kept)

    def _refuse_closed(self) -> None:
        if self._closed:
            raise city_closed()

    def _fits(self) -> bool:
        return (
            len(self._kept) <= self._most and sum(size for _, size in self._kept.values()) <= self._most_bytes
        )


def city_closed() -> InvalidInput:
    """Return the error of a city that is used after it was closed."""
    return InvalidInput("city-closed", "this city was closed", hint="open it again: stcloud.open(...)")
