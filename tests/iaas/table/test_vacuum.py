"""A vacuum deletes what nothing needs, and nothing that a reader holds or a writer is about to commit."""

import os
import time

import pyarrow as pa
import pytest
from deltalake import DeltaTable

from stcloud.errors import Conflict
from stcloud.iaas.table.table import Table
from stcloud.iaas.table.vacuum import vacuum

SCHEMA = pa.schema([("key", pa.string()), ("part", pa.string())])


@pytest.fixture
def table(tmp_path):
    made = Table(tmp_path / "table")
    made.create(SCHEMA, partition_by=["part"])
    made.commit(add=[made.write(rows("a"), {"part": "1"})], after=0)
    return made


def rows(*keys):
    return pa.table({"key": list(keys)})


def keys(snapshot):
    return sorted(snapshot.read(snapshot.files)["key"].to_pylist())


def files(table):
    return {path.name for path in table.root.rglob("*.parquet") if "_delta_log" not in path.parts}


def age(hours, *paths):
    then = time.time() - hours * 3600
    for path in paths:
        os.utime(path, (then, then))


def replaced(table, key="b"):
    """Replace all rows; return the snapshot from before."""
    before = table.snapshot()
    table.commit(add=[table.write(rows(key), {"part": "1"})], remove=before.files, after=before.sequence)
    return before


def test_what_a_reader_of_the_last_day_needs_stays(table):
    before = replaced(table)
    age(25, *(table.root / file.path for file in before.files))  # written long ago, removed today
    assert vacuum(table, retain_hours=24, unnamed_hours=24) == 0
    assert keys(before) == ["a"]
    assert vacuum(table, retain_hours=0, unnamed_hours=0) == 1
    assert keys(Table(table.root).snapshot()) == ["b"]
    assert files(table) == {file.path for file in table.snapshot().files}


def test_what_a_killed_writer_left_goes_when_it_is_old_enough(table):
    placed, staged = table.root / "1-placed.parquet", table.root / "_staged" / "1-staged.parquet"
    placed.write_bytes(b"left by a kill")
    staged.write_bytes(b"left by a kill")
    assert vacuum(table, retain_hours=0, unnamed_hours=24) == 0
    age(25, placed, staged)
    assert vacuum(table, retain_hours=24, unnamed_hours=None) == 0
    assert vacuum(table, retain_hours=24, unnamed_hours=24) == 2
    assert not placed.exists()
    assert not staged.exists()
    assert keys(table.snapshot()) == ["a"]


@pytest.mark.parametrize("moment", ["placed", "committed"])
def test_a_writer_without_a_lock_is_overtaken_and_loses_nothing(table, monkeypatch, moment):
    """Files that are placed and not yet committed look like leftovers: then the commit must fail, or keep them."""
    writer, meant = Table(table.root), DeltaTable.create_write_transaction

    def beside(self, *args, **named):
        monkeypatch.setattr(DeltaTable, "create_write_transaction", meant)
        if moment == "placed":
            assert vacuum(Table(table.root), retain_hours=0, unnamed_hours=0) == 1
        meant(self, *args, **named)
        assert vacuum(Table(table.root), retain_hours=0, unnamed_hours=0) == 0

    written = writer.write(rows("c"), {"part": "1"})
    monkeypatch.setattr(DeltaTable, "create_write_transaction", beside)
    if moment == "placed":
        with pytest.raises(Conflict):
            writer.commit(add=[written], after=1)
        written = writer.write(rows("c"), {"part": "1"})
        writer.commit(add=[written], after=writer.sequence())
    else:
        writer.commit(add=[written], after=1)
    found = Table(table.root).snapshot()
    assert keys(found) == ["a", "c"]
    assert files(table) == {file.path for file in found.files}


def test_a_file_that_is_committed_while_a_vacuum_looks_stays(table, monkeypatch):
    writer, meant = Table(table.root), Table.commit
    written = writer.write(rows("c"), {"part": "1"})
    (table.root / "_staged" / written.path).rename(table.root / written.path)  # placed, when the vacuum lists

    def late(self, **named):
        monkeypatch.setattr(Table, "commit", meant)
        (table.root / written.path).rename(table.root / "_staged" / written.path)
        writer.commit(add=[written], after=1)
        return meant(self, **named)

    monkeypatch.setattr(Table, "commit", late)
    assert vacuum(table, retain_hours=0, unnamed_hours=0) == 0
    assert keys(Table(table.root).snapshot()) == ["a", "c"]


def test_tables_that_any_writer_appends_to_lose_what_was_merged(tmp_path):
    table = Table(tmp_path / "shared")
    table.create(pa.schema([("key", pa.string())]))
    for number in range(20):
        table.append(rows(str(number)))
        table.tidy()
    assert vacuum(table, retain_hours=0, unnamed_hours=0) == 16
    assert files(table) == {file.path for file in table.snapshot().files}
    assert keys(table.snapshot()) == sorted(map(str, range(20)))
