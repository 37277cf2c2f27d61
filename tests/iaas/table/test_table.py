"""Tables: versions that stay, one atomic commit, and two writers that conflict."""

import pyarrow as pa
import pytest
from deltalake import DeltaTable
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.errors import Conflict, FormatError, NotFound, StorageError
from stcloud.iaas.table.table import File, Table
from stcloud.testing.examples import examples

SCHEMA = pa.schema([("key", pa.string()), ("n", pa.int64()), ("x", pa.float64()), ("part", pa.string())])


@pytest.fixture
def table(tmp_path):
    made = Table(tmp_path / "table")
    made.create(SCHEMA, partition_by=["part"])
    return made


def rows(*keys, n=1, x=1.0):
    many = len(keys)
    return pa.table(
        {"key": keys, "n": pa.array([n] * many), "x": pa.array([x] * many)},
        schema=pa.schema(list(SCHEMA)[:3]),
    )


def keys(snapshot):
    return sorted(snapshot.read(snapshot.files)["key"].to_pylist())


def files(table):
    return {path.name for path in table.root.rglob("*.parquet")}


def test_a_table_is_made_once(table):
    assert table.exists
    assert (table.snapshot().version, table.snapshot().rows, table.sequence()) == (0, 0, 0)
    table.create(pa.schema([("other", pa.string())]))
    assert Table(table.root).snapshot().schema.names == SCHEMA.names
    assert not Table(table.root / "none").exists
    with pytest.raises(NotFound) as told:
        Table(table.root.parent / "none").snapshot()
    assert told.value.kind == "no-table"


def test_nothing_shows_before_the_commit(table):
    written = table.write(rows("a", "b"), {"part": "1"})
    assert table.snapshot().rows == 0
    assert keys(Table(table.root).snapshot()) == []
    assert table.commit(add=[written], after=0, note={"load": "one"}) == 1
    assert keys(Table(table.root).snapshot()) == ["a", "b"]
    assert (table.sequence(), table.snapshot().sequence) == (1, 1)
    assert table.notes() == [{"load": "one"}]


def test_a_commit_replaces_files_at_once_and_old_versions_stay(table):
    table.commit(add=[table.write(rows("a"), {"part": "1"}), table.write(rows("b"), {"part": "2"})], after=0)
    before = table.snapshot()
    gone = [file for file in before.files if file.partition["part"] == "1"]
    table.commit(add=[table.write(rows("c"), {"part": "1"})], remove=gone, after=1)
    assert keys(table.snapshot()) == ["b", "c"]
    assert keys(before) == ["a", "b"]
    assert keys(table.snapshot(1)) == ["a", "b"]
    assert keys(table.snapshot(0)) == []
    with pytest.raises(NotFound) as told:
        table.snapshot(99)
    assert told.value.kind == "unknown-version"


def test_a_writer_that_was_overtaken_conflicts_and_leaves_no_file(table):
    mine, theirs = Table(table.root), Table(table.root)
    after = mine.sequence()
    written = mine.write(rows("mine"), {"part": "1"})
    theirs.commit(add=[theirs.write(rows("theirs"), {"part": "1"})], after=theirs.sequence())
    with pytest.raises(Conflict) as told:
        mine.commit(add=[written], after=after)
    assert told.value.kind == "concurrent-commit"
    assert keys(table.snapshot()) == ["theirs"]
    mine.discard_uncommitted()
    assert files(table) == {file.path for file in table.snapshot().files}
    mine.commit(add=[mine.write(rows("mine"), {"part": "1"})], after=mine.sequence())
    assert keys(table.snapshot()) == ["mine", "theirs"]


def test_a_writer_that_is_overtaken_at_the_last_moment_conflicts_too(table, monkeypatch):
    """delta-rs itself must refuse what our own look at the sequence was too early to see."""
    mine, theirs = Table(table.root), Table(table.root)
    written = mine.write(rows("mine"), {"part": "1"})
    meant = DeltaTable.create_write_transaction

    def late(self, *args, **named):
        monkeypatch.setattr(DeltaTable, "create_write_transaction", meant)
        theirs.commit(add=[theirs.write(rows("theirs"), {"part": "1"})], after=0)
        return meant(self, *args, **named)

    monkeypatch.setattr(DeltaTable, "create_write_transaction", late)
    with pytest.raises(Conflict):
        mine.commit(add=[written], after=0)
    assert keys(table.snapshot()) == ["theirs"]
    assert files(table) == {file.path for file in table.snapshot().files}


def test_a_commit_whose_files_were_swept_conflicts(table):
    written = table.write(rows("a"), {"part": "1"})
    Table(table.root).discard_uncommitted()
    with pytest.raises(Conflict):
        table.commit(add=[written], after=0)
    assert table.snapshot().version == 0


def test_a_commit_that_fails_after_it_happened_keeps_its_files(table, monkeypatch):
    meant = DeltaTable.create_write_transaction

    def broken(self, *args, **named):
        meant(self, *args, **named)
        raise OSError(5, "the answer got lost")

    monkeypatch.setattr(DeltaTable, "create_write_transaction", broken)
    with pytest.raises(StorageError):
        table.commit(add=[table.write(rows("a"), {"part": "1"})], after=0)
    assert keys(Table(table.root).snapshot()) == ["a"]


