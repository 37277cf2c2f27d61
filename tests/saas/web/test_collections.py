"""Collections say what they hold, and what may be asked of them."""

import pandas as pd
import pytest

from stcloud.paas.query.filter.function import FUNCTIONS
from tests.saas.web.town import href

NAMES = {"at", "id", "lon", "lat", "category", "n", "weight", "ok", "day"}


def test_all_layers_are_collections(place):
    document = place.get("/collections")
    assert [collection["id"] for collection in document["collections"]] == ["calls", "plots", "catalog"]
    for collection in document["collections"]:
        alone = place.get(f"/collections/{collection['id']}")
        assert {name: alone[name] for name in collection if name != "links"} == {
            name: value for name, value in collection.items() if name != "links"
        }
        assert all(made in alone["links"] for made in collection["links"])


def test_the_extent_holds_all_rows(place):
    extent = place.get("/collections/calls")["extent"]
    west, south, east, north = extent["spatial"]["bbox"][0]
    calls = place.calls
    assert west <= calls["lon"].min()
    assert east >= calls["lon"].max()
    assert south <= calls["lat"].min()
    assert north >= calls["lat"].max()
    assert (west, south, east, north) == pytest.approx(
        (calls["lon"].min(), calls["lat"].min(), calls["lon"].max(), calls["lat"].max()), abs=2e-3
    )
    assert [pd.Timestamp(at) for at in extent["temporal"]["interval"][0]] == [
        calls["at"].min(),
        calls["at"].max(),
    ]


def test_the_extent_of_features_has_no_end(place):
    first, last = place.get("/collections/plots")["extent"]["temporal"]["interval"][0]
    assert pd.Timestamp(first) == min(plot.start for plot in place.plots)
    assert last is None


def test_queryables_are_the_columns_and_what_every_row_has(place):
    response = place.client.get("/collections/calls/queryables")
    assert response.headers["content-type"] == "application/schema+json"
    document = response.json()
    assert document["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert document["$id"] == "http://testserver/collections/calls/queryables"
    assert (document["type"], document["additionalProperties"]) == ("object", False)
    assert set(document["properties"]) == NAMES | {"geometry", "time", "key"}
    assert document["properties"]["day"] == {"type": "string", "format": "date"}
    assert document["properties"]["geometry"]["format"] == "geometry-point"
    features = place.get("/collections/plots/queryables")["properties"]
    assert set(features) == {"k", "use", "geometry", "key", "period"}


def test_sortables_are_the_columns(place):
    assert set(place.get("/collections/calls/sortables")["properties"]) == NAMES


def test_functions_are_those_of_filters(place):
    document = place.get("/functions")
    assert [function["name"] for function in document["functions"]] == sorted(FUNCTIONS)
    for function in document["functions"]:
        assert function["returns"]
        assert all(argument["type"] for argument in function["arguments"])


def test_crs_are_listed_with_the_one_that_is_stored(place):
    document = place.get("/collections/calls")
    assert document["crs"][0] == "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
    assert document["storageCrs"] in document["crs"]
    assert document["storageCrs"].endswith(place.city.configuration.crs.partition(":")[2])


def test_links_lead_somewhere(place):
    for collection in place.get("/collections")["collections"]:
        for made in collection["links"]:
            if made["rel"] == "profile":
                continue  # names what it is, and is no address of ours
            response = place.client.get(made["href"])
            assert response.status_code == 200, made
            assert response.headers["content-type"].partition(";")[0] == made["type"]
    assert href(place.get("/collections"), "self") == "http://testserver/collections"


@pytest.mark.parametrize("name", ["nope", "Calls", "%00", "..%2Fcalls", "a" * 500])
def test_what_is_no_collection_is_refused(name, place):
    for below in (
        "",
        "/items",
        "/queryables",
        "/sortables",
        "/loads",
        "/diff",
        "/tracks",
        "/items/1",
        "/items/1/versions",
    ):
        response = place.client.get(f"/collections/{name}{below}")
        assert response.status_code in (400, 404)
        assert response.headers["content-type"] == "application/problem+json"


def test_what_no_layer_can_be_called_is_not_there(place):
    for path in ("/collections/Calls", "/collections/no%20such/items", "/collections/a..b/tiles"):
        assert place.problem(path, 404)["title"] == "bad-name"
