"""Conversions give what pyarrow gives, without pandas."""

from datetime import timedelta, timezone

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stcloud.iaas.conversion import numbers_of, scalar, texts, truths_of, whole_number, whole_numbers

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


INSTANT = pa.timestamp("us", "UTC")
aware = st.datetimes(timezones=st.just(timezone(timedelta(hours=8))))
values_and_types = st.one_of(
    st.tuples(integers, st.sampled_from([pa.int64(), INSTANT])),
    st.tuples(st.booleans(), st.just(pa.bool_())),
    st.tuples(st.dates(), st.just(pa.date32())),
    st.tuples(aware, st.just(INSTANT)),
    st.tuples(st.text(alphabet=st.characters(exclude_categories=["Cs"])), st.just(pa.string())),
    st.tuples(st.floats(allow_nan=False), st.just(pa.float64())),
    st.tuples(st.integers(-9, 9), st.sampled_from([pa.float64(), pa.int8(), pa.int32()])),
    st.tuples(st.none(), st.sampled_from([pa.int64(), pa.string(), pa.bool_(), INSTANT])),
    st.tuples(st.binary(), st.just(pa.binary())),
)


@given(values_and_types)
def test_a_scalar_is_that_of_pyarrow(value_and_type):
    value, kind = value_and_type
    made = scalar(value, kind)
    assert made.type == kind
    assert made.equals(pa.scalar(value, kind))


@given(st.lists(st.booleans(), max_size=20), st.integers(0, 3))
def test_truth_values_are_those_of_pyarrow(values, first):
    assert truths_of(pa.array(values, pa.bool_())[first:]).tolist() == values[first:]


def test_a_whole_number_has_the_type_wanted_or_is_refused():
    assert whole_number(5, pa.int8()).equals(pa.scalar(5, pa.int8()))
    with pytest.raises(pa.ArrowInvalid):
        whole_number(500, pa.int8())
