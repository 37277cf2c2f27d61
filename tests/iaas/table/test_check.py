"""The check of a table names a file that is missing, cut or changed, and a log that lacks or changes an entry."""

import os

import pyarrow as pa
import pytest

from stcloud.iaas.table.check import broken_files, log_faults
from stcloud.iaas.table.log import entry_path
from stcloud.iaas.table.table import Table


@pytest.fixture
def table(tmp_path):
    made = Table(tmp_path / "table")
    made.create(pa.schema([("key", pa.string()), ("part", pa.string())]), partition_by=["part"])
    for number in range(3):
        rows = pa.table({"key": [f"key {number}-{row}" for row in range(50)]})
        made.commit(add=[made.write(rows, {"part": str(number)})], after=number)
    return made


def broken(table):
    snapshot = table.snapshot()
    return list(broken_files(snapshot, snapshot.files))


def later(path):
    os.utime(path, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns + 10**9))


def test_a_whole_table_has_no_faults(table):
    assert broken(table) == []
    assert list(log_faults(table)) == []


@pytest.mark.parametrize("damage", ["missing", "cut", "changed", "other"])
def test_each_damage_of_a_data_file_is_named(table, damage):
    file = table.snapshot().files[1]
    path = table.root / file.path
    content = path.read_bytes()
    if damage == "missing":
        path.unlink()
    elif damage == "cut":
        path.write_bytes(content[:-20])
    elif damage == "changed":
        path.write_bytes(content[:40] + bytes([content[40] ^ 1]) + content[41:])
        later(path)
    else:
        path.write_bytes((table.root / table.snapshot().files[0].path).read_bytes() + b"")
        later(path)
    assert broken(Table(table.root)) == [file.path]


def test_a_log_that_lacks_or_changes_an_entry_is_named(table):
    entry = entry_path(table.root, 2)
    whole = entry.read_bytes()
    entry.write_bytes(whole.replace(b"part", b"Part", 1))
    assert any("has changed" in fault for fault in log_faults(table))
    entry.write_bytes(b"not JSON\n")
    assert any("entry 2" in fault for fault in log_faults(table))
    entry.unlink()
    assert any("lacks entry 2" in fault for fault in log_faults(table))
    entry.write_bytes(whole)
    assert list(log_faults(table)) == []
    (table.root / "_state.json").write_text("{}")
    assert any("_state.json" in fault for fault in log_faults(table))
