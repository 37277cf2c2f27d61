"""What is loaded over HTTP is what the library loads of the same file, by whom it is granted, or nothing."""

import asyncio
import gzip
import io
import json
import shutil
import tempfile
import threading
import time
import zipfile

import geopandas as gpd
import pandas as pd
import pytest
from starlette.testclient import TestClient

import stcloud
from stcloud.saas.rights.audittrail import AuditTrail
from stcloud.saas.rights.policy import Policy
from stcloud.saas.rights.tokens import Tokens
from stcloud.saas.web import Service, Settings, application
from stcloud.saas.web.intake import FILE_TYPES

ZONE = "Pacific/Auckland"
FIRST = "id,at,lon,lat,kind\na,2024-04-06 23:30,174.76,-36.85,tree\nb,2024-04-07 02:30,174.77,-36.86,lamp\n"
SECOND = "id,at,lon,lat,kind\nb,2024-04-07 02:30,174.77,-36.86,路灯\nc,2024-04-08 09:00,174.75,-36.87,\n"
PLOTS = {"k": ["p1", "p2"], "use": ["park", "road"]}
CSV = {"Content-Type": "text/csv"}
CALLS, PLOT_LOADS = "/collections/calls/loads", "/collections/plots/loads"
POLICY = """
[[allow]]
who = "role:loader"
do = ["read", "load"]
layers = ["calls"]
[[allow]]
who = "role:blind"
do = ["load"]
layers = ["calls", "new*"]
[[allow]]
who = "role:reader"
do = ["read"]
layers = ["calls"]
[[allow]]
who = "role:part"
do = ["read", "load"]
layers = ["calls"]
what = ["kind = 'tree'"]
"""


def made(folder):
    """Return a city of a layer of events and one of features, each of one load."""
    city = stcloud.create(folder, crs="EPSG:2193", zone=ZONE, name="town")
    (folder.parent / "first.csv").write_text(FIRST)
    city.load("calls", folder.parent / "first.csv", key="id", time="at", lon="lon", lat="lat")
    city.load("plots", plots(), key="k", valid_from="2020-01-01")
    return city


def plots(uses=("park", "road")):
    places = gpd.points_from_xy([174.76, 174.77], [-36.85, -36.86]).buffer(0.001)
    return gpd.GeoDataFrame(PLOTS | {"use": list(uses)}, geometry=places, crs="EPSG:4326")


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    folder = tmp_path_factory.mktemp("intake") / "town"
    made(folder).close()
    return folder


@pytest.fixture
def folder(original, tmp_path):
    return shutil.copytree(original, tmp_path / "served")


@pytest.fixture
def city(folder):
    with stcloud.open(folder) as opened:
        yield opened


@pytest.fixture
def twin(original, tmp_path):
    """A city like the one that is served, into which the library loads."""
    with stcloud.open(shutil.copytree(original, tmp_path / "twin")) as opened:
        yield opened


@pytest.fixture
def client(city):
    return TestClient(application(Service({"town": city})), raise_server_exceptions=False)


def rows(city, layer):
    """Return every version of every row, but for the instants at which they were recorded."""
    query = city.query(layer)
    table = (query.when("2000/2100") if layer == "plots" else query).rows().to_pandas()
    names = [name for name in table if not name.startswith("st_recorded") and name != "st_load"]
    return table[names].sort_values(names[0], ignore_index=True)


def counts(reckoning):
    return {name: reckoning[name] for name in ("read", "accepted", "updated", "unchanged", "rejected")}


