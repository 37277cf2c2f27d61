"""Rates have two decimals, halves up, and are null where nothing is counted."""

from decimal import ROUND_HALF_UP, Decimal

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stcloud.paas.case.evaluation.indicatortable import rate_percent

COUNTS = st.integers(0, 10**9)


@given(pairs=st.lists(st.tuples(COUNTS, COUNTS).map(sorted), min_size=1))
def test_rates_are_rounded_as_decimals_are(pairs):
    numerator, denominator = (np.array(side, np.int64) for side in zip(*pairs, strict=True))
    expected = [
        None if not of else float((Decimal(100 * part) / of).quantize(Decimal("0.01"), ROUND_HALF_UP))
        for part, of in pairs
    ]
    assert rate_percent(numerator, denominator).to_pylist() == expected


def test_nothing_of_nothing_is_neither_none_nor_all():
    assert rate_percent(np.array([0]), np.array([0])).to_pylist() == [None]
