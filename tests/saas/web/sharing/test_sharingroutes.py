"""Routes of Delta Sharing: what is listed, given and refused, to whom, and what is noted of it."""

import json
from urllib.parse import parse_qs, urlsplit

import pytest
from starlette.testclient import TestClient

import stcloud
from stcloud.saas.rights.policy import Policy
from stcloud.saas.web import Service, Settings, application
from stcloud.saas.web.sharing.sharedtable import versions_of
from tests.saas.web.sharing.conftest import SHARE, TABLES


def refused(response):
    """Return status and kind of an error as the protocol has it."""
    assert response.headers["content-type"] == "application/json"
    assert set(response.json()) == {"errorCode", "message"}
    return response.status_code, response.json()["errorCode"]


def names(response):
    assert response.status_code == 200, response.text
    return [item["name"] for item in response.json()["items"]]


def test_lists_name_the_share_its_schema_and_its_tables(shared):
    assert shared.get("/delta-sharing/shares").json() == {"items": [{"name": "town"}]}
    assert shared.get("/delta-sharing/shares/TOWN").json() == {
        "share": {"name": "town", "displayName": "Town <1>"}
    }
    assert shared.get(f"{SHARE}/schemas").json() == {"items": [{"name": "layers", "share": "town"}]}
    tables = [{"name": name, "schema": "layers", "share": "town"} for name in ("calls", "plots")]
    for path in (TABLES, f"{SHARE}/all-tables"):
        assert shared.get(path).json() == {"items": tables}
        first = shared.get(f"{path}?maxResults=1").json()
        assert first == {"items": tables[:1], "nextPageToken": "calls"}
        assert shared.get(path, params={"pageToken": first["nextPageToken"]}).json() == {"items": tables[1:]}


def test_a_name_of_a_share_has_nothing_that_names_may_not_have(shanghai):
    assert names(shanghai.client.get("/delta-sharing/shares")) == ["Town_<1>"]
    assert names(shanghai.client.get("/delta-sharing/shares/Town_%3C1%3E/all-tables")) == ["calls", "plots"]


def test_a_version_is_a_load(shared, shanghai):
    for table, newest in (("calls", "1"), ("PLOTS", "2")):
        response = shared.get(f"{TABLES}/{table}/version")
        assert (response.headers["delta-table-version"], response.content) == (newest, b"")
    first, second = (version.at_us for version in versions_of(shanghai.city.layer("calls")))
    iso = stcloud.time.Zone("UTC").iso
    for at_us, number in ((first, "0"), (first + 1, "1"), (second, "1")):
        response = shared.get(f"{TABLES}/calls/version", params={"startingTimestamp": iso(at_us)})
        assert response.headers["delta-table-version"] == number
    after = shared.get(f"{TABLES}/calls/version", params={"startingTimestamp": iso(second + 1)})
    assert refused(after) == (404, "unknown-version")
    rows = {at_us: len(shared.rows("calls", timestamp=iso(at_us))) for at_us in (first, second - 1, second)}
    assert rows == {first: 31, second - 1: 31, second: 36}
    assert refused(shared.query("calls", timestamp=iso(first - 1))) == (404, "unknown-version")


def test_metadata_say_what_the_files_have(shared):
    response = shared.get(f"{TABLES}/plots/metadata")
    assert response.headers["content-type"] == "application/x-ndjson; charset=utf-8"
    protocol, metadata = map(json.loads, response.text.splitlines())
    assert protocol == {"protocol": {"minReaderVersion": 1}}
    fields = json.loads(metadata["metaData"]["schemaString"])["fields"]
    assert [(field["name"], field["type"]) for field in fields] == [
        ("st_key", "string"), ("k", "string"), ("use", "string"), ("st_geom", "binary"),
    ]  # fmt: skip
    assert fields[-1]["metadata"]["crs"] == "OGC:CRS84"
    assert shared.rows("plots").schema.names == [field["name"] for field in fields]
    dated = shared.get(f"{TABLES}/plots/metadata?version=1")
    assert dated.headers["delta-table-version"] == "1"
    assert json.loads(dated.text.splitlines()[1])["metaData"]["version"] == 1
    assert refused(shared.get(f"{TABLES}/plots/metadata?version=x")) == (400, "bad-limit")


