"""Typed files: one value has one key and one digest however it is stored, and types stay what they are."""

import datetime as dt
import itertools
import json
import zipfile
from decimal import Decimal
from pathlib import Path

import geopandas
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely

import stcloud
from stcloud.errors import InvalidInput

CODES = (340102001001, 7, 9_999_999_999, 123_456_789_012_345)
FORMS = {
    "integer": (pa.int64(), list(CODES)),
    "unsigned": (pa.uint64(), list(CODES)),
    "float": (pa.float64(), [float(code) for code in CODES]),
    "decimal": (pa.decimal128(20, 2), [Decimal(code) for code in CODES]),
    "text": (pa.string(), [str(code) for code in CODES]),
}


@pytest.fixture
def city(tmp_path):
    """A city far from UTC whose clock ticks a second a load."""
    seconds = itertools.count(1_700_000_000)
    stcloud.create(tmp_path / "city", crs="EPSG:4548", zone="Asia/Shanghai")
    return stcloud.open(tmp_path / "city", clock=lambda: next(seconds) * 1_000_000)


def points(count):
    return [shapely.Point(117 + number / 100, 31.9) for number in range(count)]


def stored(path, form):
    """Write the codes in a form, in the format that the path's suffix says."""
    kind, values = FORMS[form]
    if path.suffix == ".parquet":
        table = pa.table({"code": pa.array(values, kind), "geometry": shapely.to_wkb(points(len(CODES)))})
        column = {"encoding": "WKB", "geometry_types": []}
        geo = {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}}
        pq.write_table(table.replace_schema_metadata({"geo": json.dumps(geo)}), path)
    elif path.suffix == ".csv":
        lines = (f"{code},{117 + at / 100},31.9\n" for at, code in enumerate(CODES))
        path.write_text("code,lon,lat\n" + "".join(lines))
    else:
        plain = [float(one) for one in values] if form == "float" else [str(one) for one in values]
        plain = [int(one) for one in values] if form == "integer" else plain
        frame = geopandas.GeoDataFrame({"code": plain}, geometry=points(len(CODES)), crs=4326)
        frame.to_file(path, engine="pyogrio")
    return path


SUFFIXED = [("parquet", form) for form in FORMS]
SUFFIXED += [(suffix, form) for suffix in ("gpkg", "fgb", "geojson") for form in ("integer", "float", "text")]
SUFFIXED += [("shp", "text"), ("shp", "integer")]


@pytest.mark.costly
@pytest.mark.parametrize(
    "first", [("parquet", "text"), ("gpkg", "integer"), ("parquet", "float")], ids="-".join
)
def test_a_code_is_one_key_however_it_is_stored(city, tmp_path, first):
    """Each file after the first says the same: nothing is updated, nothing ends."""
    for number, (suffix, form) in enumerate([first, *SUFFIXED]):
        file = stored(tmp_path / f"f{number}.{suffix}", form)
        found = city.load("c", file, key=("code",) if not number else (), valid_from=f"20{10 + number}-01-01")
        counts = (found.accepted, found.updated, found.unchanged, found.ended, found.rejected)
        assert counts == ((4, 0, 0, 0, 0) if not number else (0, 0, 4, 0, 0)), (suffix, form)
    records = city.features("c").as_of("2040-01-01").to_arrow().to_pylist()
    assert sorted(one["key"] if "key" in one else one["st_key"] for one in records) == sorted(map(str, CODES))


@pytest.mark.parametrize("form", FORMS)
def test_an_event_is_one_however_its_file_is_typed(city, tmp_path, form):
    kind, values = FORMS[form]
    base = pa.table({
        "code": pa.array([str(one) for one in CODES]), "t": ["2024-03-01 12:00:00"] * 4,
        "lon": ["117.1"] * 4, "lat": ["31.9"] * 4, "n": ["1", "2", "3", None],
    })  # fmt: skip
    pq.write_table(base, tmp_path / "a.parquet")
    city.load("e", tmp_path / "a.parquet", key=("code",), time="t", lon="lon", lat="lat")
    noon = dt.datetime(2024, 3, 1, 4, tzinfo=dt.UTC)
    typed = pa.table({
        "code": pa.array(values, kind), "t": pa.array([noon] * 4, pa.timestamp("us", "UTC")),
        "lon": [117.1] * 4, "lat": [31.9] * 4, "n": [1.0, 2.0, 3.0, float("nan")],
    })  # fmt: skip
    pq.write_table(typed, tmp_path / "b.parquet")
    found = city.load("e", tmp_path / "b.parquet")
    assert (found.read, found.unchanged) == (4, 4)
    assert {one.name: one.type for one in city.layer("e").attributes}["n"] == "text"


