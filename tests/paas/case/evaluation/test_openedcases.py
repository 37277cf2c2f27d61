"""Every number opens into the cases that it counts."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stcloud.errors import InvalidInput, NotFound
from stcloud.paas.case.evaluation import EvaluationPlan, evaluate_plan, opened
from stcloud.testing.casefacts import FIRST_US, HOUR_US, as_table, case_facts, fact_rows
from stcloud.testing.indicatororacle import INDICATORS, members
from stcloud.time import Zone

AT_US = FIRST_US + 1_030 * HOUR_US
GIVEN = [name for name, indicator in INDICATORS.items() if name not in ("repeat_rate", "reported_again_rate")]


@given(
    rows=fact_rows(), name=st.sampled_from(GIVEN), zone=st.sampled_from(["Asia/Shanghai", "Pacific/Auckland"])
)
def test_the_cases_of_a_number_are_those_that_it_counts(rows, name, zone):
    numerator, denominator = members(INDICATORS[name], rows, AT_US)
    plan = EvaluationPlan.of(AT_US, Zone(zone), by=["department", "month"], indicators=[name])
    parts = {"numerator": numerator}
    if INDICATORS[name].of is not None:
        parts |= {
            "denominator": denominator,
            "difference": [row for row in denominator if row not in numerator],
        }
    for part, expected in parts.items():
        cases = opened(as_table(rows), plan, name, part)
        assert cases["number"].to_pylist() == [row["number"] for row in expected]


@given(rows=fact_rows(), name=st.sampled_from(GIVEN))
def test_as_many_cases_are_opened_as_the_number_says(rows, name):
    table = as_table(rows)
    plan = EvaluationPlan.of(AT_US, Zone("Asia/Shanghai"), by=["month", "department"], indicators=[name])
    for row in evaluate_plan(table, plan).table.to_pylist():
        group = {key: row[key] for key in plan.by}
        for part in ("numerator", "denominator"):
            if f"{name}_{part}" in row:
                assert opened(table, plan, name, part, group).num_rows == row[f"{name}_{part}"]


def test_cases_are_opened_from_a_stream_with_all_columns():
    table = case_facts(2_000, seed=3)
    plan = EvaluationPlan.of(1_735_689_600_000_000, Zone("Asia/Shanghai"), by="street", period="2024-05")
    group = {"street": table["street"][0].as_py()}
    whole = opened(table, plan, "handling_rate", "denominator", group)
    parts = opened(table.to_reader(max_chunksize=50), plan, "handling_rate", "denominator", group)
    assert whole.num_rows > 0
    assert whole.schema == table.schema
    assert parts.to_pylist() == whole.to_pylist()


def test_a_week_is_opened_by_any_day_in_it():
    table = case_facts(2_000, seed=3)
    plan = EvaluationPlan.of(1_735_689_600_000_000, Zone("Pacific/Auckland"), by="week")
    by_label, by_day = (
        opened(table, plan, "filed_cases", group={"week": week}) for week in ("2024-W10", "2024-03-06")
    )
    assert by_label.num_rows > 0
    assert by_label.equals(by_day)


def test_what_cannot_be_opened_is_refused():
    table = case_facts(10, seed=3)
    plan = EvaluationPlan.of(AT_US, Zone("Asia/Shanghai"), by="street")
    with pytest.raises(InvalidInput, match="has no part 'rest'") as caught:
        opened(table, plan, "handling_rate", "rest")
    assert caught.value.kind == "unknown-part"
    with pytest.raises(InvalidInput, match=r"use numerator$") as caught:
        opened(table, plan, "filed_cases", "denominator")
    assert caught.value.kind == "unknown-part"
    with pytest.raises(InvalidInput, match="not grouped by 'class'") as caught:
        opened(table, plan, "handling_rate", group={"class": "a"})
    assert caught.value.kind == "unknown-group"
    with pytest.raises(NotFound) as caught:
        opened(table, plan, "rate")
    assert caught.value.kind == "unknown-indicator"
    with pytest.raises(InvalidInput) as caught:
        opened(pa.table({"number": ["1"]}), plan, "handling_rate")
    assert caught.value.kind == "not-facts"