def test_lines_may_be_those_of_deltas_log(shared):
    heads = shared.heads["zhao"] | {"delta-sharing-capabilities": "responseformat=delta;readerfeatures=x"}
    response = shared.client.post(f"{TABLES}/calls/query", headers=heads, json={})
    assert response.headers["delta-sharing-capabilities"] == "responseformat=delta"
    protocol, metadata, file = map(json.loads, response.text.splitlines())
    assert protocol["protocol"]["deltaProtocol"] == {"minReaderVersion": 1, "minWriterVersion": 2}
    assert metadata["metaData"]["deltaMetadata"]["format"] == {"provider": "parquet", "options": {}}
    assert (metadata["metaData"]["numFiles"], metadata["metaData"]["size"]) == (1, file["file"]["size"])
    add = file["file"]["deltaSingleAction"]["add"]
    assert len(shared.client.get(add["path"]).content) == add["size"]


def test_ids_of_files_are_the_same_for_every_scheme(shared):
    for wanted in ("parquet", "DELTA"):
        heads = shared.heads["zhao"] | {"fileidhash": wanted}
        response = shared.client.post(f"{TABLES}/calls/query", headers=heads, json={})
        assert response.headers["fileidhash"] == wanted.lower()
        assert json.loads(response.text.splitlines()[2])["file"]["id"] == shared.files("calls")[0]["id"]
    heads = shared.heads["zhao"] | {"fileidhash": "sha1"}
    assert refused(shared.client.post(f"{TABLES}/calls/query", headers=heads, json={})) == (
        400,
        "unknown-format",
    )


def test_hints_are_taken_and_need_not_be_heeded(shared):
    whole = shared.rows("calls")
    hinted = shared.rows("calls", predicateHints=["n > 3"], jsonPredicateHints="{", limitHint=5, unheard=[1])
    assert hinted.equals(whole)
    assert shared.files("calls", limitHint=0) == []
    empty = shared.client.post(f"{TABLES}/calls/query", headers=shared.heads["zhao"])
    assert (empty.status_code, len(empty.text.splitlines())) == (200, 3)


@pytest.mark.parametrize(
    ("wanted", "fault"),
    [
        ({"limitHint": -1}, "invalid-definition"),
        ({"version": "1"}, "invalid-definition"),
        ({"version": -1}, "invalid-definition"),
        ({"version": 1, "timestamp": "2024-03-01T00:00:00Z"}, "asked-twice"),
        ({"timestamp": "yesterday"}, "unreadable-datetime"),
        ({"timestamp": "2024-03-01"}, "unreadable-datetime"),
    ],
)
def test_a_question_that_cannot_be_read_is_refused(wanted, fault, shared):
    assert refused(shared.query("calls", **wanted)) == (400, fault)


def test_what_is_no_json_is_refused(shared):
    response = shared.client.post(f"{TABLES}/calls/query", headers=shared.heads["zhao"], content=b"{")
    assert refused(response) == (400, "not-json")


def test_changes_are_not_shared(shared):
    response = shared.get(f"{TABLES}/calls/changes?startingVersion=0")
    assert refused(response) == (404, "no-change-feed")
    assert refused(shared.query("calls", startingVersion=0)) == (404, "no-change-feed")


@pytest.mark.parametrize(
    "path",
    [
        "/delta-sharing/shares/x",
        f"{SHARE}/schemas/x/tables",
        f"{TABLES}/x/version",
        f"{TABLES}/..%2Fcity/metadata",
    ],
)
def test_what_is_not_shared_is_not_there(path, shared):
    assert refused(shared.get(path)) == (404, "not-shared")


