"""What was measured at a place: readings of the nearest station then, and scenes, as parts of a situation."""

import numpy as np
import pandas as pd
import pytest

from stcloud.testing.readings import AUCKLAND, WIDE, series_city
from tests.rasters import geotiff

HERE = (174.76, -36.85)
PIXEL = 0.01
NO_READING = "layer air had no reading of a station within 5,000 m in the day before"
IMAGES = """
id = "images"
kind = "scene"
product = "surface"
tile = "city"
[acquired]
file = "%Y%m%d"
[raster]
bands = ["red", "nir"]
nodata = 0
"""


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    folder = tmp_path_factory.mktemp("monitoring")
    with series_city(folder / "city", AUCKLAND, "near,174.761,-36.851\nfar,174.79,-36.85\n") as city:
        hours = pd.date_range("2024-04-06T20:00", periods=12, freq="h", tz="UTC")  # clocks go back on the 7th
        frame = pd.DataFrame({
            "station": ["near"] * 12 + ["far"] * 12, "time": [*hours, *hours],
            "PM2.5": [*np.arange(12.0), *np.arange(100.0, 112.0)], "CO": [500.0] * 24,
        })  # fmt: skip
        frame.loc[11, "PM2.5"] = np.nan
        first = frame[(frame["station"] == "far") | (frame["time"] < hours[8])]
        city.load("air", first, definition=text(folder, "air.toml", WIDE))
        city.early = city.layer("air").loads[-1].recorded_at_us
        city.load("air", frame)
        for day, value in (("20240101", 7), ("20240407", 9)):
            values = np.full((2, 4, 4), value, "uint8")
            values[1] = 0
            path = geotiff(
                folder / f"{day}.tif", values, crs="EPSG:4326",
                transform=(PIXEL, 0, 174.74, 0, -PIXEL, -36.83),
            )  # fmt: skip
            city.load("images", path, definition=text(folder, "images.toml", IMAGES))
        city.hours = hours
        yield city


def text(folder, name, content):
    (folder / name).write_text(content)
    return folder / name


def values_of(part):
    return {row["value"]: (row["reading"], row["station"], row["time"]) for row in part.records}


def test_readings_are_the_latest_of_the_nearest_station_and_none_is_of_later(city):
    at = city.hours[5] + pd.Timedelta(minutes=59)
    readings = city.situation(HERE, at=at.to_pydatetime()).monitoring["readings"]
    time = city.configuration.zone.iso(city.hours[5].value // 1000)
    assert values_of(readings) == {"PM2.5": (5.0, "near", time), "CO": (0.5, "near", time)}
    assert {row["unit"] for row in readings.records} == {"ug/m3", "mg/m3"}
    assert all(100 < row["distance_m"] < 200 for row in readings.records)


def test_a_value_that_is_missing_gives_way_to_the_one_before_it_for_a_day(city):
    last = city.hours[11].to_pydatetime()
    assert values_of(city.situation(HERE, at=last).monitoring["readings"])["PM2.5"][0] == 10.0
    late = (city.hours[11] + pd.Timedelta(days=2)).to_pydatetime()
    shown = city.situation(HERE, at=late).monitoring["readings"]
    assert (shown.records, shown.reasons) == ((), (NO_READING,))


def test_readings_are_those_that_were_known(city):
    at = city.hours[9].to_pydatetime()
    before = city.situation(HERE, at=at, known_at=city.early).monitoring["readings"]
    assert values_of(before)["PM2.5"][0] == 7.0
    assert values_of(city.situation(HERE, at=at).monitoring["readings"])["PM2.5"][0] == 9.0


def test_scenes_are_those_that_held_at_the_place(city):
    for at, value in (("2024-02-01", 7.0), ("2024-05-01", 9.0)):
        shown = city.situation(HERE, at=at).monitoring["scenes"].records
        assert [(row["band"], row["reading"]) for row in shown] == [("red", value), ("nir", None)]
    part = city.situation((174.9, -36.85), at="2024-05-01").monitoring["scenes"]
    assert part.records == ()
    assert part.reasons == ("layer images had no scene of the place",)


def test_where_nothing_is_measured_the_parts_say_so(city):
    there = city.situation((175.2, -36.85), at="2024-04-07T12:00").monitoring
    assert there["readings"].reasons == (NO_READING,)
    before = city.situation(HERE, at="2020-01-01").monitoring["scenes"]
    assert before.records == ()


def test_what_was_measured_is_neither_an_event_nor_a_feature_of_the_place(city):
    shown = city.situation(HERE, at="2024-04-07T12:00", radius_m="5km")
    assert {row["layer"] for row in shown.basic["features"].records} == {"sensors"}
    assert shown.decision["events"].records == ()
