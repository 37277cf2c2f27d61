"""Series in a city against a plain model: a dictionary of what was stated when, filled load by load."""

import math
import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.testing.examples import examples
from stcloud.testing.readings import AUCKLAND, LONG, SHANGHAI, WIDE, series_city

HOUR = 3_600_000_000
STATIONS = "a,174.7,-36.8\nb,174.8,-36.9\nc,174.9,-36.8\n"
BEGIN = {AUCKLAND[1]: "2024-04-06T20:00Z", SHANGHAI[1]: "2024-01-01T20:00Z"}

VALUE = st.one_of(st.none(), st.integers(-5, 1200).map(float))
LOAD = st.dictionaries(
    st.tuples(st.sampled_from("abc"), st.integers(0, 30)), st.tuples(VALUE, VALUE), min_size=1, max_size=12
)  # fmt: skip


def text_of(rows, start_us, *, long):
    """Write a load, wide or long, times in UTC."""
    lines = ["station,time,pollutant,amount" if long else "station,time,PM2.5,CO"]
    for (station, at), (pm, co) in rows.items():
        time = f"{np.datetime64(start_us + at * HOUR, 'us')}Z"
        shown = ["NA" if value is None else f"{value:g}" for value in (pm, co)]
        if long:
            lines += [
                f"{station},{time},{name},{value}" for name, value in zip(("PM2.5", "CO"), shown, strict=True)
            ]
        else:
            lines.append(f"{station},{time},{','.join(shown)}")
    return "\n".join(lines) + "\n"


def shown(readings):
    """Return readings as the model has them."""
    return {
        (readings.stations[station], at): tuple(
            None if math.isnan(of[row]) else round(float(of[row]), 9) for of in readings.values.values()
        )
        for row, (station, at) in enumerate(zip(readings.station.tolist(), readings.time_us.tolist(), strict=True))
    }  # fmt: skip


@settings(max_examples=examples(60))
@given(st.sampled_from([AUCKLAND, SHANGHAI]), st.booleans(), st.lists(LOAD, min_size=1, max_size=4))
def test_a_corrected_reading_keeps_the_old_one(place, long, loads):
    """Law of beliefs: readings known at an instant are those stated until then, whatever was loaded later."""
    folder = Path(tempfile.mkdtemp())
    clock = iter(range(1_800_000_000_000_000, 1_900_000_000_000_000, 1_000_000))
    start_us = int(np.datetime64(BEGIN[place[1]].rstrip("Z"), "us").astype(np.int64))
    try:
        with series_city(folder / "city", place, clock=lambda: next(clock)) as city:
            (folder / "air.toml").write_text(LONG if long else WIDE, encoding="utf-8")
            model, beliefs = {}, []
            for number, rows in enumerate(loads):
                source = folder / f"{number}.csv"
                source.write_text(text_of(rows, start_us, long=long), encoding="utf-8")
                done = city.load(
                    "air", source, definition=folder / "air.toml", max_rejected="100%", again=True
                )
                for (station, at), (pm, co) in rows.items():
                    model[station, start_us + at * HOUR] = (pm, None if co is None else round(co / 1000, 9))
                beliefs.append((done.recorded_at_us, dict(model)))
            for known_us, expected in beliefs:
                readings = city.series("air").known_at(known_us).readings()
                assert shown(readings) == expected
                assert (readings.recorded_us <= known_us).all()
            latest = city.series("air").readings()
            assert shown(latest) == model
            for station in latest.stations:
                of_station = city.series("air").at(station).readings()
                assert shown(of_station) == {key: row for key, row in model.items() if key[0] == station}
            order = list(zip(latest.station.tolist(), latest.time_us.tolist(), strict=True))
            assert order == sorted(set(order))
            for name, of in latest.flags.items():
                pm = latest.values[name]
                limits = (0, 1000) if name == "PM2.5" else (-math.inf, math.inf)
                wanted = np.where(np.isnan(pm), 2, np.where((pm < limits[0]) | (pm > limits[1]), 1, 0))
                assert of.tolist() == wanted.tolist()
    finally:
        shutil.rmtree(folder)


@settings(max_examples=examples(40))
@given(st.lists(st.tuples(st.integers(0, 40), st.floats(-0.2, 0.2), st.floats(-0.2, 0.2)), min_size=1, max_size=12),
       LOAD, st.sampled_from([1, 2, 5]))  # fmt: skip
def test_an_event_takes_what_a_place_has(events, rows, hours):
    """Law of one rule: the value that an event takes is the value at its place and time by the nearest station."""
    folder = Path(tempfile.mkdtemp())
    start_us = int(np.datetime64(BEGIN[AUCKLAND[1]].rstrip("Z"), "us").astype(np.int64))
    try:
        with series_city(folder / "city", AUCKLAND, STATIONS) as city:
            (folder / "air.toml").write_text(WIDE, encoding="utf-8")
            (folder / "air.csv").write_text(text_of(rows, start_us, long=False), encoding="utf-8")
            city.load("air", folder / "air.csv", definition=folder / "air.toml")
            records = [
                {"id": str(number), "at": f"{np.datetime64(start_us + at * HOUR // 2, 'us')}Z",
                 "lon": 174.8 + lon, "lat": -36.85 + lat}
                for number, (at, lon, lat) in enumerate(events)
            ]  # fmt: skip
            city.load("calls", records, key="id", time="at", lon="lon", lat="lat")
            joined = (
                city.query("calls").join("air", "nearest", value="PM2.5", within=f"{hours}h").to_records()
            )
            for row in joined:
                made = city.series("air").value_at(
                    (row["lon"], row["lat"]), row["st_time"], within=f"{hours}h"
                )["PM2.5"]
                assert row["air_station"] == made.stations[0].station
                assert row["air_distance_m"] == pytest.approx(made.stations[0].distance_m, abs=1e-6)
                if math.isnan(made.value):
                    assert (row["air_PM2.5"], row["air_PM2.5_time"], row["air_PM2.5_flag"]) == (
                        None,
                        None,
                        None,
                    )
                else:
                    assert (row["air_PM2.5"], row["air_PM2.5_flag"]) == (made.value, made.flag)
    finally:
        shutil.rmtree(folder)
