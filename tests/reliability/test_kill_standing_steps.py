"""Standing questions of a feed, killed at any step: alerts are those of an undisturbed run, and all are delivered.

In a folder the process dies before each of its steps on disk; in a bucket the machine dies at each of its requests,
and another one goes on. The clock stands still, so that recorded instants are the same whatever is killed.
"""

import contextlib
import importlib
import json
import os
import shutil

import pytest

import stcloud
from stcloud.city import standinglayer
from stcloud.city.city import City
from stcloud.daas.configuration import CityConfiguration
from stcloud.iaas.store.folder import Folder
from stcloud.saas.delivery import delivered
from stcloud.saas.feed import Listener
from stcloud.testing.feeds import MemoryFeed, numbered
from stcloud.testing.machines import Death, Machine

NOW_US, DAY_US = 1_709_300_000_000_000, 86_400_000_000
RULE = {
    "id": "busy", "at_least": 2, "within": "1h", "from": "2024-01-01",
    "question": {"layer": "requests", "by": "unit"},
}  # fmt: skip
OPTIONS = {"key": "id", "time": "at", "lon": "lon", "lat": "lat"}


def row(name, minute, unit):
    return {"id": name, "at": f"2024-03-01T{minute}:00Z", "lon": 117.0, "lat": 24.0, "unit": unit}


MESSAGES = (
    numbered(1, row("a", "10:00", "u1"), row("b", "10:10", "u1")),  # raises an alert
    numbered(
        2, row("b", "10:20", "u1"), row("d", "10:20", "u2"), row("e", "10:30", "u2")
    ),  # corrects it; another
    numbered(3, row("f", "15:00", "u9")),  # both are over
)


def prepare(city):
    """Have a layer and a rule, and keep how far it was evaluated."""
    listen(city, (numbered(0, row("first", "09:00", "u0")),))
    city.standing.add(RULE)
    city.standing.run()


def listen(city, messages, on_batch=lambda _: None):
    Listener(
        city, "requests", MemoryFeed(messages, at_once=1), every_s=0, options=OPTIONS, on_batch=on_batch
    ).run(until_idle=True)


def act(city, to):
    """Listen, and deliver after each batch."""
    standinglayer.LOADS_KEPT = 2  # in a process that ends, or until the test does
    listen(city, MESSAGES, lambda _: deliver(city, to))


def deliver(city, to):
    with city.standing.outbox("desk") as waiting:
        delivered(waiting.outbox, str(to))


def alerts(city):
    """Return the rows of alerts, without the recorded instants of their own layer."""
    if "alerts" not in [layer.name for layer in city.layers()]:
        return []
    rows = city.query("alerts").to_arrow().to_pylist()
    kept = [{name: value for name, value in row.items() if not name.startswith("st_")} for row in rows]
    return sorted(kept, key=lambda row: (row["raised_at"], row["group"]))


def lines(path):
    return path.read_text().splitlines() if path.exists() else []


def check(opened, to, expected):
    """Go on after a death: alerts and notices are those of an undisturbed run.

    ``opened`` opens the city with a clock that is so much later: what a dead one had in hand is free a minute later.
    """
    rows, sent = expected
    before = lines(to)
    with opened(0) as city:
        recorded = {row["alert"] for row in alerts(city)}
        assert {json.loads(line)["alert"] for line in before} <= recorded  # nothing else is delivered
        listen(city, MESSAGES, lambda _: deliver(city, to))
        assert alerts(city) == rows
    with opened(DAY_US) as city:
        deliver(city, to)
    assert sorted(set(lines(to))) == sorted(sent)
    assert len(lines(to)) <= len(sent) + 3  # what was in hand comes again


@pytest.fixture(autouse=True)
def kept_often(monkeypatch):
    monkeypatch.setattr(standinglayer, "LOADS_KEPT", 2)


STEPS = (
    "stcloud.iaas.store.local.LocalStore.put",
    "stcloud.iaas.store.local.LocalStore.put_if_absent",
    "stcloud.iaas.store.local.LocalStore.delete",
    "stcloud.iaas.table.table.DeltaTable.create_write_transaction",
    "stcloud.iaas.records.outbox.Outbox.put",
    "stcloud.saas.delivery.FileReceiver.send",
    "stcloud.iaas.records.outbox.Outbox.done",
)
"""What changes something on disk: between two of them nothing does, so that death comes before each of them, once."""
PROCESS = """
from tests.reliability import test_kill_standing_steps as here
here.act_and_die(*args)
"""


