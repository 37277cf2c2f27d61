"""Values on one scale, compared with numpy's own; the order of groups changes no bit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.errors import InvalidInput
from stcloud.paas.indicator.indicatormatrix import IndicatorMatrix
from stcloud.paas.indicator.indicatortree import IndicatorTree
from stcloud.paas.indicator.normalised import NORMALISATIONS, constant_columns, normalised
from stcloud.testing.examples import examples
from tests.paas.indicator.drawn import matrices, shuffled


def oracle(column, sign, method):
    """The same by numpy, a column at a time."""
    turned = column * sign
    if method == "min-max":
        low, high = np.nanmin(turned), np.nanmax(turned)
        return np.full_like(turned, 0.5) if low == high else (turned - low) / (high - low)
    if method == "z-score":
        return (
            turned * 0
            if np.nanmin(turned) == np.nanmax(turned)
            else (turned - np.nanmean(turned)) / np.nanstd(turned)
        )
    length = np.sqrt(np.nansum(turned**2))
    return turned if length == 0 else turned / length


@given(matrices(), st.sampled_from(["min-max", "z-score", "vector"]))
@settings(max_examples=examples(80))
def test_values_are_those_of_numpy(matrix, method):
    expected = np.array(
        [oracle(column, sign, method) for column, sign in zip(matrix.values.T, matrix.signs, strict=True)]
    ).T
    np.testing.assert_allclose(normalised(matrix, method), expected, atol=1e-9)


@given(
    matrices(missing=True),
    st.sampled_from(["min-max", "z-score", "vector"]),
    st.randoms(use_true_random=False),
)
@settings(max_examples=examples(60))
def test_the_order_of_groups_changes_no_bit(matrix, method, chance):
    order = list(range(len(matrix.groups)))
    chance.shuffle(order)
    expected, result = normalised(matrix, method)[order], normalised(shuffled(matrix, order), method)
    assert expected.tobytes() == result.tobytes()
    assert np.array_equal(np.isnan(result), np.isnan(matrix.values[order]))


def test_a_target_counts_one_and_a_floor_nothing():
    clauses = {
        "green": {"title": "Green", "direction": "higher", "target": 40.0, "floor": 20.0},
        "noise": {"title": "Noise", "direction": "lower", "target": 50.0, "floor": 70.0},
        "parks": {"title": "Parks", "direction": "higher", "target": 4.0},
    }
    tree = IndicatorTree.from_document({"id": "x", "indicators": clauses}, name="x")
    values = np.array([[30.0, 60.0, 1.0], [10.0, 80.0, 9.0], [40.0, 50.0, np.nan]])
    matrix = IndicatorMatrix.of_tree(tree, list(clauses), ["a", "b", "c"], values)
    assert np.nan_to_num(normalised(matrix, "target"), nan=-1).tolist() == [
        [0.5, 0.5, 0.25],
        [0, 0, 1],
        [1, 1, -1],
    ]


def test_what_cannot_be_compared_is_refused():
    matrix = IndicatorMatrix.of(["a", "b"], {"x": [1.0, 1.0]}, {"x": "higher"})
    assert constant_columns(matrix) == ("x",)
    for method, kind in (("target", "no-target"), ("log", "unknown-normalisation")):
        with pytest.raises(InvalidInput) as refused:
            normalised(matrix, method)
        assert refused.value.kind == kind
    assert set(NORMALISATIONS) == {"min-max", "z-score", "target", "vector"}
