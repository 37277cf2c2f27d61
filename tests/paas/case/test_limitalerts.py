"""Alerts of limits are a function of log, rules and time: not of when, and how often, they are looked at."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.daas.table.timeline import ALWAYS
from stcloud.paas.case.limitalerts import LimitAlerts
from stcloud.testing.examples import examples
from stcloud.testing.limitcases import STEPS, bound_limits, clock_towns, limited_cases
from stcloud.testing.limits import STEP_US, SlowLimits
from stcloud.testing.standing import SlowAlerts

SHOWN = ("group", "raised_us", "lateness_us", "status", "from_us", "to_us", "crossed_us", "rows", "last_us")


def raised(bound, log, town, until_us):
    """Return all alerts of one step, in order, and the next instant."""
    return LimitAlerts(bound, log.actions, town.rules).advance(ALWAYS, until_us)


@pytest.mark.thorough
@settings(deadline=None, max_examples=examples(40))
@given(st.data())
def test_the_oracle_of_alerts(data):
    """After any time, alerts are those of a model that lists all incidents at every step of recorded time."""
    town = data.draw(clock_towns())
    log, bound = data.draw(limited_cases(town)), data.draw(bound_limits(town))
    until_us = town.start_us + data.draw(st.integers(60, STEPS - 1)) * STEP_US
    slow = SlowAlerts(None)
    model = SlowLimits(log.workflow, log.actions, bound.rule.left_at_most, bound.rule.clock)
    model.alerts(slow, town.slow, bound.added_us, until_us)
    alerts = [
        {name: getattr(alert, name, None) or getattr(alert.incident, name, None) for name in SHOWN}
        | {"lateness_us": alert.lateness_us, "peak": round(alert.incident.peak, 9)}
        for alert in raised(bound, log, town, until_us)[0]
    ]
    expected = [
        {name: each[name] for name in SHOWN} | {"peak": round(each["peak"], 9)} for each in slow.shown()
    ]
    assert alerts == expected


@settings(deadline=None, max_examples=examples(60))
@given(st.data())
def test_replay_is_step_by_step(data):
    """In one step, or in many, at instants that mean nothing: the same alerts to the byte, in the same order."""
    town = data.draw(clock_towns())
    log, bound = data.draw(limited_cases(town)), data.draw(bound_limits(town))
    last = STEPS * STEP_US
    until_us = town.start_us + last
    whole, next_us = raised(bound, log, town, until_us)
    after_us, alerts = ALWAYS, {}
    looks = data.draw(st.lists(st.integers(0, last), max_size=6))
    for at_us in sorted({town.start_us + each for each in looks} | {until_us}):
        known = [action for action in log.actions if action.recorded_us <= at_us]
        fold = LimitAlerts(bound, known, town.rules, alerts.values())
        changed, step_next_us = fold.advance(after_us, at_us)
        alerts |= {alert.id: alert for alert in changed}
        after_us = at_us
    assert sorted(alerts.values(), key=lambda alert: alert.order) == whole
    assert step_next_us == next_us


@settings(deadline=None, max_examples=examples(30))
@given(st.data())
def test_nothing_changes_before_the_next_instant(data):
    town = data.draw(clock_towns())
    log, bound = data.draw(limited_cases(town)), data.draw(bound_limits(town))
    at_us = max(log.now_us, town.start_us + 150 * STEP_US)
    alerts, next_us = raised(bound, log, town, at_us)
    until_us = town.start_us + 2 * STEPS * STEP_US
    fold = LimitAlerts(bound, log.actions, town.rules, alerts)
    if next_us is None:
        assert fold.advance(at_us, until_us)[0] == []
    else:
        assert fold.advance(at_us, next_us - 1)[0] == []
        assert fold.advance(next_us - 1, next_us)[0] != []