def test_what_was_never_committed_is_swept_and_what_was_is_not(table):
    table.commit(add=[table.write(rows("a"), {"part": "1"})], after=0)
    table.write(rows("b"), {"part": "1"})
    assert len(files(table)) == 2
    Table(table.root).discard_uncommitted()
    assert len(files(table)) == 1
    assert keys(table.snapshot()) == ["a"]


def test_columns_are_added_and_older_rows_have_nulls_in_them(table):
    table.commit(add=[table.write(rows("a"), {"part": "1"})], after=0)
    field = pa.field("more", pa.string(), metadata={"stcloud.name": "More"})
    table.add_columns([field])
    table.add_columns([])
    snapshot = table.snapshot()
    assert snapshot.schema.names == [*SCHEMA.names, "more"]
    assert snapshot.schema.field("more").metadata == {b"stcloud.name": b"More"}
    assert snapshot.files[0].lacks("more")
    wider = rows("b").append_column("more", pa.array(["m"]))
    table.commit(add=[table.write(wider, {"part": "1"})], after=1)
    found = table.snapshot().read(table.snapshot().files).sort_by("key")
    assert found.select(["key", "more"]).to_pylist() == [
        {"key": "a", "more": None},
        {"key": "b", "more": "m"},
    ]


def test_the_log_knows_what_a_file_may_hold(table):
    table.commit(add=[table.write(rows("a", n=5, x=2.5), {"part": "1"})], after=0)
    file = table.snapshot().files[0]
    assert (file.rows, file.partition["part"], file.low["n"], file.high["x"]) == (1, "1", 5, 2.5)
    assert file.may_hold("n", low=5, high=5)
    assert file.may_hold("n", high=5)
    assert not file.may_hold("n", low=6)
    assert not file.may_hold("n", high=4)
    assert file.may_hold("key", low="z")  # texts have no statistics
    assert file.bytes == (table.root / file.path).stat().st_size


@pytest.mark.parametrize("x", [float("inf"), float("-inf"), float("nan"), None])
def test_numbers_beyond_all_bounds_hide_nothing(table, x):
    some = pa.concat_tables([rows("a", x=1.0), rows("b", x=x)])
    table.commit(add=[table.write(some, {"part": "1"})], after=0)
    assert table.snapshot().rows == 2
    assert table.snapshot().files[0].may_hold("x", low=1, high=1)


@given(
    st.lists(st.none() | st.floats() | st.integers(-(2**53), 2**53).map(float), min_size=1, max_size=6),
    st.floats(allow_nan=False),
)
@settings(deadline=None, max_examples=examples(30))
def test_a_file_that_holds_a_number_may_hold_it(tmp_path_factory, numbers, asked):
    """Law: statistics never deny a value that is there."""
    table = Table(tmp_path_factory.mktemp("law"))
    table.create(SCHEMA, partition_by=["part"])
    some = rows(*("k" * len(numbers))).set_column(2, SCHEMA.field("x"), pa.array(numbers, pa.float64()))
    table.commit(add=[table.write(some, {"part": "1"})], after=0)
    file = table.snapshot().files[0]
    assert file.rows == len(numbers)
    for number in numbers:
        if number is not None and number == number:
            assert file.may_hold("x", low=number, high=number)
    if file.may_hold("x", low=asked, high=asked) is False:
        assert asked not in numbers


@pytest.mark.thorough
def test_any_writer_appends_and_few_files_remain(table):
    made = Table(table.root.parent / "shared")
    made.create(SCHEMA)
    for number in range(150):
        made.append(rows(str(number)).append_column("part", pa.array(["1"])))
        made.tidy()
        assert len(made.snapshot().files) <= 7 * 4
    assert keys(made.snapshot()) == sorted(map(str, range(150)))


def test_appended_rows_may_bring_columns(table):
    made = Table(table.root.parent / "shared")
    made.create(pa.schema([("key", pa.string())]))
    made.append(pa.table({"key": ["a"]}))
    made.append(pa.table({"key": ["b"], "more": [1]}))
    made.append(pa.table({"key": ["c"]}))
    found = made.snapshot().read(made.snapshot().files).sort_by("key")
    assert found.to_pydict() == {"key": ["a", "b", "c"], "more": [None, 1, None]}


def test_a_table_that_is_dropped_may_be_made_anew(table):
    table.commit(add=[table.write(rows("a"), {"part": "1"})], after=0)
    table.drop()
    assert not table.exists
    table.create(pa.schema([("other", pa.string())]))
    assert table.snapshot().schema.names == ["other"]


@pytest.mark.parametrize("content", [b"{oops", b"", b'{"add": 1}\n'])
def test_a_damaged_log_is_told(table, content):
    table.commit(add=[table.write(rows("a"), {"part": "1"})], after=0)
    (table.root / "_delta_log" / f"{1:020}.json").write_bytes(content)
    with pytest.raises(FormatError) as told:
        Table(table.root).snapshot()
    assert told.value.kind == "damaged-table"
    assert "\n" not in str(told.value)


def test_a_disk_that_refuses_is_told(table, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("stcloud.iaas.table.table.write_parquet", full)
    with pytest.raises(StorageError) as told:
        table.write(rows("a"), {"part": "1"})
    assert told.value.kind == "disk-full"


def test_a_file_without_statistics_may_hold_anything():
    assert File("a", 1, 1, {}).may_hold("n", low=1)
