"""The reading nearest in time: every row is looked at by the oracle."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stcloud.index.neartime import nearest_in_time

TIMES = st.lists(st.integers(0, 60), unique=True, max_size=12).map(sorted)


@given(st.lists(TIMES, max_size=4), st.lists(st.tuples(st.integers(-1, 3), st.integers(-5, 70)), max_size=20),
       st.integers(0, 20))  # fmt: skip
def test_it_is_the_nearest_and_of_two_the_earlier(stations, wanted, within):
    starts = np.cumsum([0, *map(len, stations)])
    times = np.array([at for one in stations for at in one], np.int64)
    wanted = [(min(station, len(stations) - 1), at) for station, at in wanted]
    rows = nearest_in_time(
        starts, times, np.array([of for of, _ in wanted], np.int64), np.array([at for _, at in wanted], np.int64),
        within,
    )  # fmt: skip
    for row, (station, at) in zip(rows.tolist(), wanted, strict=True):
        near = [] if station < 0 else [
            (abs(times[one] - at), times[one], one) for one in range(starts[station], starts[station + 1])
        ]  # fmt: skip
        near = [each for each in near if each[0] <= within]
        assert row == (min(near)[2] if near else -1)


def test_the_tolerance_is_inclusive():
    wanted = np.array([15, 25, 26])
    rows = nearest_in_time(np.array([0, 1]), np.array([20]), np.zeros(3, np.int64), wanted, 5)
    assert rows.tolist() == [0, 0, -1]
