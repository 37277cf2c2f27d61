"""Break points: counted as `searchsorted` counts them, whether buckets are used or not."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stcloud.time.breakpoints import BreakPoints

NUMBER = st.integers(-(2**60), 2**60)


@given(
    st.one_of(
        st.sets(NUMBER, max_size=20),
        st.sets(st.integers(-500, 500), max_size=60),
        st.sets(st.integers(0, 40).map(lambda step: step * 7 * 10**9), max_size=30),
    ),
    st.lists(st.one_of(NUMBER, st.integers(-600, 600)), max_size=20),
)
def test_points_are_counted_as_a_search_counts_them(points, values):
    ordered = np.array(sorted(points), dtype=np.int64)
    near = np.array([*values, *ordered, *(ordered - 1), *(ordered + 1)], dtype=np.int64)
    expected = np.searchsorted(ordered, near, side="right")
    assert BreakPoints(ordered).up_to(near).tolist() == expected.tolist()
