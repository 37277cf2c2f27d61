"""A cube as a value: what it holds, what is known of it, and how it is shown and laid out."""

import sys
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings

from stcloud.errors import MissingExtra, NotFound, Unsupported
from stcloud.paas.cube.cube import CubeClass
from stcloud.testing.examples import examples
from tests.paas.cube.conftest import cubes
from tests.paas.cube.test_emerging import DAY_US, made


@pytest.fixture
def small():
    """Two days of three cells; nothing is known of the last cell's first day."""
    known = np.array([[True, True, False], [True, True, True]])
    return made(np.array([[0, 4, 9], [2, 0, 1]]), known, np.arange(3) * 100.0, np.zeros(3))


@given(cubes())
@settings(deadline=None, max_examples=examples(50))
def test_dense_values_are_those_of_the_known_bins(cube):
    values, known, x, y = cube
    made_of = made(values, known, x, y)
    assert (made_of.known == known).all()
    assert (made_of.dense()[known] == values[known]).all()
    assert made_of.dense().dtype == values.dtype


def test_known_bins_without_rows_have_nothing_and_unknown_bins_are_told_apart(small):
    assert small.dense().tolist() == [[0, 4, 0], [2, 0, 1]]
    assert small.known.tolist() == [[True, True, False], [True, True, True]]


def test_what_happened_before_and_after_all_is_known_is_unknown(small):
    assert not replace(small, known_us=(DAY_US, 2 * DAY_US)).known[0].any()
    assert not replace(small, known_us=(0, 2 * DAY_US - 1)).known[1].any()


def test_a_mean_of_nothing_is_no_number():
    cube = made(np.array([[0.0, 1.5]]), np.ones((1, 2), bool), np.arange(2.0), np.zeros(2), of_nothing=np.nan)
    np.testing.assert_array_equal(cube.dense(), [[np.nan, 1.5]])


def test_a_table_has_the_bins_that_have_something(small):
    table = small.to_arrow()
    assert table.to_pydict() == {
        "time": ["day 0", "day 1", "day 1"],
        "cell_100m": [1, 0, 2],
        "count": [4, 2, 1],
    }


def test_classes_are_axes_and_columns():
    values = np.arange(1, 9).reshape(2, 2, 2)
    axis = CubeClass("subject", pa.array(["noise", None]))
    cube = made(values, np.ones((2, 2), bool), np.arange(2.0), np.zeros(2), classes=(axis,))
    assert cube.dims == ("time", "cell", "subject")
    assert cube.shape == (2, 2, 2)
    assert (cube.dense() == values).all()
    assert cube.to_arrow()["subject"].to_pylist() == ["noise", None] * 4


def test_a_cube_shows_its_axes_span_size_and_leftovers(small):
    text = repr(replace(small, leftovers={"partial": 0, "outside": 12}))
    assert "time 2, cell 3; count" in text
    assert "1970-01-01T12:00+12:00/1970-01-03T12:00+12:00, every 1D (Pacific/Auckland)" in text
    assert "not in it: outside 12" in text
    assert "partial" not in text


def test_what_a_cube_has_not_is_refused(small, monkeypatch):
    with pytest.raises(NotFound) as caught:
        small.measure("cuont")
    assert (caught.value.kind, "count" in str(caught.value)) == ("unknown-measure", True)
    with pytest.raises(Unsupported) as refused:
        small.dense(most_mb=1e-6)
    assert refused.value.kind == "too-large"
    monkeypatch.setitem(sys.modules, "xarray", None)
    with pytest.raises(MissingExtra) as missing:
        small.to_xarray()
    assert missing.value.kind == "xarray-needed"