def act_and_die(folder, to, dies, log):
    """Act in a process that ends before one of its steps; note the number of steps."""
    steps = 0

    def counting(meant):
        def dying(*args, **named):
            nonlocal steps
            if ".work/" in str(args[1:2]):  # a probe
                return meant(*args, **named)
            if steps == dies:
                os._exit(9)
            steps += 1
            return meant(*args, **named)

        return dying

    for step in STEPS:
        module, owner, name = step.rsplit(".", 2)
        owner = getattr(importlib.import_module(module), owner)
        setattr(owner, name, counting(getattr(owner, name)))
    with in_folder(folder)(0) as city:
        act(city, to)
    log.write_text(str(steps))


def in_folder(place):
    configuration = CityConfiguration.from_toml((place / "city.toml").read_text())
    return lambda later_us: City(Folder(place), configuration, clock=lambda: NOW_US + later_us)


@pytest.fixture(scope="module")
def folder(tmp_path_factory, forks):
    """A city, how many steps an undisturbed run has, and what comes out of it."""
    place = tmp_path_factory.mktemp("folder")
    stcloud.create(place / "model", crs="EPSG:4548", zone="America/New_York").close()
    with in_folder(place / "model")(0) as city:
        prepare(city)
    shutil.copytree(place / "model", place / "twin")
    process = forks(PROCESS, place / "twin", place / "sent", -1, place / "steps")
    process.join(60)
    assert process.exitcode == 0
    with in_folder(place / "twin")(0) as city:
        return place / "model", int((place / "steps").read_text()), (alerts(city), lines(place / "sent"))


def test_an_undisturbed_run(folder):
    _, steps, (rows, sent) = folder
    assert [(row["group"], row["status"], row["rows"]) for row in rows] == [
        ("u1", "ended", 2),
        ("u2", "ended", 2),
    ]
    assert [json.loads(line)["status"] for line in sent] == ["open", "open", "ended", "ended"]
    assert steps > 20


PARTS = 16
EACH = [0, *(pytest.param(part, marks=pytest.mark.slow) for part in range(1, PARTS))]
"""All steps in a slow run, each sixteenth in a quick one."""


@pytest.mark.costly
@pytest.mark.parametrize("part", EACH)
def test_a_process_that_dies_at_a_step(folder, forks, tmp_path, part):
    model, steps, expected = folder
    for number in range(part, steps, PARTS):
        place = tmp_path / str(number)
        shutil.copytree(model, place / "city")
        process = forks(PROCESS, place / "city", place / "sent", number, place / "steps")
        process.join(60)
        assert process.exitcode == 9
        check(in_folder(place / "city"), place / "sent", expected)


def machine(cache, bucket, later_us=0):
    return Machine(cache, bucket, lambda: NOW_US + later_us)


def on_another(place):
    return lambda later_us: machine(place / "other", place / "bucket", later_us).open()


@pytest.fixture(scope="module")
def bucket(tmp_path_factory):
    """A city, the numbers of an undisturbed run's requests, and what comes out of it."""
    place = tmp_path_factory.mktemp("bucket")
    with machine(place / "founder", place / "model").create() as city:
        prepare(city)
    shutil.copytree(place / "model", place / "twin")
    twin = machine(place / "counting", place / "twin")
    with pytest.MonkeyPatch.context() as patch, twin.open() as city:
        patch.setattr(standinglayer, "LOADS_KEPT", 2)
        act(city, place / "sent")
        numbers = [number for number, name in enumerate(twin.store.requests) if is_seen(name)]
        return place / "model", numbers, (alerts(city), lines(place / "sent"))


def is_seen(request):
    """Return whether others see what a request changed: neither a probe, nor a file that no commit names yet."""
    return ".work/" not in request and not request.endswith(".parquet")


@pytest.mark.costly
@pytest.mark.parametrize("part", EACH)
def test_a_machine_that_dies_at_a_request(bucket, tmp_path, part):
    model, numbers, expected = bucket
    for number in numbers[part::PARTS]:
        place = tmp_path / str(number)
        shutil.copytree(model, place / "bucket")
        dying = machine(place / "dying", place / "bucket")
        dying.store.dies = (number, "after")
        with contextlib.suppress(Death), dying.open() as city:
            act(city, place / "sent")
        check(on_another(place), place / "sent", expected)
