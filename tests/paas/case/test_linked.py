"""Linked cases: duplicates close with their master, parts come from a split, and what is illegal stops all of it."""

from dataclasses import replace

import pytest

from stcloud.errors import InvalidInput
from stcloud.paas.case import RefusedAction, consequences, facts_of, fold, read_workflow
from stcloud.testing.caselogs import GrowingLog, handled_case

WORKFLOW = read_workflow("urban-management")


def duplicate(number, master="2024-1"):
    log = GrowingLog(case=number)
    log.do("report", source="hotline")
    log.do("link", facts={"master_open"}, master=master)
    return log


def closed_master():
    log = handled_case()
    log.do("check", check="pass")
    log.do("close")
    return log


def apply(log, plan):
    """Append what is planned for a case to its log."""
    for action in plan:
        if action.case == log.case:
            log.append(action, {"master_closed"})


def test_a_duplicate_is_closed_with_its_master_and_not_counted():
    master, copies = closed_master(), [duplicate("2024-3"), duplicate("2024-2")]
    plan = consequences(WORKFLOW, master.state, master.actions[-1], {log.case: log.state for log in copies})
    assert [(action.case, action.name, action.seq) for action in plan] == [
        ("2024-2", "close_with_master", 3),
        ("2024-3", "close_with_master", 3),
    ]
    assert plan[0].id == f"{master.actions[-1].id}/2024-2/close_with_master"
    assert plan[0].actor == master.actions[-1].actor
    apply(copies[0], plan)
    assert copies[0].state.state == "closed"
    assert not WORKFLOW.is_counted(copies[0].state.state, copies[0].state.flags)
    assert WORKFLOW.is_counted(master.state.state, master.state.flags)


def test_a_duplicate_is_rejected_with_its_master():
    master, copy = handled_case("report", "reject"), duplicate("2024-2")
    plan = consequences(WORKFLOW, master.state, master.actions[-1], {"2024-2": copy.state})
    apply(copy, plan)
    assert copy.state.state == "rejected"


def test_a_duplicate_that_has_ended_is_left_alone():
    master, copy = closed_master(), duplicate("2024-2")
    plan = consequences(WORKFLOW, master.state, master.actions[-1], {"2024-2": copy.state})
    apply(copy, plan)
    master.do("reopen")
    for name in ("dispatch", "assign", "handle", "feed_back", "check", "close"):
        master.do(name)
    assert consequences(WORKFLOW, master.state, master.actions[-1], {"2024-2": copy.state}) == ()


def test_nothing_follows_from_most_actions():
    log = handled_case("report", "file")
    assert consequences(WORKFLOW, log.state, log.actions[-1], {}) == ()


def split_case():
    whole = handled_case("report", "file")
    whole.do("split", parts="2024-8;2024-9", departments="roads;lamps")
    plan = consequences(WORKFLOW, whole.state, whole.actions[-1], {})
    parts = [GrowingLog(case=number) for number in whole.state.parts]
    for part in parts:
        apply(part, plan)
    return whole, parts, plan


def test_a_split_opens_and_dispatches_its_parts():
    whole, parts, plan = split_case()
    assert [(action.case, action.name) for action in plan] == [
        ("2024-8", "open_part"), ("2024-9", "open_part"), ("2024-8", "dispatch"), ("2024-9", "dispatch"),
    ]  # fmt: skip
    assert [part.state.state for part in parts] == ["dispatched", "dispatched"]
    assert [part.state.department for part in parts] == ["roads", "lamps"]
    assert {part.state.whole for part in parts} == {whole.case}
    assert parts[0].state.class_code == whole.state.class_code
    assert list(parts[0].state.first_us) == ["filed", "dispatched"]


def test_the_whole_closes_when_all_its_parts_have_ended():
    whole, parts, _ = split_case()
    linked = {part.case: part.state for part in parts}
    draft = whole.draft("close", "operator")
    facts = facts_of(WORKFLOW, whole.state, draft, linked)
    assert whole.refuse("close", "operator", facts).kind == "parts-open"
    for part in parts:
        for name in ("assign", "handle", "feed_back", "check", "close"):
            part.do(name)
    linked = {part.case: part.state for part in parts}
    facts = facts_of(WORKFLOW, whole.state, draft, linked)
    assert whole.do("close", "operator", facts).state == "closed"
    assert facts_of(WORKFLOW, whole.state, draft, {"2024-8": parts[0].state}) == frozenset()


def test_parts_are_closed_by_force_with_the_whole_and_their_duplicates_too():
    whole, parts, _ = split_case()
    copy = duplicate("2024-10", "2024-9")
    whole.do("force_close", "leader", reason="road_sold")
    linked = {log.case: log.state for log in (*parts, copy)}
    plan = consequences(WORKFLOW, whole.state, whole.actions[-1], linked)
    assert [(action.case, action.name) for action in plan] == [
        ("2024-8", "force_close"), ("2024-9", "force_close"), ("2024-10", "close_with_master"),
    ]  # fmt: skip
    assert plan[0].fields == {"reason": "road_sold"}


def test_what_is_illegal_among_what_follows_stops_all_of_it():
    whole, parts, _ = split_case()
    for name in ("assign", "handle"):
        parts[1].do(name, actor="leader_2")
    whole.do("force_close", "leader", actor="leader_2")
    refused = consequences(
        WORKFLOW, whole.state, whole.actions[-1], {part.case: part.state for part in parts}
    )
    assert isinstance(refused, RefusedAction)
    assert (refused.kind, refused.case) == ("handler-may-not", "2024-9")


def test_each_part_has_a_department():
    whole = handled_case("report", "file")
    whole.do("split", parts="2024-8;2024-9", departments="roads")
    refused = consequences(WORKFLOW, whole.state, whole.actions[-1], {})
    assert refused.kind == "uneven-lists"
    assert "1 items, and there are 2 parts" in str(refused)


def test_facts_of_masters_duplicates_and_new_parts():
    log, master, copy = handled_case("report"), handled_case("report"), duplicate("2024-2", "2024-1")
    other = replace(master.state, case="M-1")
    link = log.draft("link")
    assert facts_of(WORKFLOW, log.state, link, {}) == frozenset()
    assert facts_of(WORKFLOW, log.state, link, {"M-1": other}) == {"master_open"}
    assert facts_of(WORKFLOW, log.state, link, {"M-1": copy.state}) == {"has_duplicates"}
    assert facts_of(WORKFLOW, log.state, link, {"M-1": replace(other, state="closed")}) == {"master_closed"}
    assert facts_of(WORKFLOW, log.state, link, {}, is_overdue=True) == {"overdue"}
    log.do("file")
    taken = facts_of(WORKFLOW, log.state, log.draft("split", parts="M-1;M-2"), {"M-1": other})
    assert taken == {"parts_taken"}
    assert log.refuse("split", facts=taken).kind == "parts-taken"


def test_a_linked_case_of_an_unknown_workflow_is_named():
    log = handled_case("report")
    other = replace(log.state, case="M-1", workflow="harbour/3")
    with pytest.raises(InvalidInput, match="harbour/3") as error:
        facts_of(WORKFLOW, log.state, log.draft("link"), {"M-1": other})
    assert error.value.kind == "other-workflow"
    others = {"harbour/3": WORKFLOW}
    assert facts_of(WORKFLOW, log.state, log.draft("link"), {"M-1": other}, others=others) == {"master_open"}


def test_what_follows_happens_when_its_cause_does():
    whole, parts, plan = split_case()
    assert {action.happened_us for action in plan} == {whole.actions[-1].happened_us}
    assert fold(WORKFLOW, parts[0].actions) == parts[0].state
