"""Values that look like markup, like filters or like nothing are shown as they are, and lead to their rows."""

from __future__ import annotations

import pytest

import stcloud
from tests.conformance.console.planner import at_console
from tests.conformance.web.serving import serve

pytestmark = pytest.mark.thorough

VALUES = (
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "O'Brien", '"quoted"', "a=b", "a,b", "week=2024-W22",
    " spaced ", "%2F&?#", "{n}", "路面坑槽", "javascript:alert(1)", "x" * 300, None,
)  # fmt: skip


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """A town far from UTC with a layer of such values, one more row of each than of the one before."""
    folder = tmp_path_factory.mktemp("hostile") / "town"
    rows = [
        {"id": f"{at}/{row}?", "at": f"2024-03-{1 + row:02} 23:30", "lon": 174.7 + at / 500, "lat": -36.9,
         "kind": value}
        for at, value in enumerate(VALUES)
        for row in range(at + 1)
    ]  # fmt: skip
    with stcloud.create(folder, crs="EPSG:2193", zone="Pacific/Auckland", name="<b>Town</b> & 'co'") as city:
        city.load("calls", rows, key="id", time="at", lon="lon", lat="lat")
    return folder


def test_every_value_is_shown_as_it_is_and_leads_to_its_rows(browser, hostile):
    with serve(hostile) as service, at_console(browser, service) as planner:
        planner.page.on("dialog", lambda dialog: planner.faults.append(f"a dialog: {dialog.message}"))
        planner.open(layer="calls", when="2024-03", top="kind", by="cell:100m")
        assert "<b>Town</b> & 'co'" in planner.page.inner_text("header")
        numbers = planner.numbers()
        of_values = [
            (place, count) for place, (count, question) in enumerate(numbers)
            if any(text.startswith("kind=") for text in question.get("group", ()))
        ]  # fmt: skip
        assert len(of_values) >= 8
        for place, count in of_values[:10]:
            assert planner.rows_of(place) == count, numbers[place]
        planner.open(layer="calls", when="2024-03", group="kind=")
        assert planner.numbers()[0][0] == len(VALUES)
        planner.check()


def test_a_state_that_makes_no_sense_is_answered_in_words(browser, hostile):
    states = (
        {"when": "the day before"}, {"layer": "no such"}, {"group": "kind"}, {"map": "a,b,c"}, {"known": "soon"},
        {"rows": "{"}, {"by": "in:nothing"}, {"where": "bbox:1"}, {"hours": "25:00"}, {"other": "never"},
    )  # fmt: skip
    with serve(hostile) as service, at_console(browser, service) as planner:
        for state in states:
            planner.open(**{"layer": "calls", **state})
            assert planner.page.locator("header.frame").count() == 1, state
        assert [
            fault for fault in planner.faults if not fault[:1].isdigit() and "Failed to load" not in fault
        ] == []
