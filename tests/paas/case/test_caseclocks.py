"""Clocks of cases whose actions arrive late and out of order, against a watch that walks minute by minute."""

import itertools
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.errors import InvalidInput
from stcloud.paas.case.caseclocks import case_clocks
from stcloud.paas.case.casedue import due_us
from stcloud.testing.desks import new_desk
from stcloud.testing.examples import examples
from stcloud.testing.stopwatch import Stopwatch

MINUTE_US = 60_000_000
START = int(datetime(2024, 2, 7, 8, 0, tzinfo=UTC).timestamp()) // 60
"""Two days before the Spring Festival, 16:00 in the city; the Sunday after it is worked."""
HOURS = {0: [("08:00", "12:00"), ("14:00", "18:00")]}
WATCH = Stopwatch(ZoneInfo("Asia/Shanghai"), "CN", {}, HOURS)
NEXT = {
    "reported": ["file"], "filed": ["dispatch"], "dispatched": ["assign", "assign", "return_to_dispatcher"],
    "handling": ["handle", "suspend"], "suspended": ["resume"], "handled": ["feed_back"],
    "pending_check": ["check"], "closed": [],
}  # fmt: skip
TO = {
    "report": "reported", "file": "filed", "dispatch": "dispatched", "return_to_dispatcher": "filed",
    "assign": "handling", "suspend": "suspended", "resume": "handling", "handle": "handled",
    "feed_back": "pending_check", "check": "pending_check", "close": "closed", "rework": "dispatched",
}  # fmt: skip
LIMITS = (
    ("work_hour", 4.0, 60),
    ("work_day", 1.0, 480),
    ("urgent_hour", 30.0, 60),
    ("natural_day", 2.0, 1440),
)
WAYS = {"work_hour": "working", "work_day": "working", "urgent_hour": "all", "natural_day": "all"}
numbers = itertools.count(1)


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    made = new_desk(tmp_path_factory.mktemp("clocks"))
    yield made
    made.records.close()


def next_action(state, checked, suspended, choice):
    if state == "pending_check" and checked:
        return "rework" if checked == "fail" else "close"
    names = [name for name in NEXT[state] if name != "suspend" or not suspended]
    return names[choice % len(names)] if names else None


def act(desk, number, limit, steps):
    """Do what follows, each so many minutes after, or before, the last; return the stays in states, by minute."""
    latest, state, until, checked, suspended = START, "reported", None, None, False
    desk.do(number, "report", happened_us=START * MINUTE_US)
    stays = [(START, "reported")]
    for minutes, choice in steps:
        happened = latest + minutes
        if until is not None and until <= max(latest, happened):
            stays.append((max(until, stays[-1][0]), "handling"))
            state, until = "handling", None
        name = next_action(state, checked, suspended, choice)
        if name is None:
            break
        stated = {"limit_kind": limit[0], "limit_value": limit[1]} if name == "file" else {}
        if name == "check":
            checked = stated["check"] = "fail" if choice % 3 == 0 else "pass"
        elif name in ("rework", "feed_back"):
            checked = None
        if name == "suspend":
            until, suspended = happened + 1 + choice * 40, True
            stated["until"] = until * MINUTE_US
        elif name == "resume":
            until = None
        desk.do(number, name, happened_us=happened * MINUTE_US, **stated)
        latest = max(latest, happened)
        if TO[name] != state:
            stays.append((latest, TO[name]))
            state = TO[name]
    return stays, until


