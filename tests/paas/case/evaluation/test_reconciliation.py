"""Two policies reconciled: the cases that one of them counts, and the condition of the other that fails."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stcloud.errors import InvalidInput, NotFound
from stcloud.paas.case.evaluation import EvaluationPlan, against, evaluate_plan
from stcloud.testing.casefacts import FIRST_US, HOUR_US, as_table, case_facts, fact_rows
from stcloud.time import Zone

AT_US = FIRST_US + 1_030 * HOUR_US
ZONE = Zone("Asia/Shanghai")


def valid(row):
    return row["counted"] and not row["cancelled"]


def overdue(row):
    return valid(row) and row["handled_at"] is None and row["due_at"] is not None and row["due_at"] < AT_US


def flagged(row):
    checked = row["handled_at"] is not None and row["check_ordered_at"] is not None
    return row["closed_at"] is not None or (checked and row["check_ordered_at"] >= row["handled_at"])


POLICIES = {
    "should_close": lambda row: (
        valid(row) and not row["suspended"] and (row["handled_at"] is not None or overdue(row))
    ),
    "should_close_handled": lambda row: valid(row) and row["handled_at"] is not None,
    "should_close_flagged": lambda row: valid(row) and flagged(row),
    "should_close_with_suspended": lambda row: (
        valid(row) and (row["handled_at"] is not None or overdue(row) or row["suspended"])
    ),
}


@given(rows=fact_rows(), pair=st.permutations(list(POLICIES)))
def test_the_cases_are_those_that_two_policies_count_differently(rows, pair):
    taken, other = pair[:2]
    plan = EvaluationPlan.of(AT_US, ZONE, policy=taken)
    result = against(as_table(rows), plan, other)
    due = [row for row in rows if row["due_at"] is not None]
    expected = {
        row["number"]: ((taken, other) if POLICIES[taken](row) else (other, taken))
        for row in due
        if bool(POLICIES[taken](row)) != bool(POLICIES[other](row))
    }
    assert {
        row["number"]: (row["counted_by"], row["not_counted_by"]) for row in result.to_pylist()
    } == expected
    assert all(
        row["reason"].startswith("not true: ") and len(row["reason"]) > 12 for row in result.to_pylist()
    )
    assert result["number"].to_pylist() == sorted(expected)


def test_the_difference_of_two_counts_is_that_of_the_cases():
    table = case_facts(5_000, seed=6)
    counts = [
        evaluate_plan(table, EvaluationPlan.of(AT_US, ZONE, policy=policy)).row()["closing_rate_denominator"]
        for policy in ("should_close", "should_close_handled")
    ]
    listed = against(table, EvaluationPlan.of(AT_US, ZONE), "should_close_handled")
    sides = [
        listed["counted_by"].to_pylist().count(name) for name in ("should_close", "should_close_handled")
    ]
    assert counts[0] - counts[1] == sides[0] - sides[1]
    assert set(listed["reason"].to_pylist()) == {"not true: handled_at IS NOT NULL"}


def test_the_reason_names_every_condition_that_fails():
    rows = [dict.fromkeys(as_table([]).column_names) | {
        "number": "7", "counted": True, "cancelled": False, "suspended": True, "due_at": FIRST_US,
        "department": "water",
    }]  # fmt: skip
    plan = EvaluationPlan.of(AT_US, ZONE, by="department", policy="should_close_with_suspended")
    (case,) = against(as_table(rows), plan, "should_close", {"department": "water"}).to_pylist()
    assert case["reason"] == "not true: NOT suspended"
    assert case["not_counted_by"] == "should_close"
    assert against(as_table(rows), plan, "should_close", {"department": None}).num_rows == 0


def test_the_cohort_is_that_of_the_indicators_or_another_one():
    table = case_facts(3_000, seed=6)
    plan = EvaluationPlan.of(AT_US, ZONE)
    by_due = against(table, plan, "should_close_with_suspended")
    of_all = against(table, plan, "should_close_with_suspended", basis="all")
    assert by_due.num_rows == 0  # suspended cases have no deadline, and are in no cohort by deadline
    assert of_all.num_rows > 0


@pytest.mark.parametrize(
    ("policy", "kind"),
    [("should_close", "same-policy"), ("handled", "same-policy"), ("should_clos", "unknown-policy")],
)
def test_what_cannot_be_compared_is_refused(policy, kind):
    with pytest.raises((InvalidInput, NotFound)) as caught:
        against(as_table([]), EvaluationPlan.of(AT_US, ZONE), policy)
    assert caught.value.kind == kind
