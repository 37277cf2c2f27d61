"""Datasets of series: what the conventions demand, by cf-xarray and what is read back from a file."""

import builtins

import cf_xarray  # noqa: F401
import numpy as np
import pytest
import xarray as xr

from stcloud.errors import MissingExtra, Unsupported
from stcloud.paas.series import seriesdataset as dataset
from stcloud.paas.series.resampled import read_every, resampled
from stcloud.paas.series.stationplaces import StationPlaces
from stcloud.paas.series.stations import Stations
from stcloud.paas.series.wantedtime import WantedTime
from stcloud.testing.readings import readings_from
from stcloud.time import Zone

HOUR = 3_600_000_000
ZONE = Zone("Pacific/Auckland")
ROWS = [
    ("a", 0, {"PM2.5": 1.5}),
    ("a", 2 * HOUR, {"PM2.5": -1.0}),
    ("b", HOUR, {}),
    ("b", 3 * HOUR, {"PM2.5": 4.0}),
]


def places():
    return StationPlaces(np.array([174.7, np.nan]), np.array([-36.8, np.nan]), 3 * HOUR, ("a",))


def made():
    return dataset.dataset_of_readings(readings_from(ROWS, ["PM2.5"]), ZONE, {"layer": "air"}, places())


def test_stations_and_steps_are_the_dimensions_and_gaps_are_missing():
    whole = made()
    assert dict(whole.sizes) == {"station": 2, "time": 4}
    np.testing.assert_array_equal(whole["PM2.5"], [[1.5, np.nan, -1, np.nan], [np.nan, np.nan, np.nan, 4]])
    np.testing.assert_array_equal(whole["PM2.5_flag"], [[0, 2, 1, 2], [2, 2, 2, 0]])


def test_a_file_says_what_the_conventions_demand(tmp_path):
    made().to_netcdf(tmp_path / "air.nc", engine="h5netcdf")
    with xr.open_dataset(tmp_path / "air.nc", engine="h5netcdf") as read:
        assert (read.attrs["featureType"], read.attrs["Conventions"]) == ("timeSeries", "CF-1.11")
        assert read.cf.cf_roles == {"timeseries_id": ["station"]}
        assert read.cf.axes == {"T": ["time"]}
        assert read.cf.coordinates == {"longitude": ["lon"], "latitude": ["lat"], "time": ["time"]}
        assert read.cf["PM2.5"].attrs["ancillary_variables"] == "PM2.5_flag"
        assert read["PM2.5"].attrs["units"] == "1"
        flags = read["PM2.5_flag"]
        assert flags.dtype == np.uint8
        assert flags.attrs["flag_meanings"].split() == ["good", "implausible", "missing"]
        np.testing.assert_array_equal(flags.attrs["flag_values"], np.array([0, 1, 2], np.uint8))
        assert (flags.cf == "implausible").sum() == 1
        assert read.attrs["moved_stations"] == "a"
        np.testing.assert_array_equal(read["PM2.5"], made()["PM2.5"])
        assert read["station"].values.tolist() == ["a", "b"]
    with xr.open_dataset(tmp_path / "air.nc", engine="h5netcdf", decode_times=False) as raw:
        assert raw["time"].attrs["units"] == "seconds since 1970-01-01"
        assert raw["time"].values.tolist() == [0, 3600, 7200, 10800]
        written = raw["PM2.5"].attrs.get("coordinates") or raw["PM2.5"].encoding["coordinates"]
        assert set(written.split()) == {"lon", "lat"}


def test_times_off_the_steps_are_kept_as_they_are():
    rows = [("a", 0, {"x": 1.0}), ("a", HOUR + 1, {"x": 2.0}), ("b", HOUR, {"x": 3.0})]
    whole = dataset.dataset_of_readings(readings_from(rows, ["x"]), ZONE, {}, None)
    assert whole["time"].values.astype("M8[us]").astype(int).tolist() == [0, HOUR, HOUR + 1]
    assert "lon" not in whole


def test_results_have_bounds_and_methods(tmp_path):
    readings = readings_from([("a", at * HOUR, {"x": float(at)}) for at in range(48)], ["x"])
    result = resampled(
        readings, read_every("1d"), ("mean", "count"), None, WantedTime((), 10**16), Zone("UTC")
    )
    result.to_xarray().to_netcdf(tmp_path / "days.nc", engine="h5netcdf")
    with xr.open_dataset(tmp_path / "days.nc", engine="h5netcdf") as read:
        assert read["x_mean"].values.tolist() == [[11.5, 35.5]]
        assert read["x_mean"].attrs["cell_methods"] == "time: mean"
        assert read.cf.bounds == {"T": ["time_bounds"], "time": ["time_bounds"]}
        assert read["time_bounds"].values.astype("M8[h]").astype(int).tolist() == [[0, 24], [24, 48]]
        assert read["time_label"].values.tolist() == ["1970-01-01", "1970-01-02"]
        assert read["expected"].values.tolist() == [24, 24]


def test_stations_have_their_last_place():
    versions = Stations(
        np.array(["a", "a", "b", "c"], object), np.array([0, 5, 0, 9]), np.array([5, 100, 3, 100]),
        np.array([1757000.0, 1758000.0, 1757000.0, 1757000.0]), np.full(4, 5920000.0),
    )  # fmt: skip
    at_8 = StationPlaces.of(("a", "b", "c", "d"), versions, (0, 8), "EPSG:2193")
    assert at_8.moved == ("a",)
    assert np.isnan(at_8.lon).tolist() == [False, False, True, True]
    assert at_8.lon[0] > at_8.lon[1]
    assert StationPlaces.of(("a",), versions, (6, 8), "EPSG:2193").moved == ()


def test_too_much_is_refused(monkeypatch):
    monkeypatch.setattr(dataset, "_LARGEST_MB", 1e-6)
    with pytest.raises(
        Unsupported, match="all stations and steps take 0 MB, and 0 MB are allowed; ask for a shorter"
    ):
        made()


def test_without_xarray_it_says_what_to_install(monkeypatch):
    real = builtins.__import__

    def without(name, *rest, **named):
        if name == "xarray":
            raise ImportError(name)
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtra, match="xarray is not installed; pip install"):
        made()


def test_no_reading_is_an_empty_dataset():
    whole = dataset.dataset_of_readings(readings_from([], ["x"]), ZONE, {}, None)
    assert dict(whole.sizes) == {"station": 0, "time": 0}
