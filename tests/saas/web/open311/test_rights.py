"""Open311 under a policy: who may read, who may report, and that a service that may not be seen is none."""

import json

import pytest

from stcloud.saas.rights.audittrail import AuditTrail
from stcloud.saas.rights.policy import Policy
from stcloud.saas.rights.tokens import Tokens
from stcloud.saas.web import Service, Settings, application
from tests.saas.web.open311.conftest import TestClient, form, post
from tests.saas.web.open311.test_layerdesk import ROWS

POLICY = """
[[allow]]
who = "role:hotline"
do = ["read", "act"]
cases = "desk"
[[allow]]
who = "role:reader"
do = "read"
cases = "desk"
"""
OF_LAYER = """
[[allow]]
who = "role:reader"
do = "read"
layers = "mirrored"
hide = "description"
what = "service_code = '001'"
"""
PUBLIC = '[[allow]]\nwho = "anonymous"\ndo = ["read", "act"]\ncases = "desk"\n'
BASE = "/open311/v2"
BELOW = ("services.json", "services/matter-01001.xml", "requests.xml", "requests.json?page=2", "requests/1.json",
         "services.yaml")  # fmt: skip


@pytest.fixture
def serve(city, clock, tmp_path):
    """Serve the city, and return clients by the names of who asks, nobody among them, and the trail."""
    tokens = Tokens(tmp_path / "tokens.toml")
    shown = {name: tokens.add(name, [name], now_us=clock()) for name in ("hotline", "reader")}

    def start(name="desk", policy=POLICY, **settings):
        trail = AuditTrail(tmp_path / f"audit{len(ends)}.ndjson")
        service = Service(
            {"city": city}, Settings(open311=name, **settings), policy=Policy.from_toml(policy, name="policy.toml"),
            tokens=tokens, audit=trail, clock=clock,
        )  # fmt: skip
        heads = {None: {}} | {who: {"Authorization": f"Bearer {token}"} for who, token in shown.items()}
        clients = {who: TestClient(application(service), headers=head) for who, head in heads.items()}
        ends.append(service)
        return clients, service, trail

    ends = []
    yield start
    for service in ends:
        service.cities = {}  # the city is served on
        service.close()


def answers(client):
    """Return what a client is given at each address, and for a report, byte for byte."""
    given = [client.get(path) for path in ("/open311/discovery.json", *(f"{BASE}/{path}" for path in BELOW))]
    given += [
        post(client),
        post(client, ending="xml", service_code="matter-99999"),
        post(client, website="x"),
    ]
    given.append(client.post(f"{BASE}/requests.json", json=form()))
    return [(each.status_code, dict(each.headers), each.content) for each in given]


@pytest.mark.parametrize("name", ["desk", "mirrored"])
def test_a_service_that_may_not_be_seen_is_none(serve, city, tmp_path, name):
    source = tmp_path / "requests.json"
    source.write_text(json.dumps(ROWS))
    city.load("mirrored", source, definition="open311")
    policy = POLICY + OF_LAYER
    (forbidden, _, trail), (absent, _, other) = serve(name, policy), serve(None, policy)
    assert answers(forbidden[None]) == answers(absent[None])
    assert {status for status, _, _ in answers(forbidden[None])} == {404, 400}
    noted = [entry for entry in trail.entries() if entry["status"] == 404]
    assert noted
    assert all(entry["withheld"] and entry["error"] == "no-route" for entry in noted)
    assert not any(entry.get("withheld") for entry in other.entries())


def test_who_may_read_is_given_requests_and_files_none(serve):
    clients, _, trail = serve()
    number = post(clients["hotline"]).json()[0]["service_request_id"]
    reader = clients["reader"]
    assert [each["service_request_id"] for each in reader.get(f"{BASE}/requests.json").json()] == [number]
    assert reader.get(f"{BASE}/services.json").status_code == 200
    refused = post(reader, ending="xml", description="another thing")
    assert refused.status_code == 403
    assert b"<code>403</code>" in refused.content
    assert len(reader.get(f"{BASE}/requests.json").json()) == 1
    *_, entry = (each for each in trail.entries() if each["status"] == 403)
    assert (entry["principal"], entry["action"], entry["error"]) == (
        "reader",
        "open311_requests",
        "not-permitted",
    )


def test_who_may_report_opens_a_case_and_leaves_no_text_in_the_trail(serve, city):
    clients, _, trail = serve(policy=POLICY + PUBLIC)
    texts = {"description": "the lid of Wang", "email": "wang@example.org", "phone": "021-77"}
    filed = post(clients[None], **texts, api_key="s3cret")
    assert filed.status_code == 200, filed.text
    number = filed.json()[0]["service_request_id"]
    assert (
        clients["reader"].get(f"{BASE}/requests/{number}.json?api_key=s3cret").json()[0]["status"] == "open"
    )
    with city.cases("desk") as cases:
        kept = {value.value for value in cases.private(number, who="desk", why="who reported it")}
    assert texts["description"] in kept
    act = {"action": "file", "role": "operator", "case": number, "actor": "open311"}
    assert clients[None].post("/cases/desk/actions", json=act).status_code == 403
    entries = list(trail.entries())
    assert [(entry["action"], entry["principal"], entry["status"]) for entry in entries] == [
        ("open311_requests", "", 200), ("open311_request", "reader", 200), ("act", "", 403),
    ]  # fmt: skip
    noted = json.dumps(entries)
    assert not [text for text in (*texts.values(), "s3cret") if text in noted]


def test_reports_beyond_the_rate_are_turned_away_and_counted(serve, clock):
    clients, service, trail = serve(policy=POLICY + PUBLIC, open311_rate="2/hour")
    statuses = [post(clients[None], description=f"thing {number}").status_code for number in range(5)]
    assert statuses == [200, 200, 429, 429, 429]
    assert post(clients["hotline"], description="a thing").status_code == 429  # it is the address that counts
    clock.pass_hours(1)
    service.keep_trail()
    turned_away = [entry for entry in trail.entries() if entry["status"] == 429]
    assert [(entry["principal"], entry["error"], entry["count"]) for entry in turned_away] == [
        ("", "too-many-requests", 3), ("hotline", "too-many-requests", 1),
    ]  # fmt: skip


def test_of_a_layer_only_what_may_be_seen_is_served(serve, city, tmp_path):
    source = tmp_path / "requests.json"
    source.write_text(json.dumps(ROWS))
    city.load("mirrored", source, definition="open311")
    clients, _, trail = serve("mirrored", POLICY + OF_LAYER)
    expected = [row["service_request_id"] for row in reversed(ROWS) if row["service_code"] == "001"]
    given = clients["reader"].get(f"{BASE}/requests.json?start_date=2026-08-31T00:00:00Z").json()
    assert [each["service_request_id"] for each in given] == expected
    assert {each["description"] for each in given} == {None}
    assert [each["service_code"] for each in clients["reader"].get(f"{BASE}/services.json").json()] == ["001"]
    hidden, nowhere = (clients["reader"].get(f"{BASE}/requests/{name}.json") for name in ("r00", "r99"))
    assert hidden.content.replace(b"r00", b"r99") == nowhere.content
    assert hidden.status_code == nowhere.status_code == 404
    assert next(trail.entries())["rows"] == len(expected)
