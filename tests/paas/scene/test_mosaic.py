"""Rules of mosaics against a loop over pixels."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.errors import InvalidInput
from stcloud.paas.scene.mosaic import Mosaic
from stcloud.testing.examples import examples


def pixel(rule, values, quality):
    """Return the value of one pixel, None for none; values and qualities of scenes, earliest first."""
    there = [value for value in values if value is not None]
    if not there:
        return None
    if rule == "latest":
        return there[-1]
    if rule == "first":
        return there[0]
    if rule == "median":
        return float(np.median(there))
    best = max((score, at) for at, score in enumerate(quality) if score is not None) if any(
        score is not None for score in quality
    ) else None  # fmt: skip
    return None if best is None else values[best[1]]


@settings(max_examples=examples(200), deadline=None)
@given(st.integers(1, 4), st.integers(0, 10_000), st.sampled_from(["latest", "first", "median", "best:q"]))
def test_each_pixel_is_as_the_rule_says(count, seed, rule):
    chance = np.random.default_rng(seed)
    layers = [
        (chance.integers(1, 9, (2, 4, 5)).astype("uint8"), chance.random((2, 4, 5)) < 0.4)
        for _ in range(count)
    ]
    made, missing = Mosaic.read(rule).merged(layers, 1)
    for row in range(4):
        for column in range(5):
            values, quality = (
                [None if gone[band, row, column] else layer[band, row, column] for layer, gone in layers]
                for band in (0, 1)
            )
            expected = pixel(rule.partition(":")[0], values, quality)
            if count == 1:
                expected = values[0]
            assert missing[0, row, column] == (expected is None)
            if expected is not None:
                assert made[0, row, column] == expected


@pytest.mark.parametrize("text", ["newest", "best:", ""])
def test_other_rules_are_refused(text):
    with pytest.raises(InvalidInput) as refused:
        Mosaic.read(text)
    assert refused.value.kind == "unknown-mosaic"
