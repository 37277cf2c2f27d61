"""Folds: equal to steps, at any instant, as it was known at any other; corrections move instants only."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stcloud.errors import FormatError, InvalidInput
from stcloud.paas.case import fold, read_workflow
from stcloud.testing.caselogs import DAY_US, MINUTE_US, START_US, GrowingLog, handled_case, logs

WORKFLOW = read_workflow("urban-management")
LATEST_US = 2**62


@given(logs())
def test_a_fold_is_all_steps(log):
    assert fold(WORKFLOW, log.actions) == log.state
    assert fold(WORKFLOW, log.actions, known_us=LATEST_US) == log.state


@given(logs(), st.data())
def test_what_was_known_is_the_log_up_to_then(log, data):
    known = data.draw(st.sampled_from([action.recorded_us for action in log.actions]))
    before = [action for action in log.actions if action.recorded_us <= known]
    assert fold(WORKFLOW, log.actions, known_us=known) == fold(WORKFLOW, before)


@given(logs(), st.data())
def test_the_state_at_an_instant_is_the_stay_that_holds_it(log, data):
    instants = [
        instant for _, entered in log.state.entries for instant in (entered - 1, entered, entered + 1)
    ]
    at = data.draw(st.sampled_from([*instants, LATEST_US]))
    state = fold(WORKFLOW, log.actions, at_us=at)
    if at < log.state.opened_us:
        assert state is None
        return
    whole = fold(WORKFLOW, log.actions, at_us=LATEST_US)
    (held,) = [stay for stay in whole.stays if stay.from_us <= at and (stay.to_us is None or at < stay.to_us)]
    assert state.state == held.state
    assert state.since_us == held.from_us
    assert all(entered <= at for _, entered in state.entries)


@given(logs())
def test_stays_follow_each_other_from_the_first_action_on(log):
    stays = log.state.stays
    assert stays[0].from_us == log.state.opened_us
    assert [stay.to_us for stay in stays[:-1]] == [stay.from_us for stay in stays[1:]]
    assert stays[-1] == (log.state.state, log.state.since_us, None)
    assert all(stay.from_us <= stay.to_us for stay in stays[:-1])


def test_a_suspended_case_resumes_by_itself():
    log = handled_case("report", "file", "dispatch", "assign")
    log.do("suspend", until=log.now_us + DAY_US)
    until = log.state.until_us
    assert log.state.state == "suspended"
    assert fold(WORKFLOW, log.actions, at_us=until - 1).state == "suspended"
    resumed = fold(WORKFLOW, log.actions, at_us=until)
    assert (resumed.state, resumed.since_us, resumed.until_us, resumed.seq) == ("handling", until, None, 5)
    log.now_us = until + 5 * MINUTE_US
    assert log.do("handle").entries[-2:] == [("handling", until), ("handled", until + 6 * MINUTE_US)]


def test_an_action_that_comes_late_counts_from_the_one_before():
    log = handled_case("report", "file", "dispatch", "assign")
    assigned = log.now_us
    log.do("handle", happened_us=assigned - 30 * MINUTE_US)
    assert log.state.last_us["handled"] == assigned


def test_a_correction_moves_an_instant_and_no_state():
    log = handled_case()
    log.do("check", check="pass")
    log.do("close")
    closed = log.now_us
    log.now_us += DAY_US
    before = list(log.actions)
    log.do("correct", corrects=8, corrected=closed + 3 * 60 * MINUTE_US)
    assert log.actions[:-1] == before
    assert log.state.last_us["closed"] == closed + 3 * 60 * MINUTE_US
    assert log.state.state == "closed"
    earlier = fold(WORKFLOW, log.actions, at_us=closed)
    assert (earlier.state, earlier.seq) == ("pending_check", 7)
    believed = fold(WORKFLOW, log.actions, at_us=closed, known_us=log.actions[7].recorded_us)
    assert believed.state == "closed"


def test_what_resumed_by_itself_does_so_no_later_than_the_next_action():
    log = handled_case("report", "file", "dispatch", "assign")
    log.do("suspend", until=log.now_us + DAY_US)
    until = log.state.until_us
    log.now_us = until + DAY_US
    log.do("handle")
    log.do("correct", "operator", corrects=6, corrected=until - 60 * MINUTE_US)
    assert log.state.entries[-2:] == [
        ("handling", until - 60 * MINUTE_US),
        ("handled", until - 60 * MINUTE_US),
    ]
    log.do("correct", "operator", corrects=6, corrected=until + 60 * MINUTE_US)
    assert log.state.entries[-2:] == [("handling", until), ("handled", until + 60 * MINUTE_US)]


def test_instants_of_actions_within_a_state():
    log = handled_case()
    log.do("check", check="unable")
    log.do("check", check="pass")
    assert log.state.instants_us("check") == (START_US + 7 * MINUTE_US, START_US + 8 * MINUTE_US)


def test_a_log_in_another_order_is_refused():
    log = handled_case("report", "file")
    with pytest.raises(InvalidInput) as error:
        fold(WORKFLOW, log.actions[::-1])
    assert error.value.kind == "unordered-case-log"
    with pytest.raises(InvalidInput, match="2024-2"):
        fold(WORKFLOW, [log.actions[0], replace(log.actions[1], case="2024-2")])


def test_a_log_that_skips_a_state_is_broken():
    log = handled_case("report", "file")
    with pytest.raises(FormatError, match="has no close of a case that is reported") as error:
        fold(WORKFLOW, [log.actions[0], replace(log.actions[1], name="close")])
    assert error.value.kind == "broken-case-log"


def test_nothing_comes_to_nothing():
    assert fold(WORKFLOW, []) is None
    assert fold(WORKFLOW, handled_case("report").actions, at_us=START_US) is None
    assert fold(WORKFLOW, handled_case("report").actions, known_us=START_US) is None


def test_a_case_is_opened_once():
    assert GrowingLog().refuse("file").kind == "illegal-action"
