"""Layers for boards: what the library knows of each, by pages; a layer that may not be seen is absent."""

import itertools

import pytest
from starlette.testclient import TestClient

import stcloud
from stcloud.saas.rights.policy import Policy
from stcloud.saas.web import Service, Settings, application
from stcloud.testing.events import define, row, rows

DAY_US = 86_400_000_000
POLICY = """
[[allow]]
who = "anonymous"
do = "read"
layers = "events"
hide = "note"
"""


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    folder = tmp_path_factory.mktemp("layers")
    stcloud.create(folder / "town", crs="EPSG:4548", zone="Asia/Shanghai").close()
    ticks = itertools.count(1_712_000_000_000_000, 1_000_001)
    with stcloud.open(folder / "town", clock=lambda: next(ticks)) as made:
        (folder / "first.csv").write_text(rows() + row(6, lon=""))
        made.load("events", folder / "first.csv", definition=define('title = "Events"'))
        made.describe("events", update_cycle="P1D", themes=["roads"])
        (folder / "second.csv").write_text(rows())
        made.load("hidden", folder / "second.csv", definition=define(""))
        yield made


def asked(city, policy=None, at_us=1_712_000_000_000_000 + DAY_US * 3):
    service = Service({"town": city}, Settings(rate="100000/second"), policy=policy, clock=lambda: at_us)
    return TestClient(application(service), raise_server_exceptions=False)


def test_a_layer_has_what_the_library_knows_of_it(city):
    client = asked(city)
    whole = client.get("/layers").json()
    assert (whole["total"], whole["next"]) == (2, None)
    events, _ = whole["layers"]
    layer, quality = city.layer("events"), city.quality("events")
    assert (events["name"], events["title"], events["rows"]) == ("events", "Events", layer.events)
    assert events["themes"] == ["roads"]
    assert events["quality"]["unplaced"] == quality.unplaced == 1
    assert events["last_load"]["file"] == "first.csv"
    assert events["last_load"]["read"] == layer.loads[-1].read
    assert (
        events["stale_since"]
        == "2024-04-02T19:33:20.000001Z".replace("000001", "000001")[:19]
        + (events["last_load"]["recorded"][19:])
    )
    assert [column["name"] for column in events["columns"]] == [each.name for each in layer.attributes]
    alone = client.get("/layers/events").json()
    assert alone == events | {"history": [events["last_load"]]}
    fresh = asked(city, at_us=1_712_000_000_000_000 + DAY_US // 2).get("/layers/events").json()
    assert fresh["stale_since"] is None


def test_pages_have_each_layer_once(city):
    client = asked(city)
    first = client.get("/layers?limit=1").json()
    second = client.get(first["next"]).json()
    assert [page["layers"][0]["name"] for page in (first, second)] == ["events", "hidden"]
    assert second["next"] is None


@pytest.mark.parametrize(
    ("path", "status", "kind"),
    [
        ("/layers/none", 404, "unknown-layer"), ("/layers/%3Cb%3E%0A", 404, "unknown-layer"),
        ("/layers?limit=-1", 400, "bad-limit"), ("/layers?offset=x", 400, "bad-offset"),
        ("/layers?page=1", 400, "unknown-parameter"), ("/layers/events?f=html", 400, "unknown-format"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused_in_one_line(city, path, status, kind):
    answer = asked(city).get(path)
    assert (answer.status_code, answer.json()["title"]) == (status, kind)
    assert "\n" not in answer.text


def test_a_layer_that_may_not_be_seen_is_absent(city):
    with asked(stcloud.open(city.parts.folder.root), Policy.from_toml(POLICY, name="policy.toml")) as client:
        shown, start = client.get("/layers").json(), client.get("/console.json").json()
        forbidden, none = (client.get(f"/layers/{name}") for name in ("hidden", "absent"))
    assert [layer["name"] for layer in shown["layers"]] == ["events"]
    assert "note" not in [column["name"] for column in shown["layers"][0]["columns"]]
    assert shown["layers"][0]["may"] == ["read", "count"]
    assert forbidden.status_code == none.status_code == 404
    assert forbidden.content.replace(b"hidden", b"absent") == none.content
    assert [each["name"] for each in start["layers"]] == ["events"]