def test_types_of_a_parquet_file_stay(city, tmp_path):
    day = dt.date(2024, 3, 2)
    start = dt.datetime(2024, 3, 1, 4, tzinfo=dt.UTC)
    frame = pd.DataFrame({
        "id": ["a", "b"], "n": [1, 2], "big": [2**63 - 1, -(2**63)], "x": [0.5, 1.5], "yes": [True, False],
        "day": [day, None], "a": [start] * 2, "b": [start + dt.timedelta(days=2)] * 2, "lon": 117.1, "lat": 31.9,
        "code": pd.array(["007", "08"], "string"), "wall": [dt.datetime(2024, 3, 1, 12)] * 2,
    })  # fmt: skip
    frame.to_parquet(tmp_path / "a.parquet")
    city.load("e", tmp_path / "a.parquet", key=("id",), time="a", lon="lon", lat="lat")
    kinds = {one.name: one.type for one in city.layer("e").attributes}
    assert kinds == {
        "id": "text", "n": "integer", "big": "integer", "x": "number", "yes": "boolean", "day": "date",
        "a": "instant", "b": "instant", "lon": "number", "lat": "number", "code": "text", "wall": "instant",
    }  # fmt: skip
    assert city.query("e").what("n > 1").rows().table["id"].to_pylist() == ["b"]
    assert city.query("e").what("yes = TRUE").rows().table["big"].to_pylist() == [2**63 - 1]
    assert city.query("e").measure("median(days(b - a))").to_pandas().iloc[0, -1] == 2
    rows = city.query("e").rows().table.to_pylist()
    assert {one["wall"] for one in rows} == {start}, "a wall clock is the city's"


def test_types_of_a_geopackage_stay(city, tmp_path):
    frame = geopandas.GeoDataFrame(
        {
            "id": [1, 2], "n": [1, 2], "x": [0.5, 1.5], "yes": [True, False],
            "t": pd.to_datetime(["2024-03-01T12:00:00+08:00", "2024-03-02T12:00:00+08:00"]),
        },
        geometry=points(2), crs=4326,
    )  # fmt: skip
    for suffix in ("gpkg", "fgb"):
        frame.to_file(tmp_path / f"a.{suffix}", engine="pyogrio")
        city.load(suffix, tmp_path / f"a.{suffix}", key=("id",), valid_from="2024-01-01")
        kinds = {one.name: one.type for one in city.layer(suffix).attributes}
        assert kinds == {"id": "integer", "n": "integer", "x": "number", "yes": "boolean", "t": "instant"}
        records = city.features(suffix).as_of("2024-06-01").to_arrow().to_pylist()
        assert sorted(one["t"] for one in records) == [
            dt.datetime(2024, 3, day, 4, tzinfo=dt.UTC) for day in (1, 2)
        ]


def test_a_later_file_is_read_as_the_layer_keeps_its_columns(city, tmp_path):
    typed, plain = tmp_path / "a.parquet", tmp_path / "b.csv"
    pq.write_table(
        pa.table({"id": ["1"], "t": ["2024-03-01"], "lon": [117.1], "lat": [31.9], "n": [5]}), typed
    )
    plain.write_text(
        "id,t,lon,lat,n\n1,2024-03-01,117.1,31.9,05\n2,2024-03-01,117.1,31.9,6\n3,2024-03-01,117.1,31.9,x\n"
    )
    city.load("e", typed, key=("id",), time="t", lon="lon", lat="lat")
    found = city.load("e", plain, max_rejected="50%")
    assert (found.unchanged, found.accepted, found.rejected) == (1, 1, 1)
    assert city.rejected("e").to_pylist()[0]["reason"] == "not-an-integer"


BIG = "34010200100100100123"


@pytest.mark.parametrize(
    "write",
    [
        lambda path: pq.write_table(pa.table({
            "code": [float(BIG)], "geometry": shapely.to_wkb(points(1)),
        }).replace_schema_metadata({"geo": json.dumps({
            "version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": {"encoding": "WKB"}},
        })}), path.with_suffix(".parquet")) or path.with_suffix(".parquet"),
        lambda path: geopandas.GeoDataFrame({"code": [2.0**53]}, geometry=points(1), crs=4326).to_file(
            path.with_suffix(".gpkg")) or path.with_suffix(".gpkg"),
    ],
    ids=["parquet", "gpkg"],
)  # fmt: skip
def test_a_key_whose_digits_may_be_lost_is_refused_with_the_remedy(city, tmp_path, write):
    with pytest.raises(InvalidInput, match="inexact-key") as caught:
        city.load("c", write(tmp_path / "big"), key=("code",), valid_from="2024-01-01")
    assert "text" in caught.value.hint


