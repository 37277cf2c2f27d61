"""A receiver that is killed at any step has received a package whole or not at all, and the same call goes on."""

import contextlib
import shutil

import pytest

import stcloud
from stcloud.testing.exchange import Sender, Ticking
from stcloud.testing.machines import Death, Machine

RECEIVE = """
import importlib, os, stcloud
city, module, owner, method, when, package = args
owner = getattr(importlib.import_module(module), owner)
meant = getattr(owner, method)

def dying(*args, **named):
    where = str(getattr(args[0], "root", None) or getattr(args[0], "table_uri", "/layers/"))
    if "/layers/" not in where or args[1:] == ([],):  # a ledger that there is nothing to write to
        return meant(*args, **named)
    if when == "before":
        os._exit(9)
    meant(*args, **named)
    os._exit(9)

setattr(owner, method, dying)
stcloud.open(city).receive(package)
"""
MOMENTS = [
    ("stcloud.iaas.package.packagefile", "PackageFile", "extract", "after"),
    ("stcloud.daas.table.layer", "EventLayer", "write", "after"),
    ("stcloud.iaas.table.table", "DeltaTable", "create_write_transaction", "before"),
    ("stcloud.iaas.table.table", "DeltaTable", "create_write_transaction", "after"),
    ("stcloud.daas.ledger", "Ledger", "write", "before"),
    ("stcloud.daas.ledger", "Ledger", "write", "after"),
    ("stcloud.daas.description", "LayerDescriptions", "write", "before"),
    ("stcloud.daas.description", "LayerDescriptions", "write", "after"),
]


@pytest.fixture
def sender(tmp_path):
    sender = Sender(tmp_path, Ticking())
    sender.load(1, 2)
    sender.city.describe("events", owner="Roads")
    return sender


@pytest.fixture
def packages(sender):
    """Return a package from the beginning, and one that follows it."""
    first = sender.pack()
    sender.load(2, 3, note="later")
    sender.load(1, mode="delete")
    return first, sender.pack(first)


def rows(city):
    layer = city.layer("events")
    return city.query("events").rows().table.to_pylist(), layer.loads, layer.snapshot.rows


def check(city, sender, packages, done):
    """Assert that a city has received the first so many packages as a whole; receive all of them once more."""
    assert len(city.layers()) == min(done, 1)
    if done:
        assert city.query("events").count().table.to_pylist() == [{"count": 2}]
        assert len(city.layer("events").loads) == (1 if done == 1 else 3)
    for package in packages:
        city.receive(package)
    assert rows(city)[:2] == rows(sender.city)[:2]
    assert city.layer("events").description.owner == "Roads"
    assert sum(load.mode == "receive" for load in city.parts.catalogue.ledger.loads("events")) == 2
    assert [finding for finding in city.check() if finding.faults] == []


@pytest.mark.costly
@pytest.mark.parametrize("before", [0, 1])
@pytest.mark.parametrize("moment", MOMENTS, ids=lambda moment: " ".join((moment[3], *moment[1:3])))
def test_a_receiver_that_dies_at_a_step_has_all_or_nothing(forks, sender, packages, tmp_path, moment, before):
    place = tmp_path / "city"
    stcloud.create(place, crs="EPSG:4548", zone="Asia/Shanghai")
    for package in packages[:before]:
        stcloud.open(place).receive(package)
    process = forks(RECEIVE, str(place), *moment, str(packages[before]))
    process.join(60)
    described_before = before == 1 and moment[1] == "LayerDescriptions"  # nothing is to be written then
    assert process.exitcode == (0 if described_before else 9)
    committed = moment[1] in ("Ledger", "LayerDescriptions") or moment[2:] == (
        "create_write_transaction",
        "after",
    )
    with stcloud.open(place) as city:
        founding = before == 0 and moment[2] == "create_write_transaction"  # the table of a layer comes first
        done = before + committed if not founding else len(city.layers())
        check(city, sender, packages, done)


def dying_city(folder, name, bucket):
    place = folder / f"bucket-{name}"
    shutil.copytree(bucket, place)
    return Machine(folder / f"d{name}", place), place


@pytest.mark.costly
@pytest.mark.parametrize("before", [0, 1])
@pytest.mark.parametrize("side", ["before", "after"])
def test_a_machine_that_dies_at_a_request_has_all_or_nothing(sender, packages, tmp_path, side, before):
    bucket = tmp_path / "bucket"
    founder = Machine(tmp_path / "founder", bucket)
    founder.create().close()
    with founder.open() as city:
        for package in packages[:before]:
            city.receive(package)
    counting, _ = dying_city(tmp_path, "counting", bucket)
    with counting.open() as city:
        start = len(counting.store.requests)
        city.receive(packages[before])
    end = len(counting.store.requests)
    assert end > start
    for number in range(start, end):
        machine, place = dying_city(tmp_path, str(number), bucket)
        city = machine.open()
        machine.store.dies = (number, side)
        with contextlib.suppress(Death):
            city.receive(packages[before])
        with Machine(tmp_path / f"o{number}", place).open() as other:
            done = len(other.layers()) and (1 if len(other.layer("events").loads) == 1 else 2)
            assert done in (before, before + 1)
            check(other, sender, packages, done)
