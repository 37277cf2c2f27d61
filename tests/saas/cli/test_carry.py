"""`stcloud carry`: a table of targets, what lies outside on stderr, refusals in one line."""

import csv
import io
import json

import pytest

import stcloud
from tests.city.test_indicators import areas


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    folder = tmp_path_factory.mktemp("carry") / "town"
    with stcloud.create(folder, crs="EPSG:4548", zone="Asia/Shanghai") as city:
        old, new = {"a": (0, 0, 1000, 1000)}, {"b": (0, 0, 600, 1000), "c": (9000, 0, 9100, 100)}
        city.load("communities", areas(old), key="code", valid_from="2015-01-01")
        city.load("communities", areas(new), valid_from="2019-01-01")
        homes = areas({"h": (0, 0, 10, 10), "i": (700, 0, 710, 10)}, people=[1, 3])
        city.load("homes", homes, key="code", valid_from="2010-01-01")
    (folder.parent / "totals.csv").write_text("code,people\na,100\n", encoding="utf-8")
    (folder.parent / "broken.csv").write_text("code,people\na,many\n", encoding="utf-8")
    return folder


def carried(run, town, *options):
    return run(
        "carry",
        town,
        town.parent / "totals.csv",
        "--from",
        "communities@2015",
        "--to",
        "communities@2019",
        *options,
    )


def test_totals_are_carried_by_area_and_by_weights(run, town):
    for by, people in (("area", 60), ("homes", 50), ("homes:people", 25)):
        printed = carried(run, town, "--by", by, "--format", "csv")
        first = next(csv.DictReader(io.StringIO(printed.out)))
        assert (first["key"], float(first["people"])) == ("b", people)
    assert "outside of all targets: a 40.0%" in printed.err
    assert "targets outside of all sources: c" in printed.err
    assert "people: total 100, carried 25, outside 75, withheld 0" in printed.err


def test_areas_go_along_into_files(run, town, tmp_path):
    path = tmp_path / "out.geojson"
    assert carried(run, town, "--whole", "--pin", "-o", path).code == 0
    features = json.loads(path.read_text(encoding="utf-8"))["features"]
    assert [feature["properties"]["people"] for feature in features] == [60, None]
    assert all(len(line) <= 80 for line in carried(run, town).out.splitlines())


@pytest.mark.parametrize(
    ("file", "options", "text"),
    [
        ("broken.csv", (), "'people' of broken.csv is no number in row 1: 'many'"),
        ("totals.csv", ("--from", "communities"), "'communities' is no layer at an instant"),
        ("totals.csv", ("--from", "communities@2010"), "has no areas at that instant"),
        ("totals.csv", ("--key", "cod"), "'cod' (there are: code, people); name those of keys"),
        ("totals.csv", ("--by", "homes:persons"), "has no column 'persons'"),
        ("nowhere.csv", (), "there is no file"),
    ],
)
def test_a_mistake_is_one_line(run, town, file, options, text):
    printed = run(
        "carry", town, town.parent / file, "--from", "communities@2015", "--to", "communities@2019", *options
    )
    assert printed.code != 0
    assert text in printed.line
