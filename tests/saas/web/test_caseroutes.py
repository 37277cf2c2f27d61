"""Cases over HTTP: an action is that of its principal, is done once, and not on a case that others changed."""

import json

import pytest
from starlette.testclient import TestClient

import stcloud
from stcloud.saas.rights.audittrail import AuditTrail
from stcloud.saas.rights.policy import Policy
from stcloud.saas.rights.tokens import Tokens
from stcloud.saas.web import Service, application
from stcloud.testing.hands import Hands
from tests.saas.web.town import heads_of

POLICY = """
[[allow]]
who = ["role:collector", "role:operator"]
do = ["read", "act"]
cases = ["desk"]
[[allow]]
who = ["signed-in"]
do = ["read"]
cases = ["desk"]
"""
STORY, PERSON = "lid broken, a man fell", "wang xiaoming"
REPORT = {"action": "report", "role": "collector", "id": "a1", "at": [174.76, -36.85],
          "fields": {"source": "collector"}, "private": {"opinion": STORY}, "person": PERSON}  # fmt: skip
FILE = {"action": "file", "role": "operator", "fields": {
    "class": "01001", "condition": "1", "limit_kind": "work_hour", "limit_value": "4"}}  # fmt: skip


@pytest.fixture
def clock():
    return Hands("2026-09-07T09:00+12:00")


@pytest.fixture
def city(tmp_path, clock):
    stcloud.create(tmp_path / "city", crs="EPSG:2193", zone="Pacific/Auckland", calendar="NZ").close()
    with stcloud.open(tmp_path / "city", clock=clock) as opened:
        opened.cases("desk", create="urban-management").close()
        yield opened


def test_a_case_is_opened_once_read_and_acted_on(city, clock, tmp_path):
    trail = tmp_path / "audit.ndjson"
    client = TestClient(application(Service({"town": city}, clock=clock, audit=AuditTrail(trail))))
    missing = client.post("/cases/desk/actions", json=REPORT)
    assert (missing.status_code, missing.json()["title"]) == (400, "actor-needed")
    untyped = client.post("/cases/desk/actions", content=json.dumps(REPORT | {"actor": "wang"}))
    assert (untyped.status_code, untyped.json()["title"]) == (415, "wrong-media-type")
    first = client.post("/cases/desk/actions", json=REPORT | {"actor": "wang"})
    assert first.status_code == 200, first.text
    again = client.post("/cases/desk/actions", json=REPORT | {"actor": "wang"})
    assert again.json() == first.json() | {"repeated": True}
    number, seq = first.json()["case"], first.json()["seq"]
    clock.pass_hours(1)
    late = client.post(
        "/cases/desk/actions", json=FILE | {"case": number, "actor": "li", "expected": seq + 5}
    )
    assert (late.status_code, late.json()["title"]) == (409, "case-changed")
    filed = client.post("/cases/desk/actions", json=FILE | {"case": number, "actor": "li", "expected": seq})
    assert filed.status_code == 200, filed.text
    shown = client.get(f"/cases/desk/{number}")
    assert shown.json()["case"] == number
    assert [action["action"] for action in shown.json()["actions"]][:2] == ["report", "file"]
    assert STORY not in shown.text
    assert client.get("/cases/desk/nope").status_code == client.get("/cases/nope/1").status_code == 404
    noted = trail.read_text()
    assert '"action": "act"' in noted
    assert "a1" in noted
    assert STORY not in noted
    assert PERSON not in noted
    page = client.get(f"/cases/desk/{number}?f=html")
    assert page.status_code == 200
    assert "/cases/desk/actions" in client.get("/api").json()["paths"]


def test_who_acts_is_who_is_signed_in(city, clock, tmp_path):
    tokens = Tokens(tmp_path / "tokens.toml")
    heads = heads_of(tokens, {"wang": ["collector"], "guest": []}, clock())
    policy = Policy.from_toml(POLICY, name="policy.toml")
    with TestClient(
        application(Service({"town": city}, policy=policy, tokens=tokens, clock=clock))
    ) as client:

        def act(who, **changed):
            return client.post("/cases/desk/actions", json=REPORT | changed, headers=heads.get(who, {}))

        for refused in (act("guest"), act("wang", role="operator"), act("wang", actor="li"), act("nobody")):
            assert refused.json()["title"] in ("not-permitted", "no-records"), refused.text
            assert refused.status_code in (403, 404)
        done = act("wang")
        assert done.status_code == 200, done.text
        shown = client.get(f"/cases/desk/{done.json()['case']}", headers=heads["guest"]).json()
        assert shown["actions"][0]["by"] == "wang"
