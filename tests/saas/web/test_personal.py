"""The trail names the personal columns that an answer held; schemas, collections and records show the marks."""

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from starlette.testclient import TestClient

import stcloud
from stcloud.saas.rights.audittrail import AuditTrail
from stcloud.saas.rights.policy import Policy
from stcloud.saas.web import Service, application

REQUESTS = """
id = "requests"
kind = "event"
key = ["id"]
personal = ["reporter", "tel"]
[time]
column = "at"
[space]
lon = "lon"
lat = "lat"
[columns.tel]
rename = "phone"
"""
PARCELS = """
id = "parcels"
kind = "feature"
key = ["owner"]
personal = ["owner"]
[space]
column = "geometry"
crs = "EPSG:4326"
"""
FRAME = pd.DataFrame(
    {"id": ["a", "b"], "at": ["2024-03-31T23:30", "2024-04-07T02:30"], "lon": [174.701] * 2, "lat": [-36.899] * 2,
     "tel": ["021-1", "021-2"], "reporter": ["Wang", "Zhao"], "status": ["open", "closed"]}
)  # fmt: skip
POLICY = """
[[allow]]
who = "anonymous"
do = "read"
layers = "*"
personal = "hide"
"""
REQUEST = {"layer": "requests"}


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    with stcloud.create(
        tmp_path_factory.mktemp("personal") / "town", crs="EPSG:2193", zone="Pacific/Auckland"
    ) as made:
        made.load("requests", FRAME, definition=stcloud.Definition.from_toml(REQUESTS, name="requests.toml"))
        parcel = gpd.GeoDataFrame(
            {"owner": ["Li"], "use": ["park"]},
            geometry=[shapely.box(174.7, -36.9, 174.71, -36.89)],
            crs="EPSG:4326",
        )
        made.load("parcels", parcel, definition=stcloud.Definition.from_toml(PARCELS, name="parcels.toml"),
                  valid_from="2020")  # fmt: skip
        yield made


@pytest.fixture
def asked(city, tmp_path):
    """Ask, and return what the trail has of it."""
    trail = AuditTrail(tmp_path / "audit.ndjson")
    client = TestClient(application(Service({"town": city}, audit=trail)))

    def ask(path, document=None):
        response = client.get(path) if document is None else client.post(path, json=document)
        assert response.status_code in (200, 204), response.text
        *_, entry = trail.entries()
        assert not {"Wang", "Zhao", "021-1"} & set(str(entry).split("'"))
        return entry["personal"]

    return ask


BOTH = ["requests.phone", "requests.reporter"]


@pytest.mark.parametrize(
    ("path", "document", "held"),
    [
        ("/collections/requests/items", None, BOTH),
        ("/collections/requests/items?f=csv&properties=status,phone", None, BOTH[:1]),
        ("/collections/requests/items?properties=status", None, []),
        ("/collections/requests/items?filter=status='none'", None, []),
        ("/collections/requests/items/a", None, BOTH),
        ("/collections/requests/diff?from-known=2020-01-01T00:00:00Z", None, BOTH),
        (
            "/collections/requests/tiles/WebMercatorQuad/0/0/0?cluster=false&properties=reporter",
            None,
            BOTH[1:],
        ),
        ("/collections/requests", None, []),
        ("/questions", REQUEST, BOTH),
        ("/questions", REQUEST | {"count": True}, []),
        ("/questions", REQUEST | {"count": True, "by": ["reporter"]}, BOTH[1:]),
        ("/questions", REQUEST | {"measure": ["max(phone)"], "by": ["status"]}, BOTH[:1]),
        ("/joins", REQUEST | {"join": "parcels"}, ["parcels.owner", *BOTH]),
        ("/collections/parcels/items?properties=use", None, ["parcels.owner"]),  # the key is made of it
        (
            "/situation",
            {"lon": 174.701, "lat": -36.899, "at": "2024-04-07T12:00:00+12:00"},
            ["parcels.owner", *BOTH],
        ),
    ],
)
def test_the_trail_names_the_personal_columns_that_an_answer_held(asked, path, document, held):
    assert asked(path, document) == held


def test_what_is_hidden_is_not_held_and_not_marked(tmp_path):
    with stcloud.create(tmp_path / "town", crs="EPSG:2193", zone="Pacific/Auckland") as city:
        city.load("requests", FRAME, definition=stcloud.Definition.from_toml(REQUESTS, name="requests.toml"))
        trail = AuditTrail(tmp_path / "audit.ndjson")
        service = Service({"town": city}, policy=Policy.from_toml(POLICY, name="policy.toml"), audit=trail)
        with TestClient(application(service)) as client:
            page = client.get("/collections/requests/items").json()
            schema = client.get("/collections/requests/queryables").json()["properties"]
            described = client.get("/collections/requests").json()
    assert set(page["features"][0]["properties"]) == {"at", "id", "lon", "lat", "status"}
    assert next(trail.entries())["personal"] == []
    assert not {"phone", "reporter"} & set(schema)
    assert "personalColumns" not in described


def test_schemas_collections_and_records_show_the_marks(city):
    client = TestClient(application(Service({"town": city})))
    for below in ("queryables", "sortables"):
        properties = client.get(f"/collections/requests/{below}").json()["properties"]
        assert [name for name, said in properties.items() if said.get("x-personal")] == ["phone", "reporter"]
    assert client.get("/collections/requests").json()["personalColumns"] == ["phone", "reporter"]
    records = client.get("/collections/catalog/items").json()["features"]
    assert {each["id"]: each["properties"].get("personalColumns") for each in records} == {
        "requests": ["phone", "reporter"], "parcels": ["owner"],
    }  # fmt: skip


def test_layers_shows_the_marks(run, city):
    done = run("layers", city.parts.folder.url, "requests")
    assert 'personal = ["reporter", "tel"]' in done.out
    marks = {words[0]: words[-1] for words in map(str.split, done.out.splitlines()) if words}
    assert (marks["phone"], marks["status"]) == ("True", "False")
