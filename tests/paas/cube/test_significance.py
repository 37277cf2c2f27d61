"""Significance of many tests, corrected for their number or not."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.paas.cube.significance import LEVELS, confidence
from stcloud.testing.examples import examples
from stcloud.testing.hotspots import benjamini_hochberg

DEVIATES = st.lists(st.floats(-6, 6) | st.sampled_from([0.0, 2.5, -2.5]), min_size=1, max_size=40)


@given(DEVIATES)
@settings(deadline=None, max_examples=examples(100))
def test_the_number_of_tests_is_counted(deviates):
    z = np.array([*deviates, np.nan])
    levels = confidence(z)
    expected = sum(np.array(benjamini_hochberg(deviates, level)).astype(int) for level in LEVELS)
    assert np.abs(levels[:-1]).tolist() == expected.tolist()
    assert (np.sign(levels[:-1]) * np.sign(z[:-1]) >= 0).all()
    assert levels[-1] == 0


def test_each_test_may_stand_alone():
    z = np.array([[1.6, 1.7, 2.0], [-2.6, np.nan, 0.0]])
    assert confidence(z, corrected=False).tolist() == [[0, 1, 2], [-3, 0, 0]]
    assert confidence(np.full((2, 2), np.nan)).tolist() == [[0, 0], [0, 0]]


def test_of_chance_alone_few_are_hot():
    """Of a thousand tests without a cause about a hundred are past .10; corrected, nearly none."""
    z = np.random.default_rng(3).normal(size=1000)
    assert np.count_nonzero(confidence(z, corrected=False)) > 70
    assert np.count_nonzero(confidence(z)) <= 1