def bodies():
    """Return files of the second load by their type."""
    frame = pd.read_csv(io.StringIO(SECOND), dtype=str, keep_default_na=False)
    places = gpd.points_from_xy(frame.lon.astype(float), frame.lat.astype(float))
    features = gpd.GeoDataFrame(frame, geometry=places, crs="EPSG:4326").to_json(drop_id=True)
    lines = "\n".join(json.dumps(feature) for feature in json.loads(features)["features"])
    parquet, packed = io.BytesIO(), io.BytesIO()
    frame.to_parquet(parquet)
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("second.csv", SECOND)
    return {
        "text/csv": SECOND.encode(),
        "application/x-ndjson": frame.to_json(orient="records", lines=True).encode(),
        "application/json": frame.to_json(orient="records").encode(),
        "application/geo+json": features.encode(),
        "application/geo+json-seq": lines.encode(),
        "application/vnd.apache.parquet": parquet.getvalue(),
        "application/zip": packed.getvalue(),
    }


FILES = bodies()
EVERY_DAY = ("text/csv", "application/geo+json", "application/vnd.apache.parquet")


@pytest.mark.parametrize(
    "kind", [kind if kind in EVERY_DAY else pytest.param(kind, marks=pytest.mark.costly) for kind in FILES]
)
def test_a_body_is_loaded_as_the_library_loads_its_file(kind, client, city, twin, tmp_path):
    body = FILES[kind]
    (tmp_path / f"second{FILE_TYPES[kind]}").write_bytes(body)
    response = client.post(CALLS, content=body, headers={"Content-Type": kind})
    expected = twin.load("calls", tmp_path / f"second{FILE_TYPES[kind]}")
    assert response.status_code == 201, response.text
    assert counts(response.json()) == counts(expected.counts)
    pd.testing.assert_frame_equal(rows(city, "calls"), rows(twin, "calls"))
    shown = client.get(response.headers["location"])
    assert shown.json()["load"] == response.json()["load"] == city.layer("calls").loads[-1].load
    assert client.get(CALLS).json()["loads"][-1]["load"] == shown.json()["load"]


def test_options_are_those_of_the_library(client, city, twin):
    body = plots(("school", "road")).to_json().encode()
    later = client.post(
        PLOT_LOADS, params={"mode": "changes", "valid-from": "2024-04-07"}, content=body,
        headers={"Content-Type": "application/geo+json; charset=utf-8"},
    )  # fmt: skip
    assert later.status_code == 201, later.text
    twin.load("plots", io.BytesIO(body), source_format="geojson", mode="changes", valid_from="2024-04-07")
    pd.testing.assert_frame_equal(rows(city, "plots"), rows(twin, "plots"))
    empty = client.post(
        PLOT_LOADS, params={"mode": "snapshot", "valid-from": "2025-01-01"},
        content=b'{"type":"FeatureCollection","features":[]}', headers={"Content-Type": "application/geo+json"},
    )  # fmt: skip
    assert (empty.status_code, empty.json()["title"]) == (400, "empty-source")


DATED = """
id = "wards"
kind = "feature"
key = ["k"]
[valid]
file = "wards_%Y%m%d"
[space]
column = "wkt"
crs = "EPSG:4326"
"""


def test_a_name_is_read_where_the_definition_reads_it(client, city):
    content = "k,wkt\nw1,POINT (174.76 -36.85)\n"
    rows = pd.DataFrame({"k": ["w1"], "wkt": ["POINT (174.7 -36.8)"]})
    city.load(
        "wards", rows, definition=stcloud.Definition.from_toml(DATED, name="wards"), valid_from="2020-01-01"
    )
    address = "/collections/wards/loads"
    undated = client.post(address, content=content, headers=CSV)
    assert (undated.status_code, undated.json()["title"]) == (400, "undated-file")
    dated = client.post(address, params={"name": "wards_20240407.csv"}, content=content, headers=CSV)
    assert dated.status_code == 201, dated.text
    (version,) = city.query("wards").as_of("2024-04-07").rows().to_records()
    assert pd.Timestamp(version["st_valid_from"]) == pd.Timestamp("2024-04-07", tz=ZONE)


