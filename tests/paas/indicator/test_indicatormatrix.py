"""Matrices of values: what does not fit together is refused, what is missing is named."""

import numpy as np
import pytest

from stcloud.errors import InvalidInput
from stcloud.paas.indicator import IndicatorMatrix


def test_what_groups_lack_is_named():
    matrix = IndicatorMatrix.of(
        ["a", "b"], {"x": [1.0, None], "y": [np.nan, None]}, {"x": "higher", "y": "lower"}
    )
    assert matrix.lacking() == {"a": ("y",), "b": ("x", "y")}
    assert matrix.complete.tolist() == [False, False]
    assert matrix.without("y").lacking() == {"b": ("x",)}
    assert matrix.of_groups(np.array([True, False])).groups == ("a",)


@pytest.mark.parametrize(
    ("groups", "columns", "better", "kind"),
    [
        (["a"], {"x": [1.0, 2.0]}, {"x": "higher"}, "unequal-lengths"),
        (["a", "a"], {"x": [1.0, 2.0]}, {"x": "higher"}, "repeated-group"),
        (["a"], {"x": [np.inf]}, {"x": "higher"}, "not-finite"),
        (["a"], {"x": [1.0]}, {"x": "none"}, "no-direction"),
        (["a"], {"x": [1.0]}, {}, "no-direction"),
    ],
)
def test_what_does_not_fit_is_refused(groups, columns, better, kind):
    with pytest.raises(InvalidInput) as refused:
        IndicatorMatrix.of(groups, columns, better)
    assert refused.value.kind == kind


def test_values_of_another_shape_are_refused():
    matrix = IndicatorMatrix.of(["a", "b"], {"x": [1.0, 2.0]}, {"x": "higher"})
    with pytest.raises(InvalidInput) as refused:
        IndicatorMatrix(("a",), matrix.names, matrix.values, matrix.signs, matrix.floors, matrix.targets)
    assert refused.value.kind == "unequal-lengths"
