"""The desk of a log: what is posted comes back, a search is that of a plain comparison, texts stay apart."""

import geopandas
import pytest
import shapely
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from stcloud.errors import Conflict, InvalidInput, NotFound, Unsupported
from stcloud.iaas.bundle import bundled_text
from stcloud.saas.web.open311.casedesk import CaseDesk
from stcloud.saas.web.open311.report import PublicReport
from stcloud.saas.web.open311.requestsearch import RequestSearch
from stcloud.space import project
from stcloud.time import Zone, instant_us
from tests.saas.web.open311.conftest import PLACE

CODES = ("matter-01001", "matter-01002", "component-01001")
CELLS = """
id = "cells"
kind = "feature"
key = ["gridCode"]
[space]
column = "geometry"
encoding = "wkb"
crs = "EPSG:2193"
[grid]
[columns]
gridCode = {}
"""


def us(text):
    return instant_us(text, Zone("UTC"))


def report(code="matter-01001", at=PLACE, **texts):
    return PublicReport(code, at, {"description": "a broken thing"} | texts)


@pytest.fixture
def desk(city, clock):
    desk = CaseDesk(city, "desk", clock())
    yield desk
    desk.close()


_TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("C",)), min_size=1, max_size=30).filter(
    str.strip
)


def test_what_is_posted_comes_back(city, clock):
    @settings(deadline=None, phases=[Phase.generate])
    @given(
        st.sampled_from(CODES), st.none() | st.tuples(st.floats(170, 178), st.floats(-46, -35)), _TEXTS,
        st.none() | _TEXTS, st.sampled_from(["desk", "requests"]),
    )  # fmt: skip
    def check(code, at, description, email, log):
        desk = CaseDesk(city, log, clock())
        texts = {"description": description} | ({} if email is None else {"email": email})
        filing = PublicReport(code, at, texts)
        desk.check(filing)
        before_us = clock()
        number = desk.file(filing, None).number
        request = desk.request(number)
        assert (request["service_code"], request["status"]) == (code, "open")
        assert request["service_name"] not in (None, code)
        assert (request["long"], request["lat"]) == (at or (None, None))
        assert before_us // 10**6 * 10**6 <= us(request["requested_datetime"]) < clock()
        assert request["description"] is None
        desk.close()
        with city.cases(log) as cases:
            kept = {
                value.field: (value.value, value.person) for value in cases.private(number, who="t", why="t")
            }
        assert kept == {name: (text, email) for name, text in texts.items()}

    check()


def test_a_search_is_that_of_a_plain_comparison(city, clock, desk):
    numbers = []
    for place in range(12):
        clock.pass_hours(7)
        numbers.append(desk.file(report(CODES[place % 3], description=f"number {place}"), None).number)
        if place % 4 == 0:
            with city.cases("desk") as cases:
                cases.act(numbers[-1], "reject", actor="o", role="operator", fields={"reason": "not_ours"})
    every = [desk.request(number) for number in numbers]
    for codes in ((), CODES[:2]):
        for statuses in ((), ("open",), ("closed",)):
            for size in (1, 5, 1000):
                span = (us(every[2]["requested_datetime"]), us(every[10]["requested_datetime"]) + 999_999)
                wanted = [
                    each["service_request_id"] for each in reversed(every)
                    if span[0] <= us(each["requested_datetime"]) <= span[1]
                    and (not codes or each["service_code"] in codes)
                    and (not statuses or each["status"] in statuses)
                ]  # fmt: skip
                search = RequestSearch(
                    codes=frozenset(codes), statuses=frozenset(statuses), reported_us=span, size=size
                )
                assert paged(desk, search) == wanted


def paged(desk, search):
    """Return the numbers of all pages, each of which is full but the last."""
    numbers, cursor = [], None
    while True:
        page = desk.search(
            RequestSearch(search.numbers, search.codes, search.statuses, search.reported_us, search.changed_us,
                          search.size, cursor)
        )  # fmt: skip
        numbers += [each["service_request_id"] for each in page.requests]
        cursor = page.next
        if cursor is None:
            return numbers
        assert len(page.requests) == search.size


