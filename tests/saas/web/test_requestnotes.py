"""Refused requests are noted, with what was refused and nothing that is private; floods are counted."""

from contextlib import ExitStack

import pytest
from starlette.testclient import TestClient

import stcloud
from stcloud.daas.traildigest import trail_digests
from stcloud.saas.rights.audittrail import AuditTrail
from stcloud.saas.rights.policy import Policy
from stcloud.saas.rights.tokens import Tokens
from stcloud.saas.web import Service, Settings, application
from stcloud.testing.hands import Hands
from tests.saas.web.town import calls as rows_of_calls
from tests.saas.web.town import load_calls, load_plots

POLICY = """
[[allow]]
who = ["role:desk"]
do = ["read"]
layers = ["*"]
cases = ["desk"]
[[allow]]
who = ["anonymous"]
do = ["count"]
layers = ["calls"]
"""
STORY = "the lid of Wang Xiaoming"


class Served:
    """A service of a town in Auckland, whose trail and clock are at hand."""

    def __init__(self, folder, city, **settings):
        self.clock = Hands("2026-09-07T09:00+12:00")
        tokens = Tokens(folder / "tokens.toml")
        self.token = tokens.add("zhao", ["desk"], now_us=self.clock())
        self.file = folder / "audit.ndjson"
        self.trail = AuditTrail(self.file)
        self.service = Service(
            {"town": city}, Settings(**settings), policy=Policy.from_toml(POLICY, name="policy.toml"), tokens=tokens,
            audit=self.trail, clock=self.clock,
        )  # fmt: skip
        self.client = TestClient(application(self.service))

    def end(self):
        self.service.cities = {}  # the town is served on
        self.service.close()

    def refused(self, *names):
        """Return what the entries of refused requests have under these names."""
        return [
            tuple(entry.get(name) for name in names)
            for entry in self.trail.entries()
            if entry["status"] >= 400
        ]


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    with stcloud.create(
        tmp_path_factory.mktemp("notes") / "town", crs="EPSG:2193", zone="Pacific/Auckland", calendar="NZ"
    ) as city:
        load_calls(city, rows_of_calls(174.7, -36.9, "Pacific/Auckland", ("2024-03-01",)))
        load_plots(city, (174.7, -36.9), "Pacific/Auckland")
        city.cases("desk", create="urban-management").close()
        yield city


@pytest.fixture
def serve(town, tmp_path):
    """Serve the town with some settings, and let go of all but the town."""
    with ExitStack() as ends:

        def start(**settings):
            made = Served(tmp_path, town, **settings)
            ends.callback(made.end)
            return made

        yield start


@pytest.fixture
def served(serve):
    return serve()


def test_what_is_withheld_is_noted_and_answered_as_what_is_absent(served):
    paths = ("/collections/{}", "/collections/{}/items", "/collections/{}/items/p3", "/collections/{}/loads")
    for path in paths:
        withheld, absent = (served.client.get(path.format(name)) for name in ("plots", "plotz"))
        assert (withheld.status_code, absent.status_code) == (404, 404)
        assert withheld.content.replace(b"plots", b"plotz") == absent.content
        assert {k: v for k, v in withheld.headers.items() if k != "date"} == dict(absent.headers)
    noted = served.refused("status", "error", "withheld", "question", "principal", "city", "rows")
    assert noted == [
        (404, "unknown-layer", is_there, {"path": path.format(name)}, "", "town", None)
        for path in paths
        for name, is_there in (("plots", True), ("plotz", None))
    ]


def test_a_withheld_log_and_a_withheld_layer_of_a_document_are_noted(served):
    asked = {"layer": "plots", "what": f"use = '{STORY}'", "count": True}
    for name in ("plots", "plotz"):
        assert served.client.post("/questions", json=asked | {"layer": name}).status_code == 404
    for log in ("desk", "desc"):
        assert served.client.get(f"/cases/{log}/1").status_code == 404
    assert served.refused("action", "error", "withheld") == [
        ("questions", "unknown-layer", True), ("questions", "unknown-layer", None), ("case", "no-records", True),
        ("case", "no-records", None),
    ]  # fmt: skip
    assert served.refused("question")[0][0] == {"path": "/questions", "layer": "plots"}
    assert STORY not in served.file.read_text()


