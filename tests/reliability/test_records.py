"""A log is whole whatever happens to who writes it, to its disk and to its server."""

import contextlib
import os
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from stcloud.errors import Conflict, FormatError, StcloudError, StorageError
from stcloud.iaas.records import Find, Records
from stcloud.iaas.records.database import Database
from stcloud.testing.pgserver import NoServer, pg_server
from tests.iaas.records.conftest import READER, action, batch, note

WRITE = """
import itertools, sys
from stcloud.iaas.records import CaseSummary, Entry, PrivateValue, RecordBatch, Records
place, name, writer = sys.argv[1:]
records = Records.open(place, name)
for number in itertools.count(1):
    cases = [f"{writer}-{number % 5}-{part}" for part in range(3)]
    seqs = {case: len(records.log(case)) + 1 for case in cases}
    records.append(
        RecordBatch(
            entries=tuple(
                Entry(case=case, seq=seq, id=f"{case}-{seq}", name="x", actor="a", role="r")
                for case, seq in seqs.items()
            ),
            summaries=tuple(CaseSummary(number=case, state=str(seq), text=case) for case, seq in seqs.items()),
            private=tuple(
                PrivateValue(ref=f"{case}-{seq}", case=case, seq=seq, field="f", value="v" * 50)
                for case, seq in seqs.items()
            ),
        )
    )
    print(*(f"{case}-{seq}" for case, seq in seqs.items()), flush=True)
"""


@pytest.fixture(params=["sqlite", "postgres"])
def place(request, tmp_path):
    """Where a log can be created, on each database."""
    return str(tmp_path) if request.param == "sqlite" else request.getfixturevalue("postgres").url


@pytest.fixture
def disk(tmp_path):
    """Mount a small file system; skip where that is not allowed."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = []

    def mount(options):
        command = ["mount", "-t", "tmpfs", "-o", options, "stcloud-test", str(folder)]
        if (
            shutil.which("mount") is None
            or subprocess.run(command, capture_output=True, check=False).returncode
        ):
            pytest.skip("mounting a file system is not permitted here")
        mounted.append(folder)
        return folder

    yield mount
    for folder in mounted:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def check(records):
    """Check that a log agrees with itself; return the ids of its entries."""
    rows = [row for part in records.logs(2**62, rows=500) for row in part.to_pylist()]
    last = {}
    for row in rows:
        assert row["seq"] == last.get(row["case"], 0) + 1
        last[row["case"]] = row["seq"]
    assert {summary.number: summary.seq for summary in summaries(records)} == last
    instants = [row["recorded_us"] for row in rows]
    assert len(set(instants)) == len(instants)
    return {row["id"] for row in rows}


def summaries(records, cursor=None):
    page = records.find(Find(), limit=1000, cursor=cursor)
    return [*page.summaries, *(summaries(records, page.cursor) if page.cursor else [])]


def test_a_writer_that_is_killed_leaves_the_log_whole(place, spawn, tmp_path):
    name, acknowledged = f"kill{time.time_ns() % 10**9}", set()
    with Records.create(place, name) as records:
        for turn in range(2):
            writers = [spawn("-c", WRITE, place, name, f"w{turn}{number}") for number in range(3)]
            for writer in writers:
                writer.stdout.readline()
            time.sleep(random.Random(turn).uniform(0.05, 0.4))
            for writer in writers:
                writer.kill()
            for writer in writers:
                lines = writer.communicate()[0].splitlines(keepends=True)
                acknowledged.update(word for line in lines if line.endswith("\n") for word in line.split())
            ids = check(records)
            assert acknowledged <= ids
            assert len(ids) % 3 == 0
            refs = [value.ref for value in records.private(READER, refs=sorted(ids))]
            assert refs == sorted(ids)


def test_a_writer_that_is_killed_under_the_lock_leaves_the_lock(place, spawn):
    name = f"lock{time.time_ns() % 10**9}"
    code = """
