"""`stcloud series`, and values of stations by `stcloud join`: at eighty columns, in files, refused in one line."""

import csv
import io
import json

import pytest
import xarray as xr

from stcloud.errors import InvalidInput
from stcloud.saas.cli.series import series
from stcloud.testing.readings import SHANGHAI, WIDE, series_city

STATIONS = "a,117.1,31.9\nb,117.2,31.9\n"
HOURS = [f"{station},2016-12-01 {hour:02}:00,{hour},{hour * 100}" for station in "ab" for hour in range(20)]
MORE = ["b,2016-12-01 23:00,1001,NA", "a,2016-12-02 00:00,1,1"]


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    folder = tmp_path_factory.mktemp("town")
    with series_city(folder / "city", SHANGHAI, STATIONS) as city:
        (folder / "air.toml").write_text(WIDE, encoding="utf-8")
        (folder / "air.csv").write_text(
            "\n".join(["station,time,PM2.5,CO", *HOURS, *MORE]) + "\n", encoding="utf-8"
        )
        city.load("air", folder / "air.csv", definition=folder / "air.toml")
        calls = [{"id": "x", "at": "2016-12-01 10:10", "lon": 117.11, "lat": 31.9}]
        city.load("calls", calls, key="id", time="at", lon="lon", lat="lat")
    return folder / "city"


def test_readings_are_shown_within_eighty_columns(run, town):
    shown = run("series", town, "air", "--at", "b", "--when", "2016-12-01T19:00/2016-12-02")
    assert shown.out.splitlines()[0].split() == ["station", "time", "PM2.5", "PM2.5_flag", "CO", "CO_flag"]
    assert shown.out.splitlines()[2].split() == [
        "b",
        "2016-12-01",
        "23:00",
        "1001",
        "implausible",
        "missing",
    ]
    assert max(map(len, shown.out.splitlines())) <= 80
    assert "known_at" in shown.err
    assert "implausible" in shown.out


def test_flags_that_say_nothing_are_left_to_programs(run, town):
    shown = run("series", town, "air", "--at", "a", "--value", "CO")
    assert shown.out.splitlines()[0].split() == ["station", "time", "CO"]
    rows = json.loads(run("series", town, "air", "--at", "a,b", "--value", "CO", "-f", "json").out)
    assert set(rows[0]) == {"station", "time", "CO", "CO_flag", "recorded"}
    assert len(rows) == 42


def test_gaps_lateness_and_results_of_days(run, town):
    gaps = list(
        csv.DictReader(io.StringIO(run("series", town, "air", "--gaps", "-f", "csv", "--value", "PM2.5").out))
    )
    assert [(gap["station"], gap["steps"]) for gap in gaps] == [("a", "4"), ("b", "3")]
    late = run("series", town, "air", "--lateness").out.splitlines()
    assert late[0].split() == ["station", "readings", "min_h", "median_h", "p90_h", "max_h"]
    wanted = ("--resample", "1d", "--method", "mean,max", "--complete", "20 of 24", "--value", "PM2.5")
    days = run("series", town, "air", *wanted)
    assert "complete if 20 of 24 are there" in days.err
    assert days.out.splitlines()[1].split() == ["a", "2016-12-01", "9.5", "19", "20", "complete", "24"]
    assert days.out.splitlines()[2].split() == ["a", "2016-12-02", "1", "incomplete", "24"]


def test_a_place_and_hours_narrow_it(run, town):
    shown = run(
        "series", town, "air", "--where", "near:117.1,31.9:1km", "--hours", "10:00-12:00", "-f", "csv"
    )
    assert [row.split(",")[0] for row in shown.out.splitlines()[1:]] == ["a", "a"]


def test_a_dataset_is_written_whole(run, town, tmp_path):
    done = run("series", town, "air", "-o", tmp_path / "air.nc", "--pin")
    assert (done.code, done.out) == (0, "")
    assert "air.nc: 2 station × 25 time" in done.err
    with xr.open_dataset(tmp_path / "air.nc", engine="h5netcdf") as read:
        assert read.attrs["featureType"] == "timeSeries"
        assert float(read["PM2.5"].sel(station="b").max()) == 1001
    run("series", town, "air", "--resample", "1d", "-o", tmp_path / "days.nc")
    with xr.open_dataset(tmp_path / "days.nc", engine="h5netcdf") as read:
        assert dict(read.sizes) == {"station": 2, "time": 2, "bound": 2}
    run("series", town, "air", "-o", tmp_path / "air.parquet")
    assert (tmp_path / "air.parquet").stat().st_size


def test_results_are_drawn(run, town, tmp_path):
    done = run("series", town, "air", "--resample", "1d", "--value", "PM2.5", "--chart", tmp_path / "air.svg")
    assert done.code == 0
    assert f"chart: {tmp_path / 'air.svg'}" in done.err
    assert (tmp_path / "air.svg").stat().st_size


def test_events_are_joined_with_values(run, town):
    rows = json.loads(
        run(
            "join",
            town,
            "calls",
            "air",
            "--how",
            "nearest",
            "--value",
            "PM2.5",
            "--within",
            "15min",
            "-f",
            "json",
        ).out
    )
    assert (rows[0]["air_station"], rows[0]["air_PM2.5"], rows[0]["air_PM2.5_flag"]) == ("a", 10.0, "good")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("air", "--at", "z"), "series 'air' has no station 'z'"),
        (("air", "--value", "PM25"), "series 'air' measures no 'PM25'; did you mean 'PM2.5'?"),
        (("air", "--gaps", "--lateness"), "--gaps and --lateness give different tables; name one of them"),
        (("air", "--gaps", "-o", "x.nc"), "--gaps is a table, and a file .nc holds a dataset"),
        (("air", "-o", "x.nd"), "the name of x.nd does not tell a format"),
        (
            ("air", "--chart", "x.png"),
            "a chart shows results of bins, and none are asked for; add --resample 1d",
        ),
        (("air", "--resample", "1d", "--chart", "x.doc"), "x.doc"),
        (("air", "--resample", "3h"), "no step of time '3h'; use 1h, 1D"),
        (("air", "--resample", "1d", "--method", "mode"), "no method 'mode' makes one value of several"),
        (("air", "--resample", "1d", "--complete", "lots"), "'lots' states no completeness"),
        (("air", "--when", "tomorrowish"), "cannot read 'tomorrowish' as a time"),
        (
            ("calls",),
            "layer 'calls' has no readings: its definition has no table [series]; ask it with stcloud query",
        ),
        (("aire",), "no layer 'aire'"),
    ],
)
def test_what_cannot_be_meant_is_one_line(run, town, arguments, says):
    done = run("series", town, *arguments)
    assert done.code != 0
    assert says in done.err
    assert len(done.err.strip().splitlines()) == 1


def test_tables_are_named_one_at_a_time(town):
    with pytest.raises(InvalidInput) as caught:
        series(town, "air", gaps=True, lateness=True)
    assert caught.value.kind == "several-results"
