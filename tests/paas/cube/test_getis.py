"""Gi* equals its definition in each bin, and that of others where their rules are ours."""

import math

import libpysal
import numpy as np
import pytest
from esda.getisord import G_Local
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.errors import InvalidInput
from stcloud.index import kernel
from stcloud.paas.cube.getis import getis_ord
from stcloud.paas.cube.neighbours import CellNeighbours
from stcloud.testing.examples import examples
from stcloud.testing.hotspots import gi_star
from tests.paas.cube.conftest import bins_of, cubes, near_of

HOW = st.tuples(st.integers(0, 3), st.booleans(), st.sampled_from(["cube", "step", "window"]))


def equals(z, expected):
    """Assert that deviates are those of the oracle, and that there is none where it has none."""
    for bin_, deviate in np.ndenumerate(z):
        if bin_ not in expected:
            assert math.isnan(deviate), bin_
        else:
            assert deviate == pytest.approx(expected[bin_], rel=1e-9, abs=1e-9)


@given(cubes(), st.sampled_from([0, 100, 150, 300]), HOW)
@settings(deadline=None, max_examples=examples(150))
def test_z_of_each_bin_is_that_of_the_definition(cube, distance_m, how):
    """Law: Gi* is a function of the known values in a neighbourhood and in the reference set."""
    values, known, x, y = cube
    near, (steps, both, reference) = CellNeighbours.within(x, y, distance_m), how
    z = getis_ord(values, known, near, steps=steps, both=both, reference=reference)
    expected = gi_star(bins_of(values, known), near_of(near), steps=steps, both=both, reference=reference)
    equals(z, expected)
    assert np.isnan(z[~known]).all()


@pytest.mark.parametrize("reference", ["cube", "step", "window"])
def test_small_values_beside_large_ones_keep_their_digits(reference):
    values = np.array([[0, 0], [0, 1e-5], [1e-5, 3e-5], [0, 1e4]])
    known, near = np.ones((4, 2), np.bool_), CellNeighbours.within(np.zeros(2), np.array([0.0, 100.0]), 0)
    z = getis_ord(values, known, near, reference=reference)
    expected = gi_star(bins_of(values, known), near_of(near), steps=0, both=False, reference=reference)
    equals(z, expected)


@given(cubes(), st.integers(0, 2))
@settings(deadline=None, max_examples=examples(20))
def test_the_compiled_loop_gives_the_same(cube, steps):
    values, known, x, y = cube
    near = CellNeighbours.within(x, y, 150)
    plain = getis_ord(values, known, near, steps=steps)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(kernel, "PLAIN_STEPS", -1)
        compiled = getis_ord(values, known, near, steps=steps)
    np.testing.assert_array_equal(
        plain, compiled
    ) if values.dtype.kind == "i" else np.testing.assert_allclose(plain, compiled, rtol=1e-9, atol=1e-6)


def test_bins_with_equal_sums_have_equal_z():
    """A difference in the last digit would count as a rise in a test for trends."""
    rng = np.random.default_rng(7)
    values = rng.poisson(0.3, (80, 100)).astype(np.int64)
    at = np.arange(100)
    near = CellNeighbours.within(at % 10 * 100.0, at // 10 * 100.0, 100)
    z, counts = getis_ord(values, np.ones(values.shape, bool), near), np.diff(near.start)
    inner = np.flatnonzero(counts == 5)
    sums = np.array(
        [[values[t, near.cell[near.start[c] : near.start[c + 1]]].sum() for c in inner] for t in range(80)]
    )
    for total in np.unique(sums):
        assert len(np.unique(z[:, inner][sums == total])) == 1


def test_great_counts_are_summed_exactly():
    values = np.array([[2**40, 2**40 + 1, 2**40 + 2, 2**40 + 4]], np.int64)
    near = CellNeighbours.within(np.arange(4.0), np.zeros(4), 1)
    z = getis_ord(values, np.ones((1, 4), bool), near)
    np.testing.assert_allclose(z, getis_ord(values - 2**40, np.ones((1, 4), bool), near), rtol=1e-9)


@pytest.mark.parametrize(
    ("change", "kind"), [({"known": np.ones((2, 3), bool)}, "columns-differ"), ({"steps": -1}, "bad-count")]
)
def test_what_does_not_fit_is_refused(change, kind):
    given_ = {"known": np.ones((2, 2), bool), "steps": 0} | change
    with pytest.raises(InvalidInput) as caught:
        getis_ord(
            np.ones((2, 2)),
            given_["known"],
            CellNeighbours.within([0.0, 1.0], [0.0, 0.0], 1),
            steps=given_["steps"],
        )
    assert caught.value.kind == kind


def test_six_points_have_the_z_that_esda_publishes():
    """The example of `esda.G_Local` (star, binary weights), as its documentation prints it."""
    points = np.array([(10, 10), (20, 10), (40, 10), (15, 20), (30, 20), (30, 30)], float)
    values = np.array([[2, 3, 3.2, 5, 8, 7]])
    z = getis_ord(values, np.ones((1, 6), bool), CellNeighbours.within(*points.T, 15))
    published = [-1.39727626, -0.28917762, 0.65064964, -0.28917762, 1.23452088, 2.02424331]
    np.testing.assert_allclose(z, [published], atol=5e-9)


@given(cubes(fewest=1), st.sampled_from([0, 100, 150]))
@settings(deadline=None, max_examples=examples(30))
def test_z_of_a_step_is_that_of_esda(cube, distance_m):
    values, _, x, y = cube
    values = values - values.min() + 1  # esda divides by the sum, so that the sign of z is that of the sum
    near = CellNeighbours.within(x, y, distance_m)
    z = getis_ord(values, np.ones(values.shape, bool), near, reference="step")
    if len(x) < 3:
        return
    weights = libpysal.weights.W(
        {cell: sorted(around) for cell, around in near_of(near).items()}, silence_warnings=True
    )
    for row, deviates in zip(values.astype(float), z, strict=True):
        defined = ~np.isnan(deviates)
        if np.ptp(row) < 1e-3 or not defined.any():
            continue
        with np.errstate(invalid="ignore", divide="ignore"):
            theirs = G_Local(row, weights, transform="B", star=None, permutations=0).Zs
        np.testing.assert_allclose(deviates[defined], theirs[defined], rtol=1e-6, atol=1e-6)
