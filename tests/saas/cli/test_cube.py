"""`stcloud cube`: what a cube is, for people; its bins, for programs; whole files, or none."""

import json

import geopandas
import pytest

import stcloud
from stcloud.errors import InvalidInput
from stcloud.saas.cli.cubing import make_cube
from tests.paas.cube.test_reading import same
from tests.saas.cli.conftest import CRS, ZONE, calls

ARGUMENTS = ("--cell", "1km", "--every", "month", "--when", "2024")


@pytest.fixture(scope="module")
def expected(calls_town):
    with stcloud.open(calls_town) as city:
        yield city.query("calls").when("2024").cube("1km", "1M")


def test_a_summary_says_what_the_cube_is(run, calls_town, expected):
    printed = run("cube", calls_town, "calls", *ARGUMENTS)
    lines = {line.split("  ")[0]: line.split("  ", 1)[1].strip() for line in printed.out.splitlines()}
    assert lines["steps"] == "12 of month, 2024-01 to 2024-12 (Pacific/Auckland)"
    assert lines["cells"] == f"{len(expected.cells)} of cell_1km"
    known = int(expected.known.sum())
    assert lines["known"] == f"{known:,} of {12 * len(expected.cells):,} bins of a step and a cell"
    assert lines["with rows"] == f"{len(expected.at):,} bins"
    assert lines["count"].startswith(f"{expected.dense().sum():,} in all, 1 to {expected.dense().max()}")
    assert lines["in no bin"] == "partial 0, unplaced 1, outside 0, unknown 0"
    assert max(map(len, printed.out.splitlines())) <= 80
    assert printed.err.startswith("layer calls, known_at ")
    assert "pin:" not in printed.err


def test_the_bins_are_rows_in_formats_for_programs(run, calls_town, expected):
    rows = json.loads(run("cube", calls_town, "calls", *ARGUMENTS, "-f", "json").out)
    assert rows == expected.to_arrow().to_pylist()
    assert (
        run("cube", calls_town, "calls", *ARGUMENTS, "-f", "csv").out.splitlines()[0] == "time,cell_1km,count"
    )


def test_classes_measures_places_and_partial_steps_are_options(run, calls_town, square, tmp_path):
    geopandas.GeoSeries([square], crs=CRS).to_file(tmp_path / "area.geojson")
    words = (
        "--by",
        "kind,weekday",
        "--measure",
        "sum(cost)",
        "--measure",
        "m = mean(cost)",
        "--partial",
        "keep",
    )
    printed = run(
        "cube", calls_town, "calls", "--cell", "1km", "--every", "1M", "--when", "2024-02-10/2024-04-10", *words,
        "--what", "kind <> 'noise'", "--extent", f"file:{tmp_path}/area.geojson", "-f", "json",
    )  # fmt: skip
    rows = json.loads(printed.out)
    assert {row["time"] for row in rows} == {"2024-02", "2024-03", "2024-04"}
    assert {row["kind"] for row in rows} == {"refuse"}
    assert {"weekday", "sum_cost", "m"} < set(rows[0])
    cells = {row["cell_1km"] for row in rows}
    assert 0 < len(cells) <= 9


def test_a_saved_question_makes_a_cube(run, calls_town, tmp_path, expected):
    saved = tmp_path / "march.toml"
    saved.write_text('version = 1\nlayer = "calls"\nwhen = ["2024"]\n')
    rows = json.loads(
        run("cube", calls_town, "--saved", saved, "--cell", "1km", "--every", "1M", "-f", "json").out
    )
    assert rows == expected.to_arrow().to_pylist()
    saved.write_text('layer = "calls"\nhaving = "count > 3"\nlimit = 5\n')
    refused = run("cube", calls_town, "--saved", saved)
    assert refused.err == (
        "stcloud: the saved question has having, limit, which cubes have not; remove it from the document, or use "
        "stcloud query\n"
    )
    assert refused.code == 2


def test_what_only_answers_have_is_refused_by_its_kind(calls_town):
    with stcloud.open(calls_town) as city, pytest.raises(InvalidInput) as caught:
        make_cube(city, {"layer": "calls", "until": "2024-07"})
    assert caught.value.kind == "not-of-cubes"


