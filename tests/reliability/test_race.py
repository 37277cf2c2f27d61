"""Several at once: what two writers bring both lands, readers never wait, and who loses is told to try again."""

import itertools
import json
import threading
import time
from contextlib import contextmanager

import pytest
from deltalake import DeltaTable

import stcloud
from stcloud.errors import Conflict
from stcloud.iaas.job import Cancelled, Job
from stcloud.iaas.store.folder import Folder
from stcloud.iaas.table import again
from stcloud.iaas.table.table import Table
from stcloud.testing.events import DEFINITION, HEAD, define, on_disk, row, rows

LOAD = """
import json, pathlib, stcloud
city, layer, file, definition, answer = args
try:
    done = stcloud.open(city).load(layer, file, definition=definition)
    said = {"known": done.known, **done.counts}
except stcloud.StcloudError as error:
    said = {"kind": error.kind}
pathlib.Path(answer).write_text(json.dumps(said))
"""


@pytest.fixture
def at_once(forks, tmp_path):
    """Load files at once, each in a process of its own; return what each says."""

    def at_once(*loads, definition=None):
        answers = [tmp_path / f"answer-{number}.json" for number in range(len(loads))]
        started = [
            forks(LOAD, *load, definition, answer) for load, answer in zip(loads, answers, strict=True)
        ]
        for one in started:
            one.join(120)
            assert one.exitcode == 0
        return [json.loads(answer.read_text()) for answer in answers]

    return at_once


def keys(city, layer="events"):
    found = stcloud.open(city).query(layer).rows().table
    return sorted(found.column("id").to_pylist(), key=int)


def whole(city):
    return not [one for one in stcloud.open(city).check() if one.faults]


def numbered(path, numbers, note="x"):
    path.write_text(HEAD + "".join(row(number, note=note) for number in numbers))
    return path


@contextmanager
def no_lock(*_, **__):
    yield


def test_two_files_loaded_at_once_both_land(at_once, city, tmp_path):
    files = [numbered(tmp_path / f"{first}.csv", range(first, first + 3000)) for first in (1000, 2500, 8000)]
    said = at_once(*((city, "events", file) for file in files))
    assert keys(city) == [str(key) for key in (*range(1, 6), *range(1000, 5500), *range(8000, 11000))]
    assert sum(one["accepted"] for one in said) == 7500
    assert sum(one["accepted"] + one["updated"] + one["unchanged"] for one in said) == 9000
    loads = stcloud.open(city).layer("events").loads
    assert sorted(one.source for one in loads[1:]) == sorted(file.name for file in files)
    assert all(a.recorded_at_us < b.recorded_at_us for a, b in itertools.pairwise(loads))
    assert whole(city)


def test_of_two_that_load_the_same_file_one_says_it_is_known(at_once, city, tmp_path):
    file = numbered(tmp_path / "a.csv", range(1000, 3000))
    said = at_once((city, "events", file), (city, "events", file))
    assert sorted(one.pop("known") for one in said) == [False, True]
    assert said[0] == said[1]
    assert len(stcloud.open(city).layer("events").loads) == 2


def test_first_loads_into_different_layers_run_at_once(at_once, folder, tmp_path):
    """They all make the city's ledger and quarantine: no one may stumble over the other."""
    file, definition = tmp_path / "a.csv", tmp_path / "events.toml"
    file.write_text(rows(50) + "51,bad\n")
    definition.write_text(DEFINITION)
    names = ("north", "south", "east", "west")
    said = at_once(*((folder, name, file) for name in names), definition=definition)
    assert [one.get("accepted") for one in said] == [50] * 4
    opened = stcloud.open(folder)
    assert [one.name for one in opened.layers()] == sorted(names)
    assert all(len(one.loads) == 1 for one in opened.layers())
    assert all(opened.rejected(name).num_rows == 1 for name in names)
    assert whole(folder)


def test_a_layer_that_is_being_loaded_does_not_stop_another(city, tmp_path):
    opened = stcloud.open(city)
    with Folder(city).lock("layer-events", wait_s=0):
        assert opened.load("others", tmp_path / "first.csv", definition=define(), wait_s=0).accepted == 5


def test_who_waits_too_long_for_the_lock_is_told(city, tmp_path):
    file = numbered(tmp_path / "a.csv", [6])
    before = on_disk(city)
    with Folder(city).lock("layer-events", wait_s=0):
        with pytest.raises(Conflict) as told:
            stcloud.open(city).load("events", file, wait_s=0.1)
        assert told.value.kind == "locked"
        assert on_disk(city) == before
    assert stcloud.open(city).load("events", file, wait_s=0).accepted == 1


