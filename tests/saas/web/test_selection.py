"""What a request selects is what pandas and shapely select of the same rows."""

import json

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.testing.examples import examples

ADDRESS = "http://www.opengis.net/def/crs/EPSG/0/"


def chosen(place, keep):
    return place.calls["id"][keep].tolist()


def inside(place, west, south, east, north):
    """Rows in a closed box, and those without a place; boxes of tests keep their distance from all points."""
    calls = place.calls
    within = calls["lon"].between(west, east) & calls["lat"].between(south, north)
    return chosen(place, within | calls["lon"].isna())


def corners(place):
    calls = place.calls
    return calls["lon"].min(), calls["lat"].min(), calls["lon"].max(), calls["lat"].max()


@given(data=st.data())
@settings(max_examples=examples(40))
def test_a_box_selects_what_lies_in_it(data, place):
    west, south, _, _ = corners(place)
    columns = sorted(data.draw(st.tuples(st.integers(-1, 7), st.integers(-1, 7))))
    rows = sorted(data.draw(st.tuples(st.integers(-1, 5), st.integers(-1, 5))))
    box = [west + 0.01 * columns[0] - 0.005, south + 0.01 * rows[0] - 0.005,
           west + 0.01 * columns[1] + 0.005, south + 0.01 * rows[1] + 0.005]  # fmt: skip
    text = ",".join(f"{number:.6f}" for number in box)
    document = place.items(bbox=text, limit=1000)
    assert [feature["id"] for feature in document["features"]] == inside(place, *box)
    turned = ",".join(f"{box[number]:.6f}" for number in (1, 0, 3, 2))
    assert place.keys(bbox=turned, bbox_crs=f"{ADDRESS}4326", limit=1000) == inside(place, *box)


def test_a_box_of_six_numbers_has_heights_that_do_not_count(place):
    west, south, east, north = corners(place)
    box = (west - 1, south - 1, east - 0.015, north - 0.015)
    assert place.keys(bbox=f"{box[0]},{box[1]},-10,{box[2]},{box[3]},99") == inside(place, *box)


def test_the_edge_of_a_wide_box_is_a_parallel(place):
    """Two degrees wide, the chord between its corners is hundreds of metres from the parallel in the middle."""
    west, south, east, north = corners(place)
    middle = (west + east) / 2
    for shift, keeps in ((0.0005, True), (-0.0005, False)):  # 55 m
        keys = set(place.keys(bbox=f"{middle - 1},{south - 1},{middle + 1},{south + shift}"))
        lowest = place.calls["id"][place.calls["lat"] == place.calls["lat"].min()]
        assert (set(lowest) <= keys) == keeps
        keys = set(place.keys(bbox=f"{middle - 1},{north - shift},{middle + 1},{north + 1}"))
        highest = place.calls["id"][place.calls["lat"] == place.calls["lat"].max()]
        assert (set(highest) <= keys) == keeps


def test_a_box_may_go_over_the_antimeridian(auckland, shanghai):
    everything = auckland.calls["id"].tolist()
    nowhere = auckland.calls["id"][auckland.calls["lon"].isna()].tolist()
    assert auckland.keys(bbox="170,-50,-170,-30") == everything
    assert auckland.keys(bbox="176,-50,-170,-30") == nowhere
    assert (
        shanghai.keys(bbox="170,-50,-170,89") == shanghai.calls["id"][shanghai.calls["lon"].isna()].tolist()
    )


def test_a_box_without_an_inside_is_a_line_or_a_point(place):
    row = place.calls.dropna(subset=["lon"]).iloc[0]
    cross = f"{row.lon},{row.lat - 0.004},{row.lon},{row.lat + 0.004}"
    assert place.items(bbox=cross)["numberMatched"] >= place.calls["lon"].isna().sum()
    assert place.problem("/collections/calls/items", 400, bbox=f"{row.lon},{row.lat},{row.lon},{row.lat - 1}")