def test_the_same_body_again_is_no_second_load(client, city):
    first = client.post(CALLS, content=SECOND, headers=CSV)
    again = client.post(CALLS, content=SECOND, headers=CSV | {"Content-Encoding": "identity"})
    assert (first.status_code, again.status_code) == (201, 200)
    assert (first.json()["known"], again.json()["known"]) == (False, True)
    assert again.headers["content-location"] == first.headers["location"]
    assert len(city.layer("calls").loads) == 2


def test_a_dry_run_changes_nothing(client, city):
    before = rows(city, "calls")
    tried = client.post(CALLS, params={"dry-run": "true"}, content=SECOND, headers=CSV)
    assert (tried.status_code, tried.json()["accepted"], tried.json()["updated"]) == (200, 1, 1)
    assert "location" not in tried.headers
    pd.testing.assert_frame_equal(rows(city, "calls"), before)
    assert len(city.layer("calls").loads) == 1


def test_a_packed_body_is_unpacked(client, city, twin, tmp_path):
    packed = gzip.compress(SECOND.encode())
    response = client.post(CALLS, content=packed, headers=CSV | {"Content-Encoding": "gzip"})
    assert response.status_code == 201, response.text
    (tmp_path / "second.csv").write_text(SECOND)
    twin.load("calls", tmp_path / "second.csv")
    pd.testing.assert_frame_equal(rows(city, "calls"), rows(twin, "calls"))


def test_rows_that_cannot_be_are_a_problem_or_counted(client, city):
    bad = SECOND + "d,tomorrow,174.7,-36.8,x\n"
    refused = client.post(CALLS, content=bad, headers=CSV)
    assert (refused.status_code, refused.json()["title"]) == (400, "too-many-rejected")
    assert "row 3" in refused.json()["detail"]
    assert "/" not in refused.json()["detail"].replace("km/h", "")
    assert len(city.layer("calls").loads) == 1
    taken = client.post(CALLS, params={"max-rejected": "50%"}, content=bad, headers=CSV)
    assert (taken.status_code, taken.json()["rejected"]) == (201, 1)
    assert sum(taken.json()["rejected_by"].values()) == 1


VRT = (
    b'<OGRVRTDataSource><OGRVRTLayer name="x"><SrcDataSource>/etc/passwd</SrcDataSource></OGRVRTLayer>'
    b"</OGRVRTDataSource>"
)


def zipped(name, content):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr(name, content)
    return packed.getvalue()


def bomb():
    """Return what is small and unpacks to 300 MiB: made where it is sent, not where tests are collected."""
    return zipped("x.geojson", b" " * (300 << 20))


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("text/csv", b""),
        ("text/csv", b"\x00\xff\xfe" * 99),
        ("application/geo+json", VRT),
        ("application/geopackage+sqlite3", VRT),
        ("application/flatgeobuf", VRT),
        ("application/vnd.apache.parquet", b"PAR1" + b"\xff" * 40 + b"PAR1"),
        ("application/zip", zipped("x.vrt", VRT)),
        ("application/zip", zipped("../../x.csv", SECOND)),
        ("application/zip", bomb),
        ("application/json", b"[" * 100_000),
    ],
)
def test_hostile_bodies_are_refused_in_a_clear_line(kind, body, client, city, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "spool"))
    (tmp_path / "spool").mkdir()
    content = body() if callable(body) else body
    response = client.post(CALLS, content=content, headers={"Content-Type": kind})
    assert response.status_code == 400, response.text
    assert "stcloud-upload" not in response.text
    assert str(tmp_path) not in response.text
    assert len(city.layer("calls").loads) == 1
    assert [path for path in (tmp_path / "spool").iterdir() if "upload" in path.name] == []


