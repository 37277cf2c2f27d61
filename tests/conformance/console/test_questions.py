"""Questions that are made by choosing: what a form says is what the service counts, and plain pandas too."""

from __future__ import annotations

import csv
import io

import pandas as pd
import pytest

import stcloud
from stcloud.time import Spans, Zone, earlier, parse_when
from tests.conformance.console.planner import at_console

pytestmark = pytest.mark.thorough

LASTED = {"column": "closed", "operator": "lasting", "start": "opened", "unit": "days"}
CONDITIONS = (
    ({"column": "status", "operator": "is", "values": ["open"]}, lambda rows: rows.status == "open"),
    (
        {"column": "subject", "operator": "is", "values": ["refuse", "street lamp"]},
        lambda rows: rows.subject.isin(["refuse", "street lamp"]),
    ),
    ({"column": "subject", "operator": "not", "values": ["o'n", "noise"]}, lambda rows: rows.subject != "noise"),
    (
        {"column": "subject", "operator": "contains", "values": ["T L"]},
        lambda rows: rows.subject.str.lower().str.contains("t l", regex=False),
    ),
    ({"column": "subject", "operator": "begins", "values": ["po"]}, lambda rows: rows.subject.str.startswith("po")),
    ({"column": "subject", "operator": "begins", "values": ["p%"]}, lambda rows: rows.subject.str.startswith("p%")),
    (
        {"column": "opened", "operator": "on", "values": ["2024-06-05"]},
        lambda rows: rows.opened.dt.date.astype(str) == "2024-06-05",
    ),
    (
        {"column": "opened", "operator": "days", "values": ["2024-02-28", "2024-03-01"]},
        lambda rows: rows.opened.dt.date.astype(str).between("2024-02-28", "2024-03-01"),
    ),
    (
        {"column": "opened", "operator": "from", "values": ["2024-12-01"]},
        lambda rows: rows.opened.dt.date.astype(str) >= "2024-12-01",
    ),
    ({"column": "closed", "operator": "empty", "values": []}, lambda rows: rows.closed.isna()),
    ({"column": "lon", "operator": "least", "values": ["123"]}, lambda rows: rows.lon >= 123),
    ({**LASTED, "values": ["1", "2"]}, lambda rows: days(rows).between(1, 2, inclusive="left")),
    ({**LASTED, "values": ["14", ""]}, lambda rows: days(rows) >= 14),
)  # fmt: skip
PERIODS = (
    "2024-06", "2024-Q2", "2024-04-01/2024-06-01", "2024-06-03", "2024-06-03/2024-06-09", "2024-02",
    "2023/2025", "2025-02-20/2025-03-01",
    "2024-W23", "2024-06-03/2024-06-17",
)  # fmt: skip
OF_WEEKS = PERIODS[-2:]


def days(rows: pd.DataFrame) -> pd.Series:
    """How long each took, in days of 24 hours."""
    return (rows.closed - rows.opened).dt.total_seconds() / 86_400


@pytest.fixture(scope="module")
def planner(browser, service):
    with at_console(browser, service) as made:
        made.open(layer="requests", when="2024-06")
        yield made
        made.check()


@pytest.fixture(scope="module")
def rows(town):
    with stcloud.open(town) as city:
        found = city.query("requests").to_pandas()
    return found.assign(opened=pd.to_datetime(found.opened), closed=pd.to_datetime(found.closed))


def asked(planner, questions):
    """Return the first rows of answers, as the page's own service gives them."""
    answers = planner.page.evaluate(
        """async (questions) => (await (await fetch("questions/batch", {method: "POST",
             headers: {"Content-Type": "application/json"}, body: JSON.stringify({questions})})).json()).answers""",
        questions,
    )
    return [answer["rows"][0] for answer in answers]