def overtake_at(monkeypatch, step, times, other):
    """Let another writer, who has no lock either, load while a job of ours is at a step; return our job."""
    left = [times]

    def watch(now, done, total):
        del done, total
        if now.endswith(f": {step}") and left[0]:
            left[0] -= 1
            other(left[0])

    monkeypatch.setattr(Folder, "lock", no_lock)
    return Job(progress=watch)


def test_without_the_lock_the_one_that_comes_later_does_its_work_anew(monkeypatch, city, tmp_path):
    """Law: overlapping writers conflict, and the later one redoes its work; there are no blind appends."""
    mine = numbered(tmp_path / "mine.csv", [5, 6], note="mine")
    theirs = numbered(tmp_path / "theirs.csv", [5, 7], note="theirs")
    job = overtake_at(monkeypatch, "commit", 1, lambda _: stcloud.open(city).load("events", theirs))
    done = stcloud.open(city).load("events", mine, job=job)
    assert (done.accepted, done.updated) == (1, 1)
    assert keys(city) == ["1", "2", "3", "4", "5", "6", "7"]
    found = stcloud.open(city).query("events").what("id = '5'").rows().table
    assert found.column("note").to_pylist() == ["mine"]
    loads = stcloud.open(city).layer("events").loads
    assert [one.source for one in loads] == ["first.csv", "theirs.csv", "mine.csv"]
    assert loads[1].recorded_at_us < loads[2].recorded_at_us
    assert whole(city)


def test_who_is_overtaken_again_and_again_gives_up_and_loses_nothing(monkeypatch, run, city, tmp_path):
    mine = numbered(tmp_path / "mine.csv", [6])

    def other(number):
        stcloud.open(city).load("events", numbered(tmp_path / f"{number}.csv", [100 + number]))

    job = overtake_at(monkeypatch, "commit", 9, other)
    monkeypatch.setattr(again, "_TRIES", 3)
    with pytest.raises(Conflict) as told:
        stcloud.open(city).load("events", mine, job=job)
    assert told.value.kind == "concurrent-commit"
    assert "6" not in keys(city)
    others = len(keys(city)) - 5
    assert others >= 1
    assert len(stcloud.open(city).layer("events").loads) == 1 + others
    assert run("load", city, "events", mine).code == 0
    assert len(keys(city)) == 5 + others + 1
    assert whole(city)


def test_a_conflict_is_exit_code_4(monkeypatch, run, city, tmp_path):
    def overtaken(*_, **__):
        raise Conflict(
            "concurrent-commit", "another writer committed to 'events' meanwhile", hint="try again"
        )

    file = numbered(tmp_path / "a.csv", [6])
    before = on_disk(city)
    monkeypatch.setattr(Table, "commit", overtaken)
    monkeypatch.setattr(again, "_TRIES", 3)
    ended = run("load", city, "events", file)
    assert (ended.code, "try again" in ended.line) == (4, True)
    assert on_disk(city) == before


def test_writers_that_sweep_each_others_files_lose_no_row(monkeypatch, city, tmp_path):
    """Without the lock a second writer may take the first one's files for leftovers: then one fails, in full."""
    mine, theirs = numbered(tmp_path / "mine.csv", [6]), numbered(tmp_path / "theirs.csv", [7])
    job = overtake_at(monkeypatch, "write", 1, lambda _: stcloud.open(city).load("events", theirs))
    try:
        stcloud.open(city).load("events", mine, job=job)
        expected = ["1", "2", "3", "4", "5", "6", "7"]
    except stcloud.StcloudError:
        expected = ["1", "2", "3", "4", "5", "7"]
    assert keys(city) == expected
    assert whole(city)
    stcloud.open(city).load("events", mine)
    assert keys(city) == ["1", "2", "3", "4", "5", "6", "7"]


def test_readers_see_the_old_or_the_new_state_and_never_wait(city, tmp_path):
    opened = stcloud.open(city)
    seen = []

    def look(step, done, total):
        del done, total
        seen.append((step, len(keys(city)), opened.query("events").count([]).table.to_pylist()[0]["count"]))

    opened.load("events", numbered(tmp_path / "a.csv", range(4, 8), note="new"), job=Job(progress=look))
    assert {step.rpartition(": ")[2] for step, *_ in seen} >= {
        "open",
        "read",
        "compare",
        "write",
        "update",
        "commit",
    }
    assert {(some, same) for _, some, same in seen} == {(5, 5)}
    assert len(keys(city)) == 7


def test_a_question_asked_before_a_load_is_answered_after_it(city, tmp_path):
    """A question holds a snapshot: files that a load replaces stay for a day."""
    asked = stcloud.open(city).query("events")
    stcloud.open(city).load("events", numbered(tmp_path / "a.csv", range(1, 5), note="new"))
    stcloud.open(city).vacuum()
    assert set(asked.rows().table.column("note").to_pylist()) <= {"x", "new"}
    assert len(asked.rows()) == 5


