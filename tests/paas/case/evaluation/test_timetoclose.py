"""How long cases take: of the closed, and of all."""

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stcloud.errors import InvalidInput
from stcloud.paas.case.evaluation import EvaluationPlan, time_to_close
from stcloud.testing.casefacts import FIRST_US, HOUR_US, as_table, case_facts, fact_rows
from stcloud.time import Zone

AT_US = FIRST_US + 3_000 * HOUR_US
ZONE = Zone("Pacific/Auckland")


@given(
    rows=fact_rows(),
    start=st.sampled_from(["reported", "filed", "dispatched"]),
    end=st.sampled_from(["handled", "closed"]),
)
def test_cases_last_until_they_end_or_until_now(rows, start, end):
    plan = EvaluationPlan.of(AT_US, ZONE, by=["department", "class"])
    result = time_to_close(as_table(rows), plan, start, end)
    groups = {}
    for row in rows:
        if row["counted"] and not row["cancelled"] and row[f"{start}_at"] is not None:
            groups.setdefault((row["department"], row["class"]), []).append(row)
    assert list(result) == sorted(groups, key=lambda key: [(label is None, label or "") for label in key])
    for key, cases in groups.items():
        ends = [row[f"{end}_at"] for row in cases]
        closed = [
            max(at - row[f"{start}_at"], 0) for at, row in zip(ends, cases, strict=True) if at is not None
        ]
        assert (result[key].closed, result[key].open) == (len(closed), len(cases) - len(closed))
        assert result[key].median_closed_us == (int(statistics.median(closed)) if closed else None)


def test_open_cases_make_the_median_longer():
    table = case_facts(4_000, seed=2)
    ((_, whole),) = time_to_close(table, EvaluationPlan.of(1_735_689_600_000_000, ZONE)).items()
    assert whole.open > 0
    assert whole.median_us > whole.median_closed_us


def test_a_median_that_is_not_reached_is_none():
    rows = [
        dict.fromkeys(as_table([]).column_names)
        | {
            "number": str(n),
            "counted": True,
            "cancelled": False,
            "reported_at": FIRST_US,
            "closed_at": None if n else FIRST_US + 60,
        }
        for n in range(3)
    ]
    (only,) = time_to_close(as_table(rows), EvaluationPlan.of(AT_US, ZONE)).values()
    assert (only.median_closed_us, only.median_us, only.open) == (60, None, 2)


def test_a_period_takes_the_cases_that_started_in_it():
    table = case_facts(2_000, seed=2)
    months = [
        time_to_close(table, EvaluationPlan.of(AT_US, ZONE, period=f"2024-{month:02}")) for month in (1, 2)
    ]
    assert all(months)
    assert time_to_close(table, EvaluationPlan.of(AT_US, ZONE, period="2020")) == {}


@pytest.mark.parametrize("ends", [("opened", "closed"), ("reported", "archived")])
def test_other_instants_are_refused(ends):
    with pytest.raises(InvalidInput) as caught:
        time_to_close(case_facts(3, seed=1), EvaluationPlan.of(AT_US, ZONE), *ends)
    assert caught.value.kind == "unknown-instant"
