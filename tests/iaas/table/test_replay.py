"""A log that is replayed without delta-rs: it gives what delta-rs gives, or nothing is decided here."""

import json

import pyarrow as pa
import pytest
from deltalake import DeltaTable
from hypothesis import given
from hypothesis import strategies as st

from stcloud.errors import FormatError, NotFound
from stcloud.iaas.table import head as tables
from stcloud.iaas.table import replay as replays
from stcloud.iaas.table.briefnote import MOST_FILES
from stcloud.iaas.table.erasure import erase
from stcloud.iaas.table.log import entry_path, last_checkpoint
from stcloud.iaas.table.logstate import log_state_path, read_log_state
from stcloud.iaas.table.replay import replay_log
from stcloud.iaas.table.snapshot import snapshot_of
from stcloud.iaas.table.table import Table

INSTANT = pa.timestamp("us", "UTC")
SCHEMA = pa.schema([
    ("n", pa.int64()), ("x", pa.float64()), ("at", INSTANT), ("day", pa.date32()), ("word", pa.string()),
    ("yes", pa.bool_()), ("wkb", pa.binary()), ("part", pa.string()),
])  # fmt: skip

rows = st.fixed_dictionaries({
    "n": st.integers(-(2**53), 2**53) | st.none(),
    "x": st.floats(allow_nan=True, allow_infinity=True) | st.none(),
    "at": st.integers(-(10**15), 4 * 10**15) | st.none(),
    "day": st.integers(-20_000, 40_000) | st.none(),
    "word": st.text(max_size=5) | st.none(),
    "yes": st.booleans() | st.none(),
    "wkb": st.binary(max_size=3) | st.none(),
})  # fmt: skip
steps = st.lists(
    st.tuples(st.lists(rows, min_size=1, max_size=4), st.sampled_from(["2024-03", "2024-04"]), st.booleans()),
    max_size=25,
)


def written(root, history):
    """Commit each step: some rows as a file, in place of the oldest file if it says so."""
    table = Table(root)
    table.create(SCHEMA, partition_by=["part"])
    for after, (content, part, replaces) in enumerate(history):
        columns = {
            field.name: pa.array([row[field.name] for row in content], pa.int64()).cast(field.type)
            if pa.types.is_timestamp(field.type)
            else pa.array([row[field.name] for row in content], pa.int32()).cast(field.type)
            if pa.types.is_date(field.type)
            else pa.array([row[field.name] for row in content], field.type)
            for field in SCHEMA
            if field.name != "part"
        }
        file = table.write(pa.table(columns), {"part": part}, bounded=["word"])
        table.commit(add=[file], remove=table.snapshot().files[:1] if replaces else (), after=after)
    return table


def reading(root):
    """Return what a table opened anew shows, and whether delta-rs was used."""
    used = []

    class Counted(tables.DeltaTable):
        def __init__(self, *arguments, **more):
            used.append(arguments)
            super().__init__(*arguments, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tables, "DeltaTable", Counted)
        opened = Table(root)
        assert opened.exists
        return opened.snapshot(), bool(used)


def as_delta_reads(root):
    return snapshot_of(root, DeltaTable(str(root)), "stcloud")


@given(history=steps, widened=st.booleans())
def test_a_replayed_log_says_what_delta_rs_says(tmp_path_factory, history, widened):
    table = written(tmp_path_factory.mktemp("t") / "t", history)
    if widened:
        table.add_columns([pa.field("more", pa.float64(), metadata={"unit": "m"})])
        table.commit(after=len(history))
    read, by_delta = reading(table.root)
    assert repr(read) == repr(as_delta_reads(table.root))
    noted = read_log_state(table.root) is not None  # by the first commit
    assert by_delta != noted


def events(count, start=0):
    """Return steps without values that may be told otherwise."""
    row = {"n": 1, "x": 0.5, "at": 10**15, "day": 3, "word": "a", "yes": True, "wkb": b""}
    return [([row | {"n": start + number}], "2024-03", number % 3 == 2) for number in range(count)]


@pytest.mark.parametrize("count", [1, 18, 19, 20, 21, 39, 45, 130])
def test_a_log_with_checkpoints_is_replayed_from_the_last_one(tmp_path, count):
    table = written(tmp_path / "t", events(count))
    read, by_delta = reading(table.root)
    assert repr(read) == repr(as_delta_reads(table.root))
    assert not by_delta


def test_without_a_readable_checkpoint_delta_rs_decides(tmp_path):
    table = written(tmp_path / "t", events(25))
    for name, content in (("_last_checkpoint", b"{"), (f"{19:020}.checkpoint.parquet", b"PAR1")):
        path = table.root / "_delta_log" / name
        whole = path.read_bytes()
        path.write_bytes(content)
        assert replay_log(table.root, read_log_state(table.root), "stcloud") is None
        path.write_bytes(whole)
    assert replay_log(table.root, read_log_state(table.root), "stcloud") is not None


def test_what_another_writer_commits_is_seen(tmp_path):
    table = written(tmp_path / "t", events(2))
    reader = Table(table.root)
    for _ in range(2):
        assert reader.snapshot().version == 2
    table.commit(after=2)
    assert (reader.snapshot().version, reader.snapshot().sequence) == (3, 3)
    reader.commit(after=3)
    assert (reader.snapshot().version, table.snapshot().version) == (4, 4)


