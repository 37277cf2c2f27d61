"""Weights: one together, those of entropy compared with scipy's; the unclear is refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from scipy.stats import entropy

from stcloud.errors import InvalidInput, NotFound
from stcloud.paas.indicator import IndicatorMatrix
from stcloud.paas.indicator.weighting import entropy_weights, equal_weights, given_weights
from stcloud.testing.examples import examples
from tests.paas.indicator.drawn import matrices


def oracle(matrix):
    """Weights by entropy with scipy: of the shares of each column, scaled to 0 to 1."""
    spread = []
    for column, sign in zip(matrix.values.T, matrix.signs, strict=True):
        turned = column * sign
        if turned.min() == turned.max():
            spread.append(0.0)
        else:
            scaled = (turned - turned.min()) / (turned.max() - turned.min())
            spread.append(1 - entropy(scaled / scaled.sum(), base=len(column)))
    return np.array(spread) / sum(spread)


@given(matrices())
@settings(max_examples=examples(80))
def test_entropy_is_that_of_scipy(matrix):
    if (matrix.values == matrix.values[0]).all():
        with pytest.raises(InvalidInput) as refused:
            entropy_weights(matrix)
        assert refused.value.kind == "no-spread"
        return
    weights = entropy_weights(matrix)
    np.testing.assert_allclose(weights, oracle(matrix), atol=1e-9)
    assert weights.sum() == pytest.approx(1)


def test_stated_weights_are_brought_to_one():
    matrix = IndicatorMatrix.of(["a", "b"], {"x": [1.0, 2.0], "y": [2.0, 1.0]}, {"x": "higher", "y": "lower"})
    assert given_weights(matrix, {"y": 1, "x": 3}).tolist() == [0.75, 0.25]
    assert equal_weights(matrix).tolist() == [0.5, 0.5]


@pytest.mark.parametrize(
    ("stated", "error", "kind"),
    [
        ({"x": 1, "y": 1, "z": 1}, NotFound, "unknown-indicator"),
        ({"x": 1}, InvalidInput, "unclear-weights"),
        ({"x": 1, "y": -1}, InvalidInput, "unclear-weights"),
        ({"x": 1, "y": float("nan")}, InvalidInput, "unclear-weights"),
        ({"x": 0, "y": 0}, InvalidInput, "no-weight"),
    ],
)
def test_unclear_weights_are_refused(stated, error, kind):
    matrix = IndicatorMatrix.of(["a", "b"], {"x": [1.0, 2.0], "y": [2.0, 1.0]}, {"x": "higher", "y": "lower"})
    with pytest.raises(error) as refused:
        given_weights(matrix, stated)
    assert refused.value.kind == kind
