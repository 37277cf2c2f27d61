"""Replay: equal to the fold of each case, at any instant, as it was known at any other."""

from dataclasses import replace as changed

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stcloud.errors import FormatError, InvalidInput
from stcloud.iaas.bundle import bundled_text
from stcloud.paas.case import Workflow, fold, read_workflow
from stcloud.paas.case.jumptable import CLOCKS
from stcloud.paas.case.logcolumns import NO_INSTANT, LogColumns
from stcloud.paas.case.replayed import replay
from stcloud.testing.caselogs import DAY_US, MINUTE_US, GrowingLog, handled_case, logs

WORKFLOW = read_workflow("urban-management")


def stated(instant):
    return None if instant == NO_INSTANT else int(instant)


def assert_equal_to_folds(workflow, lists, *, newer=None, **when):
    newer = newer or {}
    result = replay(workflow, LogColumns.of(lists), newer=newer, **when)
    bound = {known.key: known for known in (workflow, *newer.values())}
    for i, log in enumerate(lists):
        state = fold(workflow, log, newer=newer, **when)
        if state is None:
            assert result.state[i] == -1
            assert (result.seq[i], stated(result.opened_us[i]), result.is_counted[i]) == (0, None, False)
            continue
        assert result.states[result.state[i]] == state.state
        assert (result.seq[i], stated(result.until_us[i])) == (state.seq, state.until_us)
        assert [result.opened_us[i], result.since_us[i], result.changed_us[i]] == [
            state.opened_us, state.since_us, state.changed_us
        ]  # fmt: skip
        assert {flag for flag in result.flags if result.has_flag(flag)[i]} == state.flags
        assert {
            name: result.count(name)[i] for name in result.increments if result.count(name)[i]
        } == state.counts
        assert result.is_counted[i] == bound[state.workflow].is_counted(state.state, state.flags)
        rows = np.flatnonzero(result.stays.case == i)
        assert [
            (
                result.states[result.stays.state[row]],
                int(result.stays.from_us[row]),
                stated(result.stays.to_us[row]),
            )
            for row in rows
        ] == [tuple(stay) for stay in state.stays]
        for name in result.states:
            assert stated(result.first_us(name)[i]) == state.first_us.get(name)
            assert stated(result.last_us(name)[i]) == state.last_us.get(name)
        kept = result.effective_us[result.columns.case == i]
        assert list(kept) == state.effective_us
    return result


@given(st.lists(logs(), min_size=1, max_size=4))
def test_a_replay_is_all_folds(drawn):
    assert_equal_to_folds(WORKFLOW, [log.actions for log in drawn])


@given(st.lists(logs(), min_size=1, max_size=4), st.data())
def test_a_replay_is_all_folds_at_any_instant_as_known_at_any_other(drawn, data):
    actions = [action for log in drawn for action in log.actions]
    known = data.draw(st.none() | st.sampled_from([action.recorded_us for action in actions]))
    entered = [us for log in drawn for _, us in log.state.entries]
    at = data.draw(st.none() | st.sampled_from([*entered, *(us - 1 for us in entered), 2**61]))
    assert_equal_to_folds(WORKFLOW, [log.actions for log in drawn], at_us=at, known_us=known)


def newer_workflow():
    text = bundled_text("layers", "workflows", "urban-management.toml").replace("version = 1", "version = 2")
    text = text.replace("handling = {", "in_work = {").replace('"handling"', '"in_work"')
    text = text.replace('side = "in_work"', 'side = "handling"')
    text += '\n[migrations."urban-management/1".states]\nhandling = "in_work"\n'
    return Workflow.from_toml(text, name="newer.toml")


NEWER = newer_workflow()