def test_other_faults_are_told_as_the_protocol_has_them(shared):
    assert refused(shared.client.get(f"{SHARE}/all-tables", headers={"Authorization": "Bearer x"})) == (
        401, "not-signed-in",
    )  # fmt: skip
    assert refused(shared.client.post(f"{SHARE}/all-tables")) == (405, "wrong-method")
    big = shared.client.post(f"{TABLES}/calls/query", headers=shared.heads["zhao"], content=b" " * 4_000_001)
    assert refused(big) == (413, "body-too-large")


# Rights.


def test_who_may_not_read_all_rows_of_a_layer_has_no_table_of_it(shared):
    """What may not be seen, what is limited in rows, and what may only be counted are as what there is not."""
    assert names(shared.get(TABLES, "qian")) == ["calls"]
    assert names(shared.get(TABLES, "sun")) == ["plots"]
    for who in ("li", "wu", "nobody"):
        assert names(shared.get(TABLES, who)) == []
    absent = shared.get(f"{TABLES}/nope/metadata").content
    for who, table in (
        ("sun", "calls"),
        ("qian", "plots"),
        ("li", "calls"),
        ("wu", "calls"),
        ("nobody", "plots"),
    ):
        response = shared.get(f"{TABLES}/{table}/metadata", who)
        assert refused(response) == (404, "not-shared")
        assert response.content.replace(table.encode(), b"nope") == absent
        assert refused(shared.query(table, who)) == (404, "not-shared")


def test_hidden_columns_and_masks_travel(shared, shanghai):
    rows, whole = shared.rows("calls", "qian"), shared.rows("calls")
    assert "weight" not in rows.schema.names
    assert rows.schema.names == [name for name in whole.schema.names if name not in ("weight", "lon", "lat")]
    assert len(rows) == len(whole)
    known = dict(zip(whole["st_key"].to_pylist(), whole["category"].to_pylist(), strict=True))
    codes = {
        known[key]: code
        for key, code in zip(rows["st_key"].to_pylist(), rows["category"].to_pylist(), strict=True)
    }
    assert codes.pop(None) is None
    assert all(len(code) == 16 for code in codes.values())
    assert len(set(codes.values())) == len(codes) == 3
    places = {
        key: x for key, x in zip(whole["st_key"].to_pylist(), whole["st_lon"].to_pylist(), strict=True) if x
    }
    moved = dict(zip(rows["st_key"].to_pylist(), rows["st_lon"].to_pylist(), strict=True))
    assert all(0 < abs(moved[key] - x) < 0.001 for key, x in places.items())
    assert shared.files("calls", "qian")[0]["id"] != shared.files("calls")[0]["id"]


def test_an_address_needs_no_token_and_holds_none(shared):
    (file,) = shared.files("calls", "qian")
    assert set(parse_qs(urlsplit(file["url"]).query)) == {"sp", "token"}
    assert shared.heads["qian"]["Authorization"].removeprefix("Bearer ") not in file["url"]
    part = shared.client.get(file["url"], headers={"Range": "bytes=0-3"})
    assert (part.status_code, part.content) == (206, b"PAR1")
    head = shared.client.head(file["url"])
    assert (int(head.headers["content-length"]), head.content) == (file["size"], b"")
    assert (
        "content-encoding" not in shared.client.get(file["url"], headers={"Accept-Encoding": "gzip"}).headers
    )
    assert file["id"] in head.headers["etag"]


def test_an_address_that_expired_was_forged_or_names_another_file_gives_nothing(shared):
    (file,) = shared.files("calls", "qian")
    (other,) = shared.files("calls")
    path, _, query = file["url"].partition("?")
    token = parse_qs(query)["token"][0]
    shared.late_us[0] = 901_000_000
    try:
        assert refused(shared.client.get(file["url"])) == (401, "not-signed-in")
    finally:
        shared.late_us[0] = 0
    elsewhere = (path.replace(file["id"], name) for name in (other["id"], "..%2f..%2fetc%2fpasswd"))
    forged = (
        f"{path}?token=x",
        f"{path}?sp=r&token={token[:-6]}AAAAAA",
        *(f"{url}?{query}" for url in elsewhere),
    )
    for url in (path, *forged):
        assert refused(shared.client.get(url, headers=shared.heads["zhao"])) == (401, "not-signed-in"), url
    assert shared.client.get(file["url"]).status_code == 200


