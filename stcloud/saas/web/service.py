"""A service: its cities, who may do what, and what it counts.

Tested by `tests/saas/web/test_service.py`.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from typing import Any

import stcloud
from stcloud.city import City
from stcloud.errors import NotFound
from stcloud.iaas.clock import Clock, system_clock
from stcloud.saas.web.counts import Counts
from stcloud.saas.web.settings import Settings

__all__ = ["Kept", "Service"]


class Kept:
    """Values that were computed and may be used again: the latest ones, by key."""

    def __init__(self, most: int = 1_000) -> None:
        self._most = most
        self._values: OrderedDict[Hashable, Any] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, compute: Callable[[], Any]) -> Any:
        """Return the value of a key, computed if it is not kept."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
        value = compute()
        with self._lock:
            self._values[key] = value
            while len(self._values) > self._most:
                self._values.popitem(last=False)
        return value


class Service:
    """What requests are answered with; shared by all workers.

    Parameters
    ----------
    cities
        Open cities by the names that their addresses have; of one alone the name is in no address.
    settings
        How it answers.
    clock
        Returns the present instant, UTC microseconds.
    """

    def __init__(
        self, cities: Mapping[str, City], settings: Settings | None = None, *, clock: Clock = system_clock
    ) -> None:
        self.cities = dict(cities)
        self.settings = settings or Settings()
        self.clock = clock
        self.kept = Kept()
        self.counts = Counts()

    def city(self, name: str) -> City:
        """Return a city; `NotFound` ``unknown-city``."""
        if name not in self.cities:
            raise NotFound("unknown-city", f"there is no city '{name}' here")
        return self.cities[name]

    def rights_digest(self, principal: str) -> str:
        """Return a digest of what a principal may see: answers of others are not theirs."""
        text = f"{stcloud.__version__}|{principal}"
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def close(self) -> None:
        """Close the cities."""
        for city in self.cities.values():
            city.close()
