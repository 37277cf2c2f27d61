"""A purge that is killed was not begun, or is completed by the next purge or load; the check names it until then."""

import shutil
import threading

import pytest

import stcloud
from stcloud.errors import Conflict, NotFound
from stcloud.iaas.table import again
from stcloud.testing.events import HEAD, define, row
from stcloud.testing.residue import places_of

SECRET = "SECRET-138"
DIE = """
import importlib, os, stcloud
module, owner, name, when, city = args
place = importlib.import_module(module)
place = getattr(place, owner) if owner else place
meant = getattr(place, name)

def dying(*args, **named):
    if name == "write" and not list(args[1]):  # no entry
        return meant(*args, **named)
    if when == "before":
        os._exit(9)
    meant(*args, **named)
    os._exit(9)

setattr(place, name, dying)
stcloud.open(city).purge("events", what="note = 'SECRET-138'")
"""
PURGE, COMPLETION, ERASURE = (
    "stcloud.daas.purge.purge",
    "stcloud.daas.purge.completion",
    "stcloud.iaas.table.erasure",
)
TABLE = "stcloud.iaas.table.table"
BEGUN = [
    (PURGE, "", "write_purges", "before"),
    (PURGE, "", "write_purges", "after"),
    (TABLE, "DeltaTable", "create_write_transaction", "before"),
]
COMMITTED = [
    (TABLE, "DeltaTable", "create_write_transaction", "after"),
    (COMPLETION, "", "erase", "before"),
    (ERASURE, "", "_overtake", "after"),
    (ERASURE, "", "_renew_checkpoint", "before"),
    (ERASURE, "", "_renew_checkpoint", "after"),
    (ERASURE, "", "_rewrite", "after"),
    (ERASURE, "", "restate_log", "before"),
    (COMPLETION, "", "erase", "after"),
    ("stcloud.daas.quarantine", "Quarantine", "rewrite", "before"),
    ("stcloud.daas.quarantine", "Quarantine", "rewrite", "after"),
    ("stcloud.iaas.store.arrays", "ArrayFolder", "erase", "after"),
    ("stcloud.daas.ledger", "Ledger", "write", "before"),
]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A city with a secret in a row, in its superseded versions, and in the quarantine."""
    place = tmp_path_factory.mktemp("made") / "city"
    stcloud.create(place, crs="EPSG:4548", zone="Asia/Shanghai")
    opened = stcloud.open(place)
    file = place.parent / "first.csv"
    for text in (
        row(1) + row(2, note=SECRET) + f"7,{SECRET},117,31.9,x\n",
        row(2, note="later") + row(3),
        row(4, note=SECRET) + row(1, note="new"),
    ):
        file.write_text(HEAD + text)
        opened.load("events", file, definition=None if opened.layers() else define(), max_rejected="50%")
    return place


@pytest.fixture
def city(made, tmp_path):
    place = tmp_path / "city"
    shutil.copytree(made, place)
    return place


def kill(forks, city, moment):
    process = forks(DIE, *moment, city)
    process.join(60)
    assert process.exitcode == 9


def keys(city, known_at=None):
    query = stcloud.open(city).query("events")
    query = query if known_at is None else query.known_at(known_at)
    return sorted(query.rows().table["id"].to_pylist())


def faults(city):
    return {finding.check for finding in stcloud.open(city).check() if finding.faults}


def load(city, tmp_path):
    file = tmp_path / "next.csv"
    file.write_text(HEAD + row(9))
    stcloud.open(city).load("events", file)


def names(moment):
    return " ".join(part for part in moment[1:] if part)


@pytest.mark.costly
@pytest.mark.parametrize("moment", BEGUN, ids=names)
def test_a_purge_that_dies_before_its_commit_was_not_begun(forks, city, tmp_path, moment):
    pin = stcloud.open(city).query("events").count().pin
    kill(forks, city, moment)
    assert keys(city) == ["1", "2", "3", "4"]
    assert faults(city) == set()
    load(city, tmp_path)
    assert keys(city, pin) == ["1", "2", "3", "4"]
    assert not stcloud.open(city).layer("events").purges
    stcloud.open(city).purge("events", what=f"note = '{SECRET}'")
    assert places_of(city, SECRET) == []
    assert faults(city) == set()


@pytest.mark.costly
@pytest.mark.parametrize(
    ("moment", "finish"),
    [(moment, "again") for moment in COMMITTED] + [(moment, "load") for moment in COMMITTED[::3]],
    ids=lambda part: part if isinstance(part, str) else names(part),
)
def test_a_purge_that_dies_after_its_commit_is_completed(forks, city, tmp_path, moment, finish):
    pin = stcloud.open(city).query("events").count().pin
    kill(forks, city, moment)
    assert keys(city) == ["1", "3"]
    assert "purges" in faults(city)
    with pytest.raises(NotFound) as caught:
        keys(city, pin)
    assert caught.value.kind == "purged"
    if finish == "again":
        stcloud.open(city).purge("events", again=True)
    else:
        load(city, tmp_path)
    assert places_of(city, SECRET) == []
    assert faults(city) == set()
    assert keys(city) == (["1", "3"] if finish == "again" else ["1", "3", "9"])
    assert [entry.mode for entry in stcloud.open(city).layer("events").loads].count("purge") == 1
    with pytest.raises(NotFound):
        keys(city, pin)


def test_a_purge_whose_entry_was_just_written_is_complete(forks, city):
    kill(forks, city, ("stcloud.daas.ledger", "Ledger", "write", "after"))
    assert places_of(city, SECRET) == []
    assert faults(city) == set()


def test_loads_and_purges_at_once_follow_each_other(city, tmp_path):
    problems = []

    def loads(number):
        file = tmp_path / f"{number}.csv"
        try:
            for step in range(3):
                file.write_text(HEAD + row(100 + 10 * number + step, note=SECRET))
                stcloud.open(city).load("events", file)
        except Conflict as error:
            problems.append(error)

    def purges():
        for _ in range(3):
            stcloud.open(city).purge("events", what=f"note = '{SECRET}'")

    threads = [threading.Thread(target=loads, args=(number,)) for number in range(2)] + [
        threading.Thread(target=purges)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stcloud.open(city).purge("events", what=f"note = '{SECRET}'")
    assert not problems
    assert places_of(city, SECRET) == []
    assert faults(city) == set()
    assert keys(city) == ["1", "3"]


def test_a_writer_without_the_lock_makes_the_purge_give_up(city, monkeypatch):
    from stcloud.iaas.table.table import Table

    opened = stcloud.open(city)
    meant = Table.commit
    pin = opened.query("events").count().pin

    def overtaken(self, **options):
        if options.get("note"):
            other = Table(self.root)
            meant(other, after=other.sequence())
        return meant(self, **options)

    monkeypatch.setattr(Table, "commit", overtaken)
    monkeypatch.setattr(again, "_TRIES", 3)
    with pytest.raises(Conflict):
        opened.purge("events", what=f"note = '{SECRET}'")
    monkeypatch.undo()
    assert keys(city) == ["1", "2", "3", "4"]
    assert keys(city, pin) == ["1", "2", "3", "4"]
    assert faults(city) == set()


def test_a_reader_that_holds_a_replaced_file_is_told_to_try_again(city):
    begun = stcloud.open(city).query("events")
    stcloud.open(city).purge("events", what=f"note = '{SECRET}'")
    with pytest.raises(Conflict) as caught:
        begun.rows()
    assert caught.value.kind == "changed-meanwhile"