def test_what_changed_since_is_whatever_shows_something_else(city, clock, desk):
    numbers = [desk.file(report(description=f"number {place}"), None).number for place in range(4)]
    before = {number: desk.request(number) for number in numbers}
    since_us = clock()
    with city.cases("desk") as cases:
        for number in numbers[1:3]:
            cases.act(number, "reject", actor="o", role="operator", fields={"reason": "not_ours"})
    changed = [number for number in numbers if desk.request(number) != before[number]]
    assert changed == numbers[1:3]
    page = desk.search(RequestSearch(changed_us=(since_us, None)))
    assert sorted(each["service_request_id"] for each in page.requests) == changed


def test_a_closed_request_was_updated_when_it_was_closed(city, clock, desk):
    number = desk.file(report(), None).number
    clock.pass_hours(5)
    with city.cases("desk") as cases:
        cases.act(
            number, "reject", actor="o", role="operator", fields={"reason": "not_ours"},
            happened="2026-09-07T12:00+12:00",
        )  # fmt: skip
    request = desk.request(number)
    assert (request["status"], request["updated_datetime"]) == ("closed", "2026-09-07T12:00:00+12:00")
    assert request["status_notes"] == "rejected"


def test_a_report_with_its_key_is_filed_once(city, desk):
    first = desk.file(report(), "k")
    again = desk.file(report(), "k")
    assert (again.number, first.repeated, again.repeated) == (first.number, False, True)
    for other in (report(description="another thing"), report("matter-01002")):
        with pytest.raises(Conflict) as raised:
            desk.file(other, "k")
        assert raised.value.kind == "other-report"
    assert len(desk.search(RequestSearch()).requests) == 1


def test_a_place_outside_the_city_is_refused(desk):
    with pytest.raises(InvalidInput) as raised:
        desk.check(report(at=(2.35, 48.85)))
    assert raised.value.kind == "outside-city"


def test_what_there_is_not_is_not_found(desk):
    for look, kind in ((desk.request, "unknown-request"), (desk.service, "unknown-service")):
        with pytest.raises(NotFound) as raised:
            look("nothing")
        assert raised.value.kind == kind


def test_attributes_are_those_of_the_service(desk):
    for stated, kind in (({"colour": "red"}, "unknown-attribute"), ({"urgent": "very"}, "bad-value")):
        with pytest.raises(InvalidInput) as raised:
            desk.check(PublicReport("matter-01001", PLACE, {"description": "abc"}, stated))
        assert raised.value.kind == kind
    desk.check(PublicReport("matter-01001", PLACE, {"description": "abc"}, {"urgent": "true"}))


def test_a_workflow_without_the_public_takes_no_reports(city, clock):
    city.cases("imported", create="imported-requests").close()
    desk = CaseDesk(city, "imported", clock())
    with pytest.raises(Unsupported) as raised:
        desk.check(report())
    assert raised.value.kind == "no-reports"
    assert desk.search(RequestSearch()).requests == ()
    desk.close()


def test_the_city_is_where_its_unit_grid_is(city, desk, tmp_path):
    x, y = (part[0] for part in project([PLACE[0]], [PLACE[1]], "EPSG:4326", "EPSG:2193"))
    cells = geopandas.GeoDataFrame(
        {"gridCode": ["110101001001001"]},
        geometry=[shapely.box(x - 50, y - 50, x + 50, y + 50)],
        crs="EPSG:2193",
    )
    (tmp_path / "cells.toml").write_text(CELLS)
    city.load("cells", cells, definition=tmp_path / "cells.toml", valid_from="2020-01-01")
    desk.check(report())
    with pytest.raises(InvalidInput, match="outside the city"):
        desk.check(report(at=(PLACE[0] + 0.01, PLACE[1])))


def test_conditions_of_the_log_are_a_list_to_choose_from(city, desk):
    with city.cases("desk") as cases:
        cases.add_rule("conditions", bundled_text("layers", "classes", "conditions-example-a.csv"))
    attributes = {each.code: each for each in desk.service("matter-06001").attributes}
    keys = [key for key, _ in attributes["condition"].values]
    assert "stop work" in keys
    stated = PublicReport("matter-06001", PLACE, {"description": "abc"}, {"condition": "stop work"})
    desk.check(stated)
    number = desk.file(stated, None).number
    with city.cases("desk") as cases:
        assert cases.state(number).condition == "stop work"
    with pytest.raises(InvalidInput, match="attribute condition cannot be 'none'"):
        desk.check(PublicReport("matter-06001", PLACE, {"description": "abc"}, {"condition": "none"}))
