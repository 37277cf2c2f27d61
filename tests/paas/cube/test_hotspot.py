"""Classes of hot and cold spots: each is found where it was planted, and all equal the oracle's."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.paas.cube.hotspot import CLASSES, classified
from stcloud.testing.examples import examples
from stcloud.testing.hotspots import class_of

STEPS = st.lists(st.sampled_from([1, 1, 1, 0, -1, None]), min_size=1, max_size=12)

PLANTED = {
    "new": ([0, 0, 0, 0, 1], 0),
    "consecutive": ([0, 0, 0, 1, 1], 0),
    "intensifying": ([1, 1, 1, 1, 1], 1),
    "persistent": ([1, 1, 1, 1, 1], 0),
    "diminishing": ([1, 1, 1, 1, 1], -1),
    "sporadic": ([1, 0, 0, 1, 1], 1),
    "oscillating": ([1, 0, -1, 1, 1], 1),
    "historical": ([1] * 9 + [0], 0),
}


def class_name(signs, direction):
    known = np.array([sign is not None for sign in signs])[:, None]
    numbers = np.array([sign or 0 for sign in signs], np.int8)[:, None]
    (at,) = classified(numbers, known, np.array([direction], np.int8)).tolist()
    return CLASSES[at]


@pytest.mark.parametrize("name", PLANTED)
@pytest.mark.parametrize(("side", "word"), [(1, "hot"), (-1, "cold")])
def test_each_class_is_found_where_it_was_planted(name, side, word):
    signs, direction = PLANTED[name]
    assert class_name([sign * side for sign in signs], direction * side) == f"{name} {word}"


def test_there_are_seventeen_classes_and_the_unknown():
    assert len(CLASSES) == 18
    assert class_name([0, 1, 0], 0) == "none"
    assert class_name([1, 1, None], 0) == "unknown"


def test_earlier_opposite_steps_do_not_stop_new_and_consecutive():
    assert class_name([-1, -1, 1], 0) == "new hot"
    assert class_name([-1, 0, 1, 1], 0) == "consecutive hot"


def test_nine_of_ten_is_counted_in_whole_numbers():
    assert class_name([1] * 8 + [0, 1], 0) == "persistent hot"
    assert class_name([1] * 16 + [0, 0, 0, 1], 0) == "sporadic hot"
    assert class_name([1] * 8 + [0, None, 1], 0) == "persistent hot"


@given(st.lists(st.tuples(STEPS, st.sampled_from([-1, 0, 1])), min_size=1, max_size=6))
@settings(deadline=None, max_examples=examples(300))
def test_classes_are_those_of_the_oracle(cells):
    steps = max(len(signs) for signs, _ in cells)
    padded = [[None] * (steps - len(signs)) + signs for signs, _ in cells]
    known = np.array([[sign is not None for sign in signs] for signs in padded]).T
    numbers = np.array([[sign or 0 for sign in signs] for signs in padded], np.int8).T
    found = classified(numbers, known, np.array([direction for _, direction in cells], np.int8))
    expected = [class_of(signs, direction) for signs, (_, direction) in zip(padded, cells, strict=True)]
    assert [CLASSES[at] for at in found] == expected
