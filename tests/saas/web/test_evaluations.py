"""Evaluations over HTTP: each number opens into as many cases as it says; what may not be read is absent."""

import pytest
from starlette.testclient import TestClient

import stcloud
from stcloud.saas.rights.audittrail import AuditTrail
from stcloud.saas.rights.policy import Policy
from stcloud.saas.web import Service, Settings, application
from stcloud.testing.hands import Hands

FILE = {"class": "01001", "condition": "1", "limit_kind": "work_hour", "limit_value": 2, "kind": "component"}
POLICY = """
[[allow]]
who = "anonymous"
do = "read"
layers = ["open-cases"]
cases = ["open"]
[[allow]]
who = "anonymous"
do = "count"
layers = ["counted"]
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A city with a log whose cases went to two departments, some late, some open; as layers, too; a hidden log."""
    place, clock = tmp_path_factory.mktemp("evaluated") / "city", Hands("2026-09-07T09:00+12:00")
    stcloud.create(place, crs="EPSG:2193", zone="Pacific/Auckland", calendar="NZ").close()
    steps = [("dispatch", "dispatcher"), ("assign", "department"), ("handle", "handler"), ("feed_back", "department"),
             ("check", "collector"), ("close", "operator")]  # fmt: skip
    stated = {"assign": {"handler": "sun"}, "check": {"check": "pass"}}
    with stcloud.open(place, clock=clock) as city:
        for log in ("open", "hidden"):
            city.cases(log, create="urban-management").close()
        with city.cases("open") as cases:
            for number in range(8):
                department = ("water", "roads")[number % 2]
                case = cases.open(
                    actor="w", role="collector", at=(174.7, -36.85), fields={"source": "collector"}
                )
                cases.act(case.state.case, "file", actor="w", role="operator", fields=FILE)
                for name, role in steps[: 6 if number < 6 else 2]:
                    clock.pass_hours(0.1 if number < 3 else 0.6)
                    fields = {"dispatch": {"department": department}, **stated}.get(name, {})
                    by = "checker" if role in ("collector", "operator") else "w"
                    cases.act(
                        case.state.case, name, actor=by, role=role, department=department, fields=fields
                    )
            clock.pass_hours(30)
            for layer in ("open-cases", "counted"):
                cases.publish(layer)
    return place


def opened(folder, **given):
    clock = Hands("2026-09-20T09:00+12:00")
    service = Service(
        {"town": stcloud.open(folder, clock=clock)}, Settings(rate="100000/second"), clock=clock, **given
    )
    return TestClient(application(service), raise_server_exceptions=False)


@pytest.mark.parametrize("of", [{"log": "open"}, {"layer": "open-cases"}])
def test_each_number_opens_into_as_many_cases_as_it_says(folder, of):
    asked = {
        **of,
        "by": ["department"],
        "indicators": ["on_time_closing_rate", "closing_rate", "filed_cases"],
    }
    with opened(folder) as client:
        answer = client.post("/evaluations", json=asked)
        assert answer.status_code == 200, answer.text
        numbers = answer.json()
        assert [group["department"] for group in numbers["groups"]] == ["roads", "water"]
        assert [(each["name"], each["unit"]) for each in numbers["indicators"]][-1] == (
            "filed_cases",
            "count",
        )
        pinned = asked | {name: numbers[name] for name in ("known_at", "at") if "log" in of}
        for row, group in [
            (numbers["total"], {}),
            *((row, {"department": row["department"]}) for row in numbers["groups"]),
        ]:
            for name in ("on_time_closing_rate", "closing_rate"):
                for part in ("numerator", "denominator"):
                    cases = client.post(
                        "/evaluations/cases", json=pinned | {"indicator": name, "part": part, "group": group}
                    ).json()
                    assert cases["count"] == len(cases["cases"]) == row[f"{name}_{part}"]
        assert numbers["total"]["filed_cases"] == 8
        whole = client.post("/evaluations/cases", json=pinned | {"indicator": "filed_cases"}).json()["cases"]
        first = client.post(
            "/evaluations/cases", json=pinned | {"indicator": "filed_cases", "limit": 5}
        ).json()
        rest = client.post(
            "/evaluations/cases",
            json=pinned | {"indicator": "filed_cases", "limit": 5, "after": first["after"]},
        ).json()
        assert [*first["cases"], *rest["cases"]] == whole
        assert rest["after"] is None


def test_an_evaluation_comes_with_what_else_is_asked_for(folder):
    asked = {"log": "open", "by": ["department"], "period": "2026-09", "compare": "previous", "times": True}
    with opened(folder) as client:
        numbers = client.post("/evaluations", json=asked).json()
        assert {row["department"] for row in numbers["compared"]} == {"roads", "water"}
        assert sum(row["closed"] for row in numbers["times"]) == 6
        assert len(client.post("/evaluations?f=csv", json=asked).text.splitlines()) == 3
        assert "scores" not in numbers


@pytest.mark.parametrize(
    ("path", "document", "status", "kind"),
    [
        ("", {}, 400, "which-cases"), ("", {"log": "open", "layer": "open-cases"}, 400, "which-cases"),
        ("", {"log": "open", "scheme": "/etc/passwd"}, 400, "unknown-scheme"),
        ("", {"log": "<b>"}, 404, "no-records"),
        ("", {"log": "open", "score": "../x"}, 400, "unknown-score-table"),
        ("", {"layer": "no"}, 404, "unknown-layer"),
        ("", {"log": "open", "by": ["x"]}, 400, "unknown-group"),
        ("", {"log": "open", "period": "\n"}, 400, "unreadable-time"),
        ("", {"log": "open", "surplus": 1}, 400, "invalid-definition"),
        ("/cases", {"log": "open", "indicator": "none"}, 404, "unknown-indicator"),
        ("/cases", {"log": "open", "indicator": "closing_rate", "limit": 20_000}, 400, "too-many-rows"),
        ("/cases", {"log": "open", "indicator": "closing_rate", "group": {"street": "x"}}, 400, "unknown-group"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused_in_one_line(folder, path, document, status, kind):
    with opened(folder) as client:
        answer = client.post(f"/evaluations{path}", json=document)
        assert (answer.status_code, answer.json()["title"]) == (status, kind)
        assert "\n" not in answer.text


def test_cases_that_may_not_be_read_are_absent(folder, tmp_path):
    trail = tmp_path / "audit.ndjson"
    with opened(
        folder, policy=Policy.from_toml(POLICY, name="policy.toml"), audit=AuditTrail(trail)
    ) as client:
        for path, more in (("/evaluations", {}), ("/evaluations/cases", {"indicator": "closing_rate"})):
            assert client.post(path, json={"log": "open", **more}).status_code == 200
            assert client.post(path, json={"layer": "open-cases", **more}).status_code == 200
            forbidden, none = (client.post(path, json={"log": name, **more}) for name in ("hidden", "absent"))
            assert forbidden.status_code == none.status_code == 404
            assert forbidden.content.replace(b"hidden", b"absent") == none.content
            counted = client.post(path, json={"layer": "counted", **more})
            assert (counted.status_code, counted.json()["title"]) == (403, "not-permitted")
    noted = trail.read_text()
    assert '"action": "evaluation_cases"' in noted
    assert '"withheld": true' in noted
