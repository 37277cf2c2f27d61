"""How far ranks depend on weights, compared with a plain loop; the same seed draws the same."""

import numpy as np
import pytest
from scipy.stats import rankdata

from stcloud.errors import InvalidInput
from stcloud.paas.indicator import IndicatorMatrix, composite_of, weight_sensitivity
from stcloud.paas.indicator.weighting import entropy_weights, equal_weights

MATRIX = IndicatorMatrix.of(
    list("abcd"),
    {"x": [0.0, 10.0, 5.0, 6.0], "y": [10.0, 0.0, 5.0, 4.9], "z": [1.0, 2.0, 3.0, 0.0]},
    {"x": "higher", "y": "higher", "z": "lower"},
)


def loop(spread, draws, seed):
    """Ranks of each draw by numpy alone."""
    turned = MATRIX.values * MATRIX.signs
    scaled = (turned - turned.min(axis=0)) / (turned.max(axis=0) - turned.min(axis=0))
    chance = np.random.Generator(np.random.PCG64(seed))
    for _ in range(draws):
        weights = np.full(3, 1 / 3) * chance.uniform(1 - spread, 1 + spread, 3)
        yield rankdata(-np.round(scaled @ (weights / weights.sum()), 12), method="min")


def test_rank_ranges_are_those_of_a_plain_loop():
    composite = composite_of(MATRIX, equal_weights)
    sensitivity = weight_sensitivity(composite, equal_weights, spread=0.3, draws=50, seed=7)
    ranks = np.array([composite.ranks, *loop(0.3, 50, 7)])
    assert sensitivity.lowest.tolist() == ranks.min(axis=0).tolist()
    assert sensitivity.highest.tolist() == ranks.max(axis=0).tolist()
    assert sensitivity.kept.tolist() == (ranks[1:] == composite.ranks).mean(axis=0).tolist()
    assert (sensitivity.highest > sensitivity.lowest).any()


def test_the_same_seed_draws_the_same():
    composite = composite_of(MATRIX, equal_weights, "topsis")
    one, two, other = (
        weight_sensitivity(composite, equal_weights, draws=40, seed=seed) for seed in (3, 3, 4)
    )
    assert one.kept.tobytes() == two.kept.tobytes()
    assert other.kept.shape == one.kept.shape


def test_weights_that_do_not_change_change_no_rank():
    composite = composite_of(MATRIX, entropy_weights)
    sensitivity = weight_sensitivity(composite, entropy_weights, spread=0, draws=5, seed=1)
    assert sensitivity.lowest.tolist() == sensitivity.highest.tolist() == composite.ranks.tolist()
    assert sensitivity.kept.tolist() == [1, 1, 1, 1]


@pytest.mark.parametrize("method", ["sum", "topsis", "pca"])
def test_each_indicator_is_left_out_once(method):
    composite = composite_of(MATRIX, equal_weights, method)
    sensitivity = weight_sensitivity(composite, equal_weights, draws=0)
    assert sensitivity.lowest is None
    for name, ranks in sensitivity.without.items():
        assert ranks.tolist() == composite_of(MATRIX.without(name), equal_weights, method).ranks.tolist()
    assert list(sensitivity.without) == ["x", "y", "z"]


def test_groups_without_a_score_have_none_without_an_indicator():
    matrix = IndicatorMatrix.of(
        list("abc"), {"x": [1.0, 2.0, None], "y": [2.0, 1.0, 3.0]}, {"x": "higher", "y": "higher"}
    )
    composite = composite_of(matrix, equal_weights)
    sensitivity = weight_sensitivity(composite, equal_weights, draws=3, seed=1)
    assert np.isnan([sensitivity.lowest[2], sensitivity.kept[2], sensitivity.without["x"][2]]).all()
    assert sensitivity.without["x"][:2].tolist() == [1, 2]


def test_groups_that_have_nothing_without_an_indicator_have_no_rank_without_it():
    matrix = IndicatorMatrix.of(
        ["a", "b"], {"x": [1.0, 2.0], "y": [None, None]}, {"x": "higher", "y": "lower"}
    )
    composite = composite_of(matrix, equal_weights, missing="reweigh")
    without = weight_sensitivity(composite, equal_weights, draws=0).without
    assert np.isnan(without["x"]).all()
    assert without["y"].tolist() == composite.ranks.tolist() == [2, 1]


def test_one_indicator_cannot_be_left_out():
    matrix = IndicatorMatrix.of(["a", "b"], {"x": [1.0, 2.0]}, {"x": "higher"})
    composite = composite_of(matrix, equal_weights)
    assert weight_sensitivity(composite, equal_weights, draws=0).without == {}


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({}, "no-seed"),
        ({"spread": 1.5, "seed": 1}, "bad-spread"),
        ({"draws": -1, "seed": 1}, "bad-draws"),
        ({"seed": -1}, "bad-seed"),
    ],
)
def test_what_cannot_be_drawn_is_refused(options, kind):
    with pytest.raises(InvalidInput) as refused:
        weight_sensitivity(composite_of(MATRIX, equal_weights), equal_weights, **options)
    assert refused.value.kind == kind
