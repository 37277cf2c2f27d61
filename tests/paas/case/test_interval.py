"""Raw intervals: entries of logs in order, late ones moved, and what is no interval refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stcloud.errors import InvalidInput
from stcloud.paas.case.interval import OPEN_US, ClockIntervals, effective_us

STAGES = ("handle", "check")


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(-9, 9)), max_size=40))
def test_an_entry_counts_from_the_latest_instant_up_to_it(entries):
    entries = sorted(entries, key=lambda entry: entry[0])
    case = np.array([number for number, _ in entries], dtype=np.int64)
    happened = np.array([at for _, at in entries], dtype=np.int64)
    expected = [max(happened[: at + 1][case[: at + 1] == case[at]]) for at in range(len(entries))]
    assert effective_us(case, happened).tolist() == expected


def test_an_entry_lasts_until_the_next_of_its_case():
    made = ClockIntervals.of_entries(
        [0, 0, 3], ["handle", "check", "handle"], ["running", "off", "paused"], [1, 5, 2], STAGES
    )
    assert made.to_us.tolist() == [5, OPEN_US, OPEN_US]
    assert made.clock.tolist() == [1, 0, 2]
    assert made.stage.tolist() == [0, 1, 0]


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        (([0], [0], [1], [0, 1], [2]), "lengths 1, 1, 1, 2, 1"),
        (([1, 0], [0, 0], [1, 1], [0, 1], [2, 2]), "case 0 comes after one with a greater number (row 1)"),
        (([-1], [0], [1], [0], [2]), "number below 0"),
        (([0], [2], [1], [0], [2]), "unknown stage"),
        (([0], ["wait"], [1], [0], [2]), "'wait' is none of handle, check"),
        (([0], [0], [3], [0], [2]), "unknown state"),
        (([0], [0], ["stopped"], [0], [2]), "'stopped' is none of off, running, paused"),
        (([0], [0], [1], [3], [2]), "ends before it begins"),
        (([0], [0], [1], [np.iinfo(np.int64).min], [2]), "without a beginning"),
        (([0, 0], [0, 0], [1, 1], [0, 4], [5, 9]), "begins before the one before ends (row 1)"),
        (([0, 0], [0, 0], [1, 1], [0, 4], [OPEN_US, 9]), "begins before the one before ends (row 1)"),
        (([0], [0], [1], [0.5], [2]), "type float64"),
    ],
)
def test_what_is_no_interval_is_refused(columns, reason):
    with pytest.raises(InvalidInput) as caught:
        ClockIntervals.of(*columns, STAGES)
    assert caught.value.kind == "clock-intervals"
    assert reason in str(caught.value)


def test_entries_of_unequal_columns_are_refused():
    with pytest.raises(InvalidInput) as caught:
        ClockIntervals.of_entries([0, 0], [0, 0], [1, 1], [5], STAGES)
    assert caught.value.kind == "clock-intervals"
