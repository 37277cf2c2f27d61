"""Conversions give what pyarrow gives, without pandas."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stcloud.iaas.conversion import numbers_of, texts, whole_number, whole_numbers

integers = st.integers(-(2**63), 2**63 - 1)


@given(st.lists(integers))
def test_whole_numbers_are_those_of_pyarrow(values):
    assert whole_numbers(np.array(values, np.int64)).equals(pa.array(values, pa.int64()))


@given(st.lists(st.text(alphabet=st.characters(exclude_categories=["Cs"]))))
def test_texts_are_those_of_pyarrow(values):
    made = texts(values)
    made.validate(full=True)
    assert made.equals(pa.array(values, pa.string()))


@given(
    st.lists(st.one_of(st.none(), st.integers(0, 100)), max_size=9), st.integers(0, 3),
    st.sampled_from([pa.int8(), pa.uint16(), pa.int64(), pa.float32(), pa.float64()]), st.booleans(),
)  # fmt: skip
def test_numbers_are_those_of_pyarrow(values, first, kind, chunked):
    column = pa.array(values, kind)[first:]
    given_column = pa.chunked_array([column[:1], column[1:]]) if chunked else column
    wanted = column.to_numpy(zero_copy_only=False)
    found = numbers_of(given_column)
    assert found.dtype == wanted.dtype
    np.testing.assert_array_equal(found, wanted)


def test_a_whole_number_has_the_type_wanted_or_is_refused():
    assert whole_number(5, pa.int8()).equals(pa.scalar(5, pa.int8()))
    with pytest.raises(pa.ArrowInvalid):
        whole_number(500, pa.int8())
