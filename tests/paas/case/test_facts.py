"""Facts of a few cases, by hand: what happened when, by whom, and what was undone."""

import dataclasses

import pytest

from stcloud.iaas.bundle import bundled_text
from stcloud.iaas.records import StoredRule
from stcloud.paas.case import fold
from stcloud.paas.case.caserules import ALWAYS_US, CaseRules, clocks_body
from stcloud.paas.case.facts import FACTS, facts_of
from stcloud.testing.caselogs import DAY_US, MINUTE_US, START_US, GrowingLog, handled_case

TEXT = bundled_text("layers", "workflows", "urban-management.toml")
CLOCKS = clocks_body(None, name="urban-management", calendar="CN", zone="Asia/Shanghai")
RULES = CaseRules(
    StoredRule(kind=kind, digest="0" * 64, valid_from_us=ALWAYS_US, recorded_us=at, body=body)
    for at, (kind, body) in enumerate((("workflow", TEXT), ("clocks", CLOCKS)))
)


def facts(log, at_us=None):
    """The facts of one log, its posts named for the roles; instants as minutes since the start."""
    actions = [dataclasses.replace(action, post=f"{action.role} desk") for action in log.actions]
    at_us = log.now_us if at_us is None else at_us
    state = fold(log.workflow, actions, at_us=at_us)
    (row,) = facts_of([state], RULES, at_us).to_pylist()
    return {
        name: round((value.timestamp() * 1e6 - START_US) / MINUTE_US, 3)
        if name.endswith("_at") and value
        else value
        for name, value in row.items()
    }


def closed_case():
    log = handled_case()
    log.do("check", check="pass")
    log.do("close")
    return log


def test_the_seven_steps():
    row = facts(closed_case())
    assert {name: row[name] for name in ("reported_at", "filed_at", "dispatched_at", "handled_at", "closed_at")} == {
        "reported_at": 1, "filed_at": 2, "dispatched_at": 3, "handled_at": 5, "closed_at": 8,
    }  # fmt: skip
    assert (row["counted"], row["open"], row["cancelled"], row["suspended"]) == (True, False, False, False)
    assert (row["check_ordered_at"], row["checked_at"], row["verify_ordered_at"]) == (6, 7, None)
    assert [row[f"{who}_post"] for who in ("reporter", "operator", "dispatcher", "handler", "checker")] == [
        "public desk", "operator desk", "dispatcher desk", "handler desk", "collector desk"
    ]  # fmt: skip
    assert (row["accept_due_at"], row["dispatch_due_at"], row["check_due_at"]) == (16, 17, 36)
    assert (row["due_at"], row["started_at"]) == (None, None)


def test_a_rework_undoes_that_it_was_handled_and_not_that_it_was_filed():
    log = handled_case()
    log.do("check", check="fail")
    log.do("rework")
    row = facts(log)
    assert (row["filed_at"], row["dispatched_at"], row["handled_at"], row["reworks"]) == (2, 3, None, 1)
    log.do("assign")
    log.do("handle")
    assert facts(log)["handled_at"] == 10
    assert facts(log, START_US + 6 * MINUTE_US)["handled_at"] == 5


def test_what_was_returned_and_rejected_was_never_filed():
    log = handled_case("report", "file", "return_to_operator")
    assert facts(log)["filed_at"] == 2
    log.do("reject")
    row = facts(log)
    assert (row["filed_at"], row["cancelled"], row["counted"], row["returns"], row["closed_at"]) == (
        None, True, False, 1, None,
    )  # fmt: skip


def test_a_suspended_case_has_no_deadline():
    log = GrowingLog()
    log.do("report", cell="35020300100100101")
    log.do("file", limit_kind="urgent_hour", limit_value=4.0)
    for name in ("dispatch", "assign"):
        log.do(name)
    assert facts(log)["due_at"] == 3 + 240
    log.do("suspend", until=log.now_us + DAY_US)
    row = facts(log)
    assert (row["suspended"], row["due_at"], row["due_provisional"], row["started_at"]) == (
        True,
        None,
        None,
        3,
    )
    assert (row["district"], row["street"], row["community"]) == ("350203", "350203001", "350203001001")
    assert facts(log, log.now_us + 2 * DAY_US)["due_at"] == 3 + 240 + 1_439


def test_a_report_of_the_public_that_was_verified_to_exist():
    for source, verification, expected in (
        ("hotline", "exists", True), ("hotline", "not_exists", False), ("collector", "exists", False)
    ):  # fmt: skip
        log = GrowingLog()
        log.do("report", source=source)
        log.do("order_verify")
        log.do("verify", verification=verification)
        row = facts(log)
        assert (row["verified_public"], row["verify_ordered_at"], row["verified_at"]) == (expected, 2, 3)


@pytest.mark.parametrize("name", FACTS.names)
def test_every_fact_says_what_it_is(name):
    assert FACTS.field(name).metadata[b"about"]
