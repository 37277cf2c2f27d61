"""Imports of random dumps: a case is what the last dump says, and what was known before stays so."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stcloud.errors import InvalidInput
from stcloud.iaas.bundle import bundled_text
from stcloud.iaas.records import StoredRule
from stcloud.paas.case import fold, read_workflow
from stcloud.paas.case.caserules import ALWAYS_US, CaseRules
from stcloud.paas.case.imported import CORRECTING, actions_of
from stcloud.paas.case.judgement import judged_import
from stcloud.paas.case.requested import Request

WORKFLOW = read_workflow("imported-requests")
BODY = bundled_text("layers", "workflows", "imported-requests.toml")
RULES = CaseRules(
    [StoredRule(kind="workflow", digest="d", valid_from_us=ALWAYS_US, recorded_us=1, body=BODY)]
)
HOUR_US = 3_600_000_000
SEEN_US = 100 * HOUR_US
"""When the first dump is seen; each next one is seen 100 hours later."""

dumps = st.lists(
    st.builds(
        dict,
        opened=st.sampled_from((10, 10, 10, 12)),
        ended=st.sampled_from((None, "closed", "closed", "cancelled")),
        at=st.one_of(st.none(), st.sampled_from((5, 20, 30)), st.just("lately")),
        klass=st.sampled_from((None, "pothole", "graffiti")),
        status=st.sampled_from((None, "OPEN", "DONE")),
    ),
    min_size=1,
    max_size=6,
)


def request_of(dump, number):
    """Return what a dump says; a time that is ``lately`` was between it and the dump before."""
    seen_us = SEEN_US * (number + 1)
    at = dump["at"]
    ended_us = None if at is None else seen_us - HOUR_US if at == "lately" else at * HOUR_US
    facts = {"class": dump["klass"], "status": dump["status"]}
    return Request(
        "R-1", dump["opened"] * HOUR_US, dump["ended"], ended_us if dump["ended"] else None, seen_us,
        {name: value for name, value in facts.items() if value is not None},
    )  # fmt: skip


def imported(log, request, now_us):
    """Append what a request adds to a log; return the log and the case."""
    state = fold(WORKFLOW, log) if log else None
    actions = actions_of(request, state, "import")
    after = judged_import(RULES, state, actions, now_us) if actions else state
    log = [*log, *(replace(action, recorded_us=now_us + place) for place, action in enumerate(actions))]
    assert replace(fold(WORKFLOW, log), recorded_us=0) == replace(after, recorded_us=0)
    return log, fold(WORKFLOW, log)


@given(dumps)
def test_a_case_is_what_the_last_dump_says(dumps):
    log, plain, seen = [], {}, []
    for number, dump in enumerate(dumps):
        request = request_of(dump, number)
        log, state = imported(log, request, request.seen_us + 1)
        plain |= request.facts
        assert state.state == (dump["ended"] or "open")
        assert {name: state.values.get(name) for name in plain} == plain
        assert state.opened_us == request.opened_us
        if request.ended_us is not None:
            moved = state.moves[-1][0]
            assert state.corrections.get(moved, state.happened[moved - 1]) == request.ended_us
            assert "undated" not in state.flags
        again, _ = imported(log, request, request.seen_us + 50)
        assert again == log
        for known_us, before in seen:
            assert fold(WORKFLOW, log, known_us=known_us) == before
        seen.append((request.seen_us + 40, state))


@given(dumps)
def test_an_end_takes_effect_when_the_first_dump_that_says_it_dates_it(dumps):
    """What a dump says besides, or says of the opening, does not move the end that it states."""
    log, last_us = [], 0
    for number, dump in enumerate(dumps):
        request = request_of(dump, number)
        before = fold(WORKFLOW, log) if log else None
        log, state = imported(log, request, request.seen_us + 1)
        if state.state != "open" and (before is None or before.state == "open"):
            stated_us = request.seen_us if request.ended_us is None else request.ended_us
            assert state.since_us == max(stated_us, state.opened_us, last_us)
        last_us = state.changed_us


def test_a_changed_closing_date_is_one_correction_and_the_log_as_known_before_has_the_old_one():
    first = Request("R-1", 0, "closed", 20 * HOUR_US, SEEN_US, {})
    log, _ = imported([], first, SEEN_US)
    later = replace(first, ended_us=30 * HOUR_US, seen_us=2 * SEEN_US)
    log, state = imported(log, later, 2 * SEEN_US)
    assert [action.name for action in log] == ["report", "close", "correct"]
    assert state.since_us == 30 * HOUR_US
    assert fold(WORKFLOW, log, known_us=SEEN_US + 10).since_us == 20 * HOUR_US


def test_a_date_that_was_not_known_is_stated_later_and_a_corrected_opening_states_none():
    undated = Request("R-1", 0, "closed", None, SEEN_US, {})
    log, state = imported([], undated, SEEN_US)
    assert "undated" in state.flags
    log, state = imported(log, replace(undated, opened_us=HOUR_US, seen_us=2 * SEEN_US), 2 * SEEN_US)
    assert "undated" in state.flags
    dated = replace(undated, opened_us=HOUR_US, ended_us=9 * HOUR_US, seen_us=3 * SEEN_US)
    log, state = imported(log, dated, 3 * SEEN_US)
    assert "undated" not in state.flags
    assert state.since_us == 9 * HOUR_US
    assert [action.name for action in log if action.name in CORRECTING] == ["correct", "date_end"]


def test_what_a_dump_says_besides_does_not_delay_the_end_that_it_says():
    log, _ = imported([], Request("R-1", 0, None, None, SEEN_US, {"class": "pothole"}), SEEN_US)
    closed = Request("R-1", 0, "closed", SEEN_US + HOUR_US, 2 * SEEN_US, {"class": "graffiti"})
    log, state = imported(log, closed, 2 * SEEN_US)
    assert (state.state, state.since_us, state.class_code) == ("closed", SEEN_US + HOUR_US, "graffiti")


def test_the_same_import_has_the_same_ids():
    request = Request("R-1", 0, "closed", HOUR_US, SEEN_US, {"class": "pothole"})
    ids = [action.id for action in actions_of(request, None, "import")]
    assert ids == [action.id for action in actions_of(request, None, "another")]
    assert len(set(ids)) == 2
    assert ids != [action.id for action in actions_of(replace(request, opened_us=1), None, "import")]


@pytest.mark.parametrize(
    "request_",
    [
        Request("R-1", SEEN_US + 1, None, None, SEEN_US, {}),
        Request("R-1", 0, "closed", SEEN_US + 1, SEEN_US, {}),
    ],
)
def test_what_is_dated_after_now_is_refused(request_):
    with pytest.raises(InvalidInput) as refused:
        imported([], request_, SEEN_US)
    assert refused.value.kind == "happened-later"


@pytest.mark.parametrize("number", ["", " a", "a;b", "a\nb", "x" * 65, "a\0"])
def test_a_number_that_no_case_can_have_is_refused(number):
    with pytest.raises(InvalidInput) as refused:
        judged_import(
            RULES, None, actions_of(Request(number, 0, None, None, SEEN_US, {}), None, "i"), SEEN_US
        )
    assert refused.value.kind == "bad-number"
