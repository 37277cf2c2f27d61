"""Two cities of one CRS and zone, and packages between them, for tests of exchange.

Tested by `tests/daas/exchange/test_receiving.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import stcloud
from stcloud.testing.events import HEAD, define, row

if TYPE_CHECKING:
    from stcloud.city import City

__all__ = ["Sender", "Ticking", "receiving_city"]

_START_US = 1_710_000_000_000_000
_HOUR_US = 3_600_000_000


@dataclass
class Ticking:
    """A clock that goes on by an hour whenever it is told to."""

    now_us: int = _START_US

    def __call__(self) -> int:
        """Return the present instant, UTC microseconds."""
        return self.now_us

    def tick(self) -> int:
        """Go on by an hour and return the present instant."""
        self.now_us += _HOUR_US
        return self.now_us


def _rows(*numbers: int, note: str = "") -> str:
    return HEAD + "".join(row(number, note=note) for number in numbers)


@dataclass
class Sender:
    """A city that loads rows of the layer ``events`` and packs them.

    Parameters
    ----------
    folder
        Where city, files and packages lie.
    clock
        Its clock.
    name
        Its name.
    """

    folder: Path
    clock: Ticking = field(default_factory=Ticking)
    name: str = "district"

    def __post_init__(self) -> None:
        stcloud.create(self.folder / self.name, crs="EPSG:4548", zone="Asia/Shanghai")
        self.city: City = stcloud.open(self.folder / self.name, clock=self.clock)
        self.packages = 0

    def load(self, *numbers: int, note: str = "", mode: Literal["changes", "delete"] = "changes") -> None:
        """Load events with these numbers, an hour later."""
        self.clock.tick()
        file = self.folder / f"{self.name}-{self.clock.now_us}.csv"
        file.write_text(_rows(*numbers, note=note), encoding="utf-8")
        self.city.load("events", file, definition=define(), mode=mode)

    def pack(self, since: Path | int | None = None, key: Path | None = None) -> Path:
        """Pack the layer and return the package."""
        self.packages += 1
        path = self.folder / f"{self.name}-{self.packages}.stpack"
        self.city.pack("events", to=path, since=since, key=key)
        return path


def receiving_city(folder: Path, clock: Callable[[], int]) -> City:
    """Return a new city of the same CRS and zone."""
    stcloud.create(folder / "city", crs="EPSG:4548", zone="Asia/Shanghai")
    return stcloud.open(folder / "city", clock=clock)
