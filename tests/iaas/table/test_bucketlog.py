"""The log of a table in a bucket, from two machines."""

import os

import pyarrow as pa
import pytest

from stcloud.errors import Conflict, NotFound, StorageError
from stcloud.iaas.store.local import LocalStore
from stcloud.iaas.store.mount import mount
from stcloud.iaas.table import bucketlog
from stcloud.iaas.table.table import Table

SCHEMA = pa.schema([("n", pa.int64())])


class Bucket(LocalStore):
    """A folder as a bucket: each machine has a store of its own."""


@pytest.fixture
def machine(tmp_path):
    def made(name):
        root = tmp_path / name
        mount(root, Bucket(tmp_path / "bucket"))
        return Table(root / "t")

    return made


@pytest.fixture
def bucket(tmp_path):
    return LocalStore(tmp_path / "bucket")


def add(table, number):
    file = table.write(pa.table({"n": [number]}), {})
    return table.commit(add=[file], after=table.sequence(), note={"n": number})


def delete(table, staging):
    with table.set_aside(staging):
        pass


def entries(bucket):
    return [key for key in bucket.list("t/_delta_log") if key.endswith(".json")]


def shown(table):
    snapshot = table.snapshot()
    return sorted(snapshot.read(snapshot.files)["n"].to_pylist())


def test_a_table_is_there_with_its_first_commit(machine, bucket):
    here, there = machine("here"), machine("there")
    here.create(SCHEMA)
    assert here.exists
    assert here.snapshot().files == ()
    assert not there.exists
    assert bucket.list("t") == []
    assert add(here, 1) == 0
    assert [key for key in bucket.list("t/_delta_log") if key.endswith(".json")] == [
        "t/_delta_log/" + "0" * 20 + ".json"
    ]
    assert (shown(here), shown(there)) == ([1], [1])
    assert there.notes() == [{"n": 1}]


def test_a_shared_table_is_there_at_once(machine):
    here, there = machine("here"), machine("there")
    here.create(SCHEMA, shared=True)
    there.create(SCHEMA, shared=True)
    assert there.exists
    here.append(pa.table({"n": [1]}))
    there.append(pa.table({"n": [2]}))
    assert shown(here) == [1, 2]


def test_of_two_that_make_a_table_one_does(machine):
    here, there = machine("here"), machine("there")
    here.create(SCHEMA)
    there.create(pa.schema([("n", pa.int64()), ("more", pa.string())]))
    add(there, 1)
    with pytest.raises(Conflict) as overtaken:
        here.commit(add=[here.write(pa.table({"n": [2]}), {})], after=0)
    assert overtaken.value.kind == "concurrent-commit"
    assert here.snapshot().schema.names == ["n", "more"]
    assert shown(here) == [1]


def test_who_is_overtaken_leaves_nothing(machine, bucket):
    here, there = machine("here"), machine("there")
    here.create(SCHEMA)
    add(here, 1)
    after = there.sequence()
    file = there.write(pa.table({"n": [3]}), {})
    add(here, 2)
    with pytest.raises(Conflict):
        there.commit(add=[file], after=after)
    assert [key for key in bucket.list("t") if file.path in key] == []
    assert shown(there) == [1, 2]
    add(there, 3)
    assert shown(here) == [1, 2, 3]


def test_where_nobody_knows_whether_it_was_written_files_stay(machine, bucket, monkeypatch):
    here = machine("here")
    here.create(SCHEMA)
    add(here, 1)

    def lost(self, key, data):
        LocalStore.put_if_absent(self, key, data)
        raise StorageError("outcome-unknown", "the answer was lost")

    monkeypatch.setattr(Bucket, "put_if_absent", lost)
    with pytest.raises(StorageError) as unknown:
        add(here, 2)
    assert unknown.value.kind == "outcome-unknown"
    monkeypatch.undo()
    assert shown(machine("there")) == [1, 2]


def test_columns_are_added_by_a_commit_too(machine):
    here, there = machine("here"), machine("there")
    here.create(SCHEMA)
    add(here, 1)
    there.add_columns([pa.field("more", pa.string())])
    assert here.snapshot().schema.names == ["n", "more"]
    add(here, 2)
    assert shown(there) == [1, 2]


@pytest.mark.thorough
def test_many_commits_of_two_machines_are_read_by_a_third(machine, bucket):
    """Beyond a checkpoint, and beyond what is archived."""
    here, there = machine("here"), machine("there")
    here.create(SCHEMA)
    for number in range(215):
        add((here, there)[number % 2], number)
    assert bucket.list("t/_archive") != []
    assert len(entries(bucket)) < 200
    third = machine("third")
    assert len(third.snapshot().files) == 215
    assert [note["n"] for note in third.notes()] == list(range(215))[::-1]
    assert [note["n"] for note in here.notes()] == list(range(215))[::-1]


