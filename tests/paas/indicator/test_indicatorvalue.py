"""A value is its numerator over its denominator, and what is missing is named."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.paas.indicator.indicatorvalue import REASONS, IndicatorValue
from stcloud.testing.examples import examples

COUNTS = st.integers(0, 10_000)


@given(COUNTS, COUNTS, st.sampled_from([1.0, 100.0, 10_000.0]))
@settings(max_examples=examples(60))
def test_a_value_is_its_numerator_over_its_denominator(numerator, denominator, factor):
    value = IndicatorValue.of(float(numerator), float(denominator), factor=factor)
    if denominator == 0:
        assert (value.value, value.missing) == (None, "zero-denominator")
    else:
        exact = Fraction(numerator) * Fraction(factor) / denominator
        assert value.value == float(exact)
        assert value.missing is None


@pytest.mark.parametrize(
    ("parts", "missing"),
    [
        ((None, 1.0), "no-value"),
        ((1.0, None), "no-denominator"),
        ((0.0, 0.0), "zero-denominator"),
        ((None,), "no-value"),
        ((float("inf"), 1.0), "not-finite"),
        ((1.0, float("nan")), "not-finite"),
        ((float("-inf"),), "not-finite"),
        ((1e308, 1e-308), "not-finite"),
        ((1.0, float("inf")), "not-finite"),
    ],
)
def test_what_is_missing_is_named(parts, missing):
    value = IndicatorValue.of(*parts)
    assert (value.value, value.missing) == (None, missing)
    assert missing in REASONS


def test_without_a_denominator_a_value_is_its_numerator():
    assert IndicatorValue.of(0.0).value == 0
    assert IndicatorValue.of(3.0, factor=2.0).value == 6
