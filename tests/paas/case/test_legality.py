"""Legality: what is refused, of which kind, with what is legal instead; who may still do it."""

from dataclasses import replace

import pytest

from stcloud.errors import InvalidInput
from stcloud.paas.case import CaseState, legal, read_workflow, roles_for, step
from stcloud.testing.caselogs import DAY_US, MINUTE_US, GrowingLog, handled_case

WORKFLOW = read_workflow("urban-management")
TO_HANDLER = ("report", "file", "dispatch", "assign")


def test_an_illegal_action_names_the_legal_ones():
    log = handled_case("report", "file")
    refused = log.refuse("close", "operator")
    assert refused.kind == "illegal-action"
    assert refused.legal == ("check_self_handled", "link", "reclassify", "amend", "correct")[1:]
    assert refused.roles == ()
    assert str(refused) == (
        "case '2024-1' is filed, and close does not follow; legal are link, reclassify, amend, correct"
    )
    assert log.state.seq == 2


def test_a_wrong_role_learns_whose_it_is():
    refused = handled_case("report", "file").refuse("dispatch", "operator")
    assert (refused.kind, refused.roles) == ("wrong-role", ("dispatcher",))
    assert "dispatch is for dispatcher" in str(refused)
    assert handled_case("report").refuse("file", "handler").legal == ()
    assert "nothing is legal for this role" in str(handled_case("report").refuse("file", "handler"))


def test_an_unknown_action_has_a_proposal():
    refused = handled_case("report", "file").refuse("despatch", "dispatcher")
    assert (refused.kind, refused.reason) == (
        "unknown-action", "urban-management/1 has no action 'despatch'; did you mean 'dispatch'?",
    )  # fmt: skip


def test_who_handles_neither_checks_nor_closes():
    log = handled_case(*TO_HANDLER)
    log.do("handle", actor="li")
    log.do("feed_back", actor="bai")
    for name, actor in (("check", "li"), ("check", "bai")):
        assert log.refuse(name, actor=actor).kind == "handler-may-not"
    log.do("check", actor="wu", check="pass")
    refused = log.refuse("close", actor="li")
    assert (refused.kind, refused.action) == ("handler-may-not", "close")
    assert "close" in refused.legal  # for another operator
    assert log.do("close", actor="wu").state == "closed"


def test_a_public_report_is_verified_before_it_is_filed():
    log = GrowingLog()
    log.do("report", "public", source="hotline")
    assert log.refuse("file").kind == "not-verified"
    log.do("order_verify")
    assert log.refuse("file").reason == "the report came from hotline, and it is not verified"
    assert log.refuse("reject").kind == "other-value"
    log.do("verify", verification="unable")
    assert log.refuse("file").kind == "not-verified"
    log.do("verify", verification="exists")
    assert log.refuse("reject").kind == "other-value"
    assert log.do("file").state == "filed"


@pytest.mark.parametrize("source", ["collector", "monitoring"])
def test_what_was_seen_there_is_filed_directly(source):
    log = GrowingLog()
    log.do("report", source=source)
    assert log.do("file").state == "filed"


def test_a_collectors_report_that_was_verified_not_to_exist_is_not_filed():
    log = GrowingLog()
    log.do("report", source="collector")
    log.do("order_verify")
    log.do("verify", verification="not_exists")
    assert log.refuse("file").kind == "not-verified"


def test_only_what_passed_its_check_is_closed_and_only_what_failed_reworked():
    log = handled_case()
    assert log.refuse("close").reason == "check is not stated; it must be pass"
    log.do("check", check="unable")
    assert log.refuse("close").kind == log.refuse("rework").kind == "other-value"
    log.do("check", check="fail")
    assert log.refuse("close").kind == "other-value"
    assert log.refuse("rework", department="lamps").kind == "other-department"
    state = log.do("rework", department="roads")
    assert (state.state, state.department, state.counts["reworks"]) == ("dispatched", "roads", 1)
    for name in ("assign", "handle", "feed_back"):
        state = log.do(name)
    assert "check" not in state.values
    assert state.first_us["handled"] < state.last_us["handled"]


