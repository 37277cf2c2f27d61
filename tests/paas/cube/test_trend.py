"""Trends of cells equal those of the definition, with ties, gaps and few values."""

import math

import numpy as np
import pymannkendall
import pytest
from hypothesis import given, settings

from stcloud.index import kernel
from stcloud.paas.cube.trend import mann_kendall, sen_slopes
from stcloud.testing.examples import examples
from stcloud.testing.hotspots import kendall, sen
from tests.paas.cube.conftest import cubes


def alike(value, expected):
    return (math.isnan(value) and math.isnan(expected)) or value == pytest.approx(
        expected, rel=1e-9, abs=1e-9
    )


@pytest.mark.parametrize("compiled", [False, True])
@given(cubes())
@settings(deadline=None, max_examples=examples(80))
def test_each_cell_has_the_trend_of_its_known_values(compiled, cube):
    values, known, _, _ = cube
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(kernel, "PLAIN_STEPS", -1 if compiled else 10**9)
        trends, slopes = mann_kendall(values, known), sen_slopes(values, known)
    for cell in range(values.shape[1]):
        there = {int(step): values[step, cell].item() for step in np.flatnonzero(known[:, cell])}
        s, z, p = kendall(list(there.values()))
        assert trends.s[cell] == s
        assert alike(trends.z[cell], z)
        assert alike(trends.p[cell], p)
        assert alike(slopes[cell], sen(there))


def test_noise_in_the_last_digit_is_no_trend():
    values = np.array([1.0, 1.0 + 1e-12, 1.0 + 2e-12, 1.0 + 3e-12])[:, None]
    trends = mann_kendall(values, np.ones((4, 1), bool))
    assert (trends.s[0], trends.z[0], trends.p[0]) == (0, 0.0, 1.0)


def test_a_trend_is_one_at_a_level():
    values = np.array([[1, 4, 1], [2, 3, 2], [3, 2, 2], [4, 1, 1], [5, 0, 2]])
    trends = mann_kendall(values, np.ones(values.shape, bool))
    assert trends.directions(0.10).tolist() == [1, -1, 0]
    assert trends.directions(0.01).tolist() == [0, 0, 0]


@pytest.mark.parametrize("greatest", [1, 3, 12])
@pytest.mark.parametrize("steps", [3, 10, 52, 157])
def test_tied_series_have_the_trend_and_the_slope_of_pymannkendall(greatest, steps):
    chance = np.random.default_rng([greatest, steps])
    rise = np.linspace(0, greatest, steps)[:, None] * (np.arange(40) % 3)
    values = chance.poisson(0.3 * greatest + rise).astype(np.int64)
    known = np.ones(values.shape, bool)
    trends, slopes = mann_kendall(values, known), sen_slopes(values, known)
    for cell in range(values.shape[1]):
        if np.ptp(values[:, cell]) == 0:  # pymannkendall divides by zero
            assert (trends.z[cell], slopes[cell]) == (0, 0)
            continue
        theirs = pymannkendall.original_test(values[:, cell])
        assert trends.s[cell] == theirs.s
        assert trends.z[cell] == pytest.approx(theirs.z, rel=1e-9, abs=1e-9)
        assert trends.p[cell] == pytest.approx(theirs.p, rel=1e-9, abs=1e-9)
        assert slopes[cell] == pytest.approx(theirs.slope, rel=1e-9, abs=1e-9)
