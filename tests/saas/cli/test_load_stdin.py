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


@pytest.fixture
def load(command, place):
    """Load what is written to the stdin of a process of its own; return its exit code, stdout and stderr."""

    def load(content, *options):
        process = command("load", place, "events", "-", *OPTIONS, *options, "--format", "json")
        out, err = process.communicate(content)
        return process.returncode, out, err

    return load


def test_csv_by_stdin_is_a_file_of_it(place, tmp_path):
    """A real interpreter once; the others are forked from one."""
    call = (
        sys.executable, "-m", "stcloud", "load", str(place), "events", "-", *OPTIONS, "--source-format", "csv",
        "--lon", "lon", "--lat", "lat", "--format", "json",
    )  # fmt: skip
    done = subprocess.run(call, input=CSV.encode(), capture_output=True, check=False)
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


def test_content_that_names_its_format_needs_no_option(load):
    code, out, err = load(json.dumps({"type": "FeatureCollection", "features": [FEATURE]}))
    assert code == 0, err
    assert json.loads(out)[0]["accepted"] == 1


def test_content_that_does_not_is_refused(load, place):
    code, _, err = load(CSV, "--lon", "lon", "--lat", "lat")
    assert code == 5
    assert "--source-format" in err
    assert str(place) not in err
    code, out, err = load("", "--source-format", "csv")
    assert (code, out) == (2, "[\n]\n")
    assert "stdin holds nothing" in err
