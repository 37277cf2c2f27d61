"""Periods side by side: each is evaluated as by itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stcloud.errors import InvalidInput
from stcloud.paas.case.evaluation import EvaluationPlan, compare_periods, evaluate_plan
from stcloud.paas.case.evaluation.periodcomparison import earlier_plan
from stcloud.testing.casefacts import case_facts
from stcloud.time import Zone, parse_when

AT_US = 1_735_689_600_000_000
TABLE = case_facts(4_000, seed=8, departments=4)
ZONES = ("Asia/Shanghai", "Pacific/Auckland")


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(("which", "before"), [("previous", "2024-05"), ("year", "2023-06")])
def test_each_side_is_the_evaluation_of_its_period(zone, which, before):
    clock = Zone(zone)
    plan = EvaluationPlan.of(AT_US, clock, by="department", period="2024-06")
    result = compare_periods(TABLE, plan, which)
    assert result.before.plan.period == parse_when(before, clock)
    sides = [
        {row["department"]: row for row in evaluate_plan(TABLE, EvaluationPlan.of(
            AT_US, clock, by="department", period=period,
        )).table.to_pylist()}
        for period in ("2024-06", before)
    ]  # fmt: skip
    assert [row["department"] for row in result.table.to_pylist()] == sorted(
        sides[0] | sides[1], key=lambda label: (label is None, label or "")
    )
    for row in result.table.to_pylist():
        now, then = (side.get(row["department"], {}) for side in sides)
        assert row["handling_rate"] == now.get("handling_rate")
        assert row["handling_rate_before"] == then.get("handling_rate")
        assert row["filed_cases_before"] == then.get("filed_cases", 0)
        if None in (row["handling_rate"], row["handling_rate_before"]):
            assert row["handling_rate_change"] is None
        else:
            assert row["handling_rate_change"] == pytest.approx(
                row["handling_rate"] - row["handling_rate_before"], abs=0.006
            )


@given(zone=st.sampled_from(ZONES), bins=st.sampled_from(["day", "month"]))
def test_bins_are_paired_by_their_place_in_the_period(zone, bins):
    clock = Zone(zone)
    result = compare_periods(TABLE, EvaluationPlan.of(AT_US, clock, by=bins, period="2024-Q3"), "previous")
    now, before = ({row[bins]: row for row in side.table.to_pylist()} for side in (result.now, result.before))
    labels = [row[bins] for row in result.table.to_pylist()]
    assert labels == sorted(labels)
    pairs = {"month": {"2024-07": "2024-04", "2024-09": "2024-06"}, "day": {"2024-07-03": "2024-04-03"}}[bins]
    listed = {row[bins]: row for row in result.table.to_pylist()}
    for label, earlier in pairs.items():
        assert listed[label]["filed_cases"] == now[label]["filed_cases"]
        assert listed[label]["filed_cases_before"] == before[earlier]["filed_cases"]


def test_facts_as_they_were_then_may_be_given():
    plan = EvaluationPlan.of(AT_US, Zone("Asia/Shanghai"), by="source", period="2024-06")
    result = compare_periods(TABLE, plan, "previous", TABLE.slice(0, 0))
    assert set(result.table["filed_cases_before"].to_pylist()) == {0}
    assert result.before.table.num_rows == 0


def test_what_cannot_be_compared_is_refused():
    zone = Zone("Asia/Shanghai")
    with pytest.raises(InvalidInput) as caught:
        earlier_plan(EvaluationPlan.of(AT_US, zone), "previous")
    assert caught.value.kind == "no-period"
    plan = EvaluationPlan.of(AT_US, zone, period="2024-06")
    with pytest.raises(InvalidInput) as caught:
        compare_periods(TABLE, plan, "month")
    assert caught.value.kind == "unknown-comparison"
    with pytest.raises(InvalidInput, match="a reader is read once") as caught:
        compare_periods(TABLE.to_reader(), plan, "year")
    assert caught.value.kind == "not-facts"
