"""The catalogue is a collection of records, one of each layer, as OGC API Records has it."""

import itertools

import geopandas
import pytest
import shapely
from starlette.testclient import TestClient

import stcloud
from stcloud.saas.web.application import application
from stcloud.saas.web.record import boxes_of
from stcloud.saas.web.service import Service
from stcloud.testing.events import HEAD, define, row, rows

PROFILE = "http://www.opengis.net/def/profile/OGC/0/"
GEOJSON, CATALOGUE = "application/geo+json", "application/ogc-catalog+json"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A city with events, of which one was refused and one is in no place, and areas; the address of its service."""
    folder = tmp_path_factory.mktemp("records")
    stcloud.create(folder / "town", crs="EPSG:4548", zone="Asia/Shanghai", language="zh").close()
    ticks = itertools.count(1_712_000_000_000_000, 1_000_001)
    city = stcloud.open(folder / "town", clock=lambda: next(ticks))
    (folder / "first.csv").write_text(rows() + row(6, lon="") + "7,never,117,31.9,x\n")
    city.load("events", folder / "first.csv", definition=define('title = "Events"'), max_rejected="50%")
    city.describe(
        "events", title="Calls", description="What people called about.", themes=["roads"], keywords=["311", "路灯"],
        owner="市政科", contact="roads@example.org", licence="CC-BY-4.0", update_cycle="P1D",
        lineage="From the hotline.",
    )  # fmt: skip
    areas = geopandas.GeoDataFrame(
        {"code": ["a"]}, geometry=[shapely.box(116, 31, 116.1, 31.1)], crs="EPSG:4326"
    )
    city.load("areas", areas, key="code", valid_from="2024-01-01")
    city.describe(
        "areas",
        lineage="<script>alert('&')</script>",
        licence="https://example.org/terms",
        contact="https://example.org/contact",
    )
    with TestClient(application(Service({"town": city})), base_url="http://town") as client:
        yield city, client


@pytest.fixture
def client(made):
    return made[1]


def related(document, relation):
    return [made for made in document["links"] if made["rel"] == relation]


def test_the_catalogue_is_a_collection_of_records(client):
    (listed,) = [
        made for made in client.get("/collections").json()["collections"] if made["itemType"] == "record"
    ]
    assert (listed["id"], listed["type"]) == ("catalog", "Collection")
    answer = client.get("/collections/catalog")
    assert answer.headers["content-type"] == CATALOGUE
    document = answer.json()
    assert {name: document[name] for name in ("id", "type", "itemType", "title", "extent")} == {
        name: listed[name] for name in ("id", "type", "itemType", "title", "extent")
    }
    assert [made["href"] for made in related(document, "self")] == ["http://town/collections/catalog"]
    assert [made["type"] for made in related(document, "alternate")] == ["text/html"]
    assert [made["href"] for made in related(document, "profile")] == [f"{PROFILE}ogc-catalog"]
    assert GEOJSON in [made["type"] for made in related(document, "items")]
    assert client.get("/collections/catalog", headers={"accept": "application/json"}).status_code == 200
    classes = client.get("/conformance").json()["conformsTo"]
    assert "http://www.opengis.net/spec/ogcapi-records-1/1.0/conf/searchable-catalog" in classes
    assert set(document["conformsTo"]) <= set(classes)
    (leads,) = related(client.get("/").json(), "http://www.opengis.net/def/rel/ogc/1.0/ogc-catalog")
    assert leads["href"] == "http://town/collections/catalog"


def test_a_record_says_what_people_wrote_and_what_was_counted(made):
    city, client = made
    answer = client.get("/collections/catalog/items/events")
    assert answer.headers["content-type"] == GEOJSON
    record = answer.json()
    properties = record["properties"]
    assert (record["type"], record["id"], properties["type"], properties["title"]) == (
        "Feature", "events", "dataset", "Calls",
    )  # fmt: skip
    assert properties["description"] == "What people called about."
    assert properties["keywords"] == ["311", "路灯"]
    assert properties["themes"] == [
        {"concepts": [{"id": "roads"}], "scheme": "http://town/collections/catalog"}
    ]
    assert properties["contacts"] == [
        {
            "organization": "市政科",
            "roles": ["owner", "pointOfContact"],
            "emails": [{"value": "roads@example.org"}],
        }
    ]
    assert (properties["license"], properties["updateCycle"]) == ("CC-BY-4.0", "P1D")
    assert (properties["language"], properties["lineage"]) == ({"code": "zh"}, "From the hotline.")
    assert properties["created"] < properties["updated"]
    assert properties["quality"] == {
        "rows": 6, "unplaced": 1, "read": 7, "rejected": 1, "rejectedShare": round(1 / 7, 6),
        "completeTo": properties["created"], "lastLoad": properties["created"],
        "latenessSeconds": round(city.quality("events").lateness_us / 1e6, 3),
    }  # fmt: skip
    assert record["time"]["interval"] == ["2024-03-02T02:00:00Z", "2024-03-07T02:00:00Z"]
    assert shapely.from_geojson(answer.content)
    box = shapely.box(*properties["extent"]["spatial"]["bbox"][0])
    assert shapely.equals(shapely.geometry.shape(record["geometry"]), box)


def test_every_link_of_a_record_leads_somewhere(client):
    record = client.get("/collections/catalog/items/events").json()
    for made in record["links"]:
        if made["href"].startswith("http://town"):
            answer = client.get(made["href"])
            assert answer.status_code == 200, made
            if made["rel"] in ("self", "alternate", "items", "collection"):
                assert answer.headers["content-type"].partition(";")[0] in (made["type"], CATALOGUE), made
    assert len(related(record, "collection")) == 1
    assert [made["href"] for made in related(record, "license")] == [
        "https://spdx.org/licenses/CC-BY-4.0.html"
    ]
    assert [made["href"] for made in related(record, "profile")] == [f"{PROFILE}ogc-record"]


def test_a_licence_with_an_address_is_another_one(client):
    record = client.get("/collections/catalog/items/areas").json()
    assert record["properties"]["license"] == "other"
    assert [made["href"] for made in related(record, "license")] == ["https://example.org/terms"]
    (contact,) = record["properties"]["contacts"]
    assert (contact["organization"], contact["links"][0]["rel"]) == ("town", "about")
    assert record["time"]["interval"][1] == ".."
    assert record["properties"]["quality"]["latenessSeconds"] is None


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("", ["areas", "events"]), ("q=路灯", ["events"]), ("q=people called", ["events"]), ("q=lamps", []),
        ("ids=areas,none", ["areas"]), ("type=service", []), ("externalIds=stcloud:town/events", ["events"]),
        ("bbox=116,31,116.5,32", ["areas"]), ("bbox=0,0,1,1", []),
        ("datetime=2024-03-03T00:00:00Z", ["areas", "events"]),
        ("datetime=2030-01-01T00:00:00Z/..", ["areas"]), ("datetime=../2023-01-01T00:00:00Z", []),
        ("q=calls&bbox=116,31,116.5,32", []),
    ],
)  # fmt: skip
def test_records_are_selected(client, query, ids):
    page = client.get(f"/collections/catalog/items?{query}").json()
    assert [made["id"] for made in page["features"]] == ids
    assert (page["type"], page["numberMatched"], page["numberReturned"]) == (
        "FeatureCollection",
        len(ids),
        len(ids),
    )


def test_pages_follow_each_other_and_end(client):
    href, ids = "http://town/collections/catalog/items?limit=1&q=e", []
    while href:
        page = client.get(href).json()
        assert page["numberMatched"] == 2
        ids += [made["id"] for made in page["features"]]
        href = next((made["href"] for made in related(page, "next")), None)
    assert ids == ["areas", "events"]
    assert client.get("/collections/catalog/items?offset=7").json()["features"] == []
    assert page["features"][0] == {
        **client.get("/collections/catalog/items/events").json(), "links": page["features"][0]["links"],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("path", "status", "kind"),
    [
        ("items/nothing", 404, "unknown-layer"), ("items?limit=0", 400, "bad-limit"),
        ("items?offset=-1", 400, "bad-offset"), ("items?offset=\u0661", 400, "bad-offset"),
        ("items?colour=red", 400, "unknown-parameter"), ("items?bbox=1", 400, "unreadable-bbox"),
        ("items?datetime=now", 400, "unreadable-datetime"), ("items?f=csv", 400, "unknown-format"),
        ("queryables", 404, "unknown-layer"), ("loads", 404, "unknown-layer"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_a_problem(client, path, status, kind):
    answer = client.get(f"/collections/catalog/{path}")
    assert (answer.status_code, answer.json()["title"]) == (status, kind)
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["", "/items", "/items/events", "/items/areas", "/items?q=x"])
def test_people_get_pages(client, path):
    answer = client.get(f"/collections/catalog{path}", headers={"accept": "text/html"})
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert "<script" not in answer.text
    if path in ("/items", "/items/events"):
        assert "市政科" in answer.text


def test_the_definition_has_the_catalogue(client):
    paths = client.get("/api").json()["paths"]
    assert {
        "/collections/catalog",
        "/collections/catalog/items",
        "/collections/catalog/items/{recordId}",
    } <= set(paths)


def test_a_layer_of_this_name_comes_first(tmp_path):
    stcloud.create(tmp_path / "town", crs="EPSG:4548", zone="Asia/Shanghai").close()
    city = stcloud.open(tmp_path / "town")
    (tmp_path / "first.csv").write_text(HEAD + row(1))
    with TestClient(application(Service({"town": city})), base_url="http://town") as client:
        assert client.get("/collections/catalog/items").json()["features"] == []
        city.load("catalog", tmp_path / "first.csv", definition=define())
        assert client.get("/collections/catalog").json()["itemType"] == "feature"
        assert client.get("/collections/catalog/items/1").json()["id"] == "1"
        records = client.get("/collections/catalog-/items").json()["features"]
        assert [made["id"] for made in records] == ["catalog"]
        city.rename("catalog", "calls")  # the former name stays the layer's
        assert client.get("/collections/catalog/items").status_code in (404, 410)
        (record,) = client.get("/collections/catalog-/items").json()["features"]
        assert [known["value"] for known in record["properties"]["externalIds"]] == [
            "town/calls",
            "town/catalog",
        ]


def test_a_box_across_180_degrees_is_two():
    assert boxes_of((117.0, 31.0, 118.0, 32.0)) == [(117.0, 31.0, 118.0, 32.0)]
    assert len(boxes_of((179.0, 31.0, -179.0, 32.0))) == 2
