from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.saas.report.scale import length_label, round_down, round_steps
from stcloud.testing.examples import examples

quick = settings(deadline=None, max_examples=examples(60))


@quick
@given(st.floats(1e-3, 1e7))
def test_a_bar_of_a_third_of_the_width_is_at_least_an_eighth(width):
    bar = round_down(width / 3)
    assert width / 8 < bar <= width / 3
    assert f"{bar:e}"[0] in "125"


@pytest.mark.parametrize("length", [0.1, 1.0, 2.0, 5.0, 10.0, 200.0, 5000.0, 1e6])
def test_a_round_length_is_its_own_round_length(length):
    assert round_down(length) == length


def test_lengths_are_written_in_kilometres_from_a_thousand_metres_on():
    assert [length_label(one) for one in (20.0, 500.0, 1000.0, 10_000.0)] == [
        "20 m",
        "500 m",
        "1 km",
        "10 km",
    ]


@quick
@given(st.floats(-180, 179), st.floats(1e-4, 1), st.integers(1, 8))
def test_steps_are_inside_and_evenly_round(low, width, most):
    values, decimals = round_steps(low, low + width, most)
    assert len(values) <= most + 1
    assert all(low - 1e-9 <= value <= low + width + 1e-9 for value in values)
    steps = {round(later - earlier, decimals) for earlier, later in pairwise(values)}
    assert len(steps) <= 1
