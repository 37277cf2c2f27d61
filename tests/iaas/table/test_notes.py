"""Notes of commits: newest first, read once, and never those of a table that was there before."""

import pyarrow as pa

from stcloud.iaas.table.log import entry_path
from stcloud.iaas.table.table import Table

SCHEMA = pa.schema([("number", pa.int64())])


def noted(root, words):
    table = Table(root)
    table.create(SCHEMA)
    for after, word in enumerate(words):
        table.commit(after=after, note={"word": word} if word else None)
    return table


def words(table, limit=None):
    return [note["word"] for note in table.notes(limit)]


def test_notes_are_given_newest_first_and_those_of_later_commits_too(tmp_path):
    table = noted(tmp_path / "table", ["a", None, "b"])
    assert words(table) == ["b", "a"]
    assert words(table, 1) == ["b"]
    table.commit(after=3, note={"word": "c"})
    assert words(table, 2) == ["c", "b"]
    assert words(Table(table.root)) == ["c", "b", "a"]


def test_an_entry_that_was_read_is_not_read_again(tmp_path):
    table = noted(tmp_path / "table", ["a", "b"])
    assert words(table) == ["b", "a"]
    entry_path(table.root, 1).write_text('{"commitInfo":{"stcloud":"{\\"word\\":\\"other\\"}"}}\n')
    assert words(table) == ["b", "a"]
    assert words(Table(table.root)) == ["b", "other"]


def test_a_table_made_anew_has_its_own_notes(tmp_path):
    table = noted(tmp_path / "table", ["a", "b"])
    assert words(table) == ["b", "a"]
    Table(table.root).drop()
    noted(table.root, ["c"])
    assert words(table) == ["c"]
