"""What a table's log came to: a log that lost its end or says something else is seen, an older table is read."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest

from stcloud.errors import FormatError
from stcloud.iaas.table.logstate import LogState, log_state_path, read_log_state, state_of
from stcloud.iaas.table.table import Table
from stcloud.iaas.table.vacuum import vacuum

SCHEMA = pa.schema(
    [("n", pa.int64()), ("x", pa.float64()), ("at", pa.timestamp("us", "UTC")), ("part", pa.string())]
)


def rows(number):
    at = pa.array([number * 1_000_003], pa.int64()).cast(pa.timestamp("us", "UTC"))
    return pa.table({"n": [number], "x": [number / 3], "at": at})


def commits(root, count):
    table = Table(root)
    table.create(SCHEMA, partition_by=["part"])
    for number in range(count):
        table.commit(add=[table.write(rows(number), {"part": f"p{number % 3}"})], after=number)
    return table


def entry(root, version):
    return root / "_delta_log" / f"{version:020}.json"


@pytest.mark.parametrize("count", [1, 19, 20, 21, 45])
def test_a_log_that_is_read_anew_is_as_its_writer_saw_it(tmp_path, count):
    table = commits(tmp_path / "t", count)
    assert read_log_state(table.root) == state_of(table.snapshot()) == state_of(Table(table.root).snapshot())


@pytest.mark.parametrize("count", [1, 3, 20, 21])
def test_a_log_without_its_last_entry_is_refused(tmp_path, count):
    table = commits(tmp_path / "t", count)
    entry(table.root, count).unlink()
    for other in table.root.glob("_delta_log/*checkpoint*"):
        other.unlink()
    with pytest.raises(FormatError, match="entries are lost"):
        Table(table.root).snapshot()


CHANGES = {
    "a file's path": ("p2-", "p1-"),
    "a statistic": ('\\"n\\": 2', '\\"n\\": 1'),
    "an instant": ("00:00:02", "00:00:03"),
    "a number of rows": ('\\"numRecords\\": 1', '\\"numRecords\\": 3'),
    "a size": ('"size":', '"size":1'),
    "the kind of an action": ('{"add":', '{"adx":'),
    "the sequence": ('"version":3', '"version":2'),
}


@pytest.mark.parametrize(("old", "new"), CHANGES.values(), ids=CHANGES)
def test_a_log_that_says_something_else_is_refused(tmp_path, old, new):
    table = commits(tmp_path / "t", 3)
    path = entry(table.root, 3)
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises(FormatError):
        Table(table.root).snapshot()


def test_a_log_that_is_ahead_is_read_and_noted_by_the_next_commit(tmp_path):
    table = commits(tmp_path / "t", 2)
    before = log_state_path(table.root).read_bytes()
    table.commit(add=[table.write(rows(9), {"part": "p"})], after=2)
    log_state_path(table.root).write_bytes(before)
    other = Table(table.root)
    assert other.snapshot().rows == 3
    other.commit(add=[other.write(rows(10), {"part": "p"})], after=3)
    assert read_log_state(table.root) == state_of(Table(table.root).snapshot())


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"version": 9, "digest": "x", "check": "y"}', "\x00"]
)
def test_a_note_that_cannot_be_read_is_none(tmp_path, text):
    table = commits(tmp_path / "t", 2)
    log_state_path(table.root).write_text(text)
    assert read_log_state(table.root) is None
    assert Table(table.root).snapshot().rows == 2


def test_a_note_reads_back():
    state = LogState(3, "abc")
    assert LogState.from_json(state.to_json()) == state
    changed = json.loads(state.to_json()) | {"version": 4}
    assert LogState.from_json(json.dumps(changed)) is None


def test_appends_of_any_writer_are_noted(tmp_path):
    table = Table(tmp_path / "t")
    table.create(SCHEMA)
    for number in range(40):
        table.append(rows(number).append_column("part", pa.array(["p"])))
        table.tidy()
    assert read_log_state(table.root) == state_of(Table(table.root).snapshot())
    assert vacuum(table, retain_hours=0, unnamed_hours=0)
    assert read_log_state(table.root) == state_of(Table(table.root).snapshot())
    assert Table(table.root).snapshot().rows == 40
