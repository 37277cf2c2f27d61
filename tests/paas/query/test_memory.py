"""Questions about geometries in memory: the answer is that of a layer of them, in whatever form and CRS they come."""

import datetime as dt
import json

import geopandas
import pandas as pd
import pyarrow as pa
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

import stcloud
from stcloud.errors import InvalidInput
from stcloud.testing.examples import examples

CRS = "EPSG:4548"  # the city's
WEST, SOUTH = 500_000, 3_530_000


def square(x, y, size=100.0):
    return shapely.box(WEST + x, SOUTH + y, WEST + x + size, SOUTH + y + size)


EVENTS = geopandas.GeoDataFrame(
    {
        "id": [f"e{number}" for number in range(7)],
        "at": pd.to_datetime([f"2024-03-0{number + 1} 08:00" for number in range(7)]),
    },
    geometry=[shapely.Point(WEST + x, SOUTH + y) for x, y in
              [(50, 50), (150, 50), (90, 50), (250, 50), (400, 400), (120, 20)]] + [None],
    crs=CRS,
)  # fmt: skip
AREAS = geopandas.GeoDataFrame(
    {"code": ["a", "b", "c"], "n": [1, 2, None]}, geometry=[square(0, 0), square(100, 0), None], crs=CRS
)


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    place = tmp_path_factory.mktemp("city") / "c"
    with stcloud.create(place, crs=CRS, zone="Pacific/Kiritimati") as city:
        city.load("events", EVENTS, key="id", time="at")
        city.load("areas", AREAS, key="code", valid_from="2000-01-01")
        yield city


def geojson(frame):
    return json.loads(frame.to_crs(4326).to_json(drop_id=True, show_bbox=False, to_wgs84=False))


def pairs(answer, code):
    table = answer.to_arrow()
    return sorted(zip(table["id"].to_pylist(), table[code].to_pylist(), strict=True), key=str)


FORMS = {
    "frame": lambda: AREAS,
    "other CRS": lambda: AREAS.to_crs(4326),
    "table": lambda: pa.table(AREAS.to_arrow(index=False)),
    "native": lambda: pa.table(AREAS[:2].to_arrow(index=False, geometry_encoding="geoarrow")),
    "stream": lambda: pa.table(AREAS.to_arrow(index=False)).to_reader(),
    "features": lambda: geojson(AREAS)["features"],
    "collection": lambda: geojson(AREAS),
    "indexed": lambda: AREAS.set_index("code"),
    "series": lambda: AREAS.set_index("code").geometry,
}


@pytest.mark.parametrize("how", ["within", "intersects", "within 30 m", "nearest", "nearest 2 within 200 m"])
@pytest.mark.parametrize("form", FORMS)
def test_a_join_is_that_of_a_layer(city, form, how):
    events = city.query("events")
    joined, layered = events.join(FORMS[form](), how), events.join("areas", how)
    assert pairs(joined, "joined_code") == pairs(layered, "areas_code")
    assert ("joined_distance_m" in joined.to_arrow().schema.names) == (how not in ("within", "intersects"))


def test_rows_have_numbers_and_columns_their_types(city):
    table = city.query("events").join(AREAS[:2], inner=True).to_arrow()
    assert table.schema.names[-3:] == ["joined_row", "joined_code", "joined_n"]
    assert table.schema.field("joined_row").type == pa.int64()
    assert table.schema.field("joined_n").type == pa.float64()
    rows = dict(zip(table["id"].to_pylist(), table["joined_row"].to_pylist(), strict=True))
    assert rows == {"e0": 1, "e1": 2, "e2": 1, "e5": 2}
    assert not {"joined_key", "joined_valid_from"} & set(table.schema.names)
    answer = city.query("events").join(AREAS)
    assert answer.facts["join"] == "within GeoDataFrame of 3 rows"
    assert [layer for layer, _ in answer.pin.layers] == ["events"]
    reader = city.query("events").join_batches(AREAS)
    assert reader.read_all().equals(answer.to_arrow())


