"""A service knows who asks, shows nobody more than they may see, and lets its cities go when it ends."""

import threading

import pytest
from starlette.testclient import TestClient

import stcloud
from stcloud.errors import InvalidInput, NotFound
from stcloud.iaas.clock import system_clock
from stcloud.saas.rights.audittrail import AuditTrail
from stcloud.saas.rights.policy import Policy
from stcloud.saas.rights.principal import ANONYMOUS
from stcloud.saas.rights.tokens import Tokens
from stcloud.saas.web import Service, Settings, application
from tests.saas.web.town import serving

POLICY = """
secret = "0123456789012345678901234567890123456789"
[[allow]]
who = ["role:desk"]
do = ["read"]
layers = ["*"]
[[allow]]
who = ["anonymous"]
do = ["read"]
layers = ["calls"]
what = ["n > 1"]
hide = ["weight"]
"""
FORBIDDEN = ("/collections/{}", "/collections/{}/items", "/collections/{}/items?datetime=..%2F2030-01-01T00:00:00Z",
             "/collections/{}/items/p1", "/collections/{}/items/p1/versions", "/collections/{}/queryables",
             "/collections/{}/loads", "/collections/{}/diff?from-known=2020-01-01", "/collections/{}/tiles",
             "/collections/{}/items?filter=weight%20%3E%201", "/collections/{}/items?unheard=1")  # fmt: skip


@pytest.fixture
def guarded(shanghai, tmp_path):
    """A service with a policy, and the token of who may see all."""
    tokens = Tokens(tmp_path / "tokens.toml")
    now_us = system_clock()
    token = tokens.add("zhao", ["desk"], now_us=now_us)
    old = tokens.add("li", ["desk"], now_us=now_us, expires_us=now_us + 1)
    policy = Policy.from_toml(POLICY, name="policy.toml")
    trail = AuditTrail(tmp_path / "audit.ndjson")
    service = Service({"town": shanghai.city}, policy=policy, tokens=tokens, audit=trail)
    with TestClient(application(service)) as client:
        yield client, {"Authorization": f"Bearer {token}"}, {"Authorization": f"Bearer {old}"}, trail
        service.cities = {}  # the town is served on


def test_an_unknown_city_is_not_found():
    with pytest.raises(NotFound, match="'nope'") as refused:
        Service({}).city("nope", ANONYMOUS)
    assert refused.value.kind == "unknown-city"


def test_what_is_forbidden_is_as_what_is_absent(guarded):
    client, _, _, _ = guarded
    for path in FORBIDDEN:
        forbidden, absent = (client.get(path.format(name)) for name in ("plots", "plotz"))
        assert forbidden.status_code == absent.status_code
        assert forbidden.text.replace("plots", "plotz") == absent.text, path


def test_rows_and_columns_that_are_forbidden_are_in_no_answer(guarded, shanghai):
    client, signed, _, _ = guarded
    few, whole = (
        client.get("/collections/calls/items?limit=1000", headers=head).json() for head in ({}, signed)
    )
    expected = shanghai.calls[shanghai.calls["n"] > 1]
    assert sorted(feature["id"] for feature in few["features"]) == sorted(expected["id"])
    assert few["numberMatched"] == len(expected) < whole["numberMatched"] == len(shanghai.calls)
    assert all("weight" not in feature["properties"] for feature in few["features"])
    path = "/collections/calls/items?filter={}%20%3E%201"
    hidden, unheard = (client.get(path.format(name)) for name in ("weight", "wxight"))
    assert hidden.status_code == unheard.status_code == 400
    assert hidden.text.replace("weight", "wxight") == unheard.text
    counted = client.post("/questions", json={"layer": "calls", "count": True}).json()["rows"]
    assert counted == [{"count": len(expected)}]


def test_tokens_that_are_not_valid_are_refused(guarded):
    client, signed, old, _ = guarded
    assert client.get("/", headers=signed).status_code == 200
    for head in (old, {"Authorization": "Bearer x"}, {"Authorization": "Basic eDp5"}):
        refused = client.get("/", headers=head)
        assert (refused.status_code, refused.json()["title"]) == (401, "not-signed-in")
        assert refused.headers["www-authenticate"] == "Bearer"