import os, sys
from stcloud.iaas.records.database import Database
insert = Database.insert
def dying(*args):
    insert(*args)
    os.kill(os.getpid(), 9)
Database.insert = dying
from stcloud.iaas.records import CaseSummary, Entry, RecordBatch, Records
Records.open(*sys.argv[1:]).append(RecordBatch(
    entries=(Entry(case="A", seq=1, id="a", name="x", actor="a", role="r"),),
    summaries=(CaseSummary(number="A", state="x"),)))
"""
    with Records.create(place, name) as records:
        writer = spawn("-c", code, place, name)
        writer.communicate()
        assert writer.returncode == -signal.SIGKILL
        assert records.log("A") == []
        assert records.summary("A") is None
        (entry,) = records.append(batch(action("A", id="a")))
        assert records.log("A") == [entry]


def test_a_full_disk_is_named_and_the_log_is_as_it_was(disk):
    folder = disk("size=2m")
    with Records.create(str(folder), "log") as records:
        written = []

        def write():
            for number in range(2_000):
                private = [note(f"c{number}", value="x" * 2_000)]
                written.extend(records.append(batch(action(f"c{number}"), private=private)))

        with pytest.raises(StorageError) as refused:
            write()
        assert (refused.value.kind, "\n" in str(refused.value)) == ("disk-full", False)
        assert check(records) == {entry.id for entry in written}
        assert len(written) > 9
        subprocess.run(["mount", "-o", "remount,size=20m", str(folder)], check=True)
        records.append(batch(action("after")))
        assert len(check(records)) == len(written) + 1


def test_a_log_on_a_read_only_disk_can_be_read_but_not_written(disk):
    folder = disk("size=4m")
    with Records.create(str(folder), "log") as records:
        (entry,) = records.append(batch(action(), private=[note()]))
    subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
    with Records.open(str(folder), "log") as records:
        assert records.log("A") == [entry]
        assert records.pin() == entry.recorded_us
        assert records.pin(entry.recorded_us) == entry.recorded_us
        for write in (
            lambda: records.append(batch(action("B"))),
            lambda: records.private(READER, case="A"),
            lambda: records.erase(READER, case="A"),
            lambda: records.pin(entry.recorded_us + 1),
            lambda: Records.create(str(folder), "other"),
        ):
            with pytest.raises(StorageError) as refused:
                write()
            assert refused.value.kind == "read-only"
            assert "\n" not in str(refused.value)


def test_a_file_that_vanished_is_named(tmp_path):
    with Records.create(str(tmp_path), "log") as records:
        records.append(batch(action()))
    with Records.open(str(tmp_path), "log") as records:
        (tmp_path / "cases" / "log.sqlite").rename(tmp_path / "moved")
        with pytest.raises(StcloudError) as refused, Records.open(str(tmp_path), "log"):
            pass
        assert refused.value.kind == "no-records"
        assert len(records.log("A")) == 1  # by the open connection


def test_a_writer_who_holds_the_lock_too_long_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr("stcloud.iaas.records.sqlite.WAIT_S", 0.3)
    with Records.create(str(tmp_path), "log") as records:
        holder = sqlite3.connect(tmp_path / "cases" / "log.sqlite", isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(Conflict) as refused:
            records.append(batch(action()))
        assert refused.value.kind == "locked"
        assert records.log("A") == []
        holder.close()
        assert len(records.append(batch(action()))) == 1


def test_a_log_is_damaged_where_its_last_pages_are_lost(tmp_path):
    with Records.create(str(tmp_path), "log") as records:
        records.append(batch(*[action(f"c{number}") for number in range(500)]))
    file = tmp_path / "cases" / "log.sqlite"
    os.truncate(file, file.stat().st_size // 2)
    with pytest.raises(FormatError) as refused, Records.open(str(tmp_path), "log") as records:
        check(records)
    assert refused.value.kind == "damaged-records"


@pytest.fixture
def server():
    """A server of one test's own, that may be stopped."""
    try:
        with pg_server() as server:
            yield server
    except NoServer as error:
        pytest.skip(f"PostgreSQL is not available: {error}")