def test_a_condition_says_what_it_means_and_is_read_back(planner, rows):
    """The law of conditions: the filter of a form counts what plain pandas counts, and gives the form again."""
    said = planner.page.evaluate(
        """async (conditions) => {
             const { conditionOf, filterText } = await import("/static/console/core/condition.js");
             return conditions.map((each) => [filterText(each), filterText(conditionOf(filterText(each)))]);
           }""",
        [condition for condition, _ in CONDITIONS],
    )
    assert [first for first, _ in said] == [again for _, again in said]
    counted = asked(planner, [{"layer": "requests", "what": [text], "count": True} for text, _ in said])
    assert [row["count"] for row in counted] == [int(holds(rows).sum()) for _, holds in CONDITIONS]


@pytest.mark.parametrize("compare", ["previous", "year"])
def test_an_earlier_period_of_the_page_is_that_of_the_service(planner, compare):
    earlier_periods = planner.page.evaluate(
        """async ([periods, compare]) => {
             const { earlierWhen } = await import("/static/console/core/span.js");
             return periods.map((period) => earlierWhen(period, compare) ?? null);
           }""",
        [PERIODS, compare],
    )
    zone = Zone("Asia/Shanghai")
    for period, found in zip(PERIODS, earlier_periods, strict=True):
        (expected,) = earlier(Spans.of([parse_when(period, zone)]), compare, zone).parts
        if compare == "year" and period in OF_WEEKS:
            assert found is None  # the page leaves weeks of another year to the service
        else:
            assert parse_when(found, zone) == expected, period


def test_a_condition_is_chosen_by_its_column_and_value(planner, rows):
    planner.open(layer="requests", when="2024-12")
    page = planner.page
    page.get_by_role("button", name="Add a condition").click()
    page.locator(".condition select").first.select_option("column status")
    page.locator(".choices").get_by_label("open").check()
    page.locator(".condition button[type=submit]").click()
    planner.settle()
    expected = (rows.status == "open") & (rows.opened.dt.strftime("%Y-%m") == "2024-12")
    assert page.locator(".headline .count").first.get_attribute("data-count") == str(int(expected.sum()))
    assert "status = 'open'" in page.locator(".copying pre").inner_text()


def test_a_bin_is_chosen_with_the_keyboard_alone(planner, rows):
    planner.open(layer="requests", when="2024-06")
    chart = planner.page.locator(".view.series .chart")
    chart.focus()
    for _ in range(3):
        planner.page.keyboard.press("ArrowRight")
    day, count = chart.get_attribute("aria-valuetext").split(": Number ")
    planner.page.keyboard.press("Enter")
    planner.settle()
    assert f"group=day={day}" in planner.page.evaluate("decodeURIComponent(location.hash)")
    assert int(count) == int((rows.opened.dt.date.astype(str) == day).sum())
    assert planner.page.locator(".views .headline .count").first.get_attribute("data-count") == count


def test_a_refused_part_is_marked_where_it_was_chosen(browser, service):
    with at_console(browser, service) as planner:
        planner.open(layer="requests", what=["status = 'open'", "statsu = 'open'"], weekdays="someday")
        page = planner.page
        page.wait_for_selector(".entry.refused")
        assert page.locator(".entry.refused").all_inner_texts()[0].startswith("statsu is open")
        assert page.locator(".entry.refused").count() == 1
        assert "someday" in page.locator(".recurring .fault").first.inner_text()
        planner.check("400", "404")


def test_a_table_of_rows_has_as_many_as_the_number_on_it(planner):
    planner.open(layer="requests", when="2024-06")
    number = planner.page.locator(".views .headline .count").first
    number.click()
    planner.settle()
    with planner.page.expect_download() as kept:
        planner.page.locator("section.rows").get_by_role("button", name="CSV").click()
    text = kept.value.path().read_text()
    assert len(list(csv.DictReader(io.StringIO(text)))) == int(number.get_attribute("data-count"))
    planner.page.keyboard.press("Escape")
    planner.page.wait_for_selector("section.rows", state="detached")
    assert number.evaluate("part => part === document.activeElement")