@pytest.mark.parametrize("name", ["return_to_dispatcher", "forward", "assign"])
def test_a_department_acts_on_its_own_cases(name):
    log = handled_case("report", "file", "dispatch")
    refused = log.refuse(name, department_of_actor="lamps")
    assert (refused.kind, refused.reason) == ("other-department", "the case is with roads, not lamps")
    assert isinstance(log.offer(name), CaseState)


def test_after_a_return_the_dispatcher_dispatches_or_returns_further():
    log = handled_case("report", "self_handle", "file", "dispatch", "return_to_dispatcher")
    assert log.state.flags == {"self_handled", "returned"}
    assert log.state.counts == {"returns": 1}
    assert legal(WORKFLOW, log.state, "dispatcher") == (
        "dispatch", "return_to_operator", "split", "reclassify", "change_limit", "bundle",
    )  # fmt: skip
    assert log.refuse("check_self_handled").kind == "has-flag"
    assert log.do("dispatch", department="lamps").departments == ("roads", "lamps")
    assert "returned" not in log.state.flags


def test_an_assigned_case_is_revoked_before_it_is_returned():
    log = handled_case(*TO_HANDLER)
    assert log.refuse("return_to_dispatcher", "department").kind == "illegal-action"
    log.do("revoke_assignment")
    assert log.do("return_to_dispatcher").state == "filed"


@pytest.mark.parametrize(
    "name", ["return_to_dispatcher", "rework", "refuse_handling", "reject", "force_close"]
)
def test_whoever_sends_a_case_back_gives_a_reason(name):
    paths = {"return_to_dispatcher": 3, "rework": 7, "refuse_handling": 5, "reject": 1, "force_close": 4}
    log = handled_case(*(*TO_HANDLER, "handle", "feed_back")[: paths[name]])
    if name == "rework":
        log.do("check", check="fail")
    refused = log.refuse(name, reason=None)
    assert (refused.kind, refused.reason) == ("missing-field", f"{name} needs reason")
    assert isinstance(log.offer(name, reason="private:17"), CaseState)


def extend(log, facts=()):
    log.do("request_extension", facts=facts)
    log.do("review_extension")
    return log.do("approve_extension", extension_value=2.0)


def test_an_extension_has_two_levels_and_there_are_two_at_most():
    log = handled_case("report", "file", "dispatch")
    assert log.refuse("approve_extension", extension_value=2.0).kind == "lacks-flag"
    log.do("request_extension")
    assert log.refuse("request_extension").kind == "has-flag"
    assert log.refuse("approve_extension", extension_value=2.0).kind == "lacks-flag"
    log.do("review_extension")
    state = log.do("approve_extension", extension_value=1.5)
    assert (state.counts["extensions"], state.values["extension_value"]) == (1, 1.5)
    state = extend(log)
    assert (state.counts["extensions"], state.values["extension_value"]) == (2, 3.5)
    refused = log.refuse("request_extension")
    assert (refused.kind, refused.reason) == ("too-often", "the case has 2 extensions, and may have 2")


def test_a_refused_extension_is_not_counted():
    log = handled_case("report", "file", "dispatch")
    for _ in range(3):
        log.do("request_extension")
        state = log.do("refuse_extension")
        assert (state.flags, state.counts) == (frozenset(), {})


def test_what_is_overdue_is_not_extended():
    log = handled_case("report", "file", "dispatch")
    assert log.refuse("request_extension", facts={"overdue"}).kind == "overdue"


@pytest.mark.parametrize(
    ("ahead_us", "kind"),
    [(0, "not-ahead"), (-DAY_US, "not-ahead"), (366 * DAY_US, None), (366 * DAY_US + 1, "too-far-ahead")],
)
def test_a_suspension_lasts_a_year_at_most(ahead_us, kind):
    log = handled_case(*TO_HANDLER)
    result = log.offer("suspend", until=log.now_us + MINUTE_US + ahead_us)
    assert getattr(result, "kind", None) == kind


def test_a_case_is_suspended_once():
    log = handled_case(*TO_HANDLER, "suspend", "resume")
    assert log.refuse("suspend").kind == "too-often"


