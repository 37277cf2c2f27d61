"""With ``known``, collections are described as they were known: as the service described them then."""

import pandas as pd
import pytest
from starlette.testclient import TestClient

import stcloud
from stcloud.saas.rights.policy import Policy
from stcloud.saas.web import Service, application
from stcloud.saas.web.parameter import iso_utc
from tests.saas.web.town import serving

PATHS = ("/collections/calls", "/collections/calls/queryables", "/collections/calls/sortables")
FRAME = pd.DataFrame(
    {
        "id": ["a", "b"],
        "at": ["2024-04-06 23:30", "2024-04-07 02:30"],
        "lon": [174.7, 174.8],
        "lat": [-36.8, -36.9],
    }
)
POLICY = """
[[allow]]
who = "anonymous"
do = "read"
layers = "calls"
hide = "secret"
"""
PART = POLICY.replace('hide = "secret"', "what = [\"id = 'a'\"]")


def loaded(city, frame):
    """Load a frame; return the instant at which it was recorded."""
    done = city.load("calls", frame, key="id", time="at", lon="lon", lat="lat")
    return done.recorded_at_us


@pytest.fixture
def city(tmp_path):
    with stcloud.create(tmp_path / "city", crs="EPSG:2193", zone="Pacific/Auckland", name="town") as made:
        yield made


def without_links(document):
    """Return a document without addresses, which name the instant."""
    return {name: value for name, value in document.items() if name not in ("links", "$id")}


def test_a_description_as_known_is_that_of_then(city):
    with serving(city) as client:
        then = []
        wider = FRAME.assign(id=["c", "a"], lon=[174.9, 174.6], at=["2025-01-01", "2023-01-01"], n=1)
        for frame in (FRAME, wider, wider.assign(id=["d", "e"], secret="x", lon=175.1)):
            at_us = loaded(city, frame)
            then.append((at_us, [without_links(client.get(path).json()) for path in PATHS]))
        assert len({str(documents) for _, documents in then}) == 3
        for at_us, documents in then:
            known = iso_utc(at_us)
            given = [client.get(path, params={"known": known}) for path in PATHS]
            assert [without_links(response.json()) for response in given] == documents
            listed = client.get("/collections", params={"known": known}).json()["collections"]
            assert without_links(listed[0]) == documents[0]
        page = client.get(PATHS[0], params={"known": known, "f": "html"})
        assert page.status_code == 200
        links = {made["rel"]: made["href"] for made in given[0].json()["links"]}
        assert "known=" in links["items"]
        assert client.get(links["items"]).status_code == 200


def test_what_was_not_there_yet_is_absent(city):
    first = loaded(city, FRAME)
    with serving(city) as client:
        for path in PATHS:
            early = client.get(path, params={"known": iso_utc(first - 1)})
            assert (early.status_code, early.json()["title"]) == (404, "not-yet-known")
        listed = client.get("/collections", params={"known": iso_utc(first - 1)}).json()["collections"]
        assert [made["id"] for made in listed] == ["catalog"]
        for wrong in ("x", "pin:x"):
            assert client.get(PATHS[0], params={"known": wrong}).status_code == 400


def test_a_pin_has_a_tag_that_goes_with_the_title(city):
    loaded(city, FRAME)
    with serving(city) as client:
        pin = client.get("/collections/calls/items").json()["pin"]
        loaded(city, FRAME.assign(id=["c", "d"], lon=175.5))
        for path in (*PATHS, "/collections"):
            first = client.get(path, params={"known": pin})
            assert first.status_code == 200
            assert "immutable" not in first.headers["cache-control"]
            again = client.get(path, params={"known": pin}, headers={"If-None-Match": first.headers["etag"]})
            assert again.status_code == 304
            city.describe("calls", title=f"Calls of {path}")
            told = client.get(path, params={"known": pin}, headers={"If-None-Match": first.headers["etag"]})
            assert (told.status_code, f"Calls of {path}" in told.text) == (200, True)
        other = pin.replace("calls", "plots")
        assert client.get(PATHS[0], params={"known": other}).json()["title"] == "layer-not-pinned"
        assert [
            made["id"] for made in client.get("/collections", params={"known": other}).json()["collections"]
        ] == ["catalog"]


def test_an_extent_before_a_purge_is_gone(city):
    first = loaded(city, FRAME)
    city.purge("calls", before="2024-04-07")
    with serving(city) as client:
        known = {"known": iso_utc(first)}
        gone = client.get(PATHS[0], params=known)
        assert (gone.status_code, gone.json()["title"]) == (410, "purged")
        assert "extent" not in client.get("/collections", params=known).json()["collections"][0]
        assert client.get(PATHS[1], params=known).status_code == 200
        assert "extent" in client.get(PATHS[0]).json()


@pytest.mark.parametrize("policy", [POLICY, PART])
def test_what_may_be_seen_was_known_then(policy, city):
    first = loaded(city, FRAME)
    second = loaded(city, FRAME.assign(id=["c", "a"], lon=[175.9, 174.7], n=1, secret="x"))
    rights = Policy.from_toml(policy, name="policy.toml")
    with TestClient(application(Service({"town": city}, policy=rights))) as client:
        shown = [
            set(client.get(PATHS[2], params={"known": iso_utc(at_us)}).json()["properties"])
            for at_us in (first, second)
        ]
        assert shown[0] == {"id", "at", "lon", "lat"}
        assert shown[1] - shown[0] == ({"n"} if policy == POLICY else {"n", "secret"})
        box = client.get(PATHS[0], params={"known": iso_utc(second)}).json()["extent"]["spatial"]["bbox"][0]
        assert (box[2] > 175.5) == (policy == POLICY)
