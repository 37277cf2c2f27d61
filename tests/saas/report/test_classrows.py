"""Rows of a legend are the classes of a map, with its colours: counted by plain comparisons."""

import itertools

import numpy as np
import pytest

from stcloud.saas.report.classes import class_limits
from stcloud.saas.report.classrows import class_rows
from stcloud.saas.report.legend import face_of


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("diverging", [True, False, None])
def test_rows_are_the_classes_of_a_map(seed, whole, diverging):
    chance = np.random.default_rng(seed)
    values = chance.exponential(20, 40) if seed % 2 else chance.normal(0, 5, 40)
    values = np.abs(values) if diverging is False else values
    values = np.floor(values) if whole else values
    values[::7] = np.nan
    classes = class_limits(values, whole=whole, diverging=diverging)
    rows, known = class_rows(classes, values), values[np.isfinite(values) & (values != 0)]
    for row, later in itertools.pairwise(rows):
        assert row.lower <= row.upper <= later.lower <= later.upper
    assert sum(row.count for row in rows) == len(known)
    for number, row in enumerate(rows):
        if whole or row.lower == row.upper:
            inside = (known >= row.lower) & (known <= row.upper)
        elif row.upper <= 0:
            inside = (known >= row.lower) & (known < row.upper)
        else:
            inside = (known <= row.upper) & ((known > row.lower) | (number == 0))
        assert row.count == inside.sum()
        sides = {int(of) for of in classes.of(known[inside])}
        assert not sides or {face_of(of, classes) for of in sides} == {row.colour}


def test_labels_are_mirrored_below_zero():
    values = [-9, -4, -1, 2, 3]
    rows = class_rows(class_limits(values, whole=True), values)
    assert [(row.label, row.lower, row.upper) for row in rows] == [
        ("−9 to −4", -9, -4), ("−3", -3, -3), ("−2 to −1", -2, -1), ("1 to 2", 1, 2), ("3", 3, 3)
    ]  # fmt: skip