def test_an_appeal_is_of_what_is_overdue_and_once_and_moves_no_instant():
    log = handled_case()
    log.do("check", check="pass")
    log.do("close")
    stays = log.state.stays
    assert log.refuse("appeal").kind == "not-overdue"
    log.do("appeal", facts={"overdue"})
    assert log.refuse("approve_appeal").kind == "lacks-flag"
    log.do("review_appeal")
    state = log.do("approve_appeal")
    assert (state.flags, state.state, state.stays) == ({"overdue_exempt"}, "closed", stays)
    assert log.refuse("appeal", facts={"overdue"}).kind == "too-often"


def test_an_urging_has_a_date_a_reply_and_an_end():
    log = handled_case("report", "file", "dispatch")
    assert log.refuse("reply_to_urging").kind == "lacks-flag"
    log.do("urge", required=log.now_us + DAY_US)
    log.do("reply_to_urging", opinion="private:9")
    state = log.do("resolve_urging")
    assert (state.flags, state.counts) == ({"supervised"}, {"urgings": 1})


def test_a_duplicate_needs_an_open_master_that_is_another_case():
    log = handled_case("report")
    assert log.refuse("link", facts=()).kind == "no-master"
    assert log.refuse("link", facts={"master_open"}, master="2024-1").kind == "same-case"
    assert log.refuse("link", facts={"master_open", "has_duplicates"}).kind == "has-duplicates"
    state = log.do("link", facts={"master_open"}, master="2023-99")
    assert state.master == "2023-99"
    assert log.refuse("close_with_master").kind == "master-open"
    assert log.do("unlink").master is None


def test_what_its_collector_handled_is_checked_by_another():
    log = handled_case("report")
    log.do("self_handle", "collector", actor="li")
    log.do("file")
    log.do("check_self_handled")
    assert log.refuse("check", actor="li").kind == "handler-may-not"
    log.do("check", actor="wu", check="fail")
    assert log.refuse("rework").kind == "has-flag"
    state = log.do("refile")
    assert (state.state, state.flags, state.counts) == ("filed", frozenset(), {"reworks": 1})


def test_a_correction_is_of_an_earlier_action_and_of_the_past():
    log = handled_case("report", "file")
    assert log.refuse("correct", corrects=3).kind == "no-such-action"
    refused = log.refuse("correct", corrected=log.now_us + 2 * MINUTE_US)
    assert (refused.kind, refused.reason) == ("not-past", "corrected is later than the correction itself")


def test_a_reopened_case_keeps_what_it_was():
    log = handled_case()
    log.do("check", check="pass")
    log.do("close")
    state = log.do("reopen")
    assert (state.state, state.counts, state.departments) == ("filed", {"reopenings": 1}, ("roads",))
    assert "closed" in state.first_us
    assert log.do("force_close").flags == {"forced"}
    assert log.do("reopen").flags == frozenset()


def test_a_rejected_case_is_reopened_as_a_report():
    log = handled_case("report", "reject", "reopen")
    assert log.state.state == "reported"


@pytest.mark.parametrize(
    ("name", "fields", "kind", "words"),
    [
        ("amend", {"speed": "1"}, "unknown-field", "amend takes no speed"),
        ("amend", {"kinds": "matter"}, "unknown-field", "did you mean 'kind'?"),
        ("amend", {"kind": "animal"}, "bad-value", "kind must be component or matter, not 'animal'"),
        ("amend", {"lat": 91.0}, "bad-value", "lat must be at most 90, not 91.0"),
        ("amend", {"lon": -181}, "bad-value", "lon must be at least -180"),
        ("amend", {"lon": float("nan")}, "bad-value", "lon must be a number, not nan"),
        ("amend", {"lon": True}, "bad-value", "lon must be a number"),
        ("amend", {"urgent": "yes"}, "bad-value", "urgent must be true or false"),
        ("amend", {"cell": "a\nb"}, "bad-value", "cell must be a line of text"),
        ("amend", {"reason": "Mr Li, 13800000000"}, "bad-value", "a code such as not_ours, or a reference"),
        ("link", {"master": " 1"}, "bad-value", "master must be the number of a case"),
        ("correct", {"corrects": 1.0}, "bad-value", "corrects must be an integer"),
        ("correct", {"corrected": "now"}, "bad-value", "corrected must be an instant"),
    ],
)  # fmt: skip
def test_fields_are_those_of_the_workflow(name, fields, kind, words):
    log = handled_case("report")
    refused = log.refuse(name, **fields)
    assert refused.kind == kind
    assert words in refused.reason


