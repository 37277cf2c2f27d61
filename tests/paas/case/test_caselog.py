"""A log of cases takes actions with all that follows from them, or leaves everything as it was."""

import json
from dataclasses import replace

import pytest

from stcloud.errors import Conflict, InvalidInput, NotFound, StcloudError
from stcloud.iaas.records import Find
from stcloud.testing.desks import new_desk
from stcloud.testing.hands import Hands
from stcloud.time import Zone

HOUR_US = 3_600_000_000


@pytest.fixture
def clock():
    return Hands("2024-03-01T09:50+08:00")


@pytest.fixture
def desk(tmp_path, clock):
    made = new_desk(tmp_path, clock=clock)
    yield made
    made.records.close()


def everything(desk):
    """Return all that is in a log but for its watermark."""
    until_us = desk.records.pin()
    entries = [row for batch in desk.records.logs(until_us) for row in batch.to_pylist()]
    return entries, desk.records.find(Find(), limit=1000).summaries, desk.records.outbox.waiting()


def test_what_is_refused_changes_nothing_and_lists_what_is_legal(desk):
    desk.do("A", "report", "file")
    before = everything(desk)
    for name, stated, kind in (
        ("close", {}, "illegal-action"), ("clsoe", {}, "unknown-action"),
        ("dispatch", {"role": "operator"}, "wrong-role"),
        ("dispatch", {"department": None}, "missing-field"), ("dispatch", {"department": "a\nb"}, "bad-value"),
        ("dispatch", {"colour": "red"}, "unknown-field"), ("report", {}, "illegal-action"),
        ("split", {"parts": "A;B"}, "same-case"), ("split", {"parts": "B;C;D"}, "uneven-lists"),
        ("link", {"master": "Z"}, "no-master"),
    ):  # fmt: skip
        with pytest.raises(InvalidInput) as refused:
            desk.do("A", name, **stated)
        assert refused.value.kind == kind
        assert set(refused.value.context["legal"]) < set(
            desk.log.rules.workflows["urban-management/1"].actions("filed")
        )
        assert everything(desk) == before
    with pytest.raises(InvalidInput) as unopened:
        desk.do("B", "file")
    assert unopened.value.context["legal"] == ("report",)


def test_what_follows_is_in_the_same_transaction_or_nothing_is(desk):
    desk.do("A", "report", "file")
    desk.do("P-2", "report")
    before = everything(desk)
    with pytest.raises(InvalidInput) as taken:
        desk.do("A", "split", parts="P-1;P-2")
    assert taken.value.kind == "parts-taken"
    assert everything(desk) == before
    accepted = desk.do("A", "split", parts="P-1;P-3")
    assert [(action.case, action.name) for action in accepted.actions] == [
        ("A", "split"), ("P-1", "open_part"), ("P-3", "open_part"), ("P-1", "dispatch"), ("P-3", "dispatch"),
    ]  # fmt: skip
    instants = [action.recorded_us for action in accepted.actions]
    assert instants == [*range(instants[0], instants[0] + 5)]
    assert [case.number for case in desk.log.find(Find(link="A"), limit=9)[0]] == ["P-1", "P-3"]


def test_the_duplicates_of_parts_are_closed_with_the_parts(desk):
    desk.do("A", "report", "file", "split")
    desk.do("D", "report")
    desk.do("D", "link", master="P-1")
    desk.do("A", "force_close")
    states = {number: desk.log.state(number).state for number in ("A", "P-1", "P-2", "D")}
    assert states == {"A": "forced_close", "P-1": "forced_close", "P-2": "forced_close", "D": "closed"}


def test_a_retry_is_no_second_action_and_another_action_needs_another_id(desk):
    desk.do("A", "report")
    verify = desk.submission("A", "order_verify", private={"opinion": "a text"})
    first = desk.log.submit(verify)
    before = everything(desk)
    again = desk.log.submit(verify)
    assert (first.repeated, again.repeated) == (False, True)
    assert again.actions == first.actions
    for other in (
        replace(verify, actor="x"), replace(verify, name="file"), replace(verify, happened_us=1),
        replace(verify, case="B", name="report", role="collector", fields={"source": "x"}, private={}),
    ):  # fmt: skip
        with pytest.raises(InvalidInput) as reused:
            desk.log.submit(other)
        assert reused.value.kind == "action-id-reused"
    assert everything(desk) == before


def test_who_expects_another_state_gets_the_new_one(desk):
    desk.do("A", "report", "file")
    for expected in (0, 1, 3):
        with pytest.raises(Conflict) as changed:
            desk.do("A", "dispatch", expected=expected)
        assert changed.value.context["state"] == desk.log.state("A")
    with pytest.raises(Conflict) as missing:
        desk.do("B", "report", expected=2)
    assert missing.value.context["state"] is None
    assert desk.do("A", "dispatch", expected=2).state.state == "dispatched"