def test_a_server_that_fails_is_named_and_comes_back_with_what_was_acknowledged(server):
    with Records.create(server.url, "log") as records:
        (first,) = records.append(batch(action()))
        server.stop(how=signal.SIGQUIT)
        for call in (lambda: records.append(batch(action("A", 2))), lambda: records.log("A"), records.pin):
            with pytest.raises(StorageError) as refused:
                call()
            assert refused.value.kind == "connection-lost"
            assert "\n" not in str(refused.value)
        server.start()
        assert records.log("A") == [first]
        assert len(records.append(batch(action("A", 2)))) == 1


def test_what_was_acknowledged_or_pinned_outlives_a_server_that_fails_at_once(server):
    with Records.create(server.url, "log") as records:
        for turn in range(3):
            (entry,) = records.append(batch(action("A", turn + 1)))
            instant_us = records.pin() if turn == 1 else entry.recorded_us
            server.stop(how=signal.SIGQUIT)
            server.start()
            assert records.log("A")[-1] == entry
            (later,) = records.append(batch(action("B", turn + 1)))
            assert later.recorded_us > instant_us


def test_a_server_whose_sessions_are_serializable_has_one_lock_too(server):
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET default_transaction_isolation = 'serializable'")
        connection.execute("SELECT pg_reload_conf()")
    with Records.create(server.url, "log") as records, ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda number: records.append(batch(action(f"c{number}"))), range(80)))
        assert len(check(records)) == 80


def test_connections_that_a_restart_closed_are_replaced(server):
    with Records.create(server.url, "log") as records:
        records.append(batch(action()))
        server.stop()
        server.start()
        assert len(records.append(batch(action("A", 2)))) == 1
        server.stop()
        server.start()
        assert len(records.log("A")) == 2


def test_a_process_of_many_open_files_records(postgres):
    """Connections whose descriptors come after 1,024 others."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 4096)), hard))
    with contextlib.ExitStack() as held:
        for _ in range(1100):
            held.callback(os.close, os.open(os.devnull, os.O_RDONLY))
        with Records.create(postgres.url, f"many{time.time_ns() % 10**9}") as records:
            records.append(batch(action()))
            assert len(records.log("A")) == 1


def test_a_session_that_is_ended_in_the_middle_writes_nothing(postgres, monkeypatch):
    name = f"ended{time.time_ns() % 10**9}"
    with Records.create(postgres.url, name) as records:
        records.append(batch(action()))
        with psycopg.connect(postgres.url, autocommit=True) as other:
            sessions = "FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND query LIKE %s"
            end = f"SELECT pg_terminate_backend(pid) {sessions}"

            def ending(database, connection, table, rows):
                other.execute(end, (f"%stcloud_{name}%",))
                return meant(database, connection, table, rows)

            meant = Database.insert
            monkeypatch.setattr(Database, "insert", ending)
            with pytest.raises(StorageError) as refused:
                records.append(batch(action("A", 2)))
            assert refused.value.kind == "connection-lost"
            monkeypatch.undo()
        assert len(records.log("A")) == 1
        assert len(records.append(batch(action("A", 2)))) == 1


def test_a_user_who_may_not_write_is_refused(postgres):
    name = f"user{time.time_ns() % 10**9}"
    with Records.create(postgres.url, name) as records:
        records.append(batch(action()))
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE reader{name} LOGIN")
        connection.execute(f'GRANT USAGE ON SCHEMA "stcloud_{name}" TO reader{name}')
        connection.execute(f'GRANT SELECT ON ALL TABLES IN SCHEMA "stcloud_{name}" TO reader{name}')
    with Records.open(postgres.url.replace("stcloud@", f"reader{name}@"), name) as records:
        assert len(records.log("A")) == 1
        with pytest.raises(StorageError) as refused:
            records.append(batch(action("A", 2)))
        assert refused.value.kind == "no-permission"
