"""Rows of a legend are those that a map shows, with the same colours."""

import itertools

import numpy as np
import pytest

from stcloud.saas.report.classes import class_limits
from stcloud.saas.report.classrows import class_rows
from stcloud.saas.report.legend import _entries
from stcloud.saas.report.symbol import Symbols


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("diverging", [True, False, None])
def test_rows_are_the_classes_of_a_map(seed, whole, diverging):
    chance = np.random.default_rng(seed)
    values = chance.choice([chance.exponential(20, 40), chance.normal(0, 5, 40)][seed % 2], 40)
    values = np.abs(values) if diverging is False else values
    values = np.floor(values) if whole else values
    values[::7] = np.nan
    classes = class_limits(values, whole=whole, diverging=diverging)
    symbols = Symbols.__new__(Symbols)
    object.__setattr__(symbols, "values", values)
    shown = [
        (colour, label, size)
        for colour, label, size, name in _entries(symbols, classes, 0)
        if name == "class"
    ]
    rows = class_rows(classes, values)
    assert [(row.colour, row.label, row.count) for row in rows] == shown
    for row, later in itertools.pairwise(rows):
        assert row.lower <= row.upper <= later.lower <= later.upper
    known = values[np.isfinite(values) & (values != 0)]
    assert sum(row.count for row in rows) == len(known)
    for row in rows if whole else ():
        assert row.count == int(((known >= row.lower) & (known <= row.upper)).sum())
