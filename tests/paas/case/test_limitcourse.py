"""Incidents of limits are those of a model that counts the clock of a case step by step."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.paas.case.limitcourse import LimitCourse
from stcloud.testing.examples import examples
from stcloud.testing.limitcases import STEPS, bound_limits, clock_towns, limited_cases
from stcloud.testing.limits import STEP_US, SlowLimits

SHOWN = ("from_us", "to_us", "crossed_us", "rows", "last_us")


def shown(incident):
    return {name: getattr(incident, name) for name in SHOWN} | {"peak": round(incident.peak, 9)}


@pytest.mark.thorough
@settings(deadline=None, max_examples=examples(800))
@given(st.data())
def test_the_oracle_of_limits(data):
    town = data.draw(clock_towns(versions=1))
    log = data.draw(limited_cases(town))
    bound = data.draw(bound_limits(town))
    clocks, end_us = town.slow[0][1], town.start_us + STEPS * STEP_US
    known = data.draw(st.integers(1, len(log.actions)))
    slow = SlowLimits(log.workflow, log.actions, bound.rule.left_at_most, bound.rule.clock)
    expected = slow.incidents(known, clocks)
    spells = LimitCourse(bound, log.actions).spells(known, town.rules.known_at(end_us))
    at_us = town.start_us + data.draw(st.integers(0, STEPS - 1)) * STEP_US
    for when_us in (at_us, end_us - 1):
        found = {
            group: [shown(each.incident(when_us)) for each in own if each.from_us <= when_us]
            for group, own in spells.items()
        }
        model = {
            group: [shown(each.by(when_us)) for each in own if each.whole.from_us <= when_us]
            for group, own in expected.items()
        }
        assert {group: own for group, own in found.items() if own} == {
            group: own for group, own in model.items() if own
        }
