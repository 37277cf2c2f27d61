"""What the log keeps of a file that is written in pieces is what it keeps of the same rows at once."""

import datetime as dt
import json
import math

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.iaas.table.checksum import checked
from stcloud.iaas.table.datafile import read_pieces, write_parquet, write_pieces
from stcloud.iaas.table.filestats import FileStatistics
from stcloud.testing.examples import examples

SCHEMA = pa.schema([
    ("n", pa.int64()), ("x", pa.float64()), ("at", pa.timestamp("us", "UTC")), ("word", pa.string()),
    ("wkb", pa.binary()),
])  # fmt: skip
BOUNDED = ("n", "x", "at", "word")
rows = st.fixed_dictionaries({
    "n": st.integers(-9, 9) | st.none(),
    "x": st.floats(-9, 9) | st.none() | st.sampled_from([math.inf, math.nan]),
    "at": st.integers(0, 10**15) | st.none(),
    "word": st.sampled_from(["a", "京", "𠀀", "long " * 13]) | st.none(),
    "wkb": st.binary(max_size=2) | st.none(),
})  # fmt: skip


def table(content):
    columns = [pa.array([row[field.name] for row in content], pa.int64() if field.name == "at" else field.type)
               for field in SCHEMA]  # fmt: skip
    return pa.table(
        [column.cast(field.type) for column, field in zip(columns, SCHEMA, strict=True)], schema=SCHEMA
    )


def values_of(content, name):
    return [row[name] for row in content if row[name] is not None]


def simple(name, values):
    """Whether each value can be a bound."""
    return all(
        math.isfinite(value) if name == "x" else name != "word" or len(value) <= 64 for value in values
    )


def instant(text):
    return round(dt.datetime.fromisoformat(text).timestamp() * 10**6)


@given(st.lists(st.lists(rows, min_size=1, max_size=4), min_size=1, max_size=4))
@settings(deadline=None, max_examples=examples(100))
def test_pieces_have_the_bounds_and_nulls_of_all_rows(pieces):
    """Law: the bounds of pieces are those of all rows, and are lacking only where a value cannot be one."""
    whole, parts = FileStatistics(BOUNDED), FileStatistics(BOUNDED)
    content = [row for piece in pieces for row in piece]
    whole.add(table(content))
    for piece in pieces:
        parts.add(table(piece))
    assert parts.rows == len(content)
    read = json.loads(parts.to_json())
    assert read["nullCount"] == {name: sum(row[name] is None for row in content) for name in SCHEMA.names}
    for statistics in (read, json.loads(whole.to_json())):
        low, high = statistics["minValues"], statistics["maxValues"]
        for name in BOUNDED:
            values = [value for value in values_of(content, name) if value == value]  # no NaN
            if name in low:
                ends = low[name], high[name]
                assert (tuple(map(instant, ends)) if name == "at" else ends) == (min(values), max(values))
            else:
                assert not values_of(content, name) or not simple(name, values_of(content, name))


@pytest.mark.parametrize("sizes", [[5], [3, 1, 8], [8, 8]])
def test_a_file_of_pieces_holds_their_rows_in_order_and_is_checked(tmp_path, sizes):
    numbers = iter(range(100))
    pieces = [pa.table({"n": [next(numbers) for _ in range(size)]}) for size in sizes]
    written = write_pieces(iter(pieces), tmp_path, "file.parquet", {}, group_rows=4)
    whole = write_parquet(pa.concat_tables(pieces), tmp_path, "whole.parquet", {}, group_rows=4)
    assert (written.rows, written.stats) == (sum(sizes), whole.stats)
    checked(tmp_path / written.path).verify()
    for piece_rows in (1, 5, 100):
        read = list(read_pieces(tmp_path / written.path, pieces[0].schema, piece_rows=piece_rows))
        assert pa.concat_tables(read)["n"].to_pylist() == list(range(sum(sizes)))
        assert max(len(piece) for piece in read[:-1] or read) <= piece_rows + 3


def test_without_a_piece_no_file_is_written_and_of_a_failure_none_is_left(tmp_path):
    def broken():
        yield pa.table({"n": [1]})
        raise KeyError("broken")

    assert write_pieces([], tmp_path, "file.parquet", {}) is None
    with pytest.raises(KeyError):
        write_pieces(broken(), tmp_path, "file.parquet", {})
    assert list(tmp_path.iterdir()) == []


def test_pieces_whose_types_differ_are_written_as_the_first_one(tmp_path):
    coded = pa.table({"word": pa.array(["b", None]).dictionary_encode()})
    other = pa.table({"word": pa.array(["a"])})
    written = write_pieces([coded, other], tmp_path, "file.parquet", {}, bounded=["word"])
    (read,) = read_pieces(tmp_path / written.path, pa.schema([("word", pa.string()), ("more", pa.int64())]))
    assert read.to_pylist() == [{"word": word, "more": None} for word in ("b", None, "a")]
    assert json.loads(written.stats)["minValues"] == {"word": "a"}
