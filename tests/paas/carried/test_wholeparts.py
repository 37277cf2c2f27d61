"""Whole numbers shared out: together the total, each within one of its exact part."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.paas.carried.wholeparts import whole_parts
from stcloud.testing.examples import examples


@given(st.integers(-1000, 1000), st.lists(st.integers(0, 9), min_size=1, max_size=8).filter(any))
@settings(max_examples=examples(100))
def test_whole_parts_are_together_the_total(total, weights):
    shares = np.array(weights) / sum(weights)
    parts = whole_parts(total, shares)
    assert parts.sum() == total
    assert (parts == np.round(parts)).all()
    assert (np.abs(parts - total * shares) < 1 + 1e-9).all()
    assert (parts[shares == 0] == 0).all()


def test_of_equal_remainders_the_first_gets_more():
    assert whole_parts(1, np.array([0.5, 0.5])).tolist() == [1, 0]
    assert whole_parts(10, np.array([1 / 3, 1 / 3, 1 / 3])).tolist() == [4, 3, 3]
    assert whole_parts(0, np.array([1.0])).tolist() == pytest.approx([0])