@pytest.mark.parametrize(
    ("parameters", "headers", "status", "title"),
    [
        ({}, {}, 415, "wrong-media-type"),
        ({}, {"Content-Type": "application/xml"}, 415, "wrong-media-type"),
        ({}, {"Content-Type": "text/plain"}, 415, "wrong-media-type"),
        ({}, CSV | {"Content-Encoding": "br"}, 415, "wrong-media-type"),
        ({"definition": "/etc/passwd"}, CSV, 400, "unknown-parameter"),
        ({"engine": "sc://x"}, CSV, 400, "unknown-parameter"),
        ({"name": "../x.csv"}, CSV, 400, "unusable-name"),
        ({"name": "x.vrt"}, CSV, 400, "unusable-name"),
        ({"name": "x" * 200 + ".csv"}, CSV, 400, "unusable-name"),
        ({"source-layer": "*"}, CSV, 400, "one-table"),
        ({"again": "yes"}, CSV, 400, "bad-flag"),
        ({"mode": "snapshot"}, CSV, 400, "unknown-mode"),
        ({"crs": "EPSG:4549"}, CSV, 400, "other-definition"),
        ({"max-rejected": "many"}, CSV, 400, "bad-limit"),
    ],
)
def test_what_is_not_offered_is_refused(parameters, headers, status, title, client, city):
    response = client.request("POST", CALLS, params=parameters, content=SECOND.encode(), headers=headers)
    assert (response.status_code, response.json()["title"]) == (status, title), response.text
    assert len(city.layer("calls").loads) == 1


def test_a_layer_that_is_not_there_is_not_made(client, city):
    assert client.post("/collections/new/loads", content=SECOND, headers=CSV).status_code == 404
    assert client.get(f"{CALLS}/nope").json()["title"] == "unknown-load"
    assert [layer.name for layer in city.layers()] == ["calls", "plots"]


def test_only_so_much_is_loaded(city):
    for most, status in ((10, 413), (0, 403)):
        client = TestClient(application(Service({"town": city}, Settings(most_load_bytes=most))))
        assert client.post(CALLS, content=SECOND, headers=CSV).status_code == status
        parts = iter([b"x" * 6, b"x" * 6])
        assert client.post(CALLS, content=parts, headers=CSV).status_code == status
        assert ("post" in client.get("/api").json()["paths"][CALLS]) == bool(most)


@pytest.fixture
def guarded(city, tmp_path):
    """Return a client of a service with a policy, and what each sends to show who it is."""
    tokens, now_us = Tokens(tmp_path / "tokens.toml"), city.parts.clock()
    heads = {
        role: {"Authorization": f"Bearer {tokens.add(f'a-{role}', [role], now_us=now_us)}"}
        for role in ("loader", "blind", "reader", "part", "none")
    }
    policy = Policy.from_toml(POLICY, name="policy.toml")
    trail = AuditTrail(tmp_path / "audit.ndjson")
    with TestClient(
        application(Service({"town": city}, policy=policy, tokens=tokens, audit=trail))
    ) as client:
        yield client, heads, tmp_path / "audit.ndjson"


def test_who_may_not_load_gets_what_an_absent_layer_gets(guarded, city):
    client, heads, _ = guarded

    def sent(layer, who):
        return client.post(f"/collections/{layer}/loads", content=SECOND, headers=CSV | heads.get(who, {}))

    for who in ("none", "nobody", "loader", "blind", "reader"):
        hidden, absent = sent("plots", who), sent("plotz", who)
        assert (hidden.status_code, hidden.text) == (404, absent.text.replace("plotz", "plots")), who
    assert sent("new1", "blind").status_code == 404
    assert (sent("calls", "reader").status_code, sent("calls", "none").status_code) == (403, 404)
    assert sent("calls", "reader").json()["title"] == "not-permitted"
    assert len(city.layer("calls").loads) == 1


