"""Versions: in order of key as bytes, then start, as a plain sort has it; kept as arrays, and back."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stcloud.errors import FormatError, InvalidInput
from stcloud.index.version import VersionTable, encode_keys

keys = st.sampled_from(["", "a", "a\x00", "b", "B", "é", "z", "路", "😀", "10", "9"])
versions = st.lists(st.tuples(keys, st.integers(-5, 5), st.integers(1, 3)), max_size=12)


def table_of(rows):
    key, start, length = zip(*rows, strict=True) if rows else ((), (), ())
    start = np.array(start, np.int64)
    return VersionTable.of(list(key), start, start + np.array(length, np.int64))


@given(versions)
def test_versions_are_in_order_of_key_then_start(rows):
    table = table_of(rows)
    expected = sorted(range(len(rows)), key=lambda row: (rows[row][0].encode(), rows[row][1]))
    pairs = [(rows[row][0], rows[row][1]) for row in table.order.tolist()]
    assert pairs == [(rows[row][0], rows[row][1]) for row in expected]
    assert sorted(table.order.tolist()) == list(range(len(table))) == list(range(len(rows)))


@given(versions)
def test_each_version_has_the_number_of_its_key(rows):
    words, word = table_of(rows).words()
    assert words.to_pylist() == sorted({key for key, *_ in rows}, key=str.encode)
    assert [words[number].as_py() for number in word.tolist()] == [key for key, *_ in rows]


@given(versions)
def test_versions_come_back_from_arrays(rows):
    table = table_of(rows)
    again = VersionTable.from_arrays(table.arrays())
    assert again.key.to_pylist() == [key for key, *_ in rows]
    for name in ("start_us", "end_us", "order"):
        assert getattr(again, name).tolist() == getattr(table, name).tolist()


def test_keys_may_be_a_part_of_a_column_or_come_in_chunks():
    part = pa.array(["x", "b", "a", "y"])[1:3]
    for key in (part, pa.chunked_array([part[:1], part[1:]]), part.dictionary_encode()):
        table = VersionTable.of(key, [0, 0], [1, 1])
        assert table.order.tolist() == [1, 0]
        assert VersionTable.from_arrays(table.arrays()).key.to_pylist() == ["b", "a"]


@given(st.lists(st.integers(-1, 3), max_size=9))
def test_keys_of_versions_are_encoded_with_nulls_for_none(chosen):
    words, word = pa.array(["a", "b"]), np.array([1, -1, 0, 1], np.int32)
    expected = [None if version < 0 or word[version] < 0 else "ab"[word[version]] for version in chosen]
    encoded = encode_keys(np.array(chosen, np.int64), words, word)
    assert encoded.to_pylist() == expected
    assert encoded.dictionary.to_pylist() == ["a", "b"]


@pytest.mark.parametrize(
    ("columns", "kind"),
    [
        ((["a"], [0, 1], [1, 2]), "columns-differ"),
        ((["a"], [0], [1, 2]), "columns-differ"),
        ((["a", None], [0, 0], [1, 1]), "no-key"),
        ((["a", "b"], [0, 1], [1, 1]), "empty-period"),
        ((["a"], [2], [1]), "empty-period"),
    ],
)
def test_what_is_no_version_is_refused(columns, kind):
    with pytest.raises(InvalidInput) as caught:
        VersionTable.of(*columns)
    assert caught.value.kind == kind


@pytest.mark.parametrize("name", ["start_us", "end_us", "order", "key_starts", "key_text"])
def test_arrays_that_lack_one_are_refused(name):
    arrays = VersionTable.of(["a"], [0], [1]).arrays()
    del arrays[name]
    with pytest.raises(FormatError) as caught:
        VersionTable.from_arrays(arrays)
    assert caught.value.kind == "damaged-index"
    assert name in str(caught.value)
