"""Options of a load: datum, layer of a file, hints in the caller's words, messages that name the cause."""

import json
import zipfile
from pathlib import Path

import geopandas
import pytest
from shapely import Point, box

import stcloud
from stcloud.errors import NotFound, StcloudError
from stcloud.iaas.bundle import bundled
from stcloud.testing.events import HEAD, OPTIONS, row, rows

EVENTS = ("--key", "id", "--time", "t", "--lon", "lon", "--lat", "lat")
DISTRICT = bundled("fixtures", "district")


@pytest.fixture
def folder(tmp_path):
    """A city in China, far from UTC."""
    stcloud.create(tmp_path / "city", crs="EPSG:4548", zone="Asia/Shanghai")
    return tmp_path / "city"


def write(place, name, text):
    (place / name).write_text(text)
    return place / name


# messages


CAUSES = {
    "a comma at the end of each row": (
        "id,t,lon,lat\n1,2024-03-05 07:30,117.01,31.91,\n2,2024-03-05 07:30,117.01,31.91,\n",
        EVENTS, ("malformed-row", "5 fields where the header has 4"),
    ),
    "fewer fields than the header": (
        "id,t,lon,lat\n1,2024-03-05 07:30,117.01\n", EVENTS, ("malformed-row", "3 fields where the header has 4"),
    ),
    "milliseconds since 1970": ("id,t,lon,lat\n1,1709595000000,117.01,31.91\n", EVENTS, ("epoch-ms",)),
    "seconds since 1970": ("id,t,lon,lat\n1,1709595000,117.01,31.91\n2,1709595001,117,31.9\n", EVENTS, ("epoch-s",)),
    "no rows, and times whose format nothing tells": ("id,t,lon,lat\n", EVENTS, ("holds no rows",)),
    "a misspelt column before times that cannot be read": (
        "id,t,lon,lat\n1,never,117.01,31.91\n", ("--key", "idd", *EVENTS[2:]), ("no column 'idd'",),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("content", "options", "words"), CAUSES.values(), ids=CAUSES)
def test_the_message_names_the_cause(run, folder, tmp_path, content, options, words):
    ended = run("load", folder, "t", write(tmp_path, "x.csv", content), *options)
    assert ended.code in (2, 3)
    for word in words:
        assert word in ended.line
    assert "first: nothing" not in ended.line


@pytest.mark.parametrize(
    "options", [("--key", "code"), ("--key", "code", "--valid-from", "2024"), ("--time", "t")]
)
def test_an_empty_collection_says_that_it_holds_no_rows(run, folder, tmp_path, options):
    file = write(tmp_path, "empty.geojson", '{"type":"FeatureCollection","features":[]}')
    ended = run("load", folder, "t", file, *options)
    assert (ended.code, "holds no rows" in ended.line) == (2, True)


def test_an_empty_collection_has_no_crs_to_differ_in(run, folder, tmp_path):
    frame = geopandas.GeoDataFrame({"code": ["a"]}, geometry=[Point(500000, 3500000)], crs="EPSG:4548")
    frame.to_file(tmp_path / "a.gpkg")
    assert run("load", folder, "p", tmp_path / "a.gpkg", "--key", "code", "--valid-from", "2023").code == 0
    file = write(tmp_path, "empty.geojson", '{"type":"FeatureCollection","features":[]}')
    ended = run("load", folder, "p", file, "--valid-from", "2024")
    assert (ended.code, "holds no rows" in ended.line, "declares" in ended.line) == (2, True, False)


# words of the caller


MISTAKES = {
    "time-needed": ({"lon": "lon", "lat": "lat"}, "--time", "time"),
    "place-needed": ({"time": "at"}, "--lon", "lon"),
    "too-many-rejected": (
        {"time": "at", "lon": "lon", "lat": "note", "time_formats": "%Y-%m-%d %H:%M:%S"}, "--max-rejected",
        "max_rejected",
    ),
    "key-needed": ({"valid_from": "2023", "lon": "lon", "lat": "lat"}, "--key", "key"),
}  # fmt: skip


@pytest.mark.parametrize(("kind", "mistake"), MISTAKES.items(), ids=MISTAKES)
def test_hints_are_in_the_words_of_the_caller(run, folder, tmp_path, kind, mistake):
    said, option, keyword = mistake
    file = write(tmp_path, "a.csv", rows(3))
    with pytest.raises(StcloudError) as caught:
        stcloud.open(folder).load("e", file, **said)
    error = caught.value
    assert error.kind == kind
    assert keyword in error.hint
    assert "--" not in str(error)
    options = [
        word
        for name, value in said.items()
        for word in ("--" + name.replace("_", "-").replace("formats", "format"), value)
    ]
    assert option in run("load", folder, "e", file, *options).line


@pytest.mark.parametrize("keyword", ["tme", "valid_form", "max_reject", "Key"])
def test_a_misspelt_keyword_is_an_error_of_the_call(folder, tmp_path, keyword):
    with pytest.raises(TypeError, match=f"unexpected keyword argument '{keyword}'"):
        stcloud.open(folder).load("e", write(tmp_path, "a.csv", rows(1)), **{keyword: "x"})


# datum


def test_a_datum_is_declared_and_shifts(run, folder, tmp_path):
    file = write(tmp_path, "a.csv", HEAD + row(1))
    for layer, datum in (("plain", "wgs84"), ("shifted", "gcj02"), ("baidu", "bd09")):
        done = run("load", folder, layer, file, *OPTIONS, "--datum", datum, "-f", "json")
        assert done.code == 0, done.err
        assert json.loads(done.out)[0]["notes"] == []
        assert f'datum = "{datum}"' in (folder / f"layers/{layer}.toml").read_text()
    city = stcloud.open(folder)
    at = {
        name: Point(*city.query(name).rows().to_pandas()[["st_x", "st_y"]].iloc[0])
        for name in ("plain", "shifted", "baidu")
    }
    assert 300 < at["plain"].distance(at["shifted"]) < 800
    assert 800 < at["plain"].distance(at["baidu"]) < 1500
    other = run("load", folder, "shifted", write(tmp_path, "b.csv", HEAD + row(2)), "--datum", "bd09")
    assert (other.code, "datum" in other.line) == (2, True)
    none = run("load", folder, "x", file, *OPTIONS, "--datum", "mars")
    assert (none.code, "mars" in none.line, "gcj02" in none.line) == (2, True, True)


def test_a_city_in_china_says_that_no_datum_was_declared(run, folder, tmp_path):
    file = write(tmp_path, "a.csv", HEAD + row(1))
    done = run("load", folder, "e", file, *OPTIONS, "-f", "json")
    assert "no datum is declared" in done.err
    assert "GCJ-02" in json.loads(done.out)[0]["notes"][0]
    assert len(run("load", folder, "e", file).err.splitlines()) == 1  # known: one line
    metres = write(tmp_path, "m.csv", "id,t,x,y\n1,2024-03-05 07:30,500000,3530000\n")
    plane = ("--key", "id", "--time", "t", "--x", "x", "--y", "y", "--crs", "EPSG:4548")
    assert "datum" not in run("load", folder, "m", metres, *plane).err.replace("derived", "")


def test_a_city_elsewhere_says_nothing_of_datums(run, tmp_path):
    stcloud.create(tmp_path / "ny", crs="EPSG:32618", zone="America/New_York")
    file = write(tmp_path, "a.csv", "id,t,lon,lat\n1,2024-03-05 07:30,-74,40.7\n")
    done = run("load", tmp_path / "ny", "e", file, *EVENTS, "-f", "json")
    assert json.loads(done.out)[0]["notes"] == []


# a file of several layers


def test_the_layer_of_a_file_counts_for_one_load(run, folder, tmp_path):
    for number, year in enumerate(("2023", "2024"), 1):
        frame = geopandas.GeoDataFrame(
            {"code": ["a", "b"][:number]}, geometry=[Point(117, 31.9)] * number, crs=4326
        )
        for name in ("x" + year, "y" + year):
            frame.to_file(tmp_path / f"{year}.gpkg", layer=name)
    args = ("load", folder, "p", tmp_path / "2023.gpkg", "--key", "code")
    several = run(*args, "--valid-from", "2023")
    assert (several.code, "--source-layer" in several.line) == (2, True)
    assert run(*args, "--valid-from", "2023", "--source-layer", "x2023").code == 0
    assert "layer" not in (folder / "layers/p.toml").read_text().replace("layers", "")
    second = ("load", folder, "p", tmp_path / "2024.gpkg", "--valid-from", "2024", "-f", "json")
    assert run(*second).code == 2
    done = json.loads(run(*second, "--source-layer", "y2024").out)[0]
    assert (done["accepted"], done["unchanged"], done["known"]) == (1, 1, False)
    assert json.loads(run(*second, "--source-layer", "y2024").out)[0]["known"]
    assert not json.loads(run(*second, "--source-layer", "x2024").out)[0]["known"]


def test_all_tables_of_a_zip_file_are_loaded_each_in_a_load_of_its_own(run, folder, tmp_path):
    packed = tmp_path / "year.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for number in (1, 2, 3):
            archive.writestr(f"m/{number}.csv", HEAD + row(number))
    args = ("load", folder, "requests", packed, *OPTIONS, "-f", "json")
    assert run(*args).code == 2
    done = json.loads(run(*args, "--source-layer", "*").out)
    assert [(load["source"], load["accepted"]) for load in done] == [
        ("year.zip/m/1.csv", 1), ("year.zip/m/2.csv", 1), ("year.zip/m/3.csv", 1),
    ]  # fmt: skip
    assert all(load["known"] for load in json.loads(run(*args, "--source-layer", "m/*").out))
    wrong = run(*args, "--source-layer", "x*")
    assert "holds no table like 'x*': m/1.csv, m/2.csv, m/3.csv" in wrong.line
    with stcloud.open(folder) as city:
        assert isinstance(city.load("requests", packed, source_layer="*"), list)


# unit grids


@pytest.mark.parametrize("suffix", ["gpkg", pytest.param("geojson", marks=pytest.mark.thorough)])
def test_a_divided_grid_loads_back_and_offers_to_index(run, folder, tmp_path, suffix):
    cells = tmp_path / f"cells.{suffix}"
    ground = (
        "--communities",
        DISTRICT / "communities_2023.geojson",
        "--streets",
        DISTRICT / "streets.geojson",
    )
    divided = run("grid", "divide", "--city", folder, *ground, "-o", cells)
    assert divided.code == 0, divided.err
    file = write(tmp_path, "a.csv", HEAD + row(1))
    assert run("load", folder, "requests", file, *OPTIONS).code == 0
    args = ("load", folder, "cells", cells, "--definition", "unit-grid", "--valid-from")
    done = run(*args, "2023-01-01")
    assert done.code == 0, done.err
    offers = [line for line in done.err.splitlines() if "stcloud grid index" in line]
    assert len(offers) == 1
    assert "requests" in offers[0]
    assert run("grid", "index", folder, "requests").code == 0
    again = run(*args, "2024-01-01")
    assert again.code == 0, again.err
    assert "stcloud grid index" not in again.err


def test_a_grid_in_a_city_without_events_offers_nothing(run, folder, tmp_path):
    cell = box(117, 31.9, 117.001, 31.901)
    frame = geopandas.GeoDataFrame({"gridCode": ["340102001001001"]}, geometry=[cell], crs=4326)
    frame.to_file(tmp_path / "cells.gpkg")
    done = run(
        "load", folder, "cells", tmp_path / "cells.gpkg", "--definition", "unit-grid", "--valid-from", "2023"
    )
    assert done.code == 0, done.err
    assert "grid index" not in done.err


def test_an_error_in_python_keeps_whole_commands_as_they_are_typed(tmp_path):
    with pytest.raises(NotFound, match=r"stcloud create .* --crs"):
        stcloud.open(Path(tmp_path, "none"))
