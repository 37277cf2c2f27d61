"""The map and the two clocks: areas that are clicked, a slider that is let go, two instants of what was known."""

from __future__ import annotations

import pytest

import stcloud
from stcloud.paas.query import Query
from tests.conformance.console.planner import WAIT_MS, Planner, at_console

pytestmark = pytest.mark.thorough

DRAWN = "() => performance.getEntriesByName('map-idle').length > 0"
MOVED = """
(thumb, value) => {
  thumb.value = String(value);
  thumb.dispatchEvent(new Event('input', {bubbles: true}));
}
"""


@pytest.fixture(scope="module")
def planner(browser, service):
    with at_console(browser, service) as made:
        yield made
        made.check()


def drawn(planner: Planner) -> None:
    planner.page.wait_for_function(DRAWN, timeout=WAIT_MS)


def rows(query: Query) -> int:
    return int(query.count().to_records()[0]["count"])


def number(planner: Planner, selector: str) -> int:
    return int(planner.page.locator(selector).first.get_attribute("data-count"))


def test_an_area_that_is_clicked_has_the_number_of_its_rows(planner, town):
    planner.open(layer="requests", when="2024-06", by="in:communities")
    drawn(planner)
    box = planner.page.locator(".mapview canvas").bounding_box()
    planner.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    planner.page.wait_for_selector(".map-card .count")
    code = planner.page.locator(".map-card .code").inner_text()
    with stcloud.open(town) as city:
        expected = rows(city.query("requests").when("2024-06").where(f"communities:{code}"))
    assert number(planner, ".map-card .count") == expected > 0
    planner.page.locator(".map-card > button", has_text="Narrow").click()
    planner.settle()
    assert number(planner, ".total .count") == expected


def test_a_slider_asks_when_it_is_let_go(planner, town):
    planner.open(layer="requests")
    drawn(planner)
    first, last = planner.page.locator(".clock .thumbs input").all()[:2]
    asked = len(planner.addresses)
    first.evaluate(MOVED, 31)
    last.evaluate(MOVED, 60)
    planner.page.wait_for_timeout(300)
    assert planner.page.locator(".clock .typed input").first.input_value() == "2024-02"
    assert planner.addresses[asked:] == []
    last.dispatch_event("change")
    planner.settle()
    with stcloud.open(town) as city:
        assert number(planner, ".total .count") == rows(city.query("requests").when("2024-02"))


def test_two_instants_of_what_was_known_have_their_numbers_and_their_difference(planner, town):
    with stcloud.open(town) as city:
        first, last = (
            city.configuration.zone.iso(load.recorded_at_us) for load in city.layer("requests").loads
        )
        counts = [
            rows(city.query("requests").what("status = 'closed'").known_at(known)) for known in (last, first)
        ]
    planner.open(layer="requests", known=last, other=first, what="status = 'closed'", by="in:communities")
    shown = [count for count, _ in planner.numbers()[:2]]
    assert shown == counts
    assert f"(+{counts[0] - counts[1]})" in planner.page.locator(".difference").inner_text()
    assert [planner.rows_of(place) for place in (0, 1)] == counts
    drawn(planner)
    assert planner.page.locator(".map-legend li").count() > 0
