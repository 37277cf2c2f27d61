"""`stcloud load CITY LAYER -`: what comes by stdin is loaded as a file of it."""

import json
import subprocess
import sys

import pytest

import stcloud

CSV = "id,at,lon,lat\n1,2024-03-01 08:00:00,117.01,31.91\n2,yesterday,117.02,31.92\n"
FEATURE = {
    "type": "Feature",
    "properties": {"id": "1", "at": "2024-03-01 08:00:00"},
    "geometry": {"type": "Point", "coordinates": [117.01, 31.91]},
}
OPTIONS = ["--key", "id", "--time", "at", "--time-format", "iso", "--max-rejected", "50%"]


@pytest.fixture
def place(tmp_path):
    with stcloud.create(tmp_path / "city", crs="EPSG:4548", zone="Asia/Shanghai"):
        return tmp_path / "city"


def load(place, content, *options):
    return subprocess.run(
        [sys.executable, "-m", "stcloud", "load", str(place), "events", "-", *OPTIONS, *options, "--format", "json"],
        input=content.encode(), capture_output=True, check=False,
    )  # fmt: skip


def test_csv_by_stdin_is_a_file_of_it(place, tmp_path):
    coordinates = ["--lon", "lon", "--lat", "lat"]
    done = load(place, CSV, "--source-format", "csv", *coordinates)
    assert done.returncode == 0, done.stderr
    (reckoning,) = json.loads(done.stdout)
    assert (reckoning["source"], reckoning["accepted"], reckoning["rejected"]) == ("stdin", 1, 1)
    with stcloud.open(place) as city:
        (refused,) = city.rejected("events").to_pylist()
        assert (refused["source"], refused["row"], refused["value"]) == ("stdin", 2, "yesterday")
        file = tmp_path / "events.csv"
        file.write_text(CSV)
        again = city.load("events", file)
        assert (again[0] if isinstance(again, list) else again).known
    assert [path.name for path in (place / ".work").iterdir()] == ["layer-events.lock"]


def test_content_that_names_its_format_needs_no_option(place):
    done = load(place, json.dumps({"type": "FeatureCollection", "features": [FEATURE]}))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)[0]["accepted"] == 1


def test_content_that_does_not_is_refused(place):
    done = load(place, CSV, "--lon", "lon", "--lat", "lat")
    assert done.returncode == 5
    assert b"--source-format" in done.stderr
    assert str(place).encode() not in done.stderr
    done = load(place, "", "--source-format", "csv")
    assert (done.returncode, done.stdout) == (2, b"[\n]\n")
    assert b"stdin holds nothing" in done.stderr
