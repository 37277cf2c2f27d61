"""Change points are those of the best division, found by trying all."""

import itertools

import numpy as np
import pytest
import ruptures
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.errors import InvalidInput
from stcloud.index import kernel
from stcloud.paas.cube.changepoint import change_points, usual_penalty
from stcloud.testing.examples import examples

SERIES = st.lists(st.integers(0, 9), max_size=9).map(lambda values: np.array(values, float))


def cost(series, points, penalty):
    parts = np.split(series, points)
    return sum(((part - part.mean()) ** 2).sum() for part in parts if len(part)) + penalty * len(points)


@pytest.mark.parametrize("compiled", [False, True])
@given(SERIES, st.sampled_from([0.3, 2.0, 7.5]), st.integers(1, 3))
@settings(deadline=None, max_examples=examples(80))
def test_no_other_division_costs_less(compiled, series, penalty, fewest):
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(kernel, "PLAIN_STEPS", -1 if compiled else 10**9)
        points = change_points(series, penalty, fewest=fewest)
    lengths = np.diff([0, *points, len(series)])
    assert len(series) == 0 or not points or lengths.min() >= fewest
    others = [
        cost(series, division, penalty)
        for count in range(len(series))
        for division in itertools.combinations(range(1, len(series)), count)
        if np.diff([0, *division, len(series)]).min() >= fewest or not division
    ]
    assert cost(series, points, penalty) <= min(others, default=0.0) + 1e-9


def test_a_step_is_found_and_noise_is_not():
    chance = np.random.default_rng(5)
    series = np.concatenate([chance.normal(10, 1, 60), chance.normal(14, 1, 40)])
    (point,) = change_points(series, usual_penalty(series))
    assert abs(point - 60) <= 1
    still = chance.normal(10, 1, 100)
    assert change_points(still, usual_penalty(still)) == ()


@pytest.mark.parametrize(
    ("series", "penalty", "kind"), [([1.0, 2.0], 0, "bad-penalty"), ([np.nan, 1.0], 1, "unknown-value")]
)
def test_what_has_no_best_division_is_refused(series, penalty, kind):
    with pytest.raises(InvalidInput) as caught:
        change_points(np.array(series), penalty)
    assert caught.value.kind == kind


@pytest.mark.parametrize("seed", range(12))
def test_points_are_those_of_ruptures(seed):
    """PELT with L2 cost. It adds the penalty to the first part too, which changes all sums by the same."""
    chance = np.random.default_rng(seed)
    means = np.repeat(chance.normal(10, 3, 6), chance.integers(5, 40, 6))
    series = chance.normal(means, 1)
    penalty = usual_penalty(series)
    theirs = ruptures.Pelt(model="l2", min_size=2, jump=1).fit(series).predict(pen=penalty)
    assert change_points(series, penalty) == tuple(theirs[:-1])
