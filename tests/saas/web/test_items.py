"""Pages of features have each row once, in order, with what a request names of it; counts are exact."""

import csv
import io
import math

import pandas as pd
import pytest
import shapely

from tests.saas.web.town import href


def iso(at):
    return at.isoformat().replace("+00:00", "Z")


@pytest.mark.parametrize("limit", [1, 5, 1000])
def test_pages_have_each_row_once_and_in_order(limit, place):
    assert place.keys(limit=limit) == place.calls["id"].tolist()


def test_every_page_has_the_count_of_all(place):
    first = place.items(limit=20)
    second = place.client.get(href(first, "next")).json()
    assert (first["numberMatched"], first["numberReturned"]) == (len(place.calls), 20)
    assert (second["numberMatched"], second["numberReturned"]) == (len(place.calls), len(place.calls) - 20)
    assert href(second, "next") is None


def test_next_pages_carry_the_pin(place):
    first = place.items(limit=20)
    second = place.client.get(href(first, "next")).json()
    assert second["pin"] == first["pin"]
    assert "known=pin%3A" in href(first, "next")


def test_a_feature_has_what_its_row_has(place):
    features = place.items(limit=1000)["features"]
    for feature, row in zip(features, place.calls.itertuples(), strict=True):
        properties = feature["properties"]
        assert pd.Timestamp(feature["time"]["timestamp"]) == row.at
        assert pd.Timestamp(properties["at"]) == row.at
        assert properties["category"] == (None if pd.isna(row.category) else row.category)
        assert properties["n"] == row.n
        assert properties["weight"] == (None if pd.isna(row.weight) else row.weight)
        assert properties["ok"] == (None if pd.isna(row.ok) else row.ok)
        assert properties["day"] == row.day.isoformat()
        if math.isnan(row.lon):
            assert feature["geometry"] is None
        else:
            assert feature["geometry"]["coordinates"] == pytest.approx([row.lon, row.lat], abs=1e-7)


@pytest.mark.parametrize("sortby", ["n", "-n", "+n,-at", "category", "-weight,n"])
def test_rows_are_sorted_as_pandas_sorts_them(sortby, place):
    names = [part.strip("+-") for part in sortby.split(",")]
    ascending = [not part.startswith("-") for part in sortby.split(",")]
    # Of ties the order is that of time, then key; nulls are last.
    expected = place.calls
    for name, up in reversed(list(zip(names, ascending, strict=True))):
        expected = expected.sort_values(name, ascending=up, kind="stable", na_position="last")
    assert place.keys(sortby=sortby, limit=7) == expected["id"].tolist()


def test_properties_are_those_that_are_named(place):
    features = place.items(properties="n,category")["features"]
    assert {tuple(feature["properties"]) for feature in features} == {("n", "category")}
    assert place.problem("/collections/calls/items", 400, properties="n,nope")["title"] == "unknown-property"


def test_places_are_left_out_on_request(place):
    assert {str(feature["geometry"]) for feature in place.items(skipGeometry="true")["features"]} == {"None"}
    assert place.problem("/collections/calls/items", 400, skipGeometry="maybe")["title"] == "bad-flag"


@pytest.mark.parametrize("code", ["4326", "3857", "own"])
def test_coordinates_are_in_the_order_of_the_register(code, place):
    own = place.city.configuration.crs.partition(":")[2]
    address = f"http://www.opengis.net/def/crs/EPSG/0/{own if code == 'own' else code}"
    response = place.client.get("/collections/calls/items", params={"crs": address})
    assert response.headers["content-crs"] == f"<{address}>"
    pairs = [
        feature["geometry"]["coordinates"] for feature in response.json()["features"] if feature["geometry"]
    ]
    import pyproj

    move = pyproj.Transformer.from_crs("OGC:CRS84", address)  # in the order of the register
    rows = place.calls.dropna(subset=["lon"])
    expected = list(zip(*move.transform(rows["lon"].to_numpy(), rows["lat"].to_numpy()), strict=True))
    near = 1e-7 if code == "4326" else 0.02
    for pair, other in zip(pairs, expected, strict=True):
        assert pair == pytest.approx(other, abs=near)


def test_csv_has_the_same_rows_with_their_places(place):
    response = place.client.get("/collections/calls/items", params={"f": "csv", "limit": 1000})
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(response.text)))
    assert [row["st_key"] for row in rows] == place.calls["id"].tolist()
    for row, expected in zip(rows, place.calls.itertuples(), strict=True):
        assert pd.Timestamp(row["st_time"]) == expected.at
        if row["st_geometry"]:
            point = shapely.from_wkt(row["st_geometry"])
            assert (point.x, point.y) == pytest.approx((expected.lon, expected.lat), abs=1e-7)
        else:
            assert math.isnan(expected.lon)


def test_csv_of_features_has_shapes(place):
    response = place.client.get("/collections/plots/items", params={"f": "csv"})
    rows = list(csv.DictReader(io.StringIO(response.text)))
    current = {plot.key: plot for plot in place.plots if plot.end is None}
    assert sorted(row["st_key"] for row in rows) == sorted(current)
    for row in rows:
        shape = shapely.from_wkt(row["st_geometry"])
        assert shape.symmetric_difference(current[row["st_key"]].shape).area < 1e-9


def test_what_was_known_before_is_given_as_it_was(place):
    loads = place.get("/collections/calls/loads")["loads"]
    document = place.items(known=loads[0]["recorded"], limit=1000)
    assert [feature["id"] for feature in document["features"]] == place.earlier["id"].tolist()
    given = [feature["properties"]["category"] for feature in document["features"]]
    assert given == [None if pd.isna(value) else value for value in place.earlier["category"]]
    assert document["numberMatched"] == len(place.earlier)


@pytest.mark.parametrize(
    "parameter",
    [
        "limit=0",
        "limit=-1",
        "limit=x",
        "limit=1.5",
        "after=x",
        "crs=EPSG:1",
        "f=xml",
        "known=x",
        "sortby=nope",
        "nope=1",
        "limit=1&limit=2",
    ],
)
def test_what_cannot_be_is_refused(parameter, place):
    response = place.client.get(f"/collections/calls/items?{parameter}")
    assert (response.status_code, response.headers["content-type"]) == (400, "application/problem+json")


def test_more_rows_than_are_given_at_once_are_a_page(place):
    assert place.items(limit=10**17)["numberReturned"] == len(place.calls)
