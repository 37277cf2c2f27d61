"""Series over HTTP: readings, results, stations and episodes are those of the library."""

import json
from pathlib import Path

import pytest
from starlette.testclient import TestClient

import stcloud
from stcloud.saas.rights.audittrail import AuditTrail
from stcloud.saas.rights.policy import Policy
from stcloud.saas.web import Service, Settings, application

DISTRICT = Path(__file__).resolve().parents[3] / "fixtures" / "district"
RULE = {
    "id": "smog",
    "layer": "air",
    "value": "PM2.5",
    "above": 115,
    "ends_below": 75,
    "for": "3h",
    "gap": "1h",
}
POLICY = """
[[allow]]
who = "anonymous"
do = "read"
layers = ["stations", "air"]
[[allow]]
who = "anonymous"
do = "count"
layers = "counted"
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("series") / "lantang"
    with stcloud.create(place, crs="EPSG:4548", zone="Asia/Shanghai") as city:
        city.load(
            "stations", DISTRICT / "air_stations.csv", key="station", lon="lon", lat="lat", datum="wgs84",
            valid_from="2024-01-01",
        )  # fmt: skip
        for layer in ("air", "counted", "hidden"):
            city.load(layer, DISTRICT / "air_2024-01.csv", definition=DISTRICT / "air.toml")
    return place


def opened(folder, **given):
    service = Service(
        {"town": stcloud.open(folder)}, Settings(rate="100000/second", most_rows=2_000), **given
    )
    return TestClient(application(service), raise_server_exceptions=False)


def test_results_by_bin_are_those_of_the_library(folder):
    asked = {
        "layer": "air",
        "when": ["2024-01-09/2024-01-12"],
        "value": ["PM2.5"],
        "resample": "1d",
        "method": ["mean", "max"],
    }
    with opened(folder) as client, stcloud.open(folder) as city:
        answer = client.post("/series", json=asked).json()
        made = (
            city.series("air").when("2024-01-09/2024-01-12").values("PM2.5").resample("1d", ["mean", "max"])
        )
        expected = made.to_arrow().to_pylist()
        assert [row["PM2.5_mean"] for row in answer["rows"]] == pytest.approx(
            [row["PM2.5_mean"] for row in expected]
        )
        assert [row["PM2.5_flag"] for row in answer["rows"]] == [row["PM2.5_flag"] for row in expected]
        assert (answer["total"], answer["next"], answer["every"]) == (len(expected), None, made.every)
        assert answer["values"][0]["unit"] == made.units["PM2.5"]
        assert answer["pin"] == client.post("/series?f=csv", json=asked).headers["pin"]


def test_readings_come_by_pages(folder):
    asked = {"layer": "air", "when": ["2024-01-09"], "at": ["A01", "A02"], "value": ["PM2.5"]}
    with opened(folder) as client, stcloud.open(folder) as city:
        expected = (
            city.series("air").when("2024-01-09").at("A01", "A02").values("PM2.5").to_arrow().to_pylist()
        )
        rows, after, pin = [], 0, None
        while after is not None:
            page = client.post("/series", json=asked | {"limit": 7, "after": after, "known_at": pin}).json()
            rows, after, pin = rows + page["rows"], page["next"], page["pin"]
        assert [(row["station"], row["PM2.5"], row["PM2.5_flag"]) for row in rows] == [
            (row["station"], row["PM2.5"], row["PM2.5_flag"]) for row in expected
        ]
        assert len(rows) == page["total"] > 14
        gaps = client.post("/series", json={"layer": "air", "gaps": True, "value": ["PM2.5"], "limit": 5})
        assert set(gaps.json()["rows"][0]) == {"station", "value", "from", "to", "steps"}
        assert client.post("/series", json={"layer": "air"}).json()["title"] == "too-many-rows"


def test_stations_are_where_they_were(folder):
    with opened(folder) as client, stcloud.open(folder) as city:
        described = client.get("/series/air").json()
        assert (described["stations"], described["step"]) == ("stations", "1h")
        assert "PM2.5" in [value["name"] for value in described["values"]]
        answer = client.get("/series/air/stations")
        assert answer.headers["content-type"] == "application/geo+json"
        keys = [feature["id"] for feature in answer.json()["features"]]
        assert keys == city.query("stations").as_of("2024-06-01").rows().table["st_key"].to_pylist()
        assert client.get("/series/air/stations?at=2023-06-01T00:00:00Z").json()["features"] == []


def test_episodes_are_those_of_the_library(folder):
    with opened(folder) as client, stcloud.open(folder) as city:
        answer = client.post("/episodes", json={"rule": RULE, "when": "2024-01-09/2024-01-18"}).json()
        expected = city.episodes("air", RULE).when("2024-01-09/2024-01-18").to_records()
        assert [row["episode"] for row in answer["rows"]] == [row["episode"] for row in expected]
        assert expected
        shapes = client.post("/episodes?f=geojson", json={"rule": RULE, "at": ["A02"]}).json()
        assert {feature["properties"]["station"] for feature in shapes["features"]} == {"A02"}
        assert {feature["geometry"]["type"] for feature in shapes["features"]} == {"Point"}


@pytest.mark.parametrize(
    ("path", "document", "status", "kind"),
    [
        ("/series", {"layer": "stations"}, 400, "not-series"), ("/series", {"layer": "no"}, 404, "unknown-layer"),
        ("/series", {"layer": "air", "at": ["<b>"]}, 404, "unknown-station"),
        ("/series", {"layer": "air", "value": ["CO7"]}, 404, "unknown-value"),
        ("/series", {"layer": "air", "where": ["file:/etc/passwd"]}, 400, "no-files"),
        ("/series", {"layer": "air", "resample": "1d", "gaps": True}, 400, "several-results"),
        ("/series", {"layer": "air", "resample": "1d", "method": ["mode"]}, 400, "unknown-method"),
        ("/series", {"layer": "air", "limit": 3_000}, 400, "too-many-rows"),
        ("/series", {"layer": "air", "station": "A"}, 400, "invalid-definition"),
        ("/episodes", {"rule": {"id": "smog"}, "layer": "air"}, 400, "invalid-definition"),
        ("/episodes", {"rule": "/etc/passwd"}, 400, "invalid-definition"),
        ("/episodes", {"rule": RULE, "layer": "no"}, 404, "unknown-layer"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused_in_one_line(folder, path, document, status, kind):
    with opened(folder) as client:
        answer = client.post(path, json=document)
        assert (answer.status_code, answer.json()["title"]) == (status, kind)
        assert "\n" not in answer.text
        assert "root:" not in answer.text


def test_readings_that_may_not_be_seen_are_absent(folder, tmp_path):
    trail = tmp_path / "audit.ndjson"
    with opened(
        folder, policy=Policy.from_toml(POLICY, name="policy.toml"), audit=AuditTrail(trail)
    ) as client:
        some = {"when": ["2024-01-09"], "limit": 5}
        assert len(client.post("/series", json={"layer": "air", **some}).json()["rows"]) == 5
        for name in ("/series/{}", "/series/{}/stations"):
            forbidden, none = (client.get(name.format(layer)) for layer in ("hidden", "absent"))
            assert forbidden.status_code == none.status_code == 404
            assert forbidden.content.replace(b"hidden", b"absent") == none.content
            assert client.get(name.format("counted")).json()["title"] == "not-permitted"
        for path, more in (("/series", some), ("/episodes", {"rule": RULE})):
            forbidden, none = (
                client.post(path, json={"layer": layer, **more}) for layer in ("hidden", "absent")
            )
            assert forbidden.status_code == none.status_code == 404
            assert forbidden.content.replace(b"hidden", b"absent") == none.content
            assert client.post(path, json={"layer": "counted", **more}).json()["title"] == "not-permitted"
    entries = [json.loads(line) for line in trail.read_text().splitlines()]
    assert [entry["rows"] for entry in entries if entry["action"] == "series" and entry.get("rows")] == [5]
    assert any(entry.get("withheld") for entry in entries if entry["action"] == "episodes")
