"""A town that is loaded again and again while others read it: every load is a function of its number.

``python -m tests.conformance.web.busytown FOLDER`` loads until its standard input ends, and prints of each load its
number and its recorded instant.
"""

from __future__ import annotations

import select
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

import stcloud
from stcloud.space.tilegrid import Tile

__all__ = ["CENTER", "KINDS", "ZONE", "BusyTown", "batch", "make"]

ZONE, CRS = "Pacific/Auckland", "EPSG:2193"
TILE = Tile.at(174.75, -36.9, 11)
"""All calls lie on it."""
CENTER = (174.726_562_5, -36.879_6)
KINDS = ("pothole", "路灯", "O'Neil")
FIRST, NEW, CHANGED = 6_000, 100, 100


def batch(number: int) -> pd.DataFrame:
    """Return the rows of a load: new ones, and some of the load before it with other places and attributes."""
    chance = np.random.default_rng(number)
    fresh = [f"{number}-{row}" for row in range(FIRST if number == 0 else NEW)]
    former = [] if number == 0 else [f"{number - 1}-{row}" for row in range(CHANGED)]
    count = len(fresh) + len(former)
    at = pd.Timestamp("2024-02-01", tz=ZONE) + pd.to_timedelta(
        chance.integers(0, 89 * 86_400, count), unit="s"
    )
    return pd.DataFrame(
        {
            "id": [*former, *fresh],
            "at": at.tz_convert("UTC"),
            "lon": CENTER[0] + chance.uniform(-0.03, 0.03, count),
            "lat": CENTER[1] + chance.uniform(-0.03, 0.03, count),
            "kind": chance.choice(KINDS, count),
            "n": chance.integers(0, 10, count),
        }
    )


@dataclass(frozen=True)
class BusyTown:
    """What was loaded, and when: the recorded instants of the loads by their numbers, UTC microseconds."""

    recorded_us: tuple[int, ...]

    def at(self, known_us: int) -> pd.DataFrame:
        """Return the rows that were known at an instant: of each key those of its last load."""
        loads = sum(recorded <= known_us for recorded in self.recorded_us)
        whole = pd.concat([batch(number) for number in range(loads)])
        return whole.drop_duplicates("id", keep="last").reset_index(drop=True)


def load(city: stcloud.City, number: int) -> int:
    """Load what has a number; return the recorded instant, UTC microseconds."""
    done = city.load("calls", batch(number), key="id", time="at", lon="lon", lat="lat", datum="wgs84")
    return done.recorded_at_us


def make(folder: Path) -> int:
    """Make the town with its first load; return when it was recorded."""
    with stcloud.create(folder, crs=CRS, zone=ZONE) as city:
        return load(city, 0)


def main(folder: str) -> None:
    """Load until the standard input ends."""
    number = 0
    with stcloud.open(folder) as city:
        while not select.select([sys.stdin], [], [], 1)[0]:
            number += 1
            print(number, load(city, number), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
