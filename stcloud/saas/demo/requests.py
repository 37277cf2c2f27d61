"""What the people of Alderport reported in 2024.

Tested by `tests/saas/demo/test_requests.py`.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from stcloud.saas.demo.ground import StreetPlan
from stcloud.saas.demo.survey import Lamp

__all__ = ["FIRST_DUMP", "NEXT_DUMP", "DemoRequest", "dumped", "requests_of"]

FIRST_DUMP, NEXT_DUMP = datetime(2025, 1, 1), datetime(2025, 1, 15)  # noqa: DTZ001  (local, as its files are)
"""When the two files of requests were written, on the town's clock."""

_USUAL = {"refuse": 900, "parking": 700, "street lamp": 350, "pothole": 450, "noise": 500, "graffiti": 300}
_CHANNELS = ("app", "phone", "inspector")
_NEW_YEAR, _DAYS = datetime(2024, 1, 1), 366  # noqa: DTZ001
_STORM = datetime(2024, 6, 20)  # noqa: DTZ001
_HOURS = np.array([1, 1, 1, 1, 1, 2, 4, 7, 9, 8, 7, 6, 6, 6, 6, 6, 7, 8, 9, 8, 6, 4, 3, 2], dtype=np.float64)
_MARKET, _SCHOOL = (1, 7), (4, 1)
"""Blocks ``(row, column)`` of the fish market and of the school."""
_STATION, _LANES, _SITE = (4, 7), (6, 4), (1, 1)
"""Blocks of the railway station, of bad lanes in Orchard, and of a building site at the lighthouse."""
_GRAFFITI, _POTHOLES, _NOISE = (16, 38), (40, 20), 34
"""How many in January and in December, from month to month by equal steps; and how many in December alone."""

_SLOW = {"Brickworks": 2.5, "Orchard": 1.6}
"""Where requests take longer, and how many times as long."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class DemoRequest:
    """A request of a person.

    Parameters
    ----------
    opened, closed
        Local times; when it is closed at last.
    subject, channel
        What it is about, and how it came.
    x, y
        Metres in the ground's CRS.
    """

    opened: datetime
    closed: datetime
    subject: str
    channel: str
    x: float
    y: float


def requests_of(ground: StreetPlan, damaged: list[Lamp]) -> list[DemoRequest]:
    """Return the requests of 2024 in the order of their times; many are about lamps that the storm damaged."""
    chance = np.random.default_rng([ground.seed, 6])
    requests = [*_usual(ground, chance), *_market(ground, chance), *_school(ground, chance)]
    requests += _dark_streets(damaged, chance)
    requests += _hotspots(ground, np.random.default_rng([ground.seed, 7]))
    ordered = sorted(requests, key=lambda request: (request.opened, request.x, request.y))
    return [request for request in ordered if request.opened < FIRST_DUMP]


def dumped(
    requests: list[DemoRequest], at: datetime, since: datetime
) -> Iterator[tuple[str, DemoRequest, bool]]:
    """Give identity, request and whether it was closed by then, for what was opened in a time before a dump."""
    for number, request in enumerate(requests, start=1):
        if since <= request.opened < at:
            yield f"R24-{number:05d}", request, request.closed < at


def _usual(ground: StreetPlan, chance: np.random.Generator) -> Iterator[DemoRequest]:
    """Give what happens everywhere, the more the more people live there; on fewer weekends, mostly by day."""
    people = np.array([place["population"] for place in ground.communities], dtype=np.float64)
    days = np.array([1.0 if day % 7 < 5 else 0.6 for day in range(_DAYS)])  # 2024 began on a Monday
    for subject, count in _USUAL.items():
        homes = chance.choice(len(people), count, p=people / people.sum())
        dates = chance.choice(_DAYS, count, p=days / days.sum())
        for home, date in zip(homes.tolist(), dates.tolist(), strict=True):
            place = ground.communities[home]
            block = place["blocks"][int(chance.integers(len(place["blocks"])))]
            slow = _SLOW.get(place["name"], 1.0)
            at = ground.inside(block, chance.uniform(0.05, 0.95, (1, 2)))[0]
            yield _drawn(chance, date, subject, at, slow)


def _market(ground: StreetPlan, chance: np.random.Generator) -> Iterator[DemoRequest]:
    """Give refuse behind the fish market, from July to September."""
    for date in chance.integers(182, 274, 190).tolist():
        at = ground.inside(_MARKET, chance.uniform(0.3, 0.7, (1, 2)))[0]
        yield _drawn(chance, date, "refuse", at)


def _school(ground: StreetPlan, chance: np.random.Generator) -> Iterator[DemoRequest]:
    """Give cars parked at the school, on working days of spring, between 7 and 9."""
    for date in chance.integers(60, 182, 220).tolist():
        if date % 7 < 5:
            at = ground.inside(_SCHOOL, chance.uniform(0.35, 0.65, (1, 2)))[0]
            yield _drawn(chance, date, "parking", at, hours=(7, 9))


def _hotspots(ground: StreetPlan, chance: np.random.Generator) -> Iterator[DemoRequest]:
    """Give more and more graffiti at the station, fewer and fewer potholes in Orchard, and at last a noisy site."""
    december = 12
    for block, subject, (first, last) in ((_STATION, "graffiti", _GRAFFITI), (_LANES, "pothole", _POTHOLES)):
        for month, count in enumerate(
            np.linspace(first, last, december).round().astype(int).tolist(), start=1
        ):
            yield from _in_month(ground, chance, month, count, subject, block)
    yield from _in_month(ground, chance, december, _NOISE, "noise", _SITE, hours=(20, 24))


def _in_month(
    ground: StreetPlan, chance: np.random.Generator, month: int, count: int, subject: str, block: tuple[int, int],
    hours: tuple[int, int] = (0, 24),
) -> Iterator[DemoRequest]:  # fmt: skip
    """Give requests of one month within a block."""
    first = (datetime(2024, month, 1) - _NEW_YEAR).days  # noqa: DTZ001
    for date in chance.integers(first, first + calendar.monthrange(2024, month)[1], count).tolist():
        at = ground.inside(block, chance.uniform(0.2, 0.8, (1, 2)))[0]
        yield _drawn(chance, date, subject, at, hours=hours)


def _dark_streets(damaged: list[Lamp], chance: np.random.Generator) -> Iterator[DemoRequest]:
    """Give reports of the lamps that the storm damaged: most of them in the week after it."""
    for lamp in damaged:
        for _ in range(int(chance.integers(2, 7))):
            days = min(int(chance.exponential(6.0)), 60)
            at = np.array([lamp.x, lamp.y]) + chance.uniform(-4, 4, 2)
            yield _drawn(chance, (_STORM - _NEW_YEAR).days + days, "street lamp", at, 2.0, hours=(18, 24))


def _drawn(
    chance: np.random.Generator,
    date: int,
    subject: str,
    at: Floats,
    slow: float = 1.0,
    hours: tuple[int, int] = (0, 24),
) -> DemoRequest:
    share = _HOURS[slice(*hours)] / _HOURS[slice(*hours)].sum()
    hour = int(chance.choice(np.arange(*hours), p=share))
    seconds = int(chance.integers(3600))
    opened = _NEW_YEAR + timedelta(days=date, hours=hour, seconds=seconds)
    takes = timedelta(seconds=int(chance.gamma(2.0, 2.2 * slow) * 86_400) + 1_200)
    channel = _CHANNELS[int(chance.choice(3, p=[0.5, 0.35, 0.15]))]
    x, y = np.round(at, 2).tolist()
    return DemoRequest(opened, opened + takes, subject, channel, x, y)