def test_a_table_that_is_dropped_or_made_anew_is_another(tmp_path):
    table = written(tmp_path / "t", events(2))
    reader = Table(table.root)
    assert reader.snapshot().rows == 2
    table.drop()
    assert not reader.exists
    with pytest.raises(NotFound):
        reader.snapshot()
    written(tmp_path / "t", events(1, start=7))
    assert reader.snapshot().files[0].low["n"] == 7


def changed(path):
    path.write_bytes(path.read_bytes().replace(b'\\"numRecords\\": 1', b'\\"numRecords\\": 2'))


DAMAGES = {
    "an entry is missing": lambda root: entry_path(root, 1).unlink(),
    "the last entry is missing": lambda root: entry_path(root, 3).unlink(),
    "an entry is empty": lambda root: entry_path(root, 2).write_bytes(b""),
    "an entry is no JSON": lambda root: entry_path(root, 2).write_bytes(b"{"),
    "an entry is a list": lambda root: entry_path(root, 2).write_bytes(b"[]\n"),
    "a statistic has changed": lambda root: changed(entry_path(root, 1)),
    "the schema is missing": lambda root: entry_path(root, 0).write_bytes(b'{"protocol":{}}\n'),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_nothing_is_decided_of_a_log_that_is_not_as_it_was_noted(tmp_path, damage):
    root = written(tmp_path / "t", events(2) + events(1, start=2)).root  # none of the files is replaced
    state = read_log_state(root)
    assert replay_log(root, state, "stcloud") is not None
    DAMAGES[damage](root)
    assert replay_log(root, state, "stcloud") is None
    with pytest.raises(FormatError):
        Table(root).snapshot()


def replayed(root, monkeypatch):
    """What a table opened anew shows without delta-rs, and how often the log was replayed for that."""
    times = []
    with monkeypatch.context() as patch:
        patch.setattr(
            replays, "last_checkpoint", lambda *given: times.append(given) or last_checkpoint(*given)
        )
        return replay_log(root, read_log_state(root), "stcloud"), len(times)


@pytest.mark.parametrize("count", [20, 45])
def test_a_log_with_checkpoints_is_read_from_its_note(tmp_path, monkeypatch, count):
    table = written(tmp_path / "t", events(count))
    read, times_replayed = replayed(table.root, monkeypatch)
    assert repr(read.snapshot) == repr(as_delta_reads(table.root))
    assert times_replayed == 0


def test_a_table_of_many_files_has_a_short_note(tmp_path):
    table = written(tmp_path / "t", events(20))
    rows = pa.table({"n": [1]}, schema=pa.schema([SCHEMA.field("n")]))
    files = [table.write(rows, {"part": "2024-03"}) for _ in range(MOST_FILES)]
    table.commit(add=files, after=20)
    assert read_log_state(table.root).snapshot == ""
    assert repr(replay_log(table.root, read_log_state(table.root), "stcloud").snapshot) == repr(
        as_delta_reads(table.root)
    )


OTHER_NOTES = {
    "no note": lambda _: "",
    "no JSON": lambda note: note[:-1],
    "another number": lambda note: note.replace('"n": 0', '"n": 9'),
    "no file": lambda note: json.dumps(json.loads(note) | {"files": []}),
    "a list": lambda _: "[]",
    "another log": lambda note: json.dumps(json.loads(note) | {"log": "0"}),
}


@pytest.mark.parametrize("other", OTHER_NOTES)
def test_a_note_that_is_another_is_passed_over(tmp_path, monkeypatch, other):
    root = written(tmp_path / "t", events(25)).root
    state = json.loads(log_state_path(root).read_text())
    changed_note = OTHER_NOTES[other](state["snapshot"])
    assert changed_note != state["snapshot"]
    log_state_path(root).write_text(json.dumps(state | {"snapshot": changed_note}))
    read, times_replayed = replayed(root, monkeypatch)
    assert repr(read.snapshot) == repr(as_delta_reads(root))
    assert times_replayed == 1


@pytest.mark.parametrize(
    "harm", [lambda root: changed(entry_path(root, 24)), lambda root: entry_path(root, 22).unlink()]
)
def test_a_note_does_not_hide_that_the_log_has_changed(tmp_path, harm):
    root = written(tmp_path / "t", events(24)).root
    assert replay_log(root, read_log_state(root), "stcloud") is not None
    harm(root)
    assert replay_log(root, read_log_state(root), "stcloud") is None


def test_what_is_erased_is_in_no_note(tmp_path):
    table = written(tmp_path / "t", events(25))
    file = table.snapshot().files[0]
    assert file.path in log_state_path(table.root).read_text()
    table.commit(remove=[file], after=25)
    erase(table)
    assert file.path not in log_state_path(table.root).read_text()
    assert repr(reading(table.root)[0]) == repr(as_delta_reads(table.root))


def test_without_a_note_delta_rs_reads_the_log(tmp_path):
    table = written(tmp_path / "t", events(3))
    log_state_path(table.root).unlink()
    read, by_delta = reading(table.root)
    assert repr(read) == repr(as_delta_reads(table.root))
    assert by_delta
