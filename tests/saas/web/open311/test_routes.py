"""Routes print what desks say, in both formats; errors are lists of codes; nothing hostile is a fault of ours."""

from xml.etree import ElementTree as ET

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.saas.web.open311.conftest import client_of, filed, post

BASE = "/open311/v2"


def test_discovery_names_the_endpoint(client):
    endpoint = client.get("/open311/discovery.json").json()["endpoints"][0]
    assert client.get(endpoint["url"] + "/services.json").status_code == 200
    assert endpoint["specification"] == "http://wiki.open311.org/GeoReport_v2"


def test_both_formats_have_the_same_requests(client):
    for place in range(3):
        filed(client, description=f"number {place}")
    listed = client.get(f"{BASE}/requests.json").json()
    response = client.get(f"{BASE}/requests.xml")
    assert response.headers["content-type"] == "text/xml; charset=utf-8"
    root = ET.fromstring(response.content)
    assert [{each.tag: each.text or None for each in request} for request in root] == [
        {name: None if value is None else str(value) for name, value in each.items()} for each in listed
    ]


def test_a_definition_has_the_attributes_in_order(client):
    document = client.get(f"{BASE}/services/component-01001.json").json()
    assert [(each["order"], each["code"]) for each in document["attributes"]] == [
        (1, "component"),
        (2, "urgent"),
    ]


def test_pages_are_linked(client, clock):
    numbers = []
    for place in range(5):
        clock.pass_hours(1)
        numbers.append(filed(client, description=f"number {place}"))
    seen, address = [], f"{BASE}/requests.json?page_size=2"
    while address:
        response = client.get(address)
        seen += [each["service_request_id"] for each in response.json()]
        address = response.links.get("next", {}).get("url")
    assert seen == numbers[::-1]


def test_a_filed_report_is_where_the_answer_says(client):
    response = post(client, ending="xml")
    number = ET.fromstring(response.content).findtext("request/service_request_id")
    assert response.headers["location"].endswith(f"{BASE}/requests/{number}.xml")
    assert client.get(response.headers["location"]).status_code == 200


def test_a_report_is_sent_again_with_its_key(client):
    first, again, other = (
        post(client, key="k"),
        post(client, key="k"),
        post(client, key="k", description="another"),
    )
    assert first.json() == again.json()
    assert (first.status_code, again.status_code, other.status_code) == (200, 200, 409)
    assert post(client).status_code == 409


def test_who_reports_too_often_is_told_when_to_come_back(city, clock):
    client = client_of(city, clock, open311_rate="2/hour")
    statuses = [post(client, description=f"number {place}").status_code for place in range(3)]
    assert statuses == [200, 200, 429]
    response = post(client)
    assert int(response.headers["retry-after"]) > 1
    assert response.json()[0]["code"] == 429


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("services/nothing.json", 404), ("requests/nothing.xml", 404), ("services.yaml", 404),
        ("requests.json?page=2", 400), ("requests.xml?start_date=soon", 400), ("requests.json?cursor=x", 400),
        ("requests.json?status=open&status=closed", 400), ("requests/%00.json", 404),
        ("requests/%ED%A0%80.json", 400),
        ("requests.json?service_request_id=%00", 200), ("requests.json?cursor=9%3A%00", 200),
        ("requests.json?end_date=0001-01-01T00:00:00Z", 200), ("requests.json?end_date=9999-12-31T23:59:59Z", 200),
    ],
)  # fmt: skip
def test_errors_are_a_list_of_codes(client, path, status):
    response = client.get(f"{BASE}/{path}")
    assert response.status_code == status
    if status != 200 and "application/json" in response.headers["content-type"]:
        assert [error["code"] for error in response.json()] == [status]
    if "xml" in response.headers["content-type"]:
        assert ET.fromstring(response.content).findtext("error/code") == str(status)


def test_reports_that_are_no_forms_are_refused(client):
    assert client.post(f"{BASE}/requests.json", json={"service_code": "1"}).status_code == 415
    assert post(client, website="x").status_code == 400
    assert post(client, service_code="matter-99999").status_code == 404
    assert post(client, lat="48.85", long="2.35").status_code == 400
    assert client.put(f"{BASE}/requests.json").status_code == 405


def test_nothing_is_served_unless_a_log_is_named(city, clock):
    client = client_of(city, clock, open311=None)
    for path in ("/open311/discovery.json", f"{BASE}/services.json", f"{BASE}/requests.xml"):
        assert client.get(path).status_code == 404
    assert post(client).status_code == 404


_NAMES = st.sampled_from(
    ["service_code", "lat", "long", "description", "email", "attribute[urgent]", "website", "attribute[x",
     "start_date", "end_date", "cursor", "page_size", "status", "service_request_id", "updated_after"]
)  # fmt: skip
_VALUES = st.text(max_size=12) | st.sampled_from(
    [
        "matter-01001",
        "-36.85",
        "174.76",
        "1e308",
        "0:",
        "-1:x",
        "9" * 30,
        "9999-12-31T23:59:59Z",
        "0001-01-01",
        "\0",
    ]
)


@settings(deadline=None, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(_NAMES, _VALUES), max_size=5), st.text(max_size=8), st.binary(max_size=20))
def test_nothing_hostile_is_a_fault_of_ours(client, fields, segment, body):
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    clean = [(name, value.encode("utf-8", "replace").decode()) for name, value in fields]
    escaped = "".join(f"%{byte:02X}" for byte in segment.encode("utf-8", "replace"))
    responses = [
        client.get(f"{BASE}/requests.json", params=clean),
        client.post(f"{BASE}/requests.xml", data=dict(clean)),
        client.post(f"{BASE}/requests.json", content=body, headers=form),
        client.get(f"{BASE}/requests/{escaped}.json"),
        client.get(f"{BASE}/services/{escaped}.xml"),
    ]  # fmt: skip
    assert [response.status_code for response in responses if response.status_code >= 500] == []
