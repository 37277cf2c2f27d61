"""A day of the fixture city as feeds, live and replayed: requests, vehicles and readings, with rules standing.

A month of requests and of readings is laid on one day; vehicles are invented. Some messages come late, some correct
others, as sources do it. `python -m bench.feed --replay` prints what a day of 24 minutes gives.
"""

from __future__ import annotations

import csv
import json
import math
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

import stcloud
from stcloud import City
from stcloud.iaas.clock import Clock
from stcloud.iaas.feed.message import Message, StreamPlace
from stcloud.saas.feed import BatchOutcome, Listener
from stcloud.testing.feeds import FastClock, MemoryFeed, PacedFeed

__all__ = ["DAY", "RULES", "Live", "city_of", "day", "listened", "main", "replayed"]

DISTRICT = Path(__file__).parents[1] / "fixtures" / "district"
ZONE = "Asia/Shanghai"
DAY = datetime(2024, 6, 5, tzinfo=ZoneInfo(ZONE))
OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "requests": {"key": "request_id", "time": "reported_at", "lon": "lon", "lat": "lat"},
    "vehicles": {"key": ["vehicle", "at"], "time": "at", "lon": "lon", "lat": "lat", "mover": "vehicle"},
    "air": {},
}
RULES: tuple[Mapping[str, Any], ...] = (
    {
        "id": "busy", "at_least": 2, "within": "20min", "quiet": "5min", "from": "2024-06-05",
        "question": {"layer": "requests", "by": "cell:1km"},
    },
    {
        "id": "depot", "gap": "10min", "from": "2024-06-05",
        "question": {"layer": "vehicles", "where": "near:117.05,31.905:400m", "by": "vehicle"},
    },
    {
        "id": "dust", "value": "PM2.5", "above": 60, "for": "0h", "gap": "1h", "ends_below": 55,
        "from": "2024-06-05", "question": {"layer": "air"},
    },
)  # fmt: skip
_VEHICLES, _STEP_S = 40, 15


@dataclass(slots=True)
class Live:
    """A day as it was listened to: what batches became, by layer, and seconds between a batch and its alerts."""

    outcomes: dict[str, list[BatchOutcome]] = field(default_factory=dict)
    seconds: float = 0.0


def day(first: float = 0.0, until: float = 24.0) -> dict[str, list[Message]]:
    """Return the messages of some hours of the day, by layer, in the order in which they were sent."""
    sources: dict[str, Callable[[], Iterator[tuple[datetime, dict[str, Any]]]]] = {
        "requests": _requests, "vehicles": _vehicles, "air": _readings,
    }  # fmt: skip
    start, end = DAY + timedelta(hours=first), DAY + timedelta(hours=until)
    messages = {}
    for layer, rows in sources.items():
        sent = sorted((each for each in rows() if start <= each[0] < end), key=lambda each: each[0])
        messages[layer] = [
            Message(
                json.dumps(row).encode(), "application/json", place=StreamPlace(layer, number),
                at_us=round(at.timestamp() * 1e6),
            )
            for number, (at, row) in enumerate(sent, start=1)
        ]  # fmt: skip
    return messages


def city_of(folder: Path, clock: Clock) -> City:
    """Return a city with the layers, a row in each that is older than the day, and the rules."""
    stcloud.create(folder, crs="EPSG:4548", zone=ZONE).close()
    city = stcloud.open(folder, clock=clock)
    stations = pd.read_csv(DISTRICT / "air_stations.csv")
    stations = stations.merge(pd.DataFrame({"day": range(1, 32)}), how="cross")
    stations["station"] = [
        f"{name}-{number:02}" for name, number in zip(stations.station, stations.day, strict=True)
    ]
    frame = stations[["station", "lon", "lat"]]
    place: dict[str, Any] = {"lon": "lon", "lat": "lat", "datum": "wgs84"}
    city.load("stations", frame, key="station", valid_from="2024-01-01", **place)
    before = {"lon": [117.0], "lat": [31.9]}
    row = {
        "request_id": ["before"],
        "class_code": ["x"],
        "status": ["closed"],
        "reported_at": ["2024-06-04 12:00:00"],
    }
    city.load("requests", pd.DataFrame(row | before), datum="wgs84", **OPTIONS["requests"])
    row = {"vehicle": ["before"], "at": ["2024-06-04T04:00:00Z"]}
    city.load("vehicles", pd.DataFrame(row | before), datum="wgs84", **OPTIONS["vehicles"])
    reading = pd.DataFrame(
        {"station": ["A01-01"], "measured_at": ["2024-06-04 12:00"], "PM2.5": [1], "PM10": [1]}
    )
    city.load("air", reading, definition=DISTRICT / "air.toml")
    for rule in RULES:
        city.standing.add(rule)
    return city


