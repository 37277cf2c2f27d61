"""Times in several columns: the standard library is the oracle."""

from datetime import datetime

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stcloud.time import civil_us

FIELDS = ("year", "month", "day", "hour", "minute", "second")
ROWS = st.tuples(
    st.integers(0, 10001), st.integers(-1, 14), st.integers(-1, 33), st.integers(-1, 25), st.integers(-1, 61),
    st.integers(-1, 61),
)  # fmt: skip


def expected(row):
    try:
        return int((datetime(*row) - datetime(1970, 1, 1)).total_seconds()) * 1_000_000
    except ValueError:
        return None


@given(st.lists(ROWS, min_size=1, max_size=30))
def test_a_time_is_what_the_calendar_says_or_some_field_of_it_is_wrong(rows):
    columns = {name: np.array([row[at] for row in rows], np.int64) for at, name in enumerate(FIELDS)}
    time_us, wrong = civil_us(columns)
    bad = np.any([wrong[name] for name in FIELDS], axis=0)
    read = [None if is_bad else at for at, is_bad in zip(time_us.tolist(), bad.tolist(), strict=True)]
    assert read == [expected(row) for row in rows]


def test_the_field_that_is_wrong_is_named():
    columns = {"year": [2015, 2015, 2016], "month": [2, 13, 2], "day": [30, 5, 29], "hour": [1, 1, 25]}
    _, wrong = civil_us({name: np.array(values) for name, values in columns.items()})
    assert {name: mask.tolist() for name, mask in wrong.items()} == {
        "year": [False, False, False],
        "month": [False, True, False],
        "day": [True, False, False],
        "hour": [False, False, True],
    }