@pytest.mark.parametrize("path", [("dispatch", "assign"), ("dispatch",), ("dispatch", "assign", "suspend")])
def test_a_case_continues_under_a_newer_workflow(path):
    log = handled_case("report", "file", *path)
    migrate = log.draft("migrate", "admin")
    actions = [*log.actions, migrate]
    newer = {NEWER.key: NEWER}
    state = fold(WORKFLOW, actions, newer=newer)
    assert state.workflow == "urban-management/2"
    assert state.state == {"handling": "in_work"}.get(log.state.state, log.state.state)
    later = GrowingLog(NEWER)
    later.actions, later.state, later.now_us = actions, state, log.now_us + 40 * DAY_US
    name = {"dispatched": "assign"}.get(state.state, "handle")
    later.do(name, department_of_actor="roads")
    assert later.state == fold(WORKFLOW, later.actions, newer=newer)
    for at in (None, log.now_us, log.now_us + 35 * DAY_US):
        assert_equal_to_folds(WORKFLOW, [later.actions, actions, log.actions], newer=newer, at_us=at)


def test_a_replay_tells_clocks_and_counts():
    suspended = handled_case("report", "file", "dispatch", "assign")
    suspended.do("suspend", until=suspended.now_us + DAY_US)
    reworked = handled_case()
    reworked.do("check", check="fail")
    reworked.do("rework")
    result = replay(WORKFLOW, LogColumns.of([suspended.actions, reworked.actions]))
    assert [CLOCKS[code] for code in result.stays.clock[:5]] == [
        "running",
        "running",
        "running",
        "running",
        "paused",
    ]
    assert [result.stages[code] for code in result.stays.stage[:3]] == ["accept", "dispatch", "handle"]
    assert list(result.count("reworks")) == [0, 1]
    assert list(result.count("suspensions")) == [1, 0]
    assert result.first_us("dispatched")[1] < result.last_us("dispatched")[1]


def test_no_case_and_no_action_are_nothing():
    assert replay(WORKFLOW, LogColumns.of([])).state.size == 0
    assert list(replay(WORKFLOW, LogColumns.of([[], handled_case("report").actions, []])).state) == [
        -1,
        0,
        -1,
    ]


def test_rows_in_another_order_are_refused():
    columns = LogColumns.of([handled_case("report", "file").actions] * 2)
    for wrong in (columns.case[::-1], columns.case + 1):
        with pytest.raises(InvalidInput) as error:
            replay(WORKFLOW, changed(columns, case=wrong))
        assert error.value.kind == "unordered-case-log"
    with pytest.raises(InvalidInput, match="row 1 has action 3"):
        replay(WORKFLOW, changed(columns, seq=np.array([1, 3, 1, 2])))


def test_a_log_that_skips_a_state_is_broken():
    good, log = handled_case("report"), handled_case("report", "file")
    wrong = [log.actions[0], changed(log.actions[1], name="close")]
    with pytest.raises(
        FormatError, match="case 1, action 2: the workflow has no close of a case that is reported"
    ):
        replay(WORKFLOW, LogColumns.of([good.actions, wrong]))
    with pytest.raises(FormatError, match="not opened"):
        replay(WORKFLOW, LogColumns.of([[changed(log.actions[0], name="file")]]))


def test_an_unknown_workflow_breaks_the_log():
    log = handled_case("report", "file")
    log.actions.append(log.draft("migrate", "admin"))
    with pytest.raises(FormatError, match="migrate"):
        replay(WORKFLOW, LogColumns.of([log.actions]))
    with pytest.raises(FormatError, match="cannot migrate to urban-management/2"):
        fold(WORKFLOW, log.actions)


def test_a_correction_moves_instants_in_a_replay_too():
    log = handled_case()
    log.do("check", check="pass")
    log.do("close")
    log.do("correct", "admin", corrects=8, corrected=log.now_us - 30 * MINUTE_US)
    assert_equal_to_folds(WORKFLOW, [log.actions])


@pytest.mark.parametrize("offset", [-60 * MINUTE_US, 0, 60 * MINUTE_US])
def test_what_resumed_by_itself_follows_corrections(offset):
    log = handled_case("report", "file", "dispatch", "assign", "suspend")
    until = log.state.until_us
    log.now_us = until + DAY_US
    log.do("handle")
    log.do("correct", "operator", corrects=6, corrected=until + offset)
    for at in (None, until - 90 * MINUTE_US, until - 1, until, until + DAY_US):
        assert_equal_to_folds(WORKFLOW, [log.actions], at_us=at)
