"""Settings of the whole process that some work needs: set while it runs, and then as they were.

The process belongs to whoever imported us. Work that overlaps, on several threads, shares one setting: the first who
enters makes it, the last who leaves takes it back. Two that each kept what they met would leave the setting behind.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator

__all__ = ["SharedSetting"]


class SharedSetting:
    """One setting of the process.

    Parameters
    ----------
    make
        Makes it and returns what takes it back.
    """

    def __init__(self, make: Callable[[], Callable[[], None]]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._inside = 0
        self._take_back: Callable[[], None] | None = None

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Apply the setting inside."""
        with self._lock:
            if not self._inside:
                self._take_back = self._make()
            self._inside += 1
        try:
            yield
        finally:
            with self._lock:
                self._inside -= 1
                if not self._inside and self._take_back is not None:
                    self._take_back()
