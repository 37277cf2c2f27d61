"""Plans: everything that an evaluation depends on, checked and described."""

import pytest

from stcloud.errors import InvalidInput
from stcloud.paas.case.evaluation import EvaluationPlan
from stcloud.time import Span, Zone, parse_when

ZONE = Zone("Asia/Shanghai")


def test_arguments_are_what_people_have():
    plan = EvaluationPlan.of(
        5, ZONE, by="street", period="2024-Q1", indicators="handling_rate", policy="should_handle_due"
    )
    assert plan.by == ("street",)
    assert plan.period == parse_when("2024-Q1", ZONE)
    assert plan.names == ("handling_rate",)
    assert plan.known_us == 5
    assert plan.policy("should_handle") == "should_handle_due"
    assert plan.policy("closed") == "closed"
    assert EvaluationPlan.of(5, ZONE, period=Span(1, 2)).period == Span(1, 2)


def test_a_basis_takes_the_place_of_all_others():
    plan = EvaluationPlan.of(5, ZONE, indicators=["handling_rate", "filing_rate"], basis="closed")
    assert [each.cohort.basis for each in plan.measured] == ["closed", "closed"]
    assert [line.rpartition(", ")[2] for line in list(plan.words())[2:]] == ["by closing", "by closing"]


@pytest.mark.parametrize(
    ("name", "described"),
    [
        ("filed_cases", "filed, by filing"),
        ("rework_times", "reworks of should_close, by deadline"),
        ("average_closing_hours", "hours from reported_at to closed_at of closed, by closing"),
        ("on_time_check_rate", "checked_on_time of check_ordered, without without_check_limit, by filing"),
    ],
)
def test_an_indicator_is_described_by_its_policies_and_its_cohort(name, described):
    plan = EvaluationPlan.of(5, ZONE, indicators=name)
    assert plan.described(plan.measure(name)) == described


def test_what_columns_lack_is_named():
    plan = EvaluationPlan.of(5, ZONE, indicators=["handling_rate", "reported_again_rate"])
    columns = ["counted", "cancelled", "dispatched_at", "handled_at", "due_at", "suspended", "closed_at"]
    assert plan.lacking(columns) == {
        "reported_again_rate": "facts have no reported_again, which with_repeats adds"
    }
    assert plan.lacking([*columns, "reported_again"]) == {}


def test_a_part_of_a_count_is_its_numerator():
    measured = EvaluationPlan.of(5, ZONE).measure("filed_cases")
    assert measured.part("numerator") == measured.numerator
    with pytest.raises(InvalidInput) as caught:
        measured.part("difference")
    assert caught.value.kind == "unknown-part"
