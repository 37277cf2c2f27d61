"""Actions are judged by what is given alone, with what they need of their case and the rules that bind them."""

import pytest

from stcloud.errors import InvalidInput
from stcloud.iaas.bundle import bundled_text
from stcloud.iaas.records import StoredRule
from stcloud.paas.case.caserules import ALWAYS_US, CaseRules, clocks_body
from stcloud.paas.case.judgement import judge, linked_numbers, looks_at_links
from stcloud.paas.case.submitted import Submission
from stcloud.testing.caselogs import DAY_US, START_US, handled_case

CLOCKS = clocks_body(None, name="urban-management", calendar="CN", zone="Asia/Shanghai")
RULES = CaseRules(
    StoredRule(kind=kind, digest=f"{kind}0123456789", valid_from_us=ALWAYS_US, recorded_us=place, body=body)
    for place, (kind, body) in enumerate(
        (("workflow", bundled_text("layers", "workflows", "urban-management.toml")), ("clocks", CLOCKS)), 1
    )
)
NOW_US = START_US + DAY_US


def submission(name, role, **stated):
    keys = {key: stated.pop(key) for key in ("happened_us", "private", "department", "case") if key in stated}
    return Submission(
        **({"case": "2024-1", "name": name, "id": "x", "actor": "a", "role": role} | keys), fields=stated
    )


def judged(state, what, linked=None):
    return judge(what, state, linked or {}, RULES, NOW_US)


def test_a_filing_is_pinned_to_its_rules_and_takes_over_what_was_reported():
    state = handled_case("report").state
    reported = judged(
        None, submission("report", "collector", source="collector", **{"class": "01001", "condition": "1"})
    )
    assert reported.ends["2024-1"].class_code == "01001"
    action = judged(reported.ends["2024-1"], submission("file", "operator")).actions[0]
    assert action.fields == {
        "class": "01001", "condition": "1", "rule_workflow": "urban-management/1", "rule_limits": "clocks012345",
    }  # fmt: skip
    with pytest.raises(InvalidInput) as missing:
        judged(state, submission("file", "operator"))
    assert missing.value.kind == "missing-field"


def test_without_an_instant_it_happens_now():
    state = handled_case("report").state
    assert judged(state, submission("order_verify", "operator")).actions[0].happened_us == NOW_US
    earlier = judged(state, submission("order_verify", "operator", happened_us=START_US))
    assert earlier.actions[0].happened_us == START_US


def test_a_suspended_case_is_judged_as_what_it_has_become():
    log = handled_case("report", "file", "dispatch", "assign")
    state = log.do("suspend", until=log.now_us + 3_600_000_000)
    own = {"department": state.department, "private": {"opinion": "done"}}
    with pytest.raises(InvalidInput) as early:
        judged(state, submission("handle", "handler", happened_us=log.now_us, **own))
    assert early.value.kind == "illegal-action"
    late = judged(state, submission("handle", "handler", happened_us=NOW_US, **own))
    assert late.ends["2024-1"].state == "handled"
    assert late.actions[0].fields == {"opinion": "private:2024-1/6/opinion"}


def test_the_cases_that_an_action_looks_at():
    state = handled_case("report", "file").state
    assert linked_numbers(submission("link", "operator", master="M"), state) == {"M"}
    assert linked_numbers(submission("split", "dispatcher", parts="P;Q;2024-1"), state) == {"P", "Q"}
    assert linked_numbers(submission("file", "operator"), None) == set()
    for name, looks in (
        ("link", True),
        ("split", True),
        ("force_close", True),
        ("dispatch", False),
        ("urge", False),
    ):
        assert looks_at_links(submission(name, "operator"), state, RULES) is looks
    assert not looks_at_links(submission("report", "operator"), None, RULES)


@pytest.mark.parametrize("number", ["", "a;b", "a\n", "x" * 65, "a\x1b"])
def test_only_a_case_that_is_opened_needs_a_number_that_others_can_name(number):
    with pytest.raises(InvalidInput) as refused:
        judged(None, submission("report", "collector", source="collector", case=number))
    assert refused.value.kind == "bad-number"
