"""The desk of a layer shows the requests that were loaded, newest first, and takes no reports."""

import json

import pytest

from stcloud.errors import InvalidInput, StcloudError, Unsupported
from stcloud.saas.web.open311.layerdesk import LayerDesk
from stcloud.saas.web.open311.report import PublicReport
from stcloud.saas.web.open311.requestsearch import RequestSearch
from stcloud.time import Zone, instant_us
from tests.saas.web.open311.conftest import PLACE, client_of

ROWS = [
    {
        "service_request_id": f"r{hour:02}", "status": "closed" if hour % 3 == 0 else "open",
        "service_code": f"00{hour % 2}", "service_name": f"Type {hour % 2}", "description": f"number {hour}",
        "requested_datetime": f"2026-09-01T{hour:02}:00:00+12:00",
        "updated_datetime": f"2026-09-02T{hour:02}:00:00+12:00",
        "lat": None if hour == 5 else PLACE[1], "long": None if hour == 5 else PLACE[0],
    }
    for hour in range(20)
]  # fmt: skip


@pytest.fixture
def loaded(city, tmp_path):
    source = tmp_path / "requests.json"
    source.write_text(json.dumps(ROWS))
    city.load("mirrored", source, definition="open311")
    return city


def numbers(requests):
    return [each["service_request_id"] for each in requests]


def test_what_was_loaded_comes_back(loaded):
    desk = LayerDesk(loaded, "mirrored")
    for row in ROWS:
        request = desk.request(row["service_request_id"])
        assert {name: request[name] for name in row} == row


def test_a_search_is_that_of_a_plain_comparison(loaded):
    desk = LayerDesk(loaded, "mirrored")
    span = tuple(instant_us(f"2026-09-01T{hour:02}:00+12:00", Zone("UTC")) for hour in (3, 17))
    for codes in ((), ("001",)):
        for statuses in ((), ("open",)):
            for size in (1, 4, 1000):
                wanted = [
                    row["service_request_id"] for row in reversed(ROWS[3:18])
                    if (not codes or row["service_code"] in codes) and (not statuses or row["status"] in statuses)
                ]  # fmt: skip
                given = {
                    "codes": frozenset(codes),
                    "statuses": frozenset(statuses),
                    "reported_us": span,
                    "size": size,
                }
                listed, cursor = [], None
                while True:
                    page = desk.search(RequestSearch(**given, cursor=cursor))
                    listed += numbers(page.requests)
                    cursor = page.next
                    if cursor is None:
                        break
                assert listed == wanted


def test_changes_are_dated_by_the_source(loaded):
    since_us = instant_us("2026-09-02T18:00+12:00", Zone("UTC"))
    page = LayerDesk(loaded, "mirrored").search(RequestSearch(changed_us=(since_us, None)))
    assert numbers(page.requests) == ["r19", "r18"]


def test_changes_that_the_source_does_not_date_are_not_searched_for(city, tmp_path):
    source = tmp_path / "requests.json"
    source.write_text(
        json.dumps([{name: row[name] for name in row if name != "updated_datetime"} for row in ROWS])
    )
    city.load("undated", source, definition="open311")
    desk = LayerDesk(city, "undated")
    assert len(desk.search(RequestSearch()).requests) == 20
    with pytest.raises(Unsupported) as raised:
        desk.search(RequestSearch(changed_us=(0, None)))
    assert raised.value.kind == "no-changes"


def test_services_are_the_classes_of_the_layer(loaded):
    services = LayerDesk(loaded, "mirrored").services()
    assert [(each.code, each.name) for each in services] == [("000", "Type 0"), ("001", "Type 1")]


def test_a_layer_takes_no_reports(loaded, clock):
    desk = LayerDesk(loaded, "mirrored")
    with pytest.raises(Unsupported, match="read only"):
        desk.check(PublicReport("001", PLACE, {"description": "abc"}))
    client = client_of(loaded, clock, open311="mirrored")
    assert len(client.get("/open311/v2/requests.json?service_request_id=r01,r02,r99").json()) == 2
    for query in (
        "cursor=x",
        "cursor=%00",
        "service_request_id=%00",
        "end_date=9999-12-31T23:59:59Z",
        "end_date=0001-01-01T00:00:00Z",
        "start_date=0001-01-01T00:00:00Z",
        "updated_after=0001-01-01T00:00:00Z",
        "updated_before=9999-12-31T23:59:59Z",
    ):
        assert client.get(f"/open311/v2/requests.json?{query}").status_code < 500


def test_a_layer_whose_columns_are_not_known_is_refused(city, tmp_path):
    source = tmp_path / "a.csv"
    source.write_text("id,at,lon,lat\n1,2026-01-01T00:00,174.7,-36.8\n")
    city.load("other", source, key="id", time="at", lon="lon", lat="lat")
    with pytest.raises(StcloudError) as raised:
        LayerDesk(city, "other")
    assert isinstance(raised.value, InvalidInput)
    assert raised.value.kind == "unknown-import"
