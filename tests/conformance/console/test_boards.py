"""Boards of cases, layers, situations and series: numbers lead to what they count, and acting is safe."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from urllib.request import Request, urlopen

import pytest

import stcloud
from tests.conformance.console.planner import WAIT_MS, Planner, at_console
from tests.conformance.web.serving import serve

pytestmark = pytest.mark.thorough

PLACE = "123.0001,30.0156"
POLICY = """
version = 1

[[allow]]
who = ["role:planner"]
do = ["read"]
layers = ["requests"]
where = ["communities:999102001001"]
hide = ["channel"]

[[allow]]
who = ["role:planner"]
do = ["read"]
layers = ["communities"]
"""


@pytest.fixture(scope="module")
def planner(browser, service):
    with at_console(browser, service) as made:
        yield made
        made.check()


def posted(service: str, path: str, document: dict) -> dict:
    sent = Request(service + path, json.dumps(document).encode(), {"Content-Type": "application/json"})
    return json.loads(urlopen(sent).read())


def test_every_number_of_an_evaluation_opens_as_many_cases(planner):
    planner.open("cases", view="evaluation", period="2024-11", judged="department")
    numbers = planner.page.locator("main [data-case-count]")
    opened = [json.loads(numbers.nth(place).get_attribute("data-cases")) for place in range(numbers.count())]
    assert len(opened) > 20
    late = [place for place, each in enumerate(opened) if each["indicator"] == "on_time_closing_rate"]
    for place in [*late[:2], *random.Random("evaluation").sample(range(len(opened)), 2)]:
        count = int(numbers.nth(place).get_attribute("data-case-count"))
        numbers.nth(place).click()
        planner.settle()
        heading = planner.page.locator("h2[data-case-rows]")
        assert int(heading.get_attribute("data-case-rows")) == count
        assert planner.page.locator("section[aria-labelledby=number-title] tbody tr").count() == min(
            count, 50
        )


@pytest.mark.parametrize(
    ("board", "state"),
    [
        ("catalogue", {"record": "requests"}),
        ("situation", {"at": PLACE, "radius": "300m", "asof": "2024-11-20T02:00:00Z"}),
    ],
)
def test_numbers_of_a_board_lead_to_their_rows(planner, board, state):
    planner.open(board, **state)
    numbers = planner.numbers()
    assert len(numbers) >= 3
    for place in range(0, len(numbers), 2):
        assert planner.rows_of(place) == numbers[place][0], numbers[place]


def test_the_inbox_of_an_instant_is_that_of_the_shell_and_begins_with_what_presses_most(planner, town):
    planner.open("cases", role="dispatcher")
    shown = planner.page.locator("main tbody tr").all_inner_texts()
    command = [sys.executable, "-m", "stcloud", "case", "inbox", str(town), "matters", "--role", "dispatcher",
               "--format", "json", "--limit", "10000"]  # fmt: skip
    listed = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert {text.split()[0] for text in shown} == {case["number"] for case in listed}
    assert "overdue" in shown[0]


def test_an_action_that_is_sent_twice_is_one_and_whoever_was_faster_is_heard_of(browser, own_town):
    with serve(own_town) as service, at_console(browser, service) as planner:
        page = planner.page
        planner.open("cases", view="open", at=PLACE, role="operator")
        page.get_by_label("Who acts").fill("wang")
        page.locator("[name=field-source]").fill("hotline")
        page.locator("[name=field-kind]").select_option("matter")
        page.locator("[name=field-class]").fill("06013")
        page.locator(".action-form button[type=submit]").dblclick()
        page.wait_for_selector("#case-title", timeout=WAIT_MS)
        planner.settle()
        number = page.locator("#case-title").inner_text().split()[-1]
        begun = [case for case in cases(service) if case["state"] == "reported"]
        assert [case["number"] for case in begun] == [number]
        reject(planner)
        other = {"case": number, "action": "order_verify", "role": "operator", "actor": "li", "id": "other-1"}
        posted(service, "cases/matters/actions", other)
        page.locator(".act button[type=submit]").click()
        page.get_by_text("Somebody was faster").wait_for(timeout=WAIT_MS)
        page.get_by_role("button", name="Show what the case is now").click()
        page.get_by_text("to be verified before filing since").wait_for(timeout=WAIT_MS)
        assert actions(service, number) == ["report", "order_verify"]
        planner.check("409")


def test_a_reason_in_a_sentence_is_kept_apart_from_the_log(browser, own_town):
    with serve(own_town) as service, at_console(browser, service) as planner:
        opening = {"action": "report", "role": "operator", "actor": "wang", "at": [123.0, 30.0156]}
        number = posted(service, "cases/matters/actions", opening | {"fields": {"source": "hotline"}})["case"]
        planner.open("cases", case=number, role="operator")
        reject(planner)
        planner.page.locator(".act button[type=submit]").dblclick()
        planner.page.get_by_text("The case is now: rejected.").wait_for(timeout=WAIT_MS)
        assert actions(service, number) == ["report", "reject"]
        planner.check()
    with stcloud.open(own_town) as city, city.cases("matters") as log:
        (text,) = log.private(number, who="wang", why="a test")
    assert text.value == "The railway is responsible"


def test_a_planner_sees_what_is_permitted_and_no_fault(browser, own_town, tmp_path):
    (tmp_path / "policy.toml").write_text(POLICY)
    command = [sys.executable, "-m", "stcloud", "token", "add", "zhao", "--role", "planner", "--expires", "9d",
               "--file", str(tmp_path / "tokens.toml")]  # fmt: skip
    token = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[0]
    options = ("--policy", str(tmp_path / "policy.toml"), "--tokens", str(tmp_path / "tokens.toml"))
    with serve(own_town, *options) as service, at_console(browser, service) as planner:
        planner.open("catalogue")
        assert planner.numbers() == []
        planner.page.get_by_role("button", name="Sign in").click()
        planner.page.locator("input[type=password]").fill(token)
        planner.page.keyboard.press("Enter")
        planner.page.wait_for_selector("main [data-count]", timeout=WAIT_MS)
        planner.settle()
        assert {question["layer"] for _, question in planner.numbers()} == {"communities", "requests"}
        for board in ("Cases", "Situation", "Series"):
            planner.page.get_by_role("link", name=board, exact=True).click()
            planner.settle()
            assert planner.page.locator("main .failure").count() == 0
            assert planner.page.locator("main .empty").count() == 1
        planner.check()


def test_readings_are_shown_with_their_gaps_and_flags_and_episodes(browser, tmp_path):
    with stcloud.create(tmp_path / "beijing", crs="EPSG:32650", zone="Asia/Shanghai") as city:
        stations = "beijing-air-stations"
        city.load(
            stations,
            "fixtures/sources/beijing_air_stations.csv",
            definition=stations,
            valid_from="2013-01-01",
        )
        city.load("air", "fixtures/sources/beijing_air.csv", definition="beijing-air")
    with serve(tmp_path / "beijing") as service, at_console(browser, service) as planner:
        planner.open("series", station="Dongsi", layer="air", value="PM2.5", span="2016-12-19/2016-12-22")
        text = planner.page.locator("figure.readings").inner_text()
        assert "Readings: 72." in text
        assert "Cannot be right: 1." in text
        assert "Gaps: 1." in text
        planner.page.locator("[name=threshold]").fill("100")
        planner.page.keyboard.press("Enter")
        planner.settle()
        asked = {"rule": {"id": "r", "layer": "air", "value": "PM2.5", "above": 100, "for": "3h", "gap": "1h"},
                 "at": ["Dongsi"], "when": "2016-12-19/2016-12-22"}  # fmt: skip
        expected = len(posted(service, "episodes", asked)["rows"])
        assert planner.page.locator("section.episodes tbody tr").count() == expected > 0
        planner.check()


def reject(planner: Planner) -> None:
    """Fill in the form by which an operator rejects the case that is open."""
    planner.page.locator(".act .ways").get_by_role("button", name="Reject").click()
    planner.page.locator(".act").get_by_label("Who acts").fill("wang")
    planner.page.locator(".act [name=field-reason]").fill("The railway is responsible")


def cases(service: str) -> list[dict]:
    return json.loads(urlopen(f"{service}cases/matters?limit=10000").read())["cases"]


def actions(service: str, number: str) -> list[str]:
    case = json.loads(urlopen(f"{service}cases/matters/{number}").read())
    return [action["action"] for action in case["actions"]]


def test_hot_spots_of_a_wide_city_take_cells_that_an_answer_can_hold(browser, tmp_path):
    far = [(-74.0, 40.6), (-73.6, 40.9)]  # 40 km apart: more than 10,000 cells of 250 m
    days = [(day, place) for day in range(1, 29) for place in far]
    rows = [
        {"id": number, "at": f"2024-03-{day:02} 08:00", "lon": lon, "lat": lat}
        for number, (day, (lon, lat)) in enumerate(days)
    ]
    with stcloud.create(tmp_path / "york", crs="EPSG:32618", zone="America/New_York") as city:
        city.load("events", rows, key="id", time="at", lon="lon", lat="lat")
    with serve(tmp_path / "york") as address, at_console(browser, address) as planner:
        planner.open("hotspots")
        assert planner.page.locator(".failure").count() == 0
        assert planner.page.get_by_label("Cells").input_value() == "500m"
        planner.open("hotspots", cell="100m")
        assert planner.page.locator(".failure").count() == 1
        planner.page.get_by_role("button", name="Choose larger cells").click()
        planner.settle()
        assert planner.page.locator(".failure").count() == 0
        planner.check("400")