def test_many_small_loads_at_once_from_threads(city, tmp_path):
    files = [numbered(tmp_path / f"{number}.csv", [number]) for number in range(100, 112)]
    failed = []

    def load(file):
        try:
            stcloud.open(city).load("events", file)
        except Exception as error:  # noqa: BLE001
            failed.append(error)

    threads = [threading.Thread(target=load, args=(file,)) for file in files]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert not failed
    assert keys(city)[5:] == [str(number) for number in range(100, 112)]
    assert len(stcloud.open(city).layer("events").loads) == 13
    assert whole(city)


STEPS = ("open", "read", "compare", "write", "update", "commit")


@pytest.mark.costly
@pytest.mark.parametrize("step", STEPS)
def test_a_load_cancelled_at_a_step_leaves_the_city_as_it_was(city, tmp_path, step):
    file = tmp_path / "a.csv"
    file.write_text(rows(8, note="new") + "9,bad\n")
    before, reached = on_disk(city), []

    def watch(now, done, total):
        del done, total
        reached.append(now.rpartition(": ")[2])
        if now.endswith(f": {step}"):
            job.cancel()

    job = Job(progress=watch)
    try:
        stcloud.open(city).load("events", file, job=job, max_rejected=1)
    except Cancelled:
        after = on_disk(city)
        assert {name: after[name] for name in before} == before
        assert {name.split("/")[0] for name in after.keys() - before.keys()} <= {"quarantine"}
        assert stcloud.open(city).rejected("events").num_rows == 0
        stcloud.open(city).load("events", file, max_rejected=1)
    else:
        assert step == reached[-1] == "commit"  # too late to cancel
    assert len(keys(city)) == 8
    assert stcloud.open(city).rejected("events").num_rows == 1
    assert whole(city)


@pytest.mark.parametrize("step", ["read", "compare", "write"])
def test_a_first_load_cancelled_at_a_step_leaves_no_layer(folder, tmp_path, step):
    file = tmp_path / "a.csv"
    file.write_text(rows())
    before = on_disk(folder)
    job = Job(progress=lambda now, *_: job.cancel() if now.endswith(f": {step}") else None)
    with pytest.raises(Cancelled):
        stcloud.open(folder).load("events", file, definition=define(), job=job)
    assert on_disk(folder) == before
    assert stcloud.open(folder).layers() == ()


def test_an_interrupt_right_after_the_commit_loses_no_file(monkeypatch, city, tmp_path):
    """The log alone says whether a commit happened: files that it shows are never taken back."""
    meant = Table.snapshot
    armed = []

    def interrupted(self, version=None):
        if armed and armed.pop():
            raise KeyboardInterrupt
        return meant(self, version)

    def commit(self, **named):
        armed.append(True)  # the commit ends with a look at the new version
        return committing(self, **named)

    committing = Table.commit
    monkeypatch.setattr(Table, "snapshot", interrupted)
    monkeypatch.setattr(Table, "commit", commit)
    with pytest.raises(KeyboardInterrupt):
        stcloud.open(city).load("events", numbered(tmp_path / "a.csv", [1, 6], note="new"))
    monkeypatch.undo()
    assert keys(city) == ["1", "2", "3", "4", "5", "6"]
    assert whole(city)
    assert stcloud.open(city).load("events", tmp_path / "a.csv").known


def test_the_lock_ends_with_its_holder(forks, city, tmp_path):
    script = "import sys, time; from pathlib import Path; from stcloud.iaas.store.folder import Folder\n"
    script += (
        "with Folder(Path(args[0])).lock('layer-events', wait_s=0): Path(args[1]).touch(); time.sleep(60)"
    )
    held = tmp_path / "held"
    holder = forks(script, city, held)
    for _ in range(200):
        if held.exists():
            break
        time.sleep(0.05)
    file = numbered(tmp_path / "a.csv", [6])
    with pytest.raises(Conflict):
        stcloud.open(city).load("events", file, wait_s=0)
    holder.kill()
    holder.join()
    assert stcloud.open(city).load("events", file, wait_s=0).accepted == 1


def test_an_interrupt_within_the_commit_loses_no_file(monkeypatch, city, tmp_path):
    def interrupted(*args, **named):
        committing(*args, **named)
        raise KeyboardInterrupt

    committing = DeltaTable.create_write_transaction
    monkeypatch.setattr(DeltaTable, "create_write_transaction", interrupted)
    with pytest.raises(KeyboardInterrupt):
        stcloud.open(city).load("events", numbered(tmp_path / "a.csv", [1, 6], note="new"))
    monkeypatch.undo()
    assert keys(city) == ["1", "2", "3", "4", "5", "6"]
    assert whole(city)
