"""Composite scores, compared with plain numpy and, for the principal component, with scikit-learn."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.decomposition import PCA

from stcloud.errors import InvalidInput
from stcloud.paas.indicator import IndicatorMatrix, composite_of
from stcloud.paas.indicator.weighting import entropy_weights, equal_weights, given_weights
from stcloud.testing.examples import examples
from tests.paas.indicator.drawn import matrices, shuffled


def scaled(matrix):
    turned = matrix.values * matrix.signs
    low, high = turned.min(axis=0), turned.max(axis=0)
    return np.where(high > low, (turned - low) / np.where(high > low, high - low, 1), 0.5)


@given(matrices(), st.sampled_from([equal_weights, entropy_weights]))
@settings(max_examples=examples(60))
def test_sums_are_those_of_numpy(matrix, weigh):
    assume((matrix.values != matrix.values[0]).any())
    composite = composite_of(matrix, weigh)
    np.testing.assert_allclose(composite.scores, scaled(matrix) @ weigh(matrix), atol=1e-9)


@given(matrices())
@settings(max_examples=examples(60))
def test_topsis_is_that_of_numpy(matrix):
    assume((matrix.values != matrix.values[0]).any())
    length = np.sqrt((matrix.values**2).sum(axis=0))
    weighted = matrix.values / np.where(length > 0, length, 1) / len(matrix.names)
    best = np.where(matrix.signs > 0, weighted.max(axis=0), weighted.min(axis=0))
    worst = np.where(matrix.signs > 0, weighted.min(axis=0), weighted.max(axis=0))
    far, near = np.linalg.norm(weighted - best, axis=1), np.linalg.norm(weighted - worst, axis=1)
    composite = composite_of(matrix, equal_weights, "topsis")
    np.testing.assert_allclose(composite.scores, near / (far + near), atol=1e-9)
    assert composite.normalise == "vector"


@given(matrices(groups=(3, 8), names=(2, 4)))
@settings(max_examples=examples(60))
def test_the_first_component_is_that_of_scikit_learn(matrix):
    turned = matrix.values * matrix.signs
    deviation = turned.std(axis=0)
    standard = (turned - turned.mean(axis=0)) / np.where(deviation > 0, deviation, 1)
    assume(deviation.max() > 0)
    model = PCA(svd_solver="full").fit(standard)
    shares = model.explained_variance_ratio_
    assume(len(shares) < 2 or shares[0] - shares[1] > 1e-6)
    composite = composite_of(matrix, equal_weights, "pca")
    loadings = model.components_[0]
    assume(abs(loadings.sum()) > 1e-6)
    sign = np.sign(loadings.sum())
    np.testing.assert_allclose(composite.weights, loadings * sign, atol=1e-6)
    np.testing.assert_allclose(composite.scores, standard @ loadings * sign, atol=1e-6)
    assert composite.explained == pytest.approx(shares[0], abs=1e-9)


def test_the_sign_of_a_component_whose_loadings_cancel_is_that_of_the_first():
    columns = {"x": [1.0, 2.0, 4.0], "y": [-1.0, -2.0, -4.0]}
    matrix = IndicatorMatrix.of(["a", "b", "c"], columns, {"x": "higher", "y": "higher"})
    composite = composite_of(matrix, equal_weights, "pca")
    assert composite.weights[0] == pytest.approx(np.sqrt(0.5))
    assert composite.ranks.tolist() == [3, 2, 1]


@given(matrices(), st.sampled_from(["sum", "topsis"]))
@settings(max_examples=examples(60))
def test_a_group_that_is_better_by_all_is_ranked_before(matrix, method):
    better = matrix.values[0] + matrix.signs
    values = np.vstack([matrix.values, better])
    more = IndicatorMatrix(
        (*matrix.groups, "best"), matrix.names, values, matrix.signs, matrix.floors, matrix.targets
    )
    ranks = composite_of(more, equal_weights, method).ranks
    assert ranks[-1] < ranks[0]


@given(matrices(), st.sampled_from(["sum", "topsis"]), st.randoms(use_true_random=False))
@settings(max_examples=examples(40))
def test_the_order_of_groups_changes_nothing(matrix, method, chance):
    assume((matrix.values != matrix.values[0]).any())
    order = list(range(len(matrix.groups)))
    chance.shuffle(order)
    ours = composite_of(matrix, entropy_weights, method)
    theirs = composite_of(shuffled(matrix, order), entropy_weights, method)
    assert ours.scores[order].tobytes() == theirs.scores.tobytes()
    assert ours.ranks[order].tolist() == theirs.ranks.tolist()


MISSING = IndicatorMatrix.of(
    ["a", "b", "c"], {"x": [1.0, 3.0, None], "y": [5.0, 1.0, 3.0]}, {"x": "higher", "y": "lower"}
)


def test_a_group_without_all_values_has_no_score():
    composite = composite_of(MISSING, equal_weights)
    assert np.nan_to_num(composite.scores, nan=-1).tolist() == [0, 1, -1]
    assert np.nan_to_num(composite.ranks, nan=-1).tolist() == [2, 1, -1]


def test_a_group_without_all_values_may_be_scored_by_those_that_it_has():
    composite = composite_of(
        MISSING, lambda matrix: given_weights(matrix, {"x": 3, "y": 1}), missing="reweigh"
    )
    assert composite.scores.tolist() == [0, 1, 0.5]
    assert composite.constant == ()


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({"missing": "refuse"}, "missing-values"),
        ({"missing": "zero"}, "unknown-missing"),
        ({"method": "borda"}, "unknown-method"),
        ({"method": "topsis", "missing": "reweigh"}, "needs-complete"),
        ({"method": "pca", "normalise": "min-max"}, "unknown-normalisation"),
        ({"normalise": "target"}, "no-target"),
    ],
)
def test_what_gives_no_score_is_refused(options, kind):
    with pytest.raises(InvalidInput) as refused:
        composite_of(MISSING, equal_weights, **options)
    assert refused.value.kind == kind


def test_groups_that_do_not_differ_have_no_score():
    flat = IndicatorMatrix.of(["a", "b"], {"x": [1.0, 1.0]}, {"x": "higher"})
    assert composite_of(flat, equal_weights).constant == ("x",)
    for method in ("topsis", "pca"):
        with pytest.raises(InvalidInput) as refused:
            composite_of(flat, equal_weights, method)
        assert refused.value.kind == "no-spread"
    nothing = IndicatorMatrix.of(["a"], {"x": [None]}, {"x": "higher"})
    with pytest.raises(InvalidInput) as refused:
        composite_of(nothing, equal_weights)
    assert refused.value.kind == "no-groups"


def test_two_components_of_one_share_have_no_first():
    square = IndicatorMatrix.of(
        list("abcd"),
        {"x": [1.0, 1.0, -1.0, -1.0], "y": [1.0, -1.0, 1.0, -1.0]},
        {"x": "higher", "y": "higher"},
    )
    with pytest.raises(InvalidInput) as refused:
        composite_of(square, equal_weights, "pca")
    assert refused.value.kind == "no-first-component"
