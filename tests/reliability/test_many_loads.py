"""Many small loads: files, bytes, work and memory of one do not grow with those before it."""

import gc
import json
import math
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

import stcloud
from stcloud.daas.reckoning import Reckoning
from stcloud.iaas.table import checksum
from stcloud.testing.events import HEAD, define, row

ROWS = 30


def file(tmp_path, number):
    path = tmp_path / "part.csv"
    ids = range(number * ROWS, number * ROWS + ROWS)
    path.write_text(
        HEAD + "".join(row(key, at=f"2024-03-{1 + number % 28:02} 10:{key % 60:02}:00") for key in ids)
    )
    return path


def sizes(folder):
    found = [path.stat().st_size for path in folder.rglob("*") if path.is_file()]
    return len(found), sum(found)


@pytest.mark.thorough
def test_of_many_loads_few_files_are_left(folder, tmp_path):
    city = stcloud.open(folder)
    for number in range(45):
        city.load("events", file(tmp_path, number), definition=define())
        assert len(city.layer("events").snapshot.files) <= 14
        assert len(city._catalogue.ledger.table.snapshot().files) <= 14
    assert len([path for path in checksum._seen if path.startswith(str(folder))]) < 60
    assert len(city.query("events").rows()) == 45 * ROWS
    assert [load.accepted for load in stcloud.open(folder).layer("events").loads] == [ROWS] * 45
    city.vacuum(retain_hours=0, force=True)
    assert len(list(folder.glob("*/*.parquet"))) + len(list(folder.glob("*/*/*.parquet"))) <= 28 + 20
    assert not [one for one in city.check() if one.faults]


@pytest.mark.thorough
def test_a_row_is_written_few_times_and_a_month_has_few_files(folder, tmp_path):
    """Law: 3 files a size and month at most; a row is written once a size at most; one new file a load and month."""
    city, loads, months = stcloud.open(folder), 20, 3
    for number in range(loads):
        path = tmp_path / "part.csv"
        ids = range(number * ROWS, number * ROWS + ROWS)
        path.write_text(HEAD + "".join(row(key, at=f"2024-0{3 + key % months}-07 10:00:00") for key in ids))
        city.load("events", path, definition=define())
    actions = [
        json.loads(line)
        for entry in (folder / "layers/events/_delta_log").glob("*.json")
        for line in entry.read_text().splitlines()
    ]
    added = [json.loads(action["add"]["stats"])["numRecords"] for action in actions if "add" in action]
    assert len(added) == loads * months
    sizes_of_rows = 1 + math.floor(math.log(loads * ROWS / months, 4))
    assert loads * ROWS < sum(added) <= loads * ROWS * sizes_of_rows
    assert len(city.layer("events").snapshot.files) <= 3 * sizes_of_rows
    assert len(city.layer("events").snapshot.files) == months * (1 + 1)  # 20 = 16 + 4
    assert len(city.query("events").rows()) == loads * ROWS


def test_no_file_of_a_city_names_the_folder_where_it_was_made(city, tmp_path):
    assert str(tmp_path) in str(city)
    named = [path for path in city.rglob("*") if path.is_file() and b"/tmp/" in path.read_bytes()]
    assert named == []


def test_a_city_that_is_copied_elsewhere_goes_on(city, tmp_path):
    other = tmp_path / "elsewhere" / "copy"
    shutil.copytree(city, other)
    shutil.rmtree(city)
    stcloud.open(other).load("events", file(tmp_path, 9))
    assert len(stcloud.open(other).query("events").rows()) == 5 + ROWS
    assert not [one for one in stcloud.open(other).check() if one.faults]


@dataclass(frozen=True)
class Work:
    """What a run took, by each: calls of functions, and bytes read."""

    calls: float
    read: float


def work(run, times):
    calls = 0

    def count(_frame, event, _argument):
        nonlocal calls
        calls += event in {"call", "c_call"}

    before = bytes_read()
    sys.setprofile(count)
    try:
        for _ in range(times):
            run()
    finally:
        sys.setprofile(None)
    return Work(calls / times, (bytes_read() - before) / times)


def bytes_read():
    return int(Path("/proc/self/io").read_text().split()[1])


def resident_mb():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6


@pytest.mark.slow
def test_a_load_after_two_hundred_others_takes_as_long_and_leaves_as_much(folder, tmp_path):
    city, number = stcloud.open(folder), iter(range(10_000))

    def load():
        city.load("events", file(tmp_path, next(number)), definition=define())

    spent, memory, left = [], [], []
    for _ in range(5):
        spent.append(work(load, 50))
        gc.collect()
        memory.append(resident_mb())
        left.append(sizes(folder))
    assert spent[4].calls < 1.1 * spent[1].calls
    assert spent[4].read < 1.25 * spent[1].read
    assert memory[4] - memory[1] < 12
    (files, weight), (files_before, weight_before) = left[4], left[1]
    assert files <= 6 * 250
    assert weight - weight_before <= 2 * 1.5 * weight_before
    assert files - files_before <= 2 * 1.5 * files_before


@pytest.mark.slow
def test_a_load_after_three_thousand_others_takes_as_long(folder, tmp_path):
    """The others are entries only, as loads leave them in the log and in the ledger: 75 times as many as before.

    Files are few at first, and merged later; so the work of a load is a little more than that of the first ones.
    """
    city, number = stcloud.open(folder), iter(range(10_000))

    def load():
        city.load("events", file(tmp_path, next(number)), definition=define())

    for _ in range(20):
        load()
    early = work(load, 20)
    ledger, table = city._catalogue.ledger, city._catalogue.events("events").table
    at_us = ledger.newest_us("events")
    for past in range(3000):
        entry = Reckoning(
            f"{past:016x}",
            "events",
            "past.csv",
            "changes",
            at_us + past + 1,
            read=30,
            unchanged=30,
            attempt=f"{past:032x}",
        )
        table.commit(after=table.sequence(), note=entry.to_row())
        ledger.write([entry])
    load()
    late = work(load, 20)
    assert late.calls < 1.25 * early.calls
    assert late.read < 1.75 * early.read
    assert len(list((folder / "ledger" / "_delta_log").iterdir())) < 250
    assert len(city.layer("events").loads) == 3000 + 61
