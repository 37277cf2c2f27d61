from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.errors import InvalidInput
from stcloud.saas.report.scale import Classes, class_limits, length_label, round_down, round_steps
from stcloud.testing.examples import examples

quick = settings(deadline=None, max_examples=examples(60))
counts_of_cells = st.lists(st.integers(1, 40) | st.integers(1, 10**9), min_size=1, max_size=60)


@quick
@given(counts_of_cells, st.integers(2, 8))
def test_the_sizes_of_classes_sum_to_the_number_of_counts(counts, most):
    classes = class_limits(counts, most)
    assert sum(classes.sizes(counts)) == len(counts)
    assert 1 <= len(classes) <= most
    assert all(classes.sizes(counts))  # none is empty


@quick
@given(counts_of_cells)
def test_every_count_lies_within_the_limits_of_its_class(counts):
    classes = class_limits(counts)
    for count, at in zip(counts, classes.of(counts), strict=True):
        low, *high = (int(part.replace(",", "")) for part in classes.labels()[at].split(" – "))
        assert low <= count <= (high[0] if high else low)


@quick
@given(counts_of_cells)
def test_classes_run_from_the_least_to_the_greatest_count(counts):
    classes = class_limits(counts)
    assert (classes.starts[0], classes.last) == (min(counts), max(counts))


def test_hot_spots_stand_out_among_skewed_counts():
    classes = class_limits([1] * 900 + [2] * 80 + [5] * 15 + [40, 76])
    assert classes.sizes([40, 76])[-1] == 2
    assert classes.sizes([1] * 900)[0] == 900


def test_close_counts_fall_into_classes_of_about_equal_size():
    counts = np.arange(200, 900)
    sizes = class_limits(counts).sizes(counts)
    assert len(sizes) == 6
    assert max(sizes) < 1.4 * min(sizes)


def test_few_values_have_a_class_each():
    assert class_limits([3, 1, 2, 2]).labels() == ("1", "2", "3")
    assert class_limits([7]).labels() == ("7",)


@pytest.mark.parametrize(("starts", "last"), [((), 3), ((1, 1), 3), ((1, 5), 4)])
def test_classes_that_are_none_are_refused(starts, last):
    with pytest.raises(InvalidInput, match="classes start at") as caught:
        Classes(starts, last)
    assert caught.value.kind == "invalid-classes"


def test_no_counts_have_no_classes():
    with pytest.raises(InvalidInput) as caught:
        class_limits([])
    assert caught.value.kind == "no-counts"


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