def test_who_may_load_does_and_it_is_noted(guarded, city):
    client, heads, trail = guarded
    taken = client.post(CALLS, content=SECOND, headers=CSV | heads["loader"])
    assert taken.status_code == 201, taken.text
    assert client.get(taken.headers["location"], headers=heads["loader"]).status_code == 200
    third = SECOND.replace("路灯", "tree")
    blind = client.post(CALLS, content=third, headers=CSV | heads["blind"])
    assert (blind.status_code, blind.headers.get("location"), blind.json().get("links")) == (201, None, None)
    fourth = third.replace("174.77", "174.78")
    part = client.post(CALLS, content=fourth, headers=CSV | heads["part"])
    assert part.status_code == 201, part.text
    assert client.get(part.headers["location"], headers=heads["part"]).status_code == 200
    assert len(city.layer("calls").loads) == 4
    noted = [json.loads(line) for line in trail.read_text().splitlines()]
    loads = [line for line in noted if line["action"] == "load"]
    assert [line["principal"] for line in loads] == ["a-loader", "a-blind", "a-part"]
    assert "路灯" not in trail.read_text()


def test_the_definition_has_loads_for_whom_they_are(guarded):
    client, heads, _ = guarded
    for who, may in (("loader", True), ("reader", False)):
        item = client.get("/api", headers=heads[who]).json()["paths"][CALLS]
        assert ("post" in item) == may


class Gate:
    """A clock at which a load waits until it is let through."""

    def __init__(self):
        self.closed, self.reached, self.opened = False, threading.Event(), threading.Event()

    def __call__(self):
        if self.closed:
            self.reached.set()
            self.opened.wait(30)
        return time.time_ns() // 1_000


@pytest.mark.parametrize("ending", ["disconnect", "time"])
def test_a_load_that_nobody_waits_for_leaves_nothing(ending, folder, tmp_path, monkeypatch):
    gate = Gate()
    spool = tmp_path / "spool"
    spool.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(spool))
    with stcloud.open(folder, clock=gate) as city:
        before = rows(city, "calls")
        seconds = 60 if ending == "disconnect" else 1.0
        app = application(Service({"town": city}, Settings(load_seconds=seconds)))
        status = asyncio.run(given_up(app, gate, spool, leaves=ending == "disconnect"))
        assert status == (None if ending == "disconnect" else 503)
        assert list(spool.iterdir()) == []
        pd.testing.assert_frame_equal(rows(city, "calls"), before)
        assert len(city.layer("calls").loads) == 1
        assert [finding for finding in city.check() if finding.faults] == []


async def given_up(app, gate, spool, *, leaves):
    """Send the second file, and have it given up when it is about to be written; return the status of the answer."""
    gate.closed = True
    status = await posted(app, gate, leaves=leaves)
    gate.closed = False
    gate.opened.set()
    for _ in range(600):
        if not list(spool.iterdir()):
            break
        await asyncio.sleep(0.02)
    return status


async def posted(app, gate, *, leaves):
    """Send the second file, and leave when it is being loaded, or stay; return the status of the answer."""
    messages = [{"type": "http.request", "body": SECOND.encode(), "more_body": False}]
    answers = []

    async def receive():
        if messages:
            return messages.pop(0)
        while leaves and not gate.reached.is_set():
            await asyncio.sleep(0.01)
        if not leaves:
            await asyncio.Event().wait()
        return {"type": "http.disconnect"}

    async def send(message):
        answers.append(message)

    scope = {"type": "http", "method": "POST", "path": CALLS, "raw_path": CALLS.encode(), "query_string": b"",
             "headers": [(b"content-type", b"text/csv"), (b"host", b"town")], "http_version": "1.1",
             "scheme": "http", "server": ("town", 80), "client": ("127.0.0.1", 1), "root_path": ""}  # fmt: skip
    await app(scope, receive, send)
    return answers[0]["status"] if answers else None


def test_a_load_while_another_holds_the_layer_is_a_conflict(city):
    client = TestClient(application(Service({"town": city}, Settings(load_wait_s=0.05))))
    with city.parts.catalogue.locked("calls", wait_s=1):
        response = client.post(CALLS, content=SECOND, headers=CSV)
    assert (response.status_code, response.json()["title"]) == (409, "locked")