def listened(
    folder: Path, messages: Mapping[str, list[Message]], times: float, every_s: float = 10.0
) -> Live:
    """Listen to all layers at once, a batch every so many seconds of a clock that goes so many times faster."""
    first_us = min(each[0].at_us or 0 for each in messages.values())
    clock = FastClock(first_us - 60_000_000, 1)
    live, faults = Live(), []
    with city_of(folder, clock) as city:
        clock = FastClock(max(clock(), first_us), times)
    with stcloud.open(folder, clock=clock) as city:

        def listen(layer: str) -> None:
            outcomes = live.outcomes.setdefault(layer, [])
            try:
                Listener(
                    city, layer, PacedFeed(messages[layer], clock), every_s=every_s / times,
                    most_rows=max(20, len(messages[layer]) // 8),
                    options=OPTIONS[layer], on_batch=outcomes.append,
                ).run()  # fmt: skip
            except BaseException as error:  # noqa: BLE001  (raised again by who waits)
                faults.append(error)

        threads = [threading.Thread(target=listen, args=(layer,)) for layer in messages]
        started = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        live.seconds = time.perf_counter() - started
    if faults:
        raise faults[0]
    return live


def replayed(
    folder: Path, messages: Mapping[str, list[Message]], at_once: int, *, later: bool = False
) -> None:
    """Load the same messages afterwards, so many at once; ``later``: rules are asked at the end alone."""
    seconds = count(round((DAY + timedelta(days=30)).timestamp()))
    with city_of(folder, lambda: next(seconds) * 1_000_000) as city:
        for layer, sent in messages.items():
            feed = MemoryFeed(sent, at_once)
            listener = Listener(city, layer, feed, every_s=0.0, options=OPTIONS[layer])
            listener.run(until_idle=True)
        city.standing.run(full=later)


def _requests() -> Iterator[tuple[datetime, dict[str, Any]]]:
    """Give the requests of June, each when it is reported, and a third of them again when they are closed."""
    with (DISTRICT / "requests_2024.csv").open(encoding="utf-8", newline="") as lines:
        rows = {
            row["request_id"]: row
            for row in csv.DictReader(lines)
            if row["reported_at"].startswith("2024-06-")
        }
    for number, (name, row) in enumerate(sorted(rows.items())):
        reported = datetime.fromisoformat(row["reported_at"]).replace(
            year=DAY.year, month=DAY.month, day=DAY.day, tzinfo=DAY.tzinfo
        )
        if not row["lon"]:
            continue
        shown = {
            "request_id": name, "class_code": row["class_code"], "status": "open",
            "reported_at": reported.strftime("%Y-%m-%d %H:%M:%S"), "lon": row["lon"], "lat": row["lat"],
        }  # fmt: skip
        yield reported + timedelta(seconds=5), shown
        if not number % 3:
            yield reported + timedelta(minutes=20), shown | {"status": "closed"}


def _vehicles() -> Iterator[tuple[datetime, dict[str, Any]]]:
    """Give fixes of vehicles that go round; one in fifty is sent late, by up to three minutes."""
    chance = random.Random(7)
    for number in range(_VEHICLES):
        turn, radius = chance.uniform(0, math.tau), chance.uniform(0.002, 0.02)
        for step in range(number % _STEP_S, 86_400, _STEP_S):
            at = DAY + timedelta(seconds=step)
            angle = turn + step / (600 + 40 * number)
            late_s = chance.uniform(30, 180) if chance.random() < 0.02 else 1.0
            yield at + timedelta(seconds=late_s), {
                "vehicle": f"v{number:02}", "at": at.astimezone(ZoneInfo("UTC")).strftime("%Y-%m-%dT%H:%M:%SZ"),
                "lon": round(117.05 + radius * math.cos(angle), 6),
                "lat": round(31.905 + radius * math.sin(angle), 6),
            }  # fmt: skip


def _readings() -> Iterator[tuple[datetime, dict[str, Any]]]:
    """Give the readings of January, a station for each day; one in eight is late by up to two hours, or corrected."""
    chance = np.random.default_rng(11)
    for name in ("air_2024-01.csv", "air_2024-01_late.csv"):
        frame = pd.read_csv(DISTRICT / name, dtype=str, keep_default_na=False)
        for row in frame[frame["measured_at"].str.startswith("2024-01-")].to_dict("records"):
            hour = int(row["measured_at"][11:13])
            late = name.endswith("late.csv") or chance.random() < 0.125
            sent = DAY + timedelta(hours=hour + 1, seconds=chance.uniform(60, 7200 if late else 300))
            yield sent, {
                "station": f"{row['station']}-{row['measured_at'][8:10]}", "PM2.5": row["PM2.5"], "PM10": row["PM10"],
                "measured_at": f"{DAY:%Y-%m-%d} {hour:02}:00",
            }  # fmt: skip


def main(folder: Path, times: float, hours: tuple[float, float]) -> None:
    """Print what a day gives that is listened to live."""
    messages = day(*hours)
    live = listened(folder, messages, times)
    for layer, outcomes in live.outcomes.items():
        lags = [outcome.lag_s for outcome in outcomes if outcome.lag_s is not None]
        print(
            f"{layer}: {len(messages[layer]):,} messages in {len(outcomes):,} batches, "
            f"{sum(outcome.alerts for outcome in outcomes)} alerts raised; the oldest message of a batch was visible "
            f"after {np.median(lags):.1f} s, p95 {np.quantile(lags, 0.95):.1f} s of the feed's clock"
        )
    print(f"{hours[1] - hours[0]:g} hours in {live.seconds:.0f} s, {times:g} x")
