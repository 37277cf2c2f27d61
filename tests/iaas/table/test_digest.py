"""Digests of rows: any change of what is written changes them, and nothing else does."""

import subprocess
import sys
import threading

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.iaas.table.digest import digest_rows
from stcloud.testing.examples import examples

VALUES = st.none() | st.text(max_size=4) | st.sampled_from(["", "0", "00", "\x1f", "\x00", "None", "道路"])
NAMES = ("a", "b", "c")
TABLES = st.lists(st.tuples(VALUES, VALUES, VALUES), min_size=1, max_size=12)


def table(rows, names=NAMES, encoded=()):
    columns = {
        name: pa.array([row[at] for row in rows], pa.string()) for at, name in enumerate(names)
    }  # fmt: skip
    return pa.RecordBatch.from_pydict(
        {name: column.dictionary_encode() if name in encoded else column for name, column in columns.items()}
    )


def digests(rows, salt="s", **other):
    return digest_rows(table(rows, **other), salt).to_pylist()


@given(TABLES)
@settings(deadline=None, max_examples=examples(40))
def test_rows_have_one_digest_when_they_are_equal(rows):
    """Law: digest(a) == digest(b) if and only if a and b are written alike."""
    found = digests(rows)
    for row, digest in zip(rows, found, strict=True):
        assert len(digest) == 16
        for other, another in zip(rows, found, strict=True):
            assert (row == other) == (digest == another)


@given(TABLES, st.permutations(NAMES), st.sets(st.sampled_from(NAMES)))
@settings(deadline=None, max_examples=examples(30))
def test_neither_order_nor_encoding_of_columns_matters(rows, names, encoded):
    """Law: the digest of a row depends on its values by name only."""
    there = [NAMES.index(name) for name in names]
    moved = [tuple(row[at] for at in there) for row in rows]
    assert digests(moved, names=names, encoded=encoded) == digests(rows)


@given(TABLES, st.integers(1, 12))
@settings(deadline=None, max_examples=examples(30))
def test_neither_batches_nor_slices_matter(rows, cut):
    whole = table(rows, encoded=("a",))
    parts = [whole.slice(0, cut), whole.slice(cut)]
    assert [one for part in parts for one in digest_rows(part, "s").to_pylist()] == digests(rows)


def test_a_name_a_salt_and_an_absence_matter():
    assert digests([("1", "2", "3")]) != digests([("1", "2", "3")], salt="t")
    assert digests([("1", "2", "3")]) != digests([("1", "2", "3")], names=("a", "b", "d"))
    assert digests([("1", "2", "3")]) != digests([("2", "1", "3")])
    assert digests([("1", "", "3")]) != digests([("1", None, "3")])
    assert digests([("1", None)], names=("a", "b")) == digests([("1",)], names=("a",))


def test_binary_counts_and_no_rows_give_none():
    wkb = pa.RecordBatch.from_pydict({"g": pa.array([b"\x00\x01", b"\x00\x02", None], pa.binary())})
    assert len(set(digest_rows(wkb, "").to_pylist())) == 3
    assert digest_rows(wkb.slice(0, 0), "").to_pylist() == []


def test_threads_do_not_disturb_one_another():
    rows = [(str(number), "x", None) for number in range(5_000)]
    expected, found = digests(rows), {}
    threads = [threading.Thread(target=lambda at=at: found.update({at: digests(rows)})) for at in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert all(found[at] == expected for at in range(4))


@pytest.mark.thorough
def test_a_hundred_thousand_rows_collide_nowhere():
    numbers = np.arange(100_000)
    rows = pa.RecordBatch.from_pydict(
        {"a": pa.array(numbers // 300).cast(pa.string()), "b": pa.array(numbers % 300).cast(pa.string())}
    )
    assert len(set(digest_rows(rows, "").to_pylist())) == 100_000


NO_PLACE = """
import numba, sys, threading, pyarrow as pa
from stcloud.iaas.table.digest import digest_rows
def njit(*_, **given):
    import time; time.sleep(0.05)
    raise RuntimeError("no locator available")
numba.njit = njit
rows = pa.RecordBatch.from_pydict({"a": ["1", None], "b": ["x", "x"]})
plain, same = digest_rows(rows, ""), []
def run():
    same.append(digest_rows(rows, "", many=True) == plain)
threads = [threading.Thread(target=run) for _ in range(4)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
sys.exit(0 if same == [True] * 4 else 1)
"""


def test_threads_hash_where_no_compiled_loop_may_be_kept():
    """A service of a user without a home has no folder for them."""
    run = subprocess.run(
        [sys.executable, "-c", NO_PLACE], capture_output=True, text=True, timeout=60, check=False
    )
    assert run.returncode == 0, run.stderr
