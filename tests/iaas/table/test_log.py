"""The log of a table stays short: its oldest entries lie in archives, and nothing that they note is lost."""

import random
import shutil

import pyarrow as pa
import pytest
from deltalake import DeltaTable

from stcloud.errors import FormatError
from stcloud.iaas.table.log import (
    archive_log,
    entry_contents,
    entry_path,
    entry_versions,
    log_entries,
    removals,
)
from stcloud.iaas.table.logstate import changed_entries, missing_entries
from stcloud.iaas.table.table import Table

COUNT = 430


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A table of many commits, the content of all entries, and what its log took when it was longest."""
    table = Table(tmp_path_factory.mktemp("model") / "table")
    table.create(pa.schema([("n", pa.int64()), ("part", pa.string())]), partition_by=["part"])
    contents, longest = {}, 0
    for number in range(COUNT):
        gone = table.snapshot().files if number % 10 == 9 else ()
        table.commit(
            add=[table.write(pa.table({"n": [number]}), {"part": "p"})],
            remove=gone,
            after=number,
            note={"n": number},
        )
        contents[number + 1] = entry_path(table.root, number + 1).read_bytes()
        longest = max(longest, len(list((table.root / "_delta_log").iterdir())))
    contents[0] = next(entry_contents(table.root, [0]))
    return table.root, contents, longest


@pytest.fixture
def root(model, tmp_path):
    return shutil.copytree(model[0], tmp_path / "table")


def numbers(table):
    snapshot = table.snapshot()
    return sorted(snapshot.read(snapshot.files)["n"].to_pylist())


@pytest.mark.thorough
def test_the_log_stays_short_and_keeps_every_entry(model):
    root, contents, longest = model
    assert longest < 100 + 100 + 15
    assert entry_versions(root) == sorted(contents)
    assert list(entry_contents(root, contents)) == list(contents.values())
    assert [version for version, _ in log_entries(root)] == sorted(contents, reverse=True)
    assert [note["n"] for note in Table(root).notes()] == list(range(COUNT))[::-1]
    assert [note["n"] for note in Table(root).notes(5)] == list(range(COUNT))[-1:-6:-1]
    assert len(removals(root)) == COUNT - 1
    assert [*missing_entries(root), *changed_entries(root)] == []


@pytest.mark.thorough
def test_other_readers_of_delta_tables_read_on(root):
    rows = DeltaTable(str(root)).to_pyarrow_table()
    assert sorted(rows["n"].to_pylist()) == [COUNT - 1] == numbers(Table(root))


@pytest.mark.thorough
def test_a_reader_that_has_the_table_open_reads_on(tmp_path, model):
    writer = Table(tmp_path / "table")
    writer.create(pa.schema([("n", pa.int64()), ("part", pa.string())]), partition_by=["part"])
    reader, early = Table(writer.root), Table(writer.root)
    assert reader.snapshot().rows == early.snapshot().rows == 0
    for number in range(310):
        written = [writer.write(pa.table({"n": [number]}), {"part": "p"})]
        writer.commit(add=written, remove=writer.snapshot().files, after=number)
        if number % 97 == 0:
            assert numbers(reader) == [number]
    assert not entry_path(writer.root, 1).exists()
    assert numbers(early) == numbers(reader) == [309]
    early.commit(add=[early.write(pa.table({"n": [1]}), {"part": "p"})], after=310)
    assert numbers(reader) == [1, 309]


def test_an_archive_that_was_killed_before_the_entries_were_deleted_is_made_again(root, monkeypatch):
    table = Table(root)
    before = entry_versions(root)
    meant = type(root).unlink

    def killed(self, **named):
        if self.suffix == ".json":
            raise KeyboardInterrupt
        meant(self, **named)

    monkeypatch.setattr("stcloud.iaas.table.log.KEPT_ENTRIES", 20)
    monkeypatch.setattr(type(root), "unlink", killed)
    with pytest.raises(KeyboardInterrupt):
        archive_log(root, table.snapshot().version)
    monkeypatch.setattr(type(root), "unlink", meant)
    assert entry_versions(root) == before
    assert archive_log(root, table.snapshot().version) > 20
    assert entry_versions(root) == before
    assert len(Table(root).notes()) == COUNT
    assert numbers(Table(root)) == numbers(table)


def test_a_changed_byte_of_an_archive_is_an_error_or_changes_nothing(root, model):
    path = sorted((root / "_archive").iterdir())[0]
    good, chance, errors = path.read_bytes(), random.Random(5), 0
    for _ in range(60):
        content = bytearray(good)
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        path.write_bytes(content)
        try:
            assert list(entry_contents(root, model[1])) == list(model[1].values())
        except (FormatError, FileNotFoundError):
            errors += 1
    assert errors > 20
    assert numbers(Table(root)) == [COUNT - 1]


def test_an_archive_that_is_lost_is_named(root):
    sorted((root / "_archive").iterdir())[0].unlink()
    assert any("lacks entry 0" in fault for fault in missing_entries(root))
    shutil.rmtree(root / "_archive")
    assert any("lacks entry 0" in fault for fault in missing_entries(root))
    assert numbers(Table(root)) == [COUNT - 1]


def test_the_log_does_not_name_the_folder_where_the_table_was_made(model):
    contents = model[1]
    assert not [version for version, content in contents.items() if b"/tmp" in content or b"file:" in content]
    assert not [version for version, content in contents.items() if model[0].name.encode() in content]