@settings(deadline=None, max_examples=examples(120))
@given(
    limit=st.sampled_from(LIMITS),
    steps=st.lists(
        st.tuples(st.sampled_from((0, 7, 95, 500, 1500, -3, -240)), st.integers(0, 100)),
        min_size=4,
        max_size=14,
    ),
    later=st.sampled_from((0, 1, 60, 3000, 9000)),
)
def test_clocks_of_late_actions_are_those_of_a_watch(desk, limit, steps, later):
    number = f"C-{next(numbers)}"
    stays, until = act(desk, number, limit, steps)
    at = stays[-1][0] + later
    if until is not None and until <= at:
        stays.append((max(until, stays[-1][0]), "handling"))
    state = desk.log.state(number, at_us=at * MINUTE_US)
    assert [(stay.from_us // MINUTE_US, stay.state) for stay in state.stays] == stays
    assert state.effective_us == sorted(state.effective_us)
    clocks = case_clocks([state], desk.log.rules, at * MINUTE_US)
    whole = next((clock for clock in clocks if clock.stage is None), None)
    names = [name for _, name in stays]
    if "dispatched" not in names:
        assert whole is None or whole.started_us is None
        return
    ends = [*(start for start, _ in stays[1:]), None]
    first = names.index("dispatched")
    runs = [
        (start, stop, name != "suspended")
        for (start, name), stop in zip(stays[first:], ends[first:], strict=True)
        if name != "closed"
    ]
    kind, value, unit = limit
    reading = WATCH.read(WAYS[kind], round(value * unit), runs, at)
    assert whole.deadline_us == reading.deadline * MINUTE_US
    assert whole.elapsed * unit == pytest.approx(reading.elapsed)
    assert whole.overdue == reading.overdue
    assert (whole.running, whole.paused) == (
        state.state not in ("closed", "suspended"),
        state.state == "suspended",
    )


def test_who_has_no_limit_has_no_deadline_and_stages_have_theirs(desk):
    number = f"C-{next(numbers)}"
    desk.do(number, "report", "file", "dispatch", happened_us=START * MINUTE_US)
    state = desk.log.state(number)
    clocks = {clock.stage: clock for clock in case_clocks([state], desk.log.rules, START * MINUTE_US)}
    assert set(clocks) == {"accept", "dispatch", "check"}
    assert clocks["check"].started_us is None
    assert due_us(state, desk.log.rules, START * MINUTE_US) is None


def test_an_extension_is_refused_after_the_deadline_and_granted_before_it_if_it_comes_late(desk):
    for minutes, granted in ((200, True), (3 * 24 * 60 + 8 * 24 * 60, False)):
        number = f"C-{next(numbers)}"
        desk.do(number, "report", happened_us=START * MINUTE_US)
        desk.do(number, "file", happened_us=START * MINUTE_US, limit_kind="work_hour", limit_value=8.0)
        desk.do(number, "dispatch", happened_us=START * MINUTE_US)
        ask = desk.submission(number, "request_extension", happened_us=(START + minutes) * MINUTE_US)
        if granted:
            assert "extension_requested" in desk.log.submit(ask).state.flags
            continue
        with pytest.raises(InvalidInput) as refused:
            desk.log.submit(ask)
        assert refused.value.kind == "overdue"


def test_a_suspension_that_has_ended_by_itself_hides_no_overdue(desk):
    number = f"C-{next(numbers)}"
    desk.do(number, "report", happened_us=START * MINUTE_US)
    desk.do(number, "file", happened_us=START * MINUTE_US, limit_kind="urgent_hour", limit_value=1.0)
    desk.do(number, "dispatch", "assign", happened_us=START * MINUTE_US)
    desk.do(number, "suspend", happened_us=START * MINUTE_US, until=(START + 10) * MINUTE_US)
    late = desk.submission(number, "request_extension", happened_us=(START + 71) * MINUTE_US)
    with pytest.raises(InvalidInput) as refused:
        desk.log.submit(late)
    assert refused.value.kind == "overdue"
    in_time = desk.submission(number, "request_extension", happened_us=(START + 69) * MINUTE_US)
    assert desk.log.submit(in_time).state.state == "handling"


def test_cases_of_several_rules_are_read_together_as_alone(desk):
    own = [f"C-{next(numbers)}" for _ in range(3)]
    for number, limit in zip(own, LIMITS, strict=False):
        act(desk, number, limit, [(30, 1)] * 4)
    at_us = (START + 400) * MINUTE_US
    states = [desk.log.state(number, at_us=at_us) for number in own]
    together = case_clocks(states, desk.log.rules, at_us)
    alone = [clock for state in states for clock in case_clocks([state], desk.log.rules, at_us)]
    assert together == alone
