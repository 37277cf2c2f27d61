"""Real readings: hours of six stations in Beijing, of four years, by pandas as oracle."""

import zipfile

import numpy as np
import pandas as pd
import pytest

import stcloud

NAMES = ("PM2.5", "PM10", "SO2", "NO2", "CO", "O3")


@pytest.fixture(scope="module")
def air(real_data, tmp_path_factory):
    """The city, and the files as pandas reads them."""
    folder = tmp_path_factory.mktemp("beijing")
    zipfile.ZipFile(real_data / "air" / "beijing_air_six_stations.zip").extractall(folder / "files")
    with stcloud.create(folder / "city", crs="EPSG:32650", zone="Asia/Shanghai") as city:
        stations = real_data / "air" / "stations.csv"
        city.load(
            "beijing-air-stations", stations, definition="beijing-air-stations", valid_from="2013-01-01"
        )
        loaded = city.load("air", folder / "files", definition="beijing-air")
        frame = pd.concat([pd.read_csv(file) for file in sorted((folder / "files").glob("*.csv"))])
        frame["time"] = pd.to_datetime(frame[["year", "month", "day", "hour"]]).dt.tz_localize(
            "Asia/Shanghai"
        )
        yield city, loaded, frame.set_index(["station", "time"]).sort_index()


def test_every_row_is_a_reading(air):
    city, loaded, frame = air
    assert sum(one.counts["accepted"] for one in loaded) == len(frame) == 210_384
    assert not any(one.counts["rejected"] for one in loaded)
    assert len(city.series("air").readings()) == len(frame)


def test_values_are_those_of_the_files(air):
    city, _, frame = air
    read = city.series("air").to_pandas().set_index(["station", "time"])
    assert (read.index == frame.index).all()
    for name in NAMES:
        expected = frame[name] / (1000 if name == "CO" else 1)  # mg/m3
        np.testing.assert_allclose(read[name].astype(float), expected, rtol=1e-12)
        assert ((read[f"{name}_flag"] == "missing") == frame[name].isna()).all()


def test_daily_means_need_18_hours(air):
    city, _, frame = air
    days = city.series("air").values("PM2.5").resample("1d", "mean").to_pandas()
    values = frame["PM2.5"].reset_index()
    values["day"] = values["time"].dt.strftime("%Y-%m-%d")
    oracle = values.groupby(["station", "day"])["PM2.5"].agg(["mean", "count"]).reset_index()
    assert days["time"].tolist() == oracle["day"].tolist()
    assert days["PM2.5_count"].tolist() == oracle["count"].tolist()
    expected = oracle["mean"].where(oracle["count"] >= 18)
    np.testing.assert_allclose(days["PM2.5_mean"].astype(float), expected, rtol=1e-9)
    assert 0 < (days["PM2.5_flag"] == "incomplete").sum() < len(days) / 10


def test_gaps_are_the_missing_values(air):
    city, _, frame = air
    gaps = city.series("air").gaps().to_pandas()
    steps = gaps.groupby("value")["steps"].sum()
    assert {name: int(steps.get(name, 0)) for name in NAMES} == frame[list(NAMES)].isna().sum().to_dict()


def test_the_dataset_has_every_hour_and_place(air):
    city, _, frame = air
    whole = city.series("air").values("PM2.5").to_xarray()
    assert dict(whole.sizes) == {"station": 6, "time": 35_064}
    assert float(whole["lon"].sel(station="Dongsi")) == pytest.approx(116.417, abs=1e-6)
    assert int((whole["PM2.5_flag"] == 2).sum()) == int(frame["PM2.5"].isna().sum())


def test_events_take_values_of_the_nearest_station(air):
    city, _, frame = air
    rng = np.random.default_rng(0)
    at = pd.date_range("2016-11-01 00:20", periods=200, freq="100min", tz="Asia/Shanghai")
    calls = pd.DataFrame(
        {
            "id": range(200),
            "at": at,
            "lon": 116.3 + rng.random(200) * 0.3,
            "lat": 39.8 + rng.random(200) * 0.3,
        }
    )
    city.load("calls", calls, key="id", time="at", lon="lon", lat="lat")
    joined = city.query("calls").join("air", "nearest", value="PM2.5", within="30min").to_records()
    known = frame["PM2.5"].dropna()
    for row in joined:
        hour = pd.Timestamp(row["st_time"]).round("h")
        expected = known.get((row["air_station"], hour))
        assert row["air_PM2.5"] == expected
