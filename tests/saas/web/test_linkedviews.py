"""What views need beside an answer: reasons, classes, forms; of what a principal may see, and noted."""

import json
import shlex

import pytest
from starlette.testclient import TestClient

import stcloud
from stcloud.iaas.clock import system_clock
from stcloud.saas.report.classes import class_limits
from stcloud.saas.report.classrows import class_rows
from stcloud.saas.rights.audittrail import AuditTrail
from stcloud.saas.rights.policy import Policy
from stcloud.saas.rights.tokens import Tokens
from stcloud.saas.web import Service, Settings, application

POLICY = """
[[allow]]
who = "anonymous"
do = "count"
layers = "calls"
[[allow]]
who = "part"
do = "read"
layers = "calls"
what = "n > 2"
"""


def post(client, path, document, **options):
    return client.post(path, json=document, **options)


def test_why_is_that_of_the_library(place):
    key = place.calls["id"].iloc[0]
    document = {"layer": "calls", "group": ["category=pothole"], "when": ["2024-03"], "key": key}
    given = post(place.client, "/why", document).json()
    reason = place.city.query("calls").when("2024-03").of_group("category=pothole").why(key)
    assert (given["key"], given["found"]) == (key, reason.found)
    assert given["versions"] == json.loads(json.dumps(reason.versions))
    assert {"st_load", "source", "st_recorded_from"} <= {*given["versions"][0]}
    assert [(part["text"], part["holds"], part["how"]) for part in given["conditions"]] == [
        (result.text, result.holds, result.how) for result in reason.conditions
    ]
    assert given["facts"]["group"] == "category pothole"
    unknown = post(place.client, "/why", {"layer": "calls", "key": "nobody"}).json()
    assert (unknown["versions"], unknown["found"]) == ([], False)


def test_a_legend_has_the_classes_of_maps(place):
    document = {"layer": "calls", "by": ["cell:1km"], "field": "count", "classes": 3}
    legend = post(place.client, "/legends", document).json()
    counted = place.city.query("calls").count(by=["cell:1km"]).to_records()
    values = [row["count"] for row in counted if row["cell_1km"] is not None]
    rows = class_rows(class_limits(values, whole=True, most=3), values)
    assert legend["kind"] == "sequential"
    assert [
        (part["from"], part["to"], part["colour"], part["label"], part["count"]) for part in legend["classes"]
    ] == [(row.lower, row.upper, row.colour, row.label, row.count) for row in rows]
    assert legend == post(place.client, "/legends", document).json()
    compared = {**document, "when": ["2024-03"], "compare": "previous", "field": "count_change"}
    assert post(place.client, "/legends", compared).json()["kind"] == "diverging"
    assert sum(row["count"] for row in post(place.client, "/legends", {
        "layer": "calls", "by": ["category"], "field": "count"}).json()["classes"]) == 4  # fmt: skip
    for field, status, kind in (("nope", 404, "unknown-field"), ("category", 400, "no-number")):
        refused = post(place.client, "/legends", {"layer": "calls", "by": ["category"], "field": field})
        assert (refused.status_code, refused.json()["title"]) == (status, kind)


def test_forms_ask_the_same_question(place):
    document = {"layer": "calls", "when": ["2024-03"], "by": ["category"], "group": ['category=O"Neil', "n="]}
    forms = post(place.client, "/questions/forms", document).json()
    question = stcloud.Question(**document)
    assert forms["words"]["group"] == 'category O"Neil and n none'
    assert stcloud.Question.from_toml(forms["toml"], name="q") == question
    assert stcloud.Question.from_json(forms["json"], name="q") == question
    assert "--group" in shlex.split(forms["shell"])
    asked = eval(forms["python"], {"city": place.city})
    expected = post(place.client, "/questions", document).json()["rows"]
    assert asked.to_records() == place.client.get(forms["url"]).json()["rows"] == expected


@pytest.fixture
def guarded(shanghai, tmp_path):
    tokens = Tokens(tmp_path / "tokens.toml")
    part = {"Authorization": f"Bearer {tokens.add('part', ['part'], now_us=system_clock())}"}
    trail = AuditTrail(tmp_path / "trail")
    policy = Policy.from_toml(POLICY, name="policy.toml")
    service = Service(
        {"town": stcloud.open(shanghai.folder)}, Settings(), policy=policy, tokens=tokens, audit=trail
    )
    with TestClient(application(service)) as client:
        yield client, part, trail


def test_views_are_of_what_a_principal_may_see(shanghai, guarded):
    """Law: legends, tiles, reasons and batches of a part are those of a city that never held the rest."""
    client, part, trail = guarded
    few = shanghai.calls[shanghai.calls["n"] > 2]
    hidden = shanghai.calls[shanghai.calls["n"] <= 2]["id"].iloc[0]
    by = {"layer": "calls", "by": ["cell:1km"]}
    legend = post(client, "/legends", {**by, "field": "count"}, headers=part).json()
    counted = shanghai.city.query("calls").what("n > 2").count(by=["cell:1km"]).to_records()
    areas = [row for row in counted if row["cell_1km"] is not None]
    assert sum(row["count"] for row in legend["classes"]) == len(areas)
    assert post(client, "/why", {"layer": "calls", "key": hidden}, headers=part).json()["versions"] == []
    assert post(client, "/why", {"layer": "calls", "key": few["id"].iloc[0]}, headers=part).json()["found"]
    tile = post(
        client, "/questions/tiles/WebMercatorQuad/0/0/0?cluster=1km", {"layer": "calls"}, headers=part
    )
    assert tile.status_code == 200
    both = {"questions": [{"layer": "calls", "count": True}, {"layer": "plots", "count": True}]}
    counted, absent = post(client, "/questions/batch", both, headers=part).json()["answers"]
    assert counted["rows"] == [{"count": len(few)}]
    assert absent["problem"]["title"] == "unknown-layer"
    for path, document in (
        ("/why", {"layer": "calls", "key": hidden}), ("/questions/tiles/WebMercatorQuad/0/0/0", {"layer": "calls"}),
    ):  # fmt: skip
        assert post(client, path, document).json()["title"] == "not-permitted"
    assert post(client, "/legends", {**by, "field": "count"}).status_code == 200
    noted = list(trail.entries())
    assert {"why", "legends", "question_tile", "batch", "questions"} <= {entry["action"] for entry in noted}