def test_the_trail_has_who_was_given_what_and_no_signature(shared):
    (file,) = shared.files("calls", "qian", version=0)
    assert shared.client.get(file["url"]).status_code == 200
    shared.get(f"{TABLES}/calls/metadata", "wu")
    text = shared.trail.read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    query, read = [line for line in lines if line["action"] in ("table_query", "sharing_file")][-2:]
    assert (query["action"], read["action"]) == ("table_query", "sharing_file")
    assert query["principal"] == read["principal"] == "qian"
    assert query["rows"] == read["rows"] == 31
    assert query["pin"] == read["pin"]
    assert parse_qs(urlsplit(file["url"]).query)["token"][0] not in text
    assert lines[-1]["withheld"] is True


# Purges, and files that are there no more.


def make_city(folder, rows=3):
    import pandas as pd

    city = stcloud.create(folder / "city", crs="EPSG:4548", zone="Asia/Shanghai")
    frame = pd.DataFrame({"id": list("abcdef")[:rows], "at": "2024-03-01", "lon": 117.0, "lat": 31.9})
    city.load("requests", frame, key="id", time="at", lon="lon", lat="lat", datum="wgs84")
    return city


def read_files(client):
    response = client.post("/delta-sharing/shares/city/schemas/layers/tables/requests/query", json={})
    return [json.loads(line)["file"] for line in response.text.splitlines()[2:]]


def test_what_was_purged_is_given_no_more_and_lies_nowhere(tmp_path):
    city = make_city(tmp_path)
    service = Service({"city": city}, Settings(rate="100000/second"))
    with TestClient(application(service), raise_server_exceptions=False) as client:
        (file,) = read_files(client)
        derived = [each.path for each in service.table_files.of(file["id"].rpartition("-")[0], lambda _: [])]
        assert derived[0].exists()
        city.purge("requests", what="id = 'a'")
        assert refused(client.get(file["url"])) == (410, "purged")
        service.renew()
        assert not derived[0].exists()
        assert [json.loads(each["stats"]) for each in read_files(client)] == [{"numRecords": 2}]


def test_files_that_were_removed_are_made_again_the_same(tmp_path):
    city = make_city(tmp_path)
    service = Service({"city": city}, Settings(rate="100000/second", most_shared_bytes=1))
    with TestClient(application(service), raise_server_exceptions=False) as client:
        (file,) = read_files(client)
        first = client.get(file["url"]).content
        for derived in service.table_files.of(file["id"].rpartition("-")[0], lambda _: []):
            derived.path.unlink()
        service.table_files.close()
        service.table_files = type(service.table_files)(1)
        assert client.get(file["url"]).content == first


def test_each_of_several_cities_has_a_share_of_its_own(tmp_path):
    first, second = make_city(tmp_path / "1"), make_city(tmp_path / "2", rows=2)
    policy = Policy.from_toml(
        '[[allow]]\nwho = "anonymous"\ncities = "first"\ndo = "read"\nlayers = "*"\n', name="policy.toml"
    )
    service = Service({"first": first, "second": second}, policy=policy)
    with TestClient(application(service), raise_server_exceptions=False) as client:
        assert names(client.get("/first/delta-sharing/shares")) == ["first"]
        table = "delta-sharing/shares/first/schemas/layers/tables/requests"
        response = client.post(f"/first/{table}/query", json={})
        file = json.loads(response.text.splitlines()[2])["file"]
        assert client.get(file["url"]).status_code == 200
        elsewhere = client.get(file["url"].replace("/first/", "/second/"))
        assert (elsewhere.status_code, elsewhere.json()["title"]) == (404, "no-route")
        assert client.get("/second/delta-sharing/shares").json()["title"] == "no-route"
        assert client.get("/second/delta-sharing/files/x?token=x").json()["title"] == "no-route"
        assert refused(client.get("/first/delta-sharing/files/x?token=x")) == (401, "not-signed-in")
