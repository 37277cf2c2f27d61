"""A renaming, or the deletion of a renamed layer, that is killed at a step has happened as a whole or not at all."""

import os
import random
import signal
import time

import pytest

import stcloud
from stcloud.errors import NotFound
from stcloud.iaas.store.model import is_temporary
from stcloud.testing.events import define, on_disk

DO = """
import importlib, os, stcloud
city, owner, method, nth, when, action, names = args
module, owner = owner.rsplit(".", 1)
owner = getattr(importlib.import_module(module), owner)
meant = getattr(owner, method)
calls = 0

def dying(*args, **named):
    global calls
    calls += 1
    if (calls, when) == (nth, "before"):
        os._exit(9)
    result = meant(*args, **named)
    if calls == nth:
        os._exit(9)
    return result

setattr(owner, method, dying)
getattr(stcloud.open(city), action)(*names)
"""
RENAME = "import stcloud\ncity, = args\nstcloud.open(city).rename('events', 'calls')"
BACK_AND_FORTH = """
import stcloud
city, = args
opened = stcloud.open(city)
while True:
    opened.rename('events', 'calls')
    opened.rename('calls', 'events')
"""
STORE, NAMES, TABLE = (
    "stcloud.iaas.store.local.LocalStore", "stcloud.daas.names.LayerNames", "stcloud.iaas.table.table.Table",
)  # fmt: skip
LEDGER = "stcloud.daas.ledger.Ledger"
WRITES = [(nth, when) for nth in (1, 2, 3) for when in ("before", "after")]  # names, format, names


def faults(opened):
    return [(finding.check, finding.example) for finding in opened.check() if finding.faults]


def whole_under(city, name, other):
    """Assert that the layer has one name and all that it had, and can be renamed and loaded."""
    opened = stcloud.open(city)
    assert [layer.name for layer in opened.layers()] == [name]
    assert opened.query(name).count([]).table.to_pylist() == [{"count": 5}]
    assert [load.source for load in opened.layer(name).loads] == ["first.csv"]
    with pytest.raises(NotFound):
        opened.query(other)
    assert opened.load(name, city.parent / "first.csv").known
    assert faults(opened) == []
    assert hidden(city) == []


def hidden(city):
    return [path for path in on_disk(city) if "/." in f"/{path}" and ".work" not in path]


@pytest.mark.costly
@pytest.mark.parametrize("moment", WRITES, ids=str)
def test_a_renaming_that_dies_at_a_write_is_whole_or_absent(forks, city, moment):
    process = forks(DO, city, STORE, "put", *moment, "rename", ("events", "calls"))
    process.join(60)
    assert process.exitcode == 9
    done = moment == (3, "after")
    whole_under(city, *(("calls", "events") if done else ("events", "calls")))
    assert stcloud.open(city).rename("events", "calls") is not done
    whole_under(city, "calls", "events")


DELETIONS = [
    (LEDGER, "delete", 1, "before"),
    (LEDGER, "delete", 1, "after"),
    (TABLE, "drop", 1, "after"),
    (NAMES, "forget", 1, "before"),
    (NAMES, "forget", 1, "after"),
]


@pytest.mark.costly
@pytest.mark.parametrize("name", ["calls", "events", "reports"])
@pytest.mark.parametrize("moment", DELETIONS, ids=str)
def test_a_deletion_of_a_renamed_layer_that_dies_leaves_its_names_free(forks, city, moment, name):
    opened = stcloud.open(city)
    opened.rename("events", "reports")
    opened.rename("reports", "calls")
    process = forks(DO, city, *moment, "delete", ("calls",))
    process.join(60)
    assert process.exitcode == 9
    opened = stcloud.open(city)
    assert opened.layers() == ()
    done = opened.load(name, city.parent / "first.csv", definition=define())
    assert (done.known, done.accepted, done.layer) == (False, 5, name)
    assert [layer.name for layer in opened.layers()] == [name]
    assert len(opened.layer(name).loads) == 1
    for other in {"calls", "events", "reports"} - {name}:
        assert opened.load(other, city.parent / "first.csv", definition=define()).layer == other
    assert faults(opened) == []


@pytest.mark.thorough
def test_kills_at_random_moments(forks, city):
    chance = random.Random(20240310)
    for _ in range(12):
        process = forks(BACK_AND_FORTH, city)
        time.sleep(0.1 + chance.random() / 4)
        process.kill()
        process.join()
        assert process.exitcode == -signal.SIGKILL
        for path in hidden(city):  # the file of names, killed between its first byte and its place
            assert is_temporary(path)
            os.utime(city / path, (0, 0))
        stcloud.open(city).vacuum()
        (layer,) = stcloud.open(city).layers()
        whole_under(city, *(("calls", "events") if layer.name == "calls" else ("events", "calls")))


def test_two_renamings_at_once_give_one_name(forks, city):
    processes = [forks(RENAME, city) for _ in range(3)]
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0, 0]
    whole_under(city, "calls", "events")
