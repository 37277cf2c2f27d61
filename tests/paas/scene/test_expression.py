"""Arithmetic of bands: what numpy computes in float64, NaN where there is no number, one line for what is none."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stcloud.errors import StcloudError
from stcloud.paas.scene.expression import BandExpression
from stcloud.paas.scene.pixels import Pixels
from stcloud.space.rastergrid import RasterGrid

BANDS = ("red", "nir", "B8A", "近红", "band 1")
GRID = RasterGrid("EPSG:4548", (10.0, 0.0, 0.0, 0.0, -10.0, 0.0), (1, 6))


def pixels(kind="uint8", missing=None):
    chance = np.random.default_rng(1)
    values = {name: chance.integers(0, 255, (1, 6)).astype(kind) for name in BANDS}
    values["red"][0, 0] = values["nir"][0, 0] = 0
    return Pixels(GRID, values, missing)


@st.composite
def trees(draw, depth=3):
    """Text of an expression, and Python's of the same."""
    if depth == 0 or draw(st.booleans()):
        return draw(st.sampled_from([*BANDS[:4], "2.5", "7"]))
    left, right = draw(trees(depth=depth - 1)), draw(trees(depth=depth - 1))
    form = draw(st.sampled_from(["({0} + {1})", "({0} - {1})", "({0} * {1})", "({0} / {1})", "(-{0} + {1})",
                                 "sqrt({0})", "abs({0} - {1})", "min({0}, {1})", "max({0}, {1})"]))  # fmt: skip
    return form.format(left, right)


@given(trees(), st.sampled_from(["uint8", "int16", "uint16", "float32"]))
def test_expressions_are_computed_as_numpy_computes_them_in_float64(text, kind):
    image = pixels(kind)
    names = {name: image.bands[name].astype(float) for name in BANDS[:4]}
    names |= {"sqrt": np.sqrt, "abs": np.abs, "min": np.minimum, "max": np.maximum}
    if not any(name in text for name in BANDS[:4]):
        return
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        expected = np.broadcast_to(eval(text, {"__builtins__": {}}, names), GRID.shape).astype(float)
    expected = np.where(np.isfinite(expected), expected, np.nan)
    np.testing.assert_allclose(BandExpression.read(text, BANDS).values(image), expected, rtol=1e-12)


def test_a_division_by_zero_is_missing_and_so_is_what_has_a_band_missing():
    gone = {"nir": np.array([[False, True, False, False, False, False]])}
    values = BandExpression.read("(nir - red)/(nir + red)", BANDS).values(pixels(missing=gone))
    assert np.isnan(values[0, :2]).all()
    assert not np.isnan(values[0, 2:]).any()
    over = BandExpression.read("5 / red", BANDS).values(pixels())
    assert np.isnan(over).tolist() == (pixels().bands["red"] == 0).tolist()
    plain = BandExpression.read("red", BANDS).values(pixels(missing=gone))
    assert not np.isnan(plain).any()


def test_a_name_of_any_characters_is_quoted_or_stands_alone():
    image = pixels()
    for text in ("band 1", '"band 1" * 1'):
        assert (
            BandExpression.read(text, BANDS).values(image).tolist()
            == image.bands["band 1"].astype(float).tolist()
        )


NO_ARITHMETIC = [
    "nir >", "nir > red", "", "nir = red", "3 + 4", "log(nir)", "sqrt(nir, red)", "min(nir)", "nir ^ 2",
    "nir AND red", "nir + 'a'", "__import__('os')", "(" * 5000, "+".join(["nir"] * 50_000),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "kind"),
    [*((text, "unreadable-expression") for text in NO_ARITHMETIC), ("nirr / red", "unknown-band")],
)
def test_what_is_no_arithmetic_of_bands_is_refused(text, kind):
    with pytest.raises(StcloudError) as caught:
        BandExpression.read(text, BANDS)
    assert caught.value.kind == kind
    assert "\n" not in str(caught.value)