def test_integers_that_a_layer_of_numbers_cannot_hold_are_refused(city, tmp_path):
    for number, value in enumerate([0.5, 2**53 + 1]):
        row = {"id": [str(number)], "t": ["2024-03-01"], "lon": [117.1], "lat": [31.9], "n": [value]}
        pq.write_table(pa.table(row), tmp_path / f"{number}.parquet")
    city.load("e", tmp_path / "0.parquet", key=("id",), time="t", lon="lon", lat="lat")
    with pytest.raises(InvalidInput, match="inexact-number"):
        city.load("e", tmp_path / "1.parquet")


def test_a_row_written_otherwise_and_equal_is_unchanged(city, tmp_path):
    first, second = tmp_path / "a.csv", tmp_path / "b.csv"
    first.write_text(
        "id,t,lon,lat,note\n1,2024-03-01T12:00,117.10,31.9,x\n2,2024-03-01T12:00,117.10,31.9,x\n"
    )
    second.write_text(
        "id,t,lon,lat,note\n1,2024-03-01T12:00:00,117.1,31.90,x\n2,2024-03-01T12:00:00,117.1,31.90,y\n"
    )
    city.load("e", first, key=("id",), time="t", lon="lon", lat="lat")
    found = city.load("e", second)
    assert (found.unchanged, found.updated) == (1, 1), "coordinates and times are compared by value"


FLOATS = Path(__file__).parents[2] / "frozen" / "floats-0.1.0.zip"


def test_keys_that_an_older_version_made_of_floats_are_found_and_not_added_to(tmp_path):
    with zipfile.ZipFile(FLOATS) as file:
        file.extractall(tmp_path)
    city = stcloud.open(tmp_path / "floats")
    [layer] = city.layers()
    findings = {one.check: one for one in city.check() if one.faults}
    assert findings.keys() == {"key-text"}
    assert "e+11" in findings["key-text"].example
    before = city.layer(layer.name).snapshot.sequence
    frame = geopandas.GeoDataFrame({"code": [340102001001.0]}, geometry=points(1), crs=4326)
    frame.to_file(tmp_path / "next.gpkg", engine="pyogrio")
    with pytest.raises(InvalidInput) as caught:
        city.load(layer.name, tmp_path / "next.gpkg", valid_from="2030-01-01")
    assert caught.value.kind == "mangled-keys"
    assert "another name" in caught.value.hint
    assert city.layer(layer.name).snapshot.sequence == before
    city.load("anew", tmp_path / "next.gpkg", key=("code",), valid_from="2030-01-01")
    assert [one.check for one in city.check("anew") if one.faults] == []


@pytest.mark.parametrize("coordinates", ["[]", "[NaN, NaN]", "null"])
def test_an_event_with_an_empty_point_has_no_place(city, tmp_path, coordinates):
    geometry = f'{{"type": "Point", "coordinates": {coordinates}}}' if coordinates != "null" else "null"
    feature = '{"type": "Feature", "properties": {"id": "a", "at": "2024-03-01"}, "geometry": GEOMETRY}'
    file = tmp_path / "events.geojson"
    file.write_text(feature.replace("GEOMETRY", geometry))
    reckoning = city.load("events", file, key="id", time="at")
    assert (reckoning.accepted, reckoning.unplaced) == (1, 1)


def test_whole_floats_of_a_text_file_are_integers_where_the_layer_keeps_integers(city, tmp_path):
    pq.write_table(
        pa.table({"id": [7], "t": ["2024-03-01"], "lon": [117.1], "lat": [31.9]}), tmp_path / "a.parquet"
    )
    (tmp_path / "b.csv").write_text("id,t,lon,lat\n7.0,2024-03-01,117.1,31.9\n8.0,2024-03-01,117.1,31.9\n")
    city.load("e", tmp_path / "a.parquet", key=("id",), time="t", lon="lon", lat="lat")
    found = city.load("e", tmp_path / "b.csv")
    assert (found.unchanged, found.accepted, found.rejected) == (1, 1, 0)
    assert sorted(city.query("e").rows().table["st_key"].to_pylist()) == ["7", "8"]


@pytest.mark.parametrize("suffix", ["geojson", "gpkg", "parquet"])
def test_a_geometry_beside_columns_of_coordinates_is_left_out_and_said(city, tmp_path, suffix):
    plain = {"id": ["a", "b"], "at": ["2024-03-01"] * 2, "lon": [117.0, 117.1], "lat": [31.9, 31.9]}
    frame = geopandas.GeoDataFrame(plain, geometry=points(2), crs=4326)
    file = tmp_path / f"events.{suffix}"
    frame.to_parquet(file) if suffix == "parquet" else frame.to_file(file)
    pd.DataFrame(plain).to_csv(tmp_path / "events.csv", index=False)
    first = city.load("events", tmp_path / "events.csv", key="id", time="at", lon="lon", lat="lat")
    then = city.load("events", file)
    assert (first.accepted, then.rejected, then.unchanged) == (2, 0, 2)
    assert any("'geometry' is left out" in note for note in then.notes)
    assert not any("left out" in note for note in first.notes)
