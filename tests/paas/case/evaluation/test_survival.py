"""The Kaplan–Meier estimate: that of scipy, and of a product in fractions."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import CensoredData, ecdf

from stcloud.paas.case.evaluation.survival import SurvivalCurve

CASES = st.lists(st.tuples(st.integers(1, 12), st.booleans()), min_size=1, max_size=25)


def fractions_of(cases):
    """Return the share that lasts longer than each duration at which a case ended."""
    share, curve = Fraction(1), {}
    for duration in sorted({lasted for lasted, ended in cases if ended}):
        at_risk = sum(lasted >= duration for lasted, _ in cases)
        ended = sum(lasted == duration and done for lasted, done in cases)
        share *= 1 - Fraction(ended, at_risk)
        curve[duration] = share
    return curve


@given(cases=CASES)
def test_the_curve_is_a_product_of_shares(cases):
    lasted, ended = (np.array(side) for side in zip(*cases, strict=True))
    curve, expected = SurvivalCurve.of(lasted, ended), fractions_of(cases)
    assert curve.at_us.tolist() == list(expected)
    assert curve.share == pytest.approx([float(share) for share in expected.values()])
    for share in (0.25, 0.5, 0.9):
        below = [at for at, left in expected.items() if left <= 1 - Fraction(str(share))]
        assert curve.quantile_us(share) == (below[0] if below else None)


@given(cases=CASES)
def test_the_curve_is_that_of_scipy(cases):
    lasted, ended = (np.array(side) for side in zip(*cases, strict=True))
    theirs = ecdf(CensoredData(uncensored=lasted[ended], right=lasted[~ended])).sf
    curve = SurvivalCurve.of(lasted, ended)
    assert curve.share == pytest.approx(theirs.evaluate(curve.at_us))


def test_without_cases_there_is_no_curve():
    curve = SurvivalCurve.of(np.zeros(0, np.int64), np.zeros(0, np.bool_))
    assert len(curve.at_us) == 0
    assert curve.quantile_us() is None
