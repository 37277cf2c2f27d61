"""Laws of derived episodes: over late, corrected and withdrawn readings, in a city far from UTC."""

from __future__ import annotations

import tempfile
from pathlib import Path

import geopandas
import pandas as pd
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import stcloud
from stcloud.daas.definition import Definition
from stcloud.paas.episode import stationepisodes
from stcloud.paas.episode.episoderows import CONTENT
from stcloud.testing.drawnreadings import STEP_US, frames, rules
from stcloud.testing.episodes import slow_episodes
from stcloud.testing.examples import examples

AIR = Definition.from_toml(
    """
id = "air"
kind = "event"
[time]
column = "at"
[space]
none = true
[series]
station = "station"
stations = "stations"
step = "1h"
[series.values]
"PM2.5" = { unit = "ug/m3", plausible = [0, 1000] }
""",
    name="air",
)
START_US = 1_712_361_600_000_000  # 2024-04-06T00:00Z: clocks in Auckland are set back 14 hours later
PLACES = {"Mill": (174.76, -36.85), "Park": (174.77, -36.86), "Quay": (174.78, -36.84)}


@st.composite
def histories(draw):
    """Draw deliveries: readings that are new or correct others, or that are deleted; and where to derive."""
    deliveries = [("changes", draw(frames(48).filter(len)), True)]
    for _ in range(draw(st.integers(1, 4))):
        frame = draw(frames(60))
        first, count = draw(st.integers(0, 59)), draw(st.integers(1, 20))
        hours = frame["time_us"] // STEP_US
        few = frame[(hours >= first) & (hours < first + count)]
        if len(few):
            deliveries.append(
                (draw(st.sampled_from(["changes", "changes", "delete"])), few, draw(st.booleans()))
            )
    return deliveries


def stored(frame):
    """Return drawn readings as they are delivered: an implausible value is one beyond the limits."""
    value = frame["value"].where(frame["flag"] != 1, 5_000.0)
    at = pd.to_datetime(START_US + frame["time_us"], unit="us", utc=True)
    return pd.DataFrame({"station": frame["station"], "at": at, "PM2.5": value})


class Clock:
    """A clock that goes on by a second each time that it is read."""

    now_us = 1_800_000_000_000_000

    def __call__(self):
        self.now_us += 1_000_000
        return self.now_us


def believed(city, layer, known_at=None):
    """Return the episodes of a layer as it was known, by key, without what the layer adds."""
    query = city.query(layer)
    rows = (query if known_at is None else query.known_at(known_at)).to_arrow().to_pylist()
    return {row["episode"]: tuple(str(row[name]) for name in CONTENT) for row in rows}


def expected(readings, rule):
    """Return what the oracle makes of readings, by key."""
    if not readings:
        return {}
    rows = [(*key, value, flag) for key, (value, flag) in readings.items()]
    frame = pd.DataFrame(rows, columns=["station", "time_us", "value", "flag"])
    frame["time_us"] += START_US
    return {
        f"{each['station']}@{utc_text(each['from_us'])}": each for each in slow_episodes(frame, rule, STEP_US)
    }


def utc_text(at_us):
    return pd.Timestamp(at_us, unit="us", tz="UTC").isoformat().replace("+00:00", "Z")


def assert_as_expected(city, layer, readings, rule):
    rows = {row["episode"]: row for row in city.query(layer).to_arrow().to_pylist()}
    wanted = expected(readings, rule)
    assert rows.keys() == wanted.keys()
    for key, each in wanted.items():
        row = rows[key]
        ends = (
            row["measured_to"].timestamp() * 1e6,
            None if row["to"] is None else row["to"].timestamp() * 1e6,
        )
        assert ends == (each["to_us"], None if each["is_open"] else each["to_us"])
        assert (row["peak"], row["readings"], row["missing"]) == tuple(
            each[name] for name in ("peak", "readings", "missing")
        )
        assert row["mean"] == pytest.approx(each["mean"])
        assert row["peak_at"].timestamp() * 1e6 == each["peak_us"]
        assert (row["lon"], row["lat"]) == PLACES[row["station"]]


def open_city(folder):
    stcloud.create(folder, crs="EPSG:2193", zone="Pacific/Auckland")
    city = stcloud.open(folder, clock=Clock())
    points = geopandas.GeoDataFrame(
        {"station": list(PLACES)},
        geometry=[shapely.Point(*place) for place in PLACES.values()],
        crs="EPSG:4326",
    )
    city.load("stations", points, key="station", valid_from="2020-01-01", datum="wgs84")
    return city


@settings(
    deadline=None, max_examples=examples(80), suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(histories(), rules(), st.sampled_from([0, 16]))
def test_derived_incremental_idempotent_and_beliefs(monkeypatch, deliveries, rule, most):
    monkeypatch.setattr(stationepisodes, "_MOST", most)
    monkeypatch.setattr(stationepisodes, "_LENGTHS", 0)
    monkeypatch.setattr(stationepisodes, "_LEAST_US", STEP_US)  # so that spans are narrow, and widened
    readings, seen, derived = {}, {}, False
    with tempfile.TemporaryDirectory() as folder, open_city(Path(folder, "auckland")) as city:
        for mode, frame, is_derived in deliveries:
            city.load("air", stored(frame), definition=AIR, mode=mode, again=True)
            changed = {
                (row.station, row.time_us): (row.value, row.flag) for row in frame.itertuples(index=False)
            }
            readings = (
                {key: value for key, value in readings.items() if key not in changed}
                if mode == "delete"
                else readings | changed
            )
            if is_derived:
                done = city.episodes("air", rule).derive("smog")
                assert done.full is not derived
                derived = True
                assert_as_expected(city, "smog", readings, rule)
                assert city.episodes("air", rule).derive("smog").loads == ()
                seen[city.layer("smog").pin_us()] = believed(city, "smog")
                assert {row["episode"] for row in city.episodes("air", rule)} == expected(
                    readings, rule
                ).keys()
        city.episodes("air", rule).derive("smog")
        city.episodes("air", rule).derive("again")
        assert believed(city, "again") == believed(city, "smog")
        for known_us, rows in seen.items():
            at = pd.Timestamp(known_us, unit="us", tz="UTC").to_pydatetime()
            assert known_us == 0 or believed(city, "smog", at) == rows
