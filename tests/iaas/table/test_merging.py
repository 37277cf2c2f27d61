"""Rows of several tables in one order: sorted as Python sorts them, none lost, in portions of limited size."""

from itertools import pairwise

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.iaas.table import merging
from stcloud.iaas.table.merging import merged_rows
from stcloud.testing.examples import examples

SCHEMA = pa.schema([("cell", pa.int64()), ("at", pa.int64()), ("word", pa.string())])
tables = st.lists(
    st.lists(st.tuples(st.integers(0, 3) | st.none(), st.integers(0, 9), st.sampled_from("ab")), max_size=9),
    min_size=1,
    max_size=4,
)


def table(rows):
    return pa.table([list(column) for column in zip(*rows, strict=True)] or [[], [], []], schema=SCHEMA)


@given(tables)
@settings(deadline=None, max_examples=examples(60))
def test_rows_come_in_order_and_none_is_lost(tmp_path_factory, content):
    folder = tmp_path_factory.mktemp("merge")
    with merged_rows(map(table, content), ("cell", "at"), folder, most_rows=100) as portions:
        rows = [tuple(row.values()) for portion in portions for piece in portion for row in piece.to_pylist()]
    assert sorted(map(repr, rows)) == sorted(repr(row) for some in content for row in some)
    assert [(cell or 0, at) for cell, at, _ in rows] == sorted((cell or 0, at) for cell, at, _ in rows)
    assert list(folder.iterdir()) == []


def test_portions_are_even_and_do_not_overlap(tmp_path, monkeypatch):
    class Small(merging.Sorter):
        def __init__(self, *given, **named):
            super().__init__(*given, **named, run_bytes=400, chunk_rows=50)

    monkeypatch.setattr(merging, "Sorter", Small)
    content = [table([(at + cell, at, "a") for cell in range(20)]) for at in range(0, 500, 10)]
    with merged_rows(content, ("cell", "at"), tmp_path, most_rows=300) as portions:
        read = [[row["cell"] for piece in portion for row in piece.to_pylist()] for portion in portions]
    assert sum(map(len, read)) == 1000
    assert len(read) == 4
    assert max(map(len, read)) <= 400
    assert all(before[-1] < after[0] for before, after in pairwise(read))