def test_what_may_not_be_done_is_noted(served):
    act = {"action": "report", "role": "operator", "private": {"opinion": STORY}, "person": STORY}
    statuses = [served.client.get(f"/collections/calls/items?filter=category={STORY!r}").status_code,
                served.client.post("/cases/desk/actions", json=act).status_code]  # fmt: skip
    assert statuses == [403, 403]
    assert served.refused("status", "error", "withheld", "action") == [
        (403, "not-permitted", None, "items"), (403, "not-permitted", None, "act"),
    ]  # fmt: skip
    assert STORY not in served.file.read_text()


def test_loads_that_are_refused_before_their_body_is_read_are_noted(served):
    head = {"Authorization": f"Bearer {served.token}", "Content-Type": "text/csv"}
    statuses = [
        served.client.post(f"/collections/{name}/loads", headers=sent, content=b"id\n1").status_code
        for name, sent in (("calls", head), ("plots", {"Content-Type": "text/csv"}), ("plotz", head))
    ]
    assert statuses == [403, 404, 404]
    assert served.refused("status", "error", "withheld", "action") == [
        (403, "not-permitted", None, "load"), (404, "unknown-layer", True, "load"),
        (404, "unknown-layer", None, "load"),
    ]  # fmt: skip


def test_faults_of_the_request_are_not_noted(served):
    for path in ("/collections/calls/items?unheard=1", "/collections/calls/items?filter=(", "/nowhere"):
        assert served.client.get(path).status_code in (400, 403, 404)
    assert [status for (status,) in served.refused("status")] == []


def test_tokens_that_fail_and_floods_are_counted_by_minute(serve):
    served = serve(rate="3/minute")
    bad = [{"Authorization": f"Bearer stc_{number}"} for number in range(5)]
    good = {"Authorization": f"Bearer {served.token}"}
    assert [served.client.get("/", headers=head).status_code for head in bad] == [401] * 3 + [429] * 2
    assert [served.client.get("/", headers=good).status_code for _ in range(5)] == [200] * 3 + [429] * 2
    served.service.keep_trail()
    assert served.refused("status") == []  # the minute is not over
    served.clock.pass_hours(1)
    served.service.keep_trail()
    served.client.get("/", headers=bad[0])
    served.service.notes.close({})
    assert served.refused("status", "error", "principal", "address", "count", "city") == [
        (401, "not-signed-in", "", "testclient", 3, "town"), (429, "too-many-requests", "", "testclient", 2, "town"),
        (429, "too-many-requests", "zhao", None, 2, "town"), (429, "too-many-requests", "", "testclient", 1, "town"),
    ]  # fmt: skip
    assert served.trail.verify() == 3 + 4
    assert "stc_" not in served.file.read_text()


def test_a_service_without_a_trail_notes_nothing(town, tmp_path):
    service = Service({"town": town}, policy=Policy.from_toml(POLICY, name="policy.toml"))
    client = TestClient(application(service))
    assert client.get("/collections/plots").status_code == 404
    assert client.get("/", headers={"Authorization": "Bearer x"}).status_code == 401
    service.keep_trail()
    service.cities = {}
    service.close()


def test_the_city_knows_once_an_hour_and_in_the_end_what_the_trail_holds(served, town):
    def known():
        digests = trail_digests(town.parts.catalogue.ledger)
        return [digest.head.lines for digest in digests if digest.head.trail == served.trail.head().trail]

    for _ in range(2):
        served.client.get("/collections/plots")
        served.service.keep_trail()
        served.client.get("/collections/plots")
        served.service.keep_trail()
        served.clock.pass_hours(1)
    assert known() == [1, 3]
    served.client.get("/", headers={"Authorization": "Bearer x"})
    served.service.notes.close(served.service.cities)
    assert known() == [1, 3, 5]
