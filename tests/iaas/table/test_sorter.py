"""The external sort: nothing is lost, chunks follow one another, however many runs it takes."""

import tempfile
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.errors import StorageError
from stcloud.iaas.table import sorter as room
from stcloud.iaas.table.sorter import Sorter
from stcloud.testing.examples import examples

WORDS = ["", "open", "closed", "道路"]
ROWS = st.tuples(
    st.integers(-3, 3),  # part
    st.none() | st.integers(-50, 50) | st.integers(-(2**63) + 1, 2**63 - 2),  # cell
    st.none() | st.integers(0, 5),  # time
    st.none() | st.sampled_from(WORDS),
)


def batch(rows, start=0):
    part, cell, at, word = (list(column) for column in zip(*rows, strict=True)) if rows else ([], [], [], [])
    return pa.RecordBatch.from_pydict(
        {
            "part": pa.array(part, pa.int64()),
            "cell": pa.array(cell, pa.int64()),
            "at": pa.array(at, pa.int64()).cast(pa.timestamp("us", "UTC")),
            "word": pa.array(word, pa.string()).dictionary_encode(),
            "number": pa.array(range(start, start + len(rows)), pa.int64()),
        }
    )


def sorted_in(folder, batches, **options):
    sorter = Sorter(folder, part="part", order=("cell", "at"), **options)
    start = 0
    for rows in batches:
        sorter.add(batch(rows, start))
        start += len(rows)
    sorter.flush()
    return sorter


def order(row):
    return row["cell"] or 0, row["at"].timestamp() if row["at"] else 0


@given(
    st.lists(st.lists(ROWS, max_size=30), max_size=8), st.sampled_from([1, 600, 1 << 20]), st.integers(1, 40)
)
@settings(deadline=None, max_examples=examples(60))
def test_the_sorted_union_is_what_came_in_chunks_that_do_not_overlap(batches, run_bytes, chunk_rows):
    """Laws: every row comes back once, under its part, sorted; chunks do not overlap in the first column."""
    came = [row for rows in batches for row in batch(rows).to_pylist()]
    for number, row in enumerate(came):
        row["number"] = number
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(room, "_BATCH_ROWS", 7)  # so that a run has many pieces
        sorter = sorted_in(Path(folder), batches, run_bytes=run_bytes, chunk_rows=chunk_rows)
        assert sorter.parts == sorted({row["part"] for row in came})
        back = []
        for part in sorter.parts:
            chunks = [chunk.to_pylist() for chunk in sorter.chunks(part)]
            rows = [row for chunk in chunks for row in chunk]
            assert len(rows) == sorter.rows_of(part)
            assert [order(row) for row in rows] == sorted(order(row) for row in rows)
            assert {row["part"] for row in rows} == {part}
            ends = [(order(chunk[0])[0], order(chunk[-1])[0]) for chunk in chunks]
            assert all(before[1] < after[0] for before, after in pairwise(ends))
            back += rows
        assert sorted(back, key=lambda row: row["number"]) == came


def test_memory_stays_flat_however_much_comes(tmp_path):
    """A quarter of a million rows in runs of 100 kB: no chunk is much larger than asked for."""
    chance = np.random.default_rng(1)
    sorter = Sorter(tmp_path, part="part", order=("cell", "at"), run_bytes=100_000, chunk_rows=10_000)
    many, held = 250_000, 0
    for start in range(0, many, 2_500):
        cell = pa.array(chance.integers(0, 10**6, 2_500))
        rows = {"part": pa.array(np.zeros(2_500, np.int64)), "cell": cell, "at": cell}
        sorter.add(pa.RecordBatch.from_pydict(rows))
        held = max(held, sorter._held_bytes)
        assert sorter._held_bytes <= 100_000 or start == 0
    sorter.flush()
    assert len(list(tmp_path.iterdir())) > 40
    sizes = [chunk.num_rows for chunk in sorter.chunks(0)]
    assert sum(sizes) == many
    assert held <= 200_000


def test_chunks_are_as_small_where_the_last_rows_come_first(tmp_path):
    batches = [[(0, cell, 0, None) for cell in range(start, start + 50)] for start in range(950, -1, -50)]
    sorter = sorted_in(tmp_path, batches, run_bytes=1, chunk_rows=100)
    assert [chunk.num_rows for chunk in sorter.chunks(0)] == [100] * 10
    portions = [sum(chunk.num_rows for chunk in portion) for portion in sorter.portions(0, most_rows=400)]
    assert portions == [400, 300, 300]


def test_nothing_came(tmp_path):
    sorter = sorted_in(tmp_path, [[]])
    assert sorter.parts == []


def test_rows_that_weigh_less_than_a_run_are_not_laid_down(tmp_path):
    sorter = sorted_in(tmp_path, [[(1, 2, 1, "a")], [(0, 3, 1, "b"), (1, 1, 1, None)]])
    assert list(tmp_path.iterdir()) == []
    assert [row["cell"] for chunk in sorter.everything() for row in chunk.to_pylist()] == [3, 1, 2]
    assert list(sorted_in(tmp_path, [[(1, 2, 1, "a")], [(0, 3, 1, "b")]], run_bytes=1).everything())
    assert len(list(tmp_path.iterdir())) == 2


def test_a_run_that_cannot_be_written_or_read_is_told(tmp_path):
    with pytest.raises(StorageError):
        sorted_in(tmp_path / "none", [[(1, 1, 1, "a")]], run_bytes=1)
    sorter = sorted_in(tmp_path, [[(1, 1, 1, "a")]], run_bytes=1)
    next(tmp_path.iterdir()).unlink()
    with pytest.raises(StorageError):
        list(sorter.chunks(1))