def test_actions_that_arrive_late_are_taken_and_take_effect_in_the_order_of_the_log(desk, clock):
    base_us = clock.now_us - 48 * HOUR_US
    desk.do("A", "report", happened_us=base_us)
    desk.do("A", "order_verify", happened_us=base_us + 5 * HOUR_US)
    late = desk.do("A", "verify", happened_us=base_us + 2 * HOUR_US)
    assert late.state.effective_us == [base_us, base_us + 5 * HOUR_US, base_us + 5 * HOUR_US]
    assert late.state.happened[2] == base_us + 2 * HOUR_US
    with pytest.raises(InvalidInput) as later:
        desk.do("A", "file", happened_us=clock.now_us + HOUR_US)
    assert later.value.kind == "happened-later"
    early = desk.log.state("A", at_us=base_us + 3 * HOUR_US)
    assert (early.state, early.seq) == ("reported", 1)
    with pytest.raises(NotFound):
        desk.log.state("A", at_us=base_us - 1)


def test_a_case_is_known_as_it_was_recorded(desk):
    desk.do("A", "report")
    first = desk.records.pin()
    desk.do("A", "file")
    assert desk.log.state("A", known_us=first).state == "reported"
    assert [action.name for action in desk.log.actions("A")] == ["report", "file"]
    for unknown in (lambda: desk.log.state("B"), lambda: desk.log.actions("A", 5)):
        with pytest.raises(NotFound) as refused:
            unknown()
        assert refused.value.kind == "unknown-case"


def test_notices_name_case_action_and_department_and_no_person(desk):
    desk.do("A", "report", private={"reporter": "Wang"})
    desk.do("A", "file", "dispatch")
    notices = desk.records.outbox.waiting()
    assert [(notice.id, notice.target) for notice in notices] == [
        ("A/1", "everybody"), ("A/2", "everybody"), ("A/3", "roads"),
    ]  # fmt: skip
    assert json.loads(notices[2].body)["state"] == "dispatched"
    assert not [notice for notice in notices if "Wang" in notice.body]


def test_private_texts_become_references(desk):
    desk.do("A", "report", private={"reporter": "Wang", "opinion": "it broke"}, person="p1")
    assert desk.log.actions("A")[0].fields == {"source": "collector", "opinion": "private:A/1/opinion"}
    desk.do("A", "file")
    desk.do("A", "return_to_operator", private={"reason": "not ours, says Li"})
    assert desk.log.actions("A")[2].fields["reason"] == "private:A/3/reason"
    with pytest.raises(InvalidInput) as twice:
        desk.submission("A", "file", private={"opinion": "x"}, opinion="fine")
    assert twice.value.kind == "stated-twice"


def test_the_inbox_has_what_a_role_can_move_on(desk):
    desk.do("A", "report", "file")
    desk.do("B", "report", "file", "dispatch")
    desk.do("C", "report")
    waiting = {
        each.case.number: each.legal
        for each in desk.log.inbox("dispatcher", department=None, limit=10, cursor=None)[0]
    }
    assert "dispatch" in waiting["A"]
    assert "dispatch" not in waiting.get("B", ())
    assert "C" not in waiting or "dispatch" not in waiting["C"]
    mine, cursor = desk.log.inbox("department", department="roads", limit=10, cursor=None)
    assert [each.case.number for each in mine] == ["B"]
    assert cursor is None
    assert desk.log.inbox("nobody", department=None, limit=10, cursor=None) == ([], None)


def test_numbers_are_those_of_the_citys_day(desk, clock):
    def opened(hours):
        clock.pass_hours(hours)
        return desk.log.open(
            lambda number: desk.submission(number or "new", "report", id=f"o{clock()}") if number
            else desk.submission("x", "report", id="draft"), None, Zone("Asia/Shanghai"),
        ).state.case  # fmt: skip

    assert [opened(0), opened(1), opened(13.5)] == ["20240301-00001", "20240301-00002", "20240302-00001"]


def test_submissions_one_by_one_are_refused_one_by_one(desk):
    each = [desk.submission("A", name) for name in ("report", "close", "file")]
    results = [*desk.log.submit_each(each)]
    assert [isinstance(result, StcloudError) for result in results] == [False, True, False]


def test_the_summary_has_the_deadline_while_the_clock_goes(desk, clock):
    desk.do("A", "report")
    desk.do("A", "file", limit_kind="urgent_hour", limit_value=2.0)
    assert desk.records.summary("A").due_us is None  # the clock starts at the dispatch
    start_us = clock.now_us
    desk.do("A", "dispatch", happened_us=start_us)
    assert desk.records.summary("A").due_us == start_us + 2 * HOUR_US
    summary = desk.records.summary("A")
    assert (summary.class_code, summary.department, summary.fields["stage"]) == ("01001", "roads", "handle")
    desk.do("A", "force_close")
    assert desk.records.summary("A").due_us is None
    assert desk.records.summary("A").fields["flags"] == "forced"


def test_nothing_is_recorded_at_or_before_a_pin_though_the_clock_goes_back(desk, clock):
    desk.do("A", "report")
    clock.pass_hours(1)
    pinned = desk.records.pin()
    before = [*desk.log.states(pinned)]
    clock.pass_hours(-0.5)
    base_us = clock.now_us
    assert desk.do("A", "file", happened_us=base_us).actions[0].recorded_us > pinned
    assert [*desk.log.states(pinned)] == before
