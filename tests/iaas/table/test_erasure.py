"""Erasing: after it nothing on disk of a table holds a value that its newest version does not show."""

import pyarrow as pa
import pytest

from stcloud.iaas.table.check import log_faults
from stcloud.iaas.table.erasure import erase
from stcloud.iaas.table.table import STAGED, Table
from stcloud.testing.residue import places_of

SCHEMA = pa.schema([("key", pa.string()), ("number", pa.int64()), ("part", pa.string())])
GONE = 990_000_000


def write(table, number):
    rows = pa.table({"key": [f"secret{number}z"], "number": [number]})
    return table.write(rows, {"part": "a"}, bounded=("key",))


def commit(table, number, **options):
    table.commit(add=[write(table, number)], after=table.sequence(), note={"n": number % 1000}, **options)


@pytest.fixture
def table(tmp_path):
    made = Table(tmp_path / "table")
    made.create(SCHEMA, partition_by=["part"])
    return made


def drop(table, number):
    files = [file for file in table.snapshot().files if file.low["number"] == number]
    table.commit(remove=files, after=table.sequence(), note={"dropped": True})


def held(table, number):
    return places_of(table.root, str(number)) + places_of(table.root, f"secret{number}z")


@pytest.mark.parametrize(
    "before",
    [3, 25, pytest.param(215, marks=pytest.mark.thorough)],
    ids=["entries", "a checkpoint", "an archive"],
)
def test_what_a_commit_removed_is_nowhere(table, before):
    for number in range(before):
        commit(table, GONE + number)
    for number in (0, 1):
        drop(table, GONE + number)
    assert held(table, GONE)
    assert erase(table) == 2
    for number in (0, 1):
        assert held(table, GONE + number) == []
    assert held(table, GONE + 2)
    for opened in (table, Table(table.root)):
        assert len(opened.snapshot().files) == before - 2
        assert list(log_faults(opened)) == []
        assert len(opened.notes()) == before + 2
    commit(Table(table.root), 5)
    assert len(table.snapshot().files) == before - 1
    assert list(log_faults(table)) == []


def test_what_a_killed_writer_left_is_nowhere(table):
    commit(table, 1)
    staged = write(table, GONE)
    (table.root / STAGED / staged.path).replace(table.root / staged.path)
    write(table, GONE)
    (table.root / "_delta_log" / "_commit_1.json.tmp").write_text(str(GONE))
    (table.root / "_made-1").mkdir()
    (table.root / "_made-1" / "x").write_text(str(GONE))
    assert erase(table) == 1
    assert held(table, GONE) == []
    assert len(table.snapshot().files) == 1


def test_a_writer_that_has_placed_its_files_is_overtaken(table):
    commit(table, 1)
    other = Table(table.root)
    after = other.sequence()
    waiting = write(other, 2)
    erase(table)
    with pytest.raises(Exception, match="meanwhile"):
        other.commit(add=[waiting], after=after)
    assert len(Table(table.root).snapshot().files) == 1


def test_erasing_twice_changes_nothing(table):
    commit(table, GONE)
    drop(table, GONE)
    erase(table)
    entries = {path.name: path.read_bytes() for path in (table.root / "_delta_log").glob("*.json")}
    assert erase(table) == 0
    assert (
        entries.items()
        <= {path.name: path.read_bytes() for path in (table.root / "_delta_log").glob("*.json")}.items()
    )