def test_points_and_lines_can_be_near(city):
    line = shapely.LineString([(WEST, SOUTH + 60), (WEST + 300, SOUTH + 60)])
    near = city.query("events").join(line, "within 10 m", crs=CRS, inner=True).to_arrow()
    assert near["id"].to_pylist() == ["e0", "e1", "e2", "e3"]
    assert near["joined_distance_m"].to_pylist() == [10.0] * 4


@pytest.mark.parametrize("form", FORMS)
def test_where_is_the_area_of_all(city, form):
    inside = city.query("events").where(FORMS[form]()).to_arrow()["id"].to_pylist()
    assert inside == ["e0", "e1", "e2", "e5"]


@settings(max_examples=examples(30), deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(-3, 5), st.integers(-3, 5), st.sampled_from([50.0, 100.0, 250.0])), max_size=5
    ),
    st.booleans(),
)
def test_joins_and_places_agree_with_shapely(city, drawn, turned):
    shapes = [square(50 * x, 50 * y, size) for x, y, size in drawn]
    frame = geopandas.GeoDataFrame({"n": range(len(shapes))}, geometry=shapes, crs=CRS)
    given_ = pa.table(frame.to_arrow(index=False)) if turned else frame
    expected = {
        (row.id, number + 1)
        for row in EVENTS.itertuples() if row.geometry is not None
        for number, shape in enumerate(shapes) if shape.covers(row.geometry)
    }  # fmt: skip
    table = city.query("events").join(given_, "intersects", inner=True).to_arrow()
    assert set(zip(table["id"].to_pylist(), table["joined_row"].to_pylist(), strict=True)) == expected
    first = city.query("events").join(given_, inner=True).to_arrow()
    ids = {key for key, _ in expected}
    assert dict(zip(first["id"].to_pylist(), first["joined_row"].to_pylist(), strict=True)) == {
        key: min(row for other, row in expected if other == key) for key in ids
    }
    if shapes:
        assert set(city.query("events").where(given_).to_arrow()["id"].to_pylist()) == ids


PLAIN = AREAS.set_crs(None, allow_override=True)


def test_without_a_crs_there_is_no_answer(city):
    query = city.query("events")
    for given_ in (PLAIN, PLAIN.geometry, square(0, 0), pa.table(PLAIN.to_arrow(index=False))):
        with pytest.raises(InvalidInput, match="has no CRS") as refused:
            query.join(given_)
        assert refused.value.kind == "crs-needed"
        assert len(query.join(given_, crs=CRS, inner=True)) >= 2
    for given_ in (PLAIN, PLAIN.geometry, pa.table(PLAIN.to_arrow(index=False))):
        with pytest.raises(InvalidInput, match="has no CRS") as refused:
            query.where(given_)
        assert refused.value.kind == "crs-needed"
        assert query.where(given_, crs=CRS).count().to_arrow()["count"].to_pylist() == [4]


@pytest.mark.parametrize(
    ("given_", "more", "kind"),
    [
        (pd.DataFrame({"n": [1]}), {}, "no-geometry"),
        (5, {}, "unknown-join"),
        (AREAS, {"at": dt.date(2024, 3, 1)}, "no-period"),
        (AREAS, {"known_at": "2024-03-01"}, "no-period"),
        ([{"n": 1}], {}, "not-features"),
        (geopandas.GeoDataFrame(geometry=[shapely.Point(1e7, 1e9)], crs=CRS), {}, "unusable-geometry"),
        (geopandas.GeoDataFrame({"a": ["x", 1]}, geometry=[square(0, 0)] * 2, crs=CRS), {}, "mixed-column"),
        ([{"type": "Feature", "properties": {}, "geometry": {"type": "Point"}}], {}, "unreadable-source"),
    ],
)
def test_what_cannot_be_joined_is_refused_in_one_line(city, given_, more, kind):
    with pytest.raises(InvalidInput) as refused:
        city.query("events").join(given_, **more)
    assert refused.value.kind == kind
    assert "\n" not in str(refused.value)


def test_what_is_no_place_is_refused(city):
    for given_, kind in (
        (5.5, "unknown-where"),
        (pd.DataFrame({"n": [1]}), "no-geometry"),
        (EVENTS, "not-an-area"),
    ):
        with pytest.raises(InvalidInput) as refused:
            city.query("events").where(given_)
        assert refused.value.kind == kind
