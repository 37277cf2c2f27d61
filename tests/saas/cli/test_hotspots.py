"""`stcloud hotspots`: classes with counts and the hottest cells for people, all cells for programs and maps."""

import csv
import io
import json

import geopandas
import pytest

import stcloud
from stcloud.paas.cube.hotspot import CLASSES
from tests.saas.cli.conftest import CELL_M, SOUTH, WEST

ARGUMENTS = ("--cell", "1km", "--every", "month", "--when", "2024", "--distance", "1.5km")


@pytest.fixture(scope="module")
def expected(calls_town):
    with stcloud.open(calls_town) as city:
        cube = city.query("calls").when("2024").cube("1km", "1M")
        yield cube.hotspots(distance_m=1500.0)


def test_classes_are_counted_and_the_hottest_cells_named(run, calls_town, expected):
    printed = run("hotspots", calls_town, "calls", *ARGUMENTS)
    classes, top = printed.out.split("\n\n")
    counts = {line.rsplit(None, 1)[0]: int(line.rsplit(None, 1)[1]) for line in classes.splitlines()[1:]}
    assert counts == {name: (expected.classes == CLASSES.index(name)).sum() for name in counts}
    assert sum(counts.values()) == len(expected)
    assert "persistent hot" in counts
    head, first = top.splitlines()[:2]
    assert head.split() == ["cell_1km", "lon", "lat", "class", "hot_steps", "trend_z"]
    x, y = WEST + 4.5 * CELL_M, SOUTH + 4.5 * CELL_M
    at = [
        row
        for row in range(len(expected))
        if (expected.cube.cells.x[row], expected.cube.cells.y[row]) == (x, y)
    ]
    assert first.split()[0] == str(expected.cube.cells.names[at[0]])
    assert "known_at" in printed.err


def test_every_format_has_all_cells(run, calls_town, expected, tmp_path):
    frame = expected.to_pandas()
    rows = json.loads(run("hotspots", calls_town, "calls", *ARGUMENTS, "-f", "json").out)
    assert [row["class"] for row in rows] == frame["class"].tolist()
    text = run("hotspots", calls_town, "calls", *ARGUMENTS, "-f", "csv").out
    assert [row["class"] for row in csv.DictReader(io.StringIO(text))] == frame["class"].tolist()
    for name in ("hot.gpkg", "hot.parquet", "hot.geojson"):
        done = run("hotspots", calls_town, "calls", *ARGUMENTS, "-o", tmp_path / name)
        assert (done.code, done.out) == (0, "")
        assert f"none {(frame['class'] == 'none').sum()}" in done.err
        read = geopandas.read_parquet if name.endswith("parquet") else geopandas.read_file
        layer = read(tmp_path / name)
        assert layer["class"].tolist() == frame["class"].tolist()
        shapes = layer.to_crs("EPSG:2193").geometry
        assert shapes.centroid.x.to_numpy() == pytest.approx(expected.cube.cells.x, abs=0.01)


@pytest.mark.parametrize(
    ("words", "changed"),
    [
        (("--steps", "0"), {"steps": 0}),
        (("--both",), {"both": True}),
        (("--reference", "step"), {"reference": "step"}),
        (("--uncorrected",), {"corrected": False}),
        (("--alpha", "0.01"), {"alpha": 0.01}),
        (("--keep-warm-up",), {"skip_warm_up": False}),
        (("--with-events-only",), {"with_events_only": True}),
        (("--per-km2",), {"per_km2": True}),
        (("--as-they-are",), {"per_km2": False}),
    ],
)
def test_each_option_is_an_argument(run, calls_town, expected, words, changed):
    rows = json.loads(run("hotspots", calls_town, "calls", *ARGUMENTS, *words, "-f", "json").out)
    again = expected.cube.hotspots(distance_m=1500.0, **changed).to_arrow().to_pylist()
    assert [{**row, "trend_z": None} for row in rows] == [{**row, "trend_z": None} for row in again]


def test_neighbours_are_the_nearest_or_those_that_touch(run, calls_town, expected):
    words = ("--cell", "1km", "--every", "month", "--when", "2024", "-f", "json")
    for more, arguments in (((), {}), (("--nearest", "4"), {"nearest": 4})):
        rows = json.loads(run("hotspots", calls_town, "calls", *words, *more).out)
        again = expected.cube.hotspots(**arguments).to_arrow()["class"].to_pylist()
        assert [row["class"] for row in rows] == again


def test_sparse_counts_leave_a_warning(run, calls_town):
    printed = run("hotspots", calls_town, "calls", "--cell", "100m", "--every", "day", "--when", "2024-03")
    assert "z is far from normal" in printed.err


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("--distance", "far"), "'far' is no distance"),
        (("--distance", "1km", "--nearest", "3"), "not both"),
        (("--measure", "mean(cost)"), "known bins have no value of mean(cost)"),
        (("--every", "3h"), "no step of time '3h'"),
        (("--when", "2024-02", "--every", "year"), "shorter steps, or --partial keep"),
        (("--measure", "distinct(cost)", "--per-km2"), "leave --per-km2 out"),
        (("-o", "hot.shp"), "does not tell a format"),
    ],
)
def test_what_cannot_be_is_one_line(run, calls_town, words, line):
    time = () if "--when" in words else ("--when", "2024")
    printed = run("hotspots", calls_town, "calls", "--cell", "1km", *time, *words)
    assert (printed.out, printed.code != 0) == ("", True)
    assert len(printed.err.splitlines()) == 1
    assert line in printed.err


def test_a_map_is_drawn_and_said(run, calls_town, tmp_path):
    printed = run(
        "hotspots", calls_town, "calls", *ARGUMENTS, "--map", tmp_path / "hot.png", "--title", "Hot"
    )
    assert printed.code == 0
    assert f"map: {tmp_path / 'hot.png'}" in printed.err
    assert (tmp_path / "hot.png").read_bytes()[:4] == b"\x89PNG"


@pytest.mark.parametrize(
    ("words", "kind"),
    [(("--map", "hot.gif"), "unknown-picture"), (("--title", "Hot"), "no-picture")],
)
def test_a_map_that_cannot_be_drawn_is_refused_before_any_work(run, calls_town, words, kind):
    printed = run("hotspots", calls_town, "calls", *words)
    assert printed.code != 0
    assert {"unknown-picture": "PNG, SVG or PDF", "no-picture": "nothing is drawn"}[kind] in printed.err
