"""Logs of cases over HTTP: lists and forms are those of the library; a log that may not be read is absent."""

import pytest
from starlette.testclient import TestClient

import stcloud
from stcloud.saas.rights.policy import Policy
from stcloud.saas.rights.tokens import Tokens
from stcloud.saas.web import Service, application
from stcloud.testing.hands import Hands
from tests.saas.web.town import heads_of

POLICY = """
[[allow]]
who = ["role:operator"]
do = ["read", "act"]
cases = ["desk"]
[[allow]]
who = ["signed-in"]
do = ["read"]
cases = ["desk"]
"""
FILE = {"class": "01001", "condition": "1", "limit_kind": "work_hour", "limit_value": 4, "kind": "component"}


@pytest.fixture
def clock():
    return Hands("2026-09-07T09:00+12:00")


@pytest.fixture
def city(tmp_path, clock):
    stcloud.create(tmp_path / "city", crs="EPSG:2193", zone="Pacific/Auckland", calendar="NZ").close()
    with stcloud.open(tmp_path / "city", clock=clock) as opened:
        with opened.cases("desk", create="urban-management") as cases:
            for number in range(3):
                case = cases.open(actor="w", role="collector", at=(174.7, -36.85), fields={"source": "collector"},
                                  private={"opinion": "a man fell"}).state.case  # fmt: skip
                if number:
                    cases.act(case, "file", actor="w", role="operator", fields=FILE)
                if number == 2:
                    cases.act(case, "dispatch", actor="w", role="dispatcher", fields={"department": "water"})
        opened.cases("hidden", create="urban-management").close()
        yield opened


def test_a_list_is_that_of_the_library_page_by_page(city, clock):
    client = TestClient(application(Service({"town": city}, clock=clock)))
    clock.pass_hours(5 + 1 / 3)  # two of them are at noon
    logs = client.get("/cases").json()["logs"]
    assert [(log["name"], log["layer"], log["may"]) for log in logs] == [
        ("desk", None, ["read", "act"]), ("hidden", None, ["read", "act"]),
    ]  # fmt: skip
    first = client.get("/cases/desk?limit=2").json()
    second = client.get(first["next"]).json()
    with city.cases("desk") as cases:
        entries = cases.listed().entries
    records = first["cases"] + second["cases"]
    assert [record["number"] for record in records] == [entry.state.case for entry in entries]
    assert [record["state"] for record in records] == ["reported", "filed", "dispatched"]
    assert (second["next"], records[0]["clock"]) == (None, None)
    filed = records[1]
    assert (filed["lon"], filed["class_name"], filed["last_action"]["action"]) == (
        174.7,
        "Water-supply manhole cover",
        "file",
    )
    assert (filed["clock"]["light"], filed["clock"]["due_in_s"]) == (None, None)
    assert (records[2]["clock"]["light"], round(records[2]["clock"]["due_in_s"])) == ("yellow", 2_400)
    inbox = client.get("/cases/desk?role=dispatcher").json()["cases"]
    assert "dispatch" in next(case["legal"] for case in inbox if case["number"] == filed["number"])
    then = client.get("/cases/desk?at=2026-09-07T09:00:01%2B12:00&state=filed").json()
    assert then["at"] == "2026-09-06T21:00:01Z"
    assert "fell" not in client.get("/cases/desk").text


def test_a_case_has_the_forms_of_what_may_be_done_with_it(city, clock):
    client = TestClient(application(Service({"town": city}, clock=clock)))
    number = client.get("/cases/desk?state=filed").json()["cases"][0]["number"]
    shown = client.get(f"/cases/desk/{number}?role=dispatcher").json()
    (dispatch,) = [form for form in shown["legal"]["dispatcher"] if form["action"] == "dispatch"]
    assert [field["name"] for field in dispatch["fields"] if field["required"]] == ["department"]
    assert list(shown["legal"]) == ["dispatcher"]
    assert (shown["linked"], shown["master"], shown["parts"]) == ([], None, [])
    assert "legal" not in client.get(f"/cases/desk/{number}?known=2026-09-07T09:00:01%2B12:00").json()
    flow = client.get("/cases/desk/workflow").json()
    assert flow["key"] == "urban-management/1"
    assert flow["states"]["suspended"]["resumes"] == "handling"
    assert [form["action"] for form in flow["opening"]["collector"]] == ["report"]


@pytest.mark.parametrize(
    ("path", "status", "kind"),
    [
        ("/cases/desk?role=%3Cb%3E", 400, "bad-search"), ("/cases/desk?state=none", 400, "bad-search"),
        ("/cases/desk?bbox=1,2", 400, "unreadable-bbox"), ("/cases/desk?after=%0A", 400, "bad-cursor"),
        ("/cases/desk?limit=0", 400, "bad-limit"), ("/cases/desk?page=2", 400, "unknown-parameter"),
        ("/cases/desk?order=x", 400, "bad-search"), ("/cases/none", 404, "no-records"),
        ("/cases/%2E%2E%00", 404, "no-records"), ("/cases/desk?due-before=%27", 400, "unreadable-time"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused_in_one_line(city, clock, path, status, kind):
    answer = TestClient(application(Service({"town": city}, clock=clock))).get(path)
    assert (answer.status_code, answer.json()["title"]) == (status, kind)
    assert "\n" not in answer.text


def test_a_log_that_may_not_be_read_is_absent(city, clock, tmp_path):
    tokens = Tokens(tmp_path / "tokens.toml")
    heads = heads_of(tokens, {"li": ["operator"], "guest": []}, clock())
    policy = Policy.from_toml(POLICY, name="policy.toml")
    with TestClient(
        application(Service({"town": city}, policy=policy, tokens=tokens, clock=clock))
    ) as client:
        for who, roles, may in (("li", ["operator"], ["read", "act"]), ("guest", [], ["read"])):
            (log,) = client.get("/cases", headers=heads[who]).json()["logs"]
            assert (log["name"], log["own_roles"], log["may"]) == ("desk", roles, may)
            shown = client.get("/cases/desk?state=filed", headers=heads[who]).json()["cases"]
            assert len(shown) == 1
            legal = client.get(f"/cases/desk/{shown[0]['number']}", headers=heads[who]).json()["legal"]
            assert list(legal) == roles
            for path in ("/cases/{}", "/cases/{}/workflow", f"/cases/{{}}/{shown[0]['number']}"):
                forbidden, none = (
                    client.get(path.format(name), headers=heads[who]) for name in ("hidden", "absent")
                )
                assert forbidden.status_code == none.status_code == 404
                assert forbidden.content.replace(b"hidden", b"absent") == none.content
            assert "hidden" not in client.get("/api", headers=heads[who]).text
        assert client.get("/cases").json() == {"logs": []}
