"""A listener that is killed at any step: each message is applied once, and acknowledged after it is visible."""

import contextlib
import json
import shutil

import pytest

import stcloud
from stcloud.saas.feed import Listener
from stcloud.testing.feeds import MemoryFeed, numbered
from stcloud.testing.machines import Death, Machine

OPTIONS = {"key": "id", "time": "at", "lon": "lon", "lat": "lat"}


def event(name, note):
    return {"id": name, "at": "2024-03-01T10:00:00Z", "lon": 117.2, "lat": 31.9, "note": note}


FIRST = numbered(1, event("a", "1"), event("b", "1"))
SECOND = numbered(2, event("a", "2"), event("c", "2"))
THIRD = numbered(3, event("a", "3"), {"id": "bad", "at": "never"})
POISON = numbered(4)
POISON = type(POISON)(b"{", place=POISON.place)


def listen(city, *messages):
    feed = MemoryFeed(messages)
    Listener(city, "events", feed, every_s=0, options=OPTIONS).run(until_idle=True)
    return feed


def state(city):
    """Return what the layer believes now, and every belief in the order of recorded time, without instants."""
    if not city.layers():
        return {}, []
    snapshot = city.layer("events").snapshot
    rows = snapshot.read(snapshot.files).sort_by("st_recorded_from").to_pylist()
    now = {row["id"]: row["note"] for row in city.query("events").to_arrow().to_pylist()}
    return now, sorted((row["id"], row["note"]) for row in rows)


def check(city, before_is_there):
    """Give every message again, old ones last: nothing is applied twice, and nothing is lost."""
    feed = listen(city, THIRD, POISON, SECOND)
    listen(city, FIRST, SECOND)
    now, beliefs = state(city)
    assert now == {"a": "3", "b": "1", "c": "2"}
    assert beliefs == sorted([("a", "1"), ("a", "3"), ("b", "1"), ("c", "2")]), before_is_there
    assert len(feed.acknowledged) + len(feed.refused) == 3
    rejected = sorted(row["reason"].partition(":")[0] for row in city.rejected("events").to_pylist())
    assert rejected == ["unreadable-source", "unreadable-time"]
    assert [finding for finding in city.check() if finding.faults] == []


DIE = """
import importlib, os, pickle, stcloud
from stcloud.saas.feed import Listener
from stcloud.testing.feeds import MemoryFeed
module, owner, method, when, city, messages, options, acknowledged = args
owner = getattr(importlib.import_module(module), owner)
meant = getattr(owner, method)

def dying(*args, **named):
    where = str(getattr(args[0], "root", None) or getattr(args[0], "table_uri", "/layers/"))
    if "/layers/" not in where:
        return meant(*args, **named)
    if when == "before":
        os._exit(9)
    meant(*args, **named)
    os._exit(9)

class Broker(MemoryFeed):
    def acknowledge(self, given):
        with open(acknowledged, "a") as log:
            log.write("".join(f"{message.place.number}\\n" for message in given))

setattr(owner, method, dying)
Listener(stcloud.open(city), "events", Broker(messages), every_s=0, options=options).run(until_idle=True)
"""
FEED, APPLIED = "stcloud.testing.feeds", "stcloud.saas.feed.applied"
MOMENTS = [
    (FEED, "MemoryFeed", "take", "after"),
    (APPLIED, "Applied", "begin", "before"),
    (APPLIED, "Applied", "begin", "after"),
    ("stcloud.daas.table.layer", "EventLayer", "write", "after"),
    ("stcloud.iaas.table.table", "DeltaTable", "create_write_transaction", "before"),
    ("stcloud.iaas.table.table", "DeltaTable", "create_write_transaction", "after"),
    ("stcloud.daas.ledger", "Ledger", "write", "before"),
    ("stcloud.daas.ledger", "Ledger", "write", "after"),
    (APPLIED, "Applied", "finish", "before"),
    (APPLIED, "Applied", "finish", "after"),
    (FEED, "MemoryFeed", "refuse", "before"),
    (FEED, "MemoryFeed", "refuse", "after"),
]


@pytest.fixture
def city(tmp_path):
    return stcloud.create(tmp_path / "city", crs="EPSG:4548", zone="Asia/Shanghai")


@pytest.mark.costly
@pytest.mark.parametrize("moment", MOMENTS, ids=lambda moment: " ".join((moment[3], *moment[1:3])))
def test_a_listener_that_dies_at_a_step_has_applied_all_of_a_batch_or_nothing(forks, city, tmp_path, moment):
    listen(city, FIRST)
    before = state(city)
    log = tmp_path / "acknowledged"
    process = forks(DIE, *moment, str(tmp_path / "city"), [THIRD, SECOND, POISON], OPTIONS, str(log))
    process.join(60)
    assert process.exitcode == 9
    with stcloud.open(tmp_path / "city") as after:
        done = state(after)
        applied = done != before
        if applied:
            assert done[0] == {"a": "3", "b": "1", "c": "2"}
        if log.exists():
            assert applied  # acknowledged after it is visible
        check(after, applied)


def requests_of(folder, bucket):
    twin = Machine(folder / "counting", folder / "twin")
    shutil.copytree(bucket, twin.bucket)
    with twin.open() as city:
        before = len(twin.store.requests)
        listen(city, THIRD, SECOND, POISON)
        return before, len(twin.store.requests)


@pytest.mark.costly
@pytest.mark.parametrize("part", range(4))
@pytest.mark.parametrize("side", ["before", "after"])
def test_a_machine_that_dies_at_a_request_has_applied_all_of_a_batch_or_nothing(tmp_path, side, part):
    bucket = tmp_path / "bucket"
    founder = Machine(tmp_path / "founder", bucket)
    founder.create().close()
    with founder.open() as city:
        listen(city, FIRST)
    start, end = requests_of(tmp_path, bucket)
    assert end > start
    for number in range(start + part, end, 4):
        place = tmp_path / f"bucket-{number}"
        shutil.copytree(bucket, place)
        dying = Machine(tmp_path / f"d{number}", place)
        city = dying.open()
        dying.store.dies = (number, side)
        feed = MemoryFeed([THIRD, SECOND, POISON])
        with contextlib.suppress(Death):
            Listener(city, "events", feed, every_s=0, options=OPTIONS).run(until_idle=True)
        with Machine(tmp_path / f"o{number}", place).open() as other:
            if feed.acknowledged:
                assert state(other)[0] == {"a": "3", "b": "1", "c": "2"}
            check(other, dying.store.requests[number])


def test_a_listener_on_another_machine_is_noticed(tmp_path):
    bucket = tmp_path / "bucket"
    Machine(tmp_path / "founder", bucket).create().close()
    with Machine(tmp_path / "a", bucket).open() as one, Machine(tmp_path / "b", bucket).open() as other:
        feed = MemoryFeed([FIRST, SECOND], at_once=1)
        seen = []

        def meanwhile(_):
            if not seen:
                seen.append(listen(other, numbered(9, event("z", "9"))))

        with pytest.raises(stcloud.errors.Conflict) as refused:
            Listener(one, "events", feed, every_s=0, options=OPTIONS, on_batch=meanwhile).run(until_idle=True)
        assert refused.value.kind == "another-listener"
        assert json.loads(feed.waiting[0].body)
