"""A year of cases of Alderport: the same in each run, recorded in the order in which it was done."""

import re
from datetime import timedelta

import pytest

import stcloud
from stcloud.saas.demo.casework import COVER, actions_of
from stcloud.saas.demo.ground import StreetPlan


@pytest.fixture(scope="module")
def played(demo):
    """The folder of a city in which the year was played, and how many actions that were."""
    folder, printed = demo
    count = re.search(r"([\d,]+)\s+actions\s+are\s+recorded", printed)[1]
    return folder, int(count.replace(",", ""))


def test_a_seed_gives_one_year():
    assert actions_of(StreetPlan(7)) == actions_of(StreetPlan(7)) != actions_of(StreetPlan(8))


def test_actions_are_recorded_after_they_happened_and_some_are_delivered_late():
    actions = actions_of(StreetPlan(2024))
    assert all(action.happened < action.recorded for action in actions)
    assert [action.recorded for action in actions] == sorted(action.recorded for action in actions)
    late = [action for action in actions if action.recorded - action.happened > timedelta(hours=1)]
    assert 30 < len(late) < len(actions) / 4


def test_every_action_is_accepted_and_recorded_in_its_year(played):
    place, count = played
    with stcloud.open(place) as city, city.cases("matters") as cases:
        assert count == len(actions_of(StreetPlan(2024)))
        years = {
            cases.zone.iso(action.recorded_us)[:4]
            for state in cases.states() for action in cases.actions(state.case)
        }  # fmt: skip
        assert years == {"2024", "2025"}
        cover = cases.state(COVER)
        assert (cover.state, cover.counts["reworks"]) == ("closed", 1)
        states = {state.state for state in cases.states()}
        assert "closed" in states
        assert len(states) > 1


def test_the_evaluation_of_november_was_another_one_on_the_first_of_december(played):
    with stcloud.open(played[0]) as city, city.cases("matters") as cases:
        now, then = (
            cases.evaluate(period="2024-11", known_at=known_at).row() for known_at in (None, "2024-12-01")
        )
        assert then["closing_rate_denominator"] <= now["closing_rate_denominator"]
        assert then["closing_rate_numerator"] < now["closing_rate_numerator"]
        assert 50 < now["on_time_closing_rate"] < 95