def test_parts_are_several_other_cases():
    log = handled_case("report", "file")
    assert log.refuse("split", parts="2024-1;2024-2").kind == "same-case"
    assert log.refuse("split", parts="2024-2;2024-2").kind == "same-case"
    assert log.refuse("split", parts="2024-2;").kind == "bad-value"
    assert log.refuse("split", facts={"parts_taken"}).kind == "parts-taken"
    log.do("split")
    assert log.refuse("close", "operator").kind == "parts-open"
    assert log.do("close", "operator", facts={"parts_closed"}).state == "closed"


def test_a_field_of_none_is_not_stated():
    log = handled_case("report")
    assert log.do("amend", kind=None).values == dict(log.actions[0].fields)
    assert log.refuse("reject", reason=None).kind == "missing-field"


def test_an_action_has_the_next_number_and_the_case_of_the_state():
    log = handled_case("report")
    draft = log.draft("file")
    for seq in (1, 3):
        refused = log.append(replace(draft, seq=seq))
        assert (refused.kind, "number 2" in refused.reason) == ("out-of-sequence", True)
    assert log.append(replace(draft, case="2024-2")).kind == "other-case"
    assert log.append(replace(draft, recorded_us=draft.happened_us - 1)).kind == "not-yet-happened"
    assert isinstance(log.append(replace(draft, recorded_us=0)), CaseState)


def test_another_workflow_is_no_judge():
    log = handled_case("report")
    other = replace(log.state, workflow="harbour/1")
    with pytest.raises(InvalidInput, match="harbour/1 binds case '2024-1'") as error:
        step(WORKFLOW, other, log.draft("file"))
    assert error.value.kind == "other-workflow"


def test_a_migration_needs_a_workflow_with_a_place_for_the_case():
    log = handled_case("report")
    migrate = log.draft("migrate", "admin")
    assert log.append(migrate).reason == (
        "there is no workflow 'urban-management/2' to migrate to; known are none"
    )
    itself = replace(migrate, fields={"workflow": WORKFLOW.key})
    assert step(WORKFLOW, log.state, itself, newer={WORKFLOW.key: WORKFLOW}).kind == "unknown-workflow"
    requests = read_workflow("service-requests")
    away = replace(migrate, fields={"workflow": requests.key})
    refused = step(WORKFLOW, log.state, away, newer={requests.key: requests})
    assert (refused.kind, refused.reason) == (
        "no-such-state", "service-requests/1 has no state for a case that is reported",
    )  # fmt: skip


def test_legal_actions_know_flags_values_and_counts():
    log = handled_case()
    assert "close" not in legal(WORKFLOW, log.state, "operator")
    log.do("check", check="pass")
    assert "close" in legal(WORKFLOW, log.state, "operator")
    assert "rework" not in legal(WORKFLOW, log.state, "operator")
    assert legal(WORKFLOW, log.state, "nobody") == ()
    split = handled_case("report", "file", "split")
    assert "close" in legal(WORKFLOW, split.state, "operator")
    assert "close" not in legal(WORKFLOW, split.state, "operator", frozenset())


def test_roles_for_an_action():
    log = handled_case("report")
    assert roles_for(WORKFLOW, log.state, "file") == ("operator", "shift_leader")
    assert roles_for(WORKFLOW, log.state, "close") == ()
    assert roles_for(WORKFLOW, None, "report") == ("public", "collector", "operator")


def test_a_case_states_what_it_keeps():
    log = GrowingLog()
    log.do("report", "collector", class_="01001")
    assert log.state.limit is None
    state = log.do(
        "file", class_="06010", condition="2", limit_kind="work_day", limit_value=5.0, rule_limits="sha:1"
    )
    assert (state.class_code, state.condition, state.limit) == ("06010", "2", ("work_day", 5.0))
    assert state.rules == {"limits": "sha:1"}
    stays = state.stays
    state = log.do("reclassify", class_="06011", condition="1", limit_kind="work_hour", limit_value=4)
    assert (state.class_code, state.limit, state.stays) == ("06011", ("work_hour", 4.0), stays)
