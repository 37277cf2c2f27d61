"""`stcloud tracks`: a table for people in 80 columns, every format for programs, refusals in one line."""

import json

import pandas as pd
import pytest

import stcloud
from stcloud.errors import InvalidInput
from stcloud.saas.cli.tracks import tracks

CRS = "EPSG:4548"


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tracks") / "lantang"
    at = pd.Timestamp("2024-03-01T08:00") + pd.to_timedelta([0, 5, 10, 0, 5, 10], unit="min")
    rows = pd.DataFrame(
        {"id": range(6), "car": list("aaabbb"), "at": at.strftime("%Y-%m-%d %H:%M:%S"),
         "x": [500_000.0, 500_300.0, 500_600.0, 500_600.0, 500_300.0, 500_300.0], "y": 3_500_000.0}
    )  # fmt: skip
    with stcloud.create(folder, crs=CRS, zone="Asia/Shanghai") as city:
        city.load("cars", rows, key="id", time="at", x="x", y="y", crs=CRS, mover="car")
    return folder


RESULTS = {
    "tracks": [], "segments": [], "stops": ["--within", "20m", "--at-least", "5min"],
    "trips": ["--within", "20m", "--at-least", "5min", "--gap", "10min"],
    "dwell": ["--cell", "100m", "--every", "1h"],
    "origins": ["--cell", "100m"], "meetings": ["--within", "60m"],
    "passes": ["--near", "117.0016,31.62255"], "current": ["--at", "2024-03-01T08:10"],
}  # fmt: skip


@pytest.mark.parametrize("result", RESULTS)
def test_a_table_fits_a_terminal(run, town, result):
    printed = run("tracks", town, "cars", "--as", result, *RESULTS[result])
    assert printed.code == 0
    assert len(printed.out.splitlines()) > 1
    assert all(len(line) <= 80 for line in printed.out.splitlines())
    assert "layer cars" in printed.err
    rows = json.loads(run("tracks", town, "cars", "--as", result, *RESULTS[result], "-f", "json").out)
    assert rows
    assert "NaN" not in json.dumps(rows)


def test_files_have_places(run, town, tmp_path):
    for name in ("tracks.geojson", "tracks.gpkg", "tracks.parquet", "tracks.csv"):
        assert run("tracks", town, "cars", "-o", tmp_path / name).code == 0
    shapes = json.loads((tmp_path / "tracks.geojson").read_text(encoding="utf-8"))["features"]
    assert [len(shape["geometry"]["coordinates"]) for shape in shapes] == [3, 2]  # b stays where it was
    assert (
        run("tracks", town, "cars", "--as", "stops", "--within", "20m", "-o", tmp_path / "stops.geojson").code
        == 0
    )
    assert run("tracks", town, "cars", "--as", "mfjson", "-o", tmp_path / "tracks.mfjson").code == 0
    document = json.loads((tmp_path / "tracks.mfjson").read_text(encoding="utf-8"))
    assert document["features"][0]["temporalGeometry"]["type"] == "MovingPoint"


def test_meetings_are_those_of_the_span(run, town):
    ways = ["--as", "meetings", "--mover", "a", "--within", "60m", "-f", "json"]
    (row,) = json.loads(run("tracks", town, "cars", *ways).out)
    assert (row["mover"], row["other"]) == ("a", "b")
    cut = json.loads(run("tracks", town, "cars", *ways, "--during", "2024-03-01T08:05/2024-03-01T08:20").out)
    assert [part["from"][11:19] for part in cut] == ["08:05:00"]
    assert json.loads(run("tracks", town, "cars", *ways, "--with-mover", "b").out) == [row]


def test_weekdays_and_hours_are_those_of_the_question(run, town):
    def fixes(*options):
        return [row["fixes"] for row in json.loads(run("tracks", town, "cars", *options, "-f", "json").out)]

    assert fixes("--hours", "08:00-08:06", "--weekdays", "mon-fri") == [2, 2]  # a Friday
    assert fixes("--weekdays", "sat,sun") == fixes("--months", "jun-aug") == []
    ways = ["--as", "meetings", "--within", "60m", "-f", "json"]
    assert json.loads(run("tracks", town, "cars", *ways, "--hours", "08:00-08:04").out) == []


def test_who_passes_a_place(run, town):
    near = ["--as", "passes", "--near", "117.00263,31.62255", "--within", "100m", "-f", "json"]
    rows = json.loads(run("tracks", town, "cars", *near).out)
    assert [row["mover"] for row in rows] == ["a", "b"]  # between two fixes
    span = "2024-03-01T08:03/2024-03-01T08:03:30"
    cut = json.loads(run("tracks", town, "cars", *near, "--during", span).out)
    assert [(row["mover"], row["duration_s"]) for row in cut] == [("a", 29.999999)]


def test_who_is_near_and_what_is_pinned(run, town):
    printed = run("tracks", town, "cars", "--as", "current", "--at", "2024-03-01T08:10", "--near", "117,31.6",
                  "--nearest", "2", "-f", "json", "--pin")  # fmt: skip
    assert [row["mover"] for row in json.loads(printed.out)] == ["b", "a"]
    assert "pin:" in printed.err


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        (["--cell", "100m"], "--cell says nothing of --as tracks"),
        (["--as", "current", "--nearest", "2"], "no place is named"),
        (["--as", "stops", "--at-least", "soon"], "no length of time"),
        (["--as", "stops", "--within", "far"], "no distance"),
        (["--as", "meetings", "--during", "2024-03-01", "--during", "2024-03-02"], "several were named"),
        (["--as", "passes"], "without a place"),
        (["--as", "mfjson", "-f", "csv"], "a format of its own"),
        (["--mover", "x"], "no mover 'x'"),
        (["--as", "origins"], "not indexed"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(run, town, options, kind):
    printed = run("tracks", town, "cars", *options)
    assert printed.code != 0
    assert kind in printed.err
    assert len(printed.err.strip().splitlines()) == 1


def test_an_option_of_another_result_is_refused(town):
    with pytest.raises(InvalidInput) as refused:
        tracks(str(town), "cars", cell="100m")
    assert refused.value.kind == "option-unused"


def test_a_load_and_a_draft_state_the_mover(run, tmp_path):
    run("create", tmp_path / "city", "--crs", CRS, "--zone", "Asia/Shanghai")
    (tmp_path / "cars.csv").write_text(
        "id,car,at,x,y\n1,a,2024-03-01 08:00,500000,3500000\n", encoding="utf-8"
    )
    ways = ["--key", "id", "--time", "at", "--x", "x", "--y", "y", "--crs", CRS, "--mover", "car"]
    assert 'mover = "car"' in run("define", tmp_path / "cars.csv", *ways).out
    assert run("load", tmp_path / "city", "cars", tmp_path / "cars.csv", *ways).code == 0
    assert 'mover = "car"' in run("layers", tmp_path / "city", "cars").out
    assert run("tracks", tmp_path / "city", "cars").out.splitlines()[1].split()[0] == "a"
