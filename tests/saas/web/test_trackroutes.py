"""Tracks over HTTP are those of the library, of what is selected as items are, with the same rights."""

import pandas as pd
import pytest
from starlette.testclient import TestClient

import stcloud
from stcloud.saas.rights.policy import Policy
from stcloud.saas.web import Service, Settings, application

POLICY = """
[[allow]]
who = "anonymous"
do = "read"
layers = ["cars", "calls"]
[[allow]]
who = "anonymous"
do = "count"
layers = "counted"
[[allow]]
who = "anonymous"
do = "read"
layers = "nameless"
hide = ["car"]
"""
WAYS = {"key": "id", "time": "at", "lon": "lon", "lat": "lat", "datum": "wgs84"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("tracks") / "town"
    at = pd.Timestamp("2024-03-01T08:00") + pd.to_timedelta([0, 5, 10, 0, 5, 10], unit="min")
    rows = pd.DataFrame({
        "id": range(6), "car": list("aaabbb"), "at": at.strftime("%Y-%m-%d %H:%M:%S"),
        "lon": [117.0, 117.01, 117.02, 117.02, 117.01, 117.0], "lat": 31.6,
    })  # fmt: skip
    with stcloud.create(place, crs="EPSG:4548", zone="Asia/Shanghai") as city:
        for layer in ("cars", "counted", "hidden", "nameless"):
            city.load(layer, rows, mover="car", **WAYS)
        city.load("calls", rows, **WAYS)
    return place


def opened(folder, most_rows=100, **given):
    service = Service(
        {"town": stcloud.open(folder)}, Settings(rate="100000/second", most_rows=most_rows), **given
    )
    return TestClient(application(service), raise_server_exceptions=False)


@pytest.mark.parametrize(
    ("asked", "narrow"),
    [
        ({}, lambda tracks: tracks),
        ({"datetime": "2024-03-01T00:00:00Z/2024-03-01T00:06:00Z"},
         lambda tracks: tracks.during("2024-03-01T08:00/2024-03-01T08:07")),
        ({"filter": "car = 'b'"}, lambda tracks: tracks.what("car = 'b'")),
        ({"car": "a"}, lambda tracks: tracks.what("car = 'a'")),
        ({"bbox": "116.9,31,117.015,32"}, lambda tracks: tracks.where("bbox:116.9,31,117.015,32")),
    ],
)  # fmt: skip
def test_tracks_are_those_of_the_library(folder, asked, narrow):
    with opened(folder) as client, stcloud.open(folder) as city:
        response = client.get("/collections/cars/tracks", params=asked)
        assert response.status_code == 200, response.text
        question = narrow(city.tracks("cars"))
        document = response.json()
        assert document["features"] == question.to_mfjson()["features"]
        assert document["features"]
        pinned = client.get("/collections/cars/tracks", params={**asked, "known": document["pin"]})
        assert pinned.json()["features"] == document["features"]
        stated = {"If-None-Match": pinned.headers["ETag"]}
        assert client.get(str(pinned.url), headers=stated).status_code == 304


@pytest.mark.parametrize(
    ("path", "status", "title"),
    [
        ("/collections/calls/tracks", 400, "no-mover"),
        ("/collections/none/tracks", 404, "unknown-layer"),
        ("/collections/cars/tracks?bbox=1", 400, "unreadable-bbox"),
        ("/collections/cars/tracks?limit=1", 400, "unknown-parameter"),
        ("/collections/cars/tracks?f=csv", 400, "unknown-format"),
    ],
)
def test_what_is_wrong_is_a_problem(folder, path, status, title):
    with opened(folder) as client:
        response = client.get(path)
        assert (response.status_code, response.json()["title"]) == (status, title)


def test_no_more_fixes_are_read_than_a_page_has_rows(folder):
    with opened(folder, most_rows=4) as client:
        assert client.get("/collections/cars/tracks?car=a").json()["title"] == "too-many-rows"
        assert client.get("/collections/cars/tracks?datetime=2024-03-01T00:00:00Z").status_code == 200


def test_rights_are_those_of_rows(folder):
    policy = Policy.from_toml(POLICY, name="policy.toml")
    with opened(folder, policy=policy) as client:
        assert client.get("/collections/cars/tracks").status_code == 200
        assert client.get("/collections/counted/tracks").json()["title"] == "not-permitted"
        assert client.get("/collections/nameless/tracks").json()["title"] == "no-mover"
        hidden, absent = (client.get(f"/collections/{layer}/tracks") for layer in ("hidden", "absent"))
        assert hidden.content.replace(b"hidden", b"absent") == absent.content
        paths = client.get("/api").json()["paths"]
        assert [path for path in paths if path.endswith("/tracks")] == [
            "/collections/cars/tracks",
            "/collections/counted/tracks",
        ]