@pytest.mark.parametrize(
    "bbox", ["", "1,2,3", "a,b,c,d", "1,2,3,4,5", "nan,0,1,1", "0,0,inf,1", "1,1,2,0", "-999,0,1,1"]
)
def test_what_is_no_box_is_refused(bbox, place):
    place.problem("/collections/calls/items", 400, bbox=bbox)


def instants(place):
    known = sorted(set(place.calls["at"]))
    return [at + pd.Timedelta(shift, "us") for at in known for shift in (-1, 0, 1)]


def iso(at):
    return at.isoformat().replace("+00:00", "Z")


@given(data=st.data())
@settings(max_examples=examples(60))
def test_an_interval_is_closed(data, place):
    times = instants(place)
    first, last = sorted(data.draw(st.tuples(st.sampled_from(times), st.sampled_from(times))))
    at = place.calls["at"]
    assert place.keys(datetime=f"{iso(first)}/{iso(last)}") == chosen(place, (at >= first) & (at <= last))
    assert place.keys(datetime=f"{iso(first)}/..") == chosen(place, at >= first)
    assert (
        place.keys(datetime=f"../{iso(last)}")
        == place.keys(datetime=f"/{iso(last)}")
        == chosen(place, at <= last)
    )
    assert place.keys(datetime=iso(first)) == chosen(place, at == first)


@pytest.mark.parametrize("day", ["2024-03-01", "2024-03-02", "2024-04-07"])
def test_a_date_is_a_day_of_the_city(day, place):
    start = pd.Timestamp(day, tz=place.zone.key)
    end = start + pd.DateOffset(days=1)
    at = place.calls["at"]
    assert place.keys(datetime=day) == chosen(place, (at >= start) & (at < end))
    assert place.keys(datetime=f"../{day}") == chosen(place, at < end)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/",
        "../..",
        "2024",
        "2024-03-01T00:00:00",
        "2024-03-01T00:00:00Z/2023-03-01T00:00:00Z",
        "2024-13-01T00:00:00Z",
        "x/..",
        "a/b/c",
        "9999-12-31T23:59:59.999999Z",
    ],
)
def test_what_is_no_time_is_refused(text, place):
    place.problem("/collections/calls/items", 400, datetime=text)


def test_a_column_selects_by_its_value(place):
    calls = place.calls
    assert place.keys(n=3) == chosen(place, calls["n"] == 3)
    assert place.keys(category="O'Neil") == chosen(place, calls["category"] == "O'Neil")
    assert place.keys(category="路灯", n=1) == chosen(
        place, (calls["category"] == "路灯") & (calls["n"] == 1)
    )
    assert place.keys(ok="true") == chosen(place, (calls["ok"] == True).fillna(False))  # noqa: E712
    assert place.keys(weight="2.5") == chosen(place, calls["weight"] == 2.5)
    day = calls["day"].iloc[0]
    assert place.keys(day=day.isoformat()) == chosen(place, calls["day"] == day)
    at = calls["at"].iloc[5]
    assert place.keys(at=iso(at)) == place.keys(time=iso(at)) == chosen(place, calls["at"] == at)
    assert place.keys(key="a/b") == ["a/b"]


@pytest.mark.parametrize(
    "parameter",
    ["n=x", "n=1.5", "weight=nan", "weight=inf", "ok=2", "day=2024-02-30", "at=nope", "n=9" + "9" * 30],
)
def test_what_a_column_cannot_be_is_refused(parameter, place):
    response = place.client.get(f"/collections/calls/items?{parameter}")
    assert (response.status_code, response.headers["content-type"]) == (400, "application/problem+json")


def test_all_that_selects_is_taken_together(place):
    calls = place.calls
    west, south, east, north = corners(place)
    at = calls["at"].iloc[12]
    keep = (calls["lon"].le(east - 0.015) | calls["lon"].isna()) & (calls["at"] >= at) & (calls["n"] > 1)
    keep &= calls["category"] == "pothole"
    keys = place.keys(
        bbox=f"{west - 1},{south - 1},{east - 0.015},{north + 1}", datetime=f"{iso(at)}/..", filter="n > 1",
        category="pothole",
    )  # fmt: skip
    assert keys == chosen(place, keep)


