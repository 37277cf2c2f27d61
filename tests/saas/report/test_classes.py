import subprocess
import sys
import textwrap

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.colors import to_rgb

from stcloud.errors import InvalidInput
from stcloud.saas.report.classes import Classes, class_limits, number_text
from stcloud.saas.report.palette import SEQUENTIAL, diverging, sequential
from stcloud.testing.examples import examples

quick = settings(deadline=None, max_examples=examples(60))
counts_of_cells = st.lists(st.integers(1, 40) | st.integers(1, 10**9), min_size=1, max_size=60)
floats = st.floats(-1e6, 1e6, allow_nan=False).filter(lambda number: number == 0 or abs(number) > 1e-3)
numbers = st.lists(floats | st.just(float("nan")), min_size=1, max_size=60)


@quick
@given(counts_of_cells, st.integers(2, 8))
def test_the_sizes_of_classes_sum_to_the_number_of_counts(counts, most):
    classes = class_limits(counts, whole=True, most=most)
    sizes = classes.sizes(counts)
    assert sum(sizes.values()) == len(counts)
    assert 1 <= len(classes) <= most
    assert sorted(sizes) == list(range(1, len(classes) + 1))  # none is empty


@quick
@given(counts_of_cells)
def test_every_count_lies_within_the_limits_that_are_written(counts):
    classes = class_limits(counts, whole=True)
    for count, of in zip(counts, classes.of(counts), strict=True):
        low, *high = (int(part.replace(",", "")) for part in classes.labels()[of - 1].split(" – "))
        assert low <= count <= (high[0] if high else low)


@quick
@given(numbers)
def test_zero_and_nothing_are_in_no_class_and_all_else_in_one_of_its_sign(values):
    classes = class_limits(values, whole=False)
    if classes is None:
        assert all(value == 0 or np.isnan(value) for value in values)
        return
    for value, of in zip(values, classes.of(values), strict=True):
        assert (of == 0) == (value == 0 or np.isnan(value))
        assert of >= 0 or value < 0
        low = 0 if abs(of) < 2 else classes.uppers[abs(of) - 2]
        size = abs(value) if classes.diverging else value
        assert not of or size <= classes.uppers[abs(of) - 1]
        assert abs(of) < 2 or size > low
    assert classes.diverging == any(value < 0 for value in values)


def test_hot_spots_stand_out_among_skewed_counts():
    counts = [1] * 900 + [2] * 80 + [5] * 15 + [40, 76]
    classes = class_limits(counts, whole=True)
    assert classes.of([40, 76]).min() > classes.of([5])[0]
    assert classes.sizes(counts)[1] == 900


def test_close_counts_fall_into_classes_of_about_equal_size():
    counts = np.arange(200, 900)
    sizes = class_limits(counts, whole=True).sizes(counts).values()
    assert len(sizes) == 6
    assert max(sizes) < 1.4 * min(sizes)


def test_few_values_have_a_class_each():
    assert class_limits([3, 1, 2, 2], whole=True).labels() == ("1", "2", "3")
    assert class_limits([7], whole=True).labels() == ("7",)
    assert class_limits([0.1, 0.1], whole=False).labels() == ("0.10",)
    assert class_limits([1.5, 3, 1.5], whole=False).labels() == ("1.5", "3.0")


def test_changes_have_the_same_classes_on_both_sides_of_zero():
    classes = class_limits([-40, -3, 0, 1, 2, 12], whole=True, diverging=True)
    assert classes.of([-12, 12, -1, 1, 0]).tolist() == [-2, 2, -1, 1, 0]
    assert class_limits([1, 2, 3], whole=True, diverging=True).diverging


def test_there_are_no_classes_of_nothing():
    assert class_limits([], whole=True) is None
    assert class_limits([0, float("nan")], whole=True) is None


@pytest.mark.parametrize(("uppers", "least"), [((), 3), ((1, 1), 1), ((5, 4), 1), ((4,), 5)])
def test_classes_that_are_none_are_refused(uppers, least):
    with pytest.raises(InvalidInput, match="classes") as caught:
        Classes(uppers, least)
    assert caught.value.kind == "invalid-classes"


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [(1234.5, 1, "1,234.5"), (-3, 0, "−3"), (4e12, 0, "4e+12"), (-4e-3, 3, "−0.004")],
)
def test_numbers_are_written_for_people(value, decimals, text):
    assert number_text(value, decimals) == text


def luminance(colours):
    return [np.dot((0.2126, 0.7152, 0.0722), to_rgb(colour)) for colour in colours]


@pytest.mark.parametrize("ramp", [SEQUENTIAL, diverging(3, below=True), diverging(3, below=False)])
def test_more_is_darker_for_any_eye(ramp):
    assert (np.diff(luminance(ramp)) < -0.04).all()


def test_one_class_has_a_middle_colour():
    assert sequential(1) == [SEQUENTIAL[2]]
    assert diverging(1, below=True) == [diverging(3, below=True)[1]]


def test_mapclassify_is_imported_without_waiting_for_a_compiler():
    code = """
        from stcloud.saas.report.classes import class_limits
        assert len(class_limits(range(1, 100), whole=True)) == 6
        import mapclassify, numba
        function = mapclassify.classifiers._fisher_jenks_means
        assert not hasattr(function, "signatures"), "compiled"
        assert not numba.core.config.DISABLE_JIT
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=True)
