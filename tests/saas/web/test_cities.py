"""A principal knows of the cities that it is granted something of; the others are as cities that there are not."""

import pytest
from starlette.testclient import TestClient

import stcloud
from stcloud.errors import InvalidDefinition
from stcloud.iaas.clock import system_clock
from stcloud.saas.rights.audittrail import AuditTrail
from stcloud.saas.rights.policy import Policy
from stcloud.saas.rights.principal import ANONYMOUS, Principal
from stcloud.saas.rights.tokens import Tokens
from stcloud.saas.web import Service, Settings, application
from stcloud.saas.web.application import RESOURCES

POLICY = """
[[allow]]
who = "role:desk"
do = "read"
layers = "*"
cases = "*"
[[allow]]
who = "anonymous"
do = "count"
layers = "calls"
cities = "alph*"
[[allow]]
who = "clerk"
do = "act"
cases = "desk*"
cities = ["beta", "gam*"]
"""
ROW = {"id": "1", "at": "2024-03-01T00:00:00Z", "lon": 174.7, "lat": -36.9}
VALUES = {
    "scene": "x", "load": "1", "share": "x", "schema": "layers", "table": "calls", "file": "x",
    "collection": "calls", "feature": "1", "tileMatrixSet": "WebMercatorQuad", "tileMatrix": "0", "tileRow": "0",
    "tileCol": "0", "log": "desk", "case": "1", "format": "json", "code": "1", "request": "1",
}  # fmt: skip
MORE = (
    "",
    "?f=html",
    "?f=nope",
    "?known=x",
    "/%ff",
    "/",
    "/collections/%ff",
    "/collections/calls/items/%ff/versions",
)


@pytest.fixture
def several(tmp_path):
    """A service of three cities, its client, and the header of who may see all."""
    cities = {
        name: stcloud.create(
            tmp_path / name, crs="EPSG:2193", zone="Pacific/Auckland", name=f"City {name}", calendar="NZ"
        )
        for name in ("alpha", "beta", "gamma")
    }
    for name in ("alpha", "beta"):
        cities[name].load("calls", [ROW], key="id", time="at", lon="lon", lat="lat", datum="wgs84")
    cities["beta"].cases("desk", create="urban-management").close()
    tokens = Tokens(tmp_path / "tokens.toml")
    heads = {
        role: {"Authorization": f"Bearer {tokens.add(role, [role], now_us=system_clock())}"}
        for role in ("desk", "none")
    }
    service = Service(
        cities, Settings(rate="10000/second", most_body_bytes=1_000),
        policy=Policy.from_toml(POLICY, name="policy.toml"), tokens=tokens,
    )  # fmt: skip
    with TestClient(application(service)) as client:
        yield service, client, heads


def names(client, head):
    links = client.get("/", headers=head).json()["links"]
    return [link["href"].split("/")[-2] for link in links if link["rel"] == "item"]


def test_a_principal_sees_the_cities_that_it_is_granted_something_of(several):
    service, client, heads = several
    assert names(client, {}) == ["alpha"]
    assert names(client, heads["desk"]) == ["alpha", "beta"]  # of gamma there is nothing to be granted
    assert names(client, heads["none"]) == []
    page = client.get("/?f=html").text
    assert "City alpha" in page
    assert "beta" not in page
    shown = [name for name in service.cities if service.shows(name, Principal("clerk"))]
    assert shown == ["beta"]
    assert client.get("/alpha/").json()["title"] == "City alpha"
    assert client.get("/health").status_code == 200


def requests_of(city):
    for resource in RESOURCES:
        path = f"/{city}{resource.path.format(**VALUES)}"
        yield from ((method, path, b"") for method in ("GET", "HEAD", "POST", "OPTIONS", "TRACE"))
    yield from (("GET", f"/{city}{more}", b"") for more in MORE)
    yield from (("POST", f"/{city}/questions", body) for body in (b"{", b"{}", b"x" * 1_001))


def plain(response, city):
    return response.status_code, dict(response.headers), response.text.replace(city, "CITY")


def test_a_city_that_may_not_be_known_is_as_one_that_is_absent(several):
    _, client, heads = several
    for head in (heads["none"], {"Authorization": "Bearer x"}):
        for (method, path, body), (_, other, _) in zip(requests_of("beta"), requests_of("beto"), strict=True):
            forbidden, absent = (
                client.request(method, at, headers=head, content=body, follow_redirects=False)
                for at in (path, other)
            )
            assert plain(forbidden, "beta") == plain(absent, "beto"), (method, path, head)
    assert client.get("/beta/api").json()["title"] == "no-route"
    assert client.get("/beta/conformance").status_code == 404
    assert client.get("/beta/conformance", headers=heads["desk"]).status_code == 200
    counts = client.get("/metrics").text
    assert 'resource="items",status="404"' not in counts


def test_a_city_that_is_asked_for_and_may_not_be_known_is_noted(several, tmp_path):
    service, _, _ = several
    trail = AuditTrail(tmp_path / "audit.ndjson")
    noting = Service(service.cities, policy=service.policy, audit=trail)
    with TestClient(application(noting)) as client:
        for name in ("beta", "beto"):
            assert client.get(f"/{name}/collections/calls/items").status_code == 404
    noted = [(entry["question"], entry.get("withheld"), entry["error"]) for entry in trail.entries()]
    paths = [{"path": f"/{name}/collections/calls/items"} for name in ("beta", "beto")]
    assert noted == [(paths[0], True, "no-route"), (paths[1], None, "no-route")]


def test_a_forbidden_city_costs_as_many_requests_as_an_absent_one(several):
    service, _, _ = several
    for name in ("beta", "beto"):
        limited = Service(service.cities, Settings(rate="3/minute"), policy=service.policy)
        with TestClient(application(limited)) as client:
            assert [client.get(f"/{name}/api").status_code for _ in range(4)] == [404, 404, 404, 429]
            limited.cities = {}  # they are served on


def test_without_a_policy_all_cities_are_seen(several):
    service, _, _ = several
    open_to_all = Service(service.cities)
    assert all(open_to_all.shows(name, ANONYMOUS) for name in service.cities)


def test_rules_name_cities_that_are_served(several):
    service, _, _ = several
    policy = Policy.from_toml(POLICY.replace("gam*", "gamme"), name="policy.toml")
    with pytest.raises(InvalidDefinition) as refused:
        Service(service.cities, policy=policy)
    assert (refused.value.kind, refused.value.faults) == (
        "invalid-policy",
        ("rule 3: there is no city 'gamme'",),
    )
    without_calls = Policy.from_toml(POLICY.replace("alph*", "gamma"), name="policy.toml")
    with pytest.raises(InvalidDefinition, match="does not fit city 'City gamma'"):
        without_calls.check(service.cities["gamma"], "gamma")
    without_calls.check(service.cities["gamma"], "delta")