def test_an_answer_of_one_is_not_the_answer_of_another(guarded):
    client, signed, _, _ = guarded
    pinned = client.get("/collections/calls/items", headers=signed).headers["content-location"]
    whole, few = client.get(pinned, headers=signed), client.get(pinned)
    assert whole.headers["etag"] != few.headers["etag"]
    kept = [answer.headers["cache-control"].partition(",")[0] for answer in (whole, few)]
    assert kept == ["private", "public"]
    assert "Authorization" in whole.headers["vary"]
    again = client.get(pinned, headers={"If-None-Match": whole.headers["etag"]})
    assert again.status_code == 200


def test_it_is_noted_who_was_given_what(guarded):
    client, signed, _, trail = guarded
    page = client.get("/collections/calls/items?limit=2", headers=signed).json()
    (entry,) = trail.entries()
    assert (entry["principal"], entry["rows"], entry["pin"]) == ("zhao", 2, page["pin"])
    assert entry["question"]["path"] == "/collections/calls/items"
    assert trail.verify() == 1


def test_of_every_kind_of_answer_it_is_noted_how_much_was_given(guarded):
    client, signed, _, trail = guarded
    for path in ("items/r007", "diff?from-known=2020-01-01T00:00:00Z", "tiles/WebMercatorQuad/0/0/0"):
        assert client.get(f"/collections/calls/{path}", headers=signed).status_code in (200, 204), path
    client.post("/questions", json={"layer": "calls", "what": "n > 2", "count": True}, headers=signed)
    entries = list(trail.entries())
    assert all(entry["rows"] is not None and entry["pin"].startswith("pin:") for entry in entries)
    assert entries[-1]["question"]["document"] == {"layer": "calls", "what": ["n > 2"], "count": True}
    client.post(
        "/questions", json={"layer": "calls", "what": f"n IN ({', '.join(['7'] * 9_000)})"}, headers=signed
    )
    *_, last = trail.entries()
    assert set(last["question"]["document"]) == {"sha256", "bytes"}


def test_tokens_that_fail_are_counted(shanghai):
    policy = Policy.from_toml(POLICY, name="policy.toml")
    service = Service({"town": shanghai.city}, Settings(rate="3/minute"), policy=policy)
    with TestClient(application(service)) as client:
        heads = [{"Authorization": f"Bearer {number}"} for number in range(5)]
        assert [client.get("/", headers=head).status_code for head in heads] == [401, 401, 401, 429, 429]
        service.cities = {}  # the town is served on


def test_what_principals_see_is_renewed_though_nobody_asks(monkeypatch):
    service, renewed = Service({}, Settings(renew_s=0.01)), threading.Event()
    monkeypatch.setattr(service, "renew", renewed.set)
    with TestClient(application(service)):
        assert renewed.wait(10)


def test_a_name_of_another_service_is_refused(shanghai):
    client = TestClient(application(Service({"town": shanghai.city}, Settings(hosts=("localhost", "[::1]")))))
    for host, status in {"localhost": 200, "LOCALHOST:8080": 200, "[::1]:8080": 200, "evil.example": 421,
                         "localhost.evil.example": 421, "evil.example:8080": 421}.items():  # fmt: skip
        assert client.get("/", headers={"Host": host}).status_code == status, host
    assert client.get("/", headers={"Host": "evil.example"}).json()["title"] == "foreign-host"


def test_a_page_of_another_site_has_nothing_done(shanghai):
    """Whoever reaches a service without a policy may act and load, and so may a browser, for the pages in it."""
    settings = Settings(hosts=("localhost",), origins=("https://maps.example.org",))
    client = TestClient(application(Service({"town": shanghai.city}, settings)))
    question = {"json": {"layer": "calls"}}
    ours = {None: 200, "http://localhost:8080": 200, "https://maps.example.org": 200}
    others = {"http://localhost:3000": 403, "https://evil.example": 403, "null": 403}
    for origin, status in (ours | others).items():
        head = {"Host": "localhost:8080"} | ({} if origin is None else {"Origin": origin})
        assert client.post("/questions", headers=head, **question).status_code == status, origin
        assert client.get("/", headers=head).status_code == 200


def test_who_asks_too_often_is_turned_away(shanghai):
    service = Service({"town": shanghai.city}, Settings(rate="2/minute"))
    client = TestClient(application(service))
    statuses = [client.get("/health").status_code for _ in range(3)]
    assert statuses == [200, 200, 429]


def test_a_service_that_ends_closes_its_cities(tmp_path):
    city = stcloud.create(tmp_path / "town", crs="EPSG:4549", zone="Asia/Shanghai")
    with serving(city) as client:
        assert client.get("/collections").status_code == 200
    with pytest.raises(InvalidInput):
        city.layers()
