"""Hashes of keys that are kept: which files need not be read, how many are kept, and that none is missed."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.iaas.keys import few
from stcloud.iaas.keys.hashes import MOST_FILES, KeyHashes, hashes_of
from stcloud.iaas.table.checksum import Checked
from stcloud.testing.examples import examples
from tests.iaas.keys.test_keys import holding, settled

KEYS = st.lists(st.sampled_from(["", "a", "a ", "b", "键", "𠀀", "long " * 30]), max_size=6)


def file(tmp_path, name, rows):
    pq.write_table(pa.table({"st_key": [f"{name} {row}" for row in range(rows)]}), tmp_path / name)
    return Checked(str(tmp_path / name))


@given(KEYS, KEYS)
@settings(deadline=None, max_examples=examples(60))
def test_a_file_that_has_one_of_the_keys_may_have_it(tmp_path_factory, there, came):
    """Law: a key that a file has is never missed; a file that has none, and no equal hash, is passed over."""
    kept = KeyHashes()
    known = file(tmp_path_factory.mktemp("keys"), "file", len(there))
    wanted = np.sort(hashes_of(pa.array(came, pa.string())))
    assert kept.may_have(known, wanted)  # nothing is known of it yet
    kept.keep(known, hashes_of(pa.array(there, pa.string())))
    assert kept.may_have(known, wanted) == bool(set(there) & set(came))


def test_no_more_hashes_are_kept_than_there_is_room_for(tmp_path):
    kept = KeyHashes(most=10, most_of_a_file=6)
    first, second, third = (file(tmp_path, name, 4) for name in ("first", "second", "third"))
    none = np.array([1], np.int64)
    for known in (first, second):
        assert kept.wants(known, [first, second, third])
        kept.keep(known, np.arange(10, 14))
    assert not kept.wants(first, [])  # it is there
    assert not kept.wants(third, [first, second, third])  # the others are needed as much
    assert not kept.wants(file(tmp_path, "large", 7), [])
    assert kept.wants(third, [third])
    assert not kept.may_have(first, none)
    kept.keep(third, np.arange(10, 14))
    assert kept.may_have(second, none)  # it was looked at before the first one
    assert not kept.may_have(first, none)
    assert not kept.may_have(third, none)


def counted(monkeypatch):
    """The files that are read from now on."""
    read = []

    class Counted(pq.ParquetFile):
        def __init__(self, path, **options):
            read.append(path)
            super().__init__(path, **options)

    monkeypatch.setattr(pq, "ParquetFile", Counted)
    return read


ROWS = [("a", 1, False), ("b", 1, True), ("z", 1, False)], [("c", 1, False), ("y", 1, False)]


def test_a_file_without_the_keys_is_read_once(tmp_path, monkeypatch):
    snapshot = holding(tmp_path, ROWS).snapshot()
    read = counted(monkeypatch)
    came = [("b", 1), ("d", 1)]  # within the bounds of the first file; b has ended
    assert settled(tmp_path, came, snapshot).new.tolist() == [1, 2]
    assert len(read) == 2
    assert settled(tmp_path, came, snapshot).new.tolist() == [1, 2]
    assert len(read) == 2
    assert settled(tmp_path, [("b", 1), ("y", 2)], snapshot).changed.tolist() == [2]
    assert len(read) == 3


@pytest.mark.parametrize("times", [1, 2])
def test_keys_whose_hashes_are_equal_are_told_apart_by_reading(tmp_path, monkeypatch, times):
    monkeypatch.setattr(few, "hashes_of", lambda keys: np.zeros(len(keys), np.int64))
    snapshot = holding(tmp_path, ROWS).snapshot()
    read = counted(monkeypatch)
    for _ in range(times):
        outcome = settled(tmp_path, [("b", 1), ("d", 1), ("c", 1)], snapshot)
        assert (outcome.new.tolist(), outcome.same.tolist()) == ([1, 2], [3])
    assert len(read) == 2 * times


def test_small_files_are_let_go_of_before_their_hashes_are_many(tmp_path):
    """Each holds its footer: a feed makes thousands of small files a day."""
    kept = KeyHashes()
    path = tmp_path / "file"
    pq.write_table(pa.table({"st_key": ["a"]}), path)
    files = [Checked(str(path)) for _ in range(MOST_FILES + 1)]
    for known in files:
        kept.keep(known, np.array([7], np.int64))
    none = np.array([1], np.int64)
    assert kept.may_have(files[0], none)  # it is not known any more
    assert not kept.may_have(files[1], none)
