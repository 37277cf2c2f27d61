"""`stcloud reach`: a table for people, every format for programs, refusals in one line."""

import json

import geopandas
import numpy as np
import pytest
import shapely

import stcloud
from stcloud.errors import InvalidInput
from stcloud.saas.cli.reach import ReachResult, reach

CRS = "EPSG:4548"
CORNER = np.array([500_000.0, 3_500_000.0])


def frame(rows, **columns):
    shapes = [shapely.transform(shape, lambda at: at + CORNER) for shape in rows.values()]
    return geopandas.GeoDataFrame({"id": list(rows), **columns}, geometry=shapes, crs=CRS)


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reach") / "lantang"
    with stcloud.create(folder, crs=CRS, zone="Asia/Shanghai") as city:
        streets = {
            "a": shapely.LineString([(0, 0), (2000, 0)]),
            "b": shapely.LineString([(2000, 0), (2000, 900)]),
        }
        city.load("streets", frame(streets), key="id", valid_from="2020-01-01")
        schools = {"s1": shapely.Point(0, 10), "s2": shapely.Point(2000, 10)}
        city.load("schools", frame({"s1": schools["s1"]}), key="id", valid_from="2020-01-01")
        city.load("schools", frame(schools), valid_from="2024-01-01")
        homes = {"h1": shapely.Point(500, 0), "h2": shapely.Point(1900, 0), "h3": shapely.Point(900, 900)}
        city.load("homes", frame(homes, people=[10, 20, 30]), key="id", valid_from="2020-01-01")
        areas = {"all": shapely.box(-100, -100, 2100, 1000)}
        city.load("areas", frame(areas), key="id", valid_from="2020-01-01")
    return folder


WALK = ("--streets", "streets", "--services", "schools")
PEOPLE = (*WALK, "--people", "homes:people", "--by", "in:areas", "--at", "2024-06-01")
RESULTS = {
    "groups": [], "people": [], "gaps": [], "services": [], "streets": [], "areas": [], "unplaced": [],
    "changes": ["--before", "2023-06-01"],
}  # fmt: skip


@pytest.mark.parametrize("result", RESULTS)
def test_each_result_is_a_table_and_json(run, town, result):
    printed = run("reach", town, *PEOPLE, "--as", result, *RESULTS[result])
    assert printed.code == 0
    assert len(printed.out.splitlines()) > 1
    assert "walk at most 15 min at 1.2 m/s" in printed.err
    rows = json.loads(run("reach", town, *PEOPLE, "--as", result, *RESULTS[result], "-f", "json").out)
    assert rows
    assert "NaN" not in json.dumps(rows)


def test_before_and_after(run, town):
    (row,) = json.loads(run("reach", town, *PEOPLE, "--before", "2023-06-01", "-f", "json").out)
    assert (row["reached"], row["reached_before"], row["people"]) == (30, 10, 60)
    (known,) = json.loads(run("reach", town, *PEOPLE, "--before-known", "2999-01-01", "-f", "json").out)
    assert known["reached_change"] == 0


def test_services_are_shown_where_nobody_is_counted(run, town):
    rows = json.loads(run("reach", town, *WALK, "--at", "2024-06-01", "-f", "json").out)
    assert [row["service"] for row in rows] == ["s1", "s2"]


def test_files_have_places(run, town, tmp_path):
    for result, name in (
        ("streets", "streets.gpkg"),
        ("areas", "areas.geojson"),
        ("groups", "groups.geojson"),
    ):
        assert run("reach", town, *PEOPLE, "--as", result, "-o", tmp_path / name).code == 0
    shapes = json.loads((tmp_path / "areas.geojson").read_text(encoding="utf-8"))["features"]
    assert {shape["geometry"]["type"] for shape in shapes} <= {"Polygon", "MultiPolygon"}
    assert run("reach", town, *PEOPLE, "-o", tmp_path / "groups.xyz").code != 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--as", "gaps", "--before", "2023-06-01"), "--before says nothing of --as gaps"),
        (("--as", "changes"), "--as changes compares, and no other instant is named"),
        (("--speed", "0"), "nobody walks at 0 m/s"),
        (("--speeds", "no.csv"), "no.csv"),
        (("--barrier", "schools"), "neither lines nor areas"),
    ],
)
def test_what_is_wrong_is_refused_in_one_line(run, town, arguments, message):
    printed = run("reach", town, *PEOPLE, *arguments)
    assert printed.code != 0
    assert printed.out == ""
    assert message in printed.err
    assert "Traceback" not in printed.err


def test_people_are_named_as_the_shell_does(run, town):
    printed = run("reach", town, *WALK, "--by", "in:areas")
    assert "--people buildings:inhabitants" in printed.err
    with pytest.raises(InvalidInput) as refused:
        reach("nowhere", "streets", "schools", result=ReachResult.CHANGES)
    assert refused.value.kind == "no-before"
    pinned = run("reach", town, *PEOPLE, "--pin")
    pin = next(line for line in pinned.err.splitlines() if line.startswith("pin:"))
    assert run("reach", town, *PEOPLE, "--known-at", pin).out == pinned.out
