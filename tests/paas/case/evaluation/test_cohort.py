"""Cohorts: cases whose instant lies in a half-open period."""

import pytest
from hypothesis import given

from stcloud.paas.case.evaluation.cohort import BASES, Cohort
from stcloud.paas.case.facts import FACTS
from stcloud.testing.casefacts import FIRST_US, HOUR_US, as_table, fact_rows
from stcloud.time import Span

PERIOD = Span(FIRST_US + 741 * HOUR_US, FIRST_US + 1_440 * HOUR_US)


@pytest.mark.parametrize("basis", BASES)
@pytest.mark.parametrize("period", [None, PERIOD, Span(None, PERIOD.end_us), Span(PERIOD.start_us, None)])
@given(rows=fact_rows())
def test_cases_are_those_whose_instant_lies_in_the_period(basis, period, rows):
    within, at_us, undated = (
        Cohort(basis, period).of(as_table(rows).combine_chunks().to_batches()[0]) if rows else ([], [], 0)
    )
    column = BASES[basis]
    instants = [row[column] if column else 0 for row in rows]
    low, high = (None, None) if period is None or column is None else (period.start_us, period.end_us)
    expected = [
        at is not None and (low is None or at >= low) and (high is None or at < high) for at in instants
    ]
    assert list(within) == expected
    assert list(at_us) == [at or 0 for at in instants]
    assert undated == instants.count(None)


def test_a_cohort_is_called_by_its_basis():
    assert str(Cohort("due")) == "by deadline"


def test_the_end_of_a_period_is_not_in_it():
    rows = [
        dict.fromkeys(FACTS.names) | {"number": str(at), "due_at": at}
        for at in (PERIOD.start_us, PERIOD.end_us)
    ]
    within, _, _ = Cohort("due", PERIOD).of(as_table(rows).to_batches()[0])
    assert within.tolist() == [True, False]
