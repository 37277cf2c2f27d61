"""Errors of questions speak the caller's language: Python's names in Python, options in a shell."""

from __future__ import annotations

import re

import geopandas
import pytest
import shapely

import stcloud
from stcloud.errors import StcloudError
from stcloud.saas.cli import app
from stcloud.saas.cli.exits import report
from stcloud.saas.cli.option import split
from stcloud.testing.events import define, rows

IN_PYTHON = {
    "a file": (lambda asked, _: asked.where("file:x.geojson"), "geopandas.read_file('x.geojson')"),
    "no place": (lambda asked, _: asked.where("nowhere"), "geopandas.read_file"),
    "no index": (lambda asked, _: asked.count(by=["unit"]), "city.index("),
    "no index to ask": (lambda asked, _: asked.where("unit:34").count(), "city.index('events')"),
    "no end": (lambda asked, _: asked.timeline(), 'end="closed_at"'),
    "no time": (lambda _, features: features.rows(), 'as_of("2024-01-01")'),
    "no function": (lambda asked, _: asked.what("DWITHIN(g, POINT(1 2), 3, m)"), "where('near:1.0,2.0:3m')"),
}
IN_SHELL = {
    "no place": (["events", "--where", "nowhere"], "file:area.geojson"),
    "no index": (["events", "--by", "unit"], "stcloud grid index CITY EVENTS"),
    "no index to ask": (["events", "--where", "unit:34"], "stcloud grid index CITY events"),
    "no time": (["areas"], "--as-of 2024-01-01"),
    "no function": (["events", "--what", "DWITHIN(g, POINT(1 2), 3, m)"], "--where near:1.0,2.0:3m"),
    "an open quote": (["events", "--by", '"note'], "'\"note': a double quote is not closed"),
    "an open quote among others": (["events", "--by", 'day,"note'], "a double quote is not closed"),
    "an open quote of order": (["events", "--count", "--order", '"note'], "a double quote is not closed"),
    "nothing between commas": (["events", "--by", "note,,day"], "'note,,day' has nothing between commas"),
    "no group at all": (["events", "--by", ""], "has nothing between commas"),
    "a group of a layer": (["events", "--by", "in:areas."], "it ends before the column"),
    "a far place": (["events", "--where", "near:117,31.9:1000000000m"], "farther than 1,000 km"),
}


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    folder = tmp_path_factory.mktemp("caller")
    made = stcloud.create(folder / "city", crs="EPSG:4548", zone="Asia/Shanghai")
    (folder / "a.csv").write_text(rows(20))
    made.load("events", folder / "a.csv", definition=define())
    square = shapely.box(117, 31.9, 117.1, 32)
    geopandas.GeoDataFrame({"code": ["a"]}, geometry=[square], crs="OGC:CRS84").to_file(
        folder / "areas.geojson"
    )
    made.load("areas", folder / "areas.geojson", key=["code"], valid_from="2024-01-01")
    return folder / "city"


@pytest.mark.parametrize("name", IN_PYTHON)
def test_python_is_told_what_python_takes(name, city):
    ask, said = IN_PYTHON[name]
    with pytest.raises(StcloudError) as error:
        ask(stcloud.open(city).query("events"), stcloud.open(city).query("areas"))
    assert said in str(error.value)
    assert not re.search(r"--[a-z]|stcloud [a-z]+ CITY|file:area", str(error.value))


@pytest.mark.parametrize("name", IN_SHELL)
def test_a_shell_is_told_what_a_shell_takes(name, city, capsys):
    options, said = IN_SHELL[name]
    with pytest.raises(StcloudError) as error:
        app(["query", str(city), *options], standalone_mode=False)
    assert report(error.value) in (2, 3, 5)
    printed = capsys.readouterr().err
    assert said in printed
    assert len(printed.splitlines()) == 1


@pytest.mark.parametrize(
    ("values", "parts"),
    [
        (None, []), (["a,b"], ["a", "b"]), (['"x, y"'], ['"x, y"']), (["a", " b "], ["a", "b"]), (['""'], ['""']),
        (['"a""b",c'], ['"a""b"', "c"]),
    ],
)  # fmt: skip
def test_lists_are_split_at_commas(values, parts):
    assert split(values) == parts


@pytest.mark.parametrize(
    "value", ['"', '"a', 'a"', '"a,b', 'a,"b', '"a"",b', ",", "a,", ",a", "a, ,b", "", " "]
)
def test_a_malformed_list_is_refused_whole(value):
    with pytest.raises(StcloudError) as error:
        split([value])
    assert error.value.kind == "unreadable-list"