FILTERS = {
    "n > 2 AND category = 'pothole'": lambda calls: (calls["n"] > 2) & (calls["category"] == "pothole"),
    "category IS NULL": lambda calls: calls["category"].isna(),
    "category LIKE 'O%'": lambda calls: calls["category"].str.startswith("O").fillna(False),
    "n IN (1, 2)": lambda calls: calls["n"].isin([1, 2]),
    "weight BETWEEN 1 AND 3": lambda calls: calls["weight"].between(1, 3),
    "key = 'a b'": lambda calls: calls["id"] == "a b",
    "NOT (n = 1)": lambda calls: calls["n"] != 1,
}


@pytest.mark.parametrize("text", FILTERS)
def test_a_filter_selects_as_pandas_does(text, place):
    assert place.keys(filter=text) == chosen(place, FILTERS[text](place.calls))


def test_a_filter_may_be_json(place):
    tree = {"op": "and", "args": [{"op": ">", "args": [{"property": "n"}, 2]},
                                  {"op": "=", "args": [{"property": "category"}, "pothole"]}]}  # fmt: skip
    calls = place.calls
    keep = (calls["n"] > 2) & (calls["category"] == "pothole")
    assert place.keys(filter=json.dumps(tree), filter_lang="cql2-json") == chosen(place, keep)


@pytest.mark.parametrize("form", ["text", "json", "bbox"])
@pytest.mark.parametrize("north_first", [False, True])
def test_places_in_filters_have_the_order_of_their_crs(form, north_first, place):
    west, south, east, north = corners(place)
    box = shapely.box(west - 0.005, south - 0.005, east - 0.025, north - 0.005)
    calls = place.calls
    keep = shapely.contains_xy(box, calls["lon"].fillna(999), calls["lat"].fillna(999))
    shape = shapely.transform(box, lambda pairs: pairs[:, ::-1]) if north_first else box
    others = {"filter_crs": f"{ADDRESS}4326"} if north_first else {}
    if form == "text":
        given = f"S_INTERSECTS(geometry, {shape.wkt})"
    elif form == "bbox":
        given = "S_INTERSECTS(geometry, BBOX({}, {}, {}, {}))".format(*shape.bounds)
    else:
        place_of = {
            "op": "s_intersects",
            "args": [{"property": "geometry"}, json.loads(shapely.to_geojson(shape))],
        }
        given, others = json.dumps(place_of), {**others, "filter_lang": "cql2-json"}
    assert place.keys(filter=given, **others) == chosen(place, keep)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "n >",
        "nope = 1",
        "st_key = 'a b'",
        "st_recorded_from > TIMESTAMP('2024-01-01T00:00:00Z')",
        "n = 'x'",
        "1",
        "n",
    ],
)
def test_what_is_no_filter_of_the_collection_is_refused(text, place):
    place.problem("/collections/calls/items", 400, filter=text)


def test_languages_and_crs_of_filters_are_those_that_are_offered(place):
    for others in ({"filter": "n=1"}, {}):
        problem = place.problem("/collections/calls/items", 400, filter_lang="sql", **others)
        assert problem["title"] == "unknown-filter-lang"
    place.problem("/collections/calls/items", 400, filter="n=1", filter_crs="EPSG:99999")
    place.problem("/collections/calls/items", 400, filter="not json", filter_lang="cql2-json")
    place.problem("/collections/calls/items", 400, filter="[1]", filter_lang="cql2-json")


def test_a_collection_that_is_not_there_has_no_items(place):
    assert "calls" in place.problem("/collections/call/items", 404)["detail"]
    assert np.array_equal(place.keys("plots", limit=1), sorted(place.keys("plots")))
