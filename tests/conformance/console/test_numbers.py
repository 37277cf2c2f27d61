"""Every number leads to its rows, and there are as many; an address that is opened again gives the same numbers."""

from __future__ import annotations

import random
import subprocess
import sys

import pytest

import stcloud
from tests.conformance.console.planner import BOARDS, Planner, at_console
from tests.conformance.web.serving import serve

STATES = (
    {"layer": "requests", "when": "2024"},
    {"layer": "requests", "when": "2024-06", "group": "subject=street lamp", "by": "in:communities"},
    {"layer": "requests", "when": "2024-12", "days": "working", "by": "unit", "compare": "previous"},
    {"layer": "requests", "what": "subject = 'refuse'", "hours": "07:00-12:00", "by": "street"},
)
CLICKS = 5


@pytest.fixture(scope="module")
def planner(browser, service):
    with at_console(browser, service) as made:
        yield made
        made.check()


def shuffled(planner: Planner, seed: str) -> list[int]:
    places = list(range(len(planner.numbers())))
    random.Random(seed).shuffle(places)
    return places[:CLICKS]


@pytest.mark.thorough
@pytest.mark.parametrize("state", STATES, ids=lambda state: " ".join(state.values()))
def test_every_number_leads_to_its_rows_and_there_are_as_many(planner, state):
    planner.open(**state)
    numbers = planner.numbers()
    assert len(numbers) > 10
    for place in shuffled(planner, str(state)):
        assert planner.rows_of(place) == numbers[place][0], numbers[place]


@pytest.mark.parametrize("board", BOARDS)
@pytest.mark.costly
def test_an_address_that_is_opened_again_gives_the_same_numbers(planner, browser, service, board):
    planner.open(board, layer="requests", when="2024-03", log="matters")
    address, numbers = planner.page.url, planner.numbers()
    with at_console(browser, service) as other:
        other.page.goto(address)
        other.settle()
        assert other.numbers() == numbers
        other.check()


@pytest.mark.thorough
@pytest.mark.thorough
def test_an_address_gives_the_same_numbers_after_a_load(browser, own_town):
    with serve(own_town) as service, at_console(browser, service) as planner:
        planner.open(layer="requests", when="2024-12")
        address, numbers = planner.page.url, planner.numbers()
        with stcloud.open(own_town) as city:
            frame = city.query("requests").when("2024-12").to_pandas().head(3)
            columns = [name for name in frame.columns if not name.startswith("st_")]
            changed = frame[columns].assign(subject="graffiti")
            city.load("requests", changed, mode="changes")
        planner.page.goto("about:blank")
        planner.page.goto(address)
        planner.settle()
        assert planner.numbers() == numbers
        planner.check()


def test_two_clocks_show_what_the_shell_prints(planner, town):
    with stcloud.open(town) as city:
        first = city.configuration.zone.iso(city.layer("requests").loads[0].recorded_at_us)
    planner.open(layer="requests", when="2024-12", known=first, what="status = 'open'")
    command = [sys.executable, "-m", "stcloud", "query", str(town), "requests", "--when", "2024-12", "--what",
               "status = 'open'", "--known-at", first, "--count", "--format", "csv"]  # fmt: skip
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert planner.numbers()[0][0] == int(printed[-1])
    planner.open(layer="requests", when="2024-12", what="status = 'open'")
    assert planner.numbers()[0][0] < int(printed[-1])


@pytest.mark.thorough
def test_features_are_as_they_were_and_as_the_shell_shows_them(planner, town):
    for instant in ("2024-03-01", "2024-08-01"):
        command = [
            sys.executable,
            "-m",
            "stcloud",
            "show",
            str(town),
            "lamps",
            "--as-of",
            instant,
            "--format",
            "csv",
        ]
        printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
        planner.open(layer="lamps", asof=instant)
        assert planner.numbers()[0][0] == len(printed) - 1