def test_the_pin_makes_the_same_cube_for_ever(run, calls_town):
    first = run("cube", calls_town, "calls", *ARGUMENTS, "--pin", "-f", "json")
    (pin,) = (line for line in first.err.splitlines() if line.startswith("pin:"))
    assert run("cube", calls_town, "calls", *ARGUMENTS, "--known-at", pin, "-f", "json").out == first.out


@pytest.mark.parametrize("name", ["cube.nc", "cube.zarr", "cube.parquet"])
def test_a_file_for_cubes_holds_the_cube(run, calls_town, expected, tmp_path, name):
    printed = run("cube", calls_town, "calls", *ARGUMENTS, "-o", tmp_path / name)
    assert (printed.code, printed.out) == (0, "")
    size = f"12 time × {len(expected.cells)} cell; 0.0 MB for each measure, with all bins"
    assert printed.err.splitlines()[-1] == f"{tmp_path / name}: {size}"
    again = stcloud.read_cube(tmp_path / name)
    assert (again.dense() == expected.dense()).all()
    assert (again.every, again.leftovers) == ("month", dict(expected.leftovers))


@pytest.mark.parametrize("name", ["cube.nc", "cube.zarr", "cube.parquet"])
def test_a_file_is_refreshed_after_a_load(run, tmp_path, name):
    stcloud.create(tmp_path / "town", crs=CRS, zone=ZONE).close()
    parts = calls().iloc[:500], calls().iloc[400:]
    with stcloud.open(tmp_path / "town") as city:
        city.load("calls", parts[0], key="id", time="at", x="x", y="y", crs=CRS)
    words = ("cube", tmp_path / "town", "calls", *ARGUMENTS, "-o", tmp_path / name, "--refresh")
    assert run(*words).code == 0  # there is none yet
    with stcloud.open(tmp_path / "town") as city:
        city.load("calls", parts[1], mode="changes")
        rebuilt = city.query("calls").when("2024").cube("1km", "month")
    before = stcloud.read_cube(tmp_path / name)
    assert run(*words).code == 0
    after = stcloud.read_cube(tmp_path / name)
    same(after, rebuilt)
    assert before.dense().sum() < after.dense().sum()
    other = run(*words[:-1], "--every", "day", "--refresh")
    assert "the cube is that of another question" in other.err
    same(stcloud.read_cube(tmp_path / name), rebuilt)


def test_files_of_layers_and_of_rows(run, calls_town, expected, tmp_path):
    for name in ("cube.gpkg", "cube.csv", "cube.json"):
        assert run("cube", calls_town, "calls", *ARGUMENTS, "-o", tmp_path / name).code == 0
    assert (
        geopandas.read_file(tmp_path / "cube.gpkg", layer="cells")["count_in_all"].sum()
        == expected.dense().sum()
    )
    rows = json.loads((tmp_path / "cube.json").read_text())
    assert len(rows) == len(expected.at) == len((tmp_path / "cube.csv").read_text().splitlines()) - 1


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("--every", "fortnight"), "no step of time 'fortnight'"),
        (("--partial", "some"), "'some' is not one of 'drop', 'flag', 'keep'"),
        (("--cell", "kind"), "'kind' is no cell: it has no place"),
        (("--extent", "nowhere"), "'nowhere' is no place"),
        (("--measure", "nonsense"), "'nonsense' is no measure"),
        (("-f", "geojson"), "this is not printed as geojson"),
        (("-o", "cube.shp"), "does not tell a format of cubes; let it end in .zarr, .nc, .parquet or .gpkg"),
        (("-o", "cube.nc", "-f", "csv"), "--format says csv, but by its name cube.nc holds a cube"),
        (("-o", "cube.gpkg", "--refresh"), "--refresh needs the file of a cube"),
        (("--refresh",), "--refresh needs the file of a cube"),
        (("-o", "nowhere/cube.nc"), "there is no folder nowhere"),
        (("--when", "2024-03-02/2024-03-05"), "the asked time holds no whole step"),
    ],
)
def test_what_cannot_be_is_one_line(run, calls_town, words, line):
    printed = run("cube", calls_town, "calls", *words)
    assert (printed.out, printed.code != 0) == ("", True)
    assert len(printed.err.splitlines()) == 1
    assert line in printed.err