def test_a_table_that_is_deleted_is_gone_for_all_and_may_be_made_anew(machine, bucket, tmp_path):
    here, there = machine("here"), machine("there")
    here.create(SCHEMA)
    for number in range(3):
        add(here, number)
    assert shown(there) == [0, 1, 2]
    delete(here, tmp_path)
    assert bucket.list("t") == []
    with pytest.raises(NotFound):
        there.snapshot()
    there.create(SCHEMA)
    add(there, 7)
    assert (shown(here), shown(there)) == ([7], [7])


def test_a_writer_loses_to_a_deletion(machine, tmp_path):
    here, there = machine("here"), machine("there")
    here.create(SCHEMA)
    add(here, 1)
    after = there.sequence()
    file = there.write(pa.table({"n": [2]}), {})
    with here.set_aside(tmp_path), pytest.raises((Conflict, NotFound)):
        there.commit(add=[file], after=after)
    assert not there.exists


def test_a_deletion_that_fails_did_not_happen(machine, tmp_path):
    here, there = machine("here"), machine("there")
    here.create(SCHEMA)
    add(here, 1)
    with pytest.raises(NotFound, match="no table"), here.set_aside(tmp_path):
        machine("third").snapshot()
    assert (shown(here), shown(there)) == ([1], [1])
    add(there, 2)
    assert shown(here) == [1, 2]


def older(bucket, minutes):
    """Let all that lies there be older."""
    for key in bucket.list():
        path = bucket.root / key
        os.utime(path, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns - minutes * 60_000_000_000))


def test_nobody_makes_a_table_while_its_deletion_goes_on(machine, tmp_path):
    here, there = machine("here"), machine("there")
    here.create(SCHEMA)
    add(here, 1)
    with here.set_aside(tmp_path):
        for act in (lambda: there.create(SCHEMA), there.drop):
            with pytest.raises(Conflict) as refused:
                act()
            assert refused.value.kind == "concurrent-commit"
    there.create(SCHEMA)
    add(there, 2)
    assert (shown(here), shown(there)) == ([2], [2])


def test_what_another_machine_made_meanwhile_is_not_dropped(machine):
    """Who clears up after a first load that failed may have looked before another one succeeded."""
    here, there = machine("here"), machine("there")
    here.create(SCHEMA)
    add(there_made(there), 1)
    here.drop()
    assert (shown(here), shown(there)) == ([1], [1])


def there_made(table):
    table.create(SCHEMA)
    return table


def test_a_deletion_that_was_left_is_finished_when_nobody_can_be_at_it(
    machine, bucket, tmp_path, monkeypatch
):
    here, there = machine("here"), machine("there")
    here.create(SCHEMA)
    add(here, 1)
    monkeypatch.setattr(
        Bucket, "delete_many", lambda *_: (_ for _ in ()).throw(StorageError("storage", "gone"))
    )
    with pytest.raises(StorageError):
        delete(here, tmp_path)
    monkeypatch.undo()
    assert not there.exists
    there.log.finish_deletion()
    assert bucket.list("t") != []
    older(bucket, 10)
    there.log.finish_deletion()
    assert bucket.list("t") != []
    older(bucket, 10)
    there.log.finish_deletion()
    assert bucket.list("t") == []


def test_a_deletion_stops_before_others_may_go_on(machine, bucket, tmp_path, monkeypatch):
    here = machine("here")
    here.create(SCHEMA)
    add(here, 1)
    now = bucketlog.system_clock
    times = iter([now(), now()])
    monkeypatch.setattr(bucketlog, "system_clock", lambda: next(times, now() + 301_000_000))
    with pytest.raises(Conflict):
        delete(here, tmp_path)
    assert bucket.list("t") != []
    assert not machine("there").exists


def test_a_copy_of_the_log_that_is_ahead_of_the_bucket_is_made_anew(machine, bucket, monkeypatch):
    here = machine("here")
    here.create(SCHEMA)
    for number in range(5):
        add(here, number)
    monkeypatch.setattr(Bucket, "put", lambda *_: (_ for _ in ()).throw(StorageError("storage", "gone")))
    with pytest.raises(StorageError):
        here.checkpoint()
    monkeypatch.undo()
    assert shown(here) == [0, 1, 2, 3, 4]
    assert not [path for path in (here.root / "_delta_log").iterdir() if "checkpoint" in path.name]
