"""A load that is killed leaves the layer as it was or as it should be, and the next load as if nothing had been."""

import json
import random
import shutil
import signal
import time

import duckdb
import pytest

import stcloud
from stcloud.testing.events import HEAD, OPTIONS, define, on_disk, row, rows

LOAD = """
import stcloud
city, layer, file = args
stcloud.open(city).load(layer, file, max_rejected="50%")
"""

SHOWN = """
SELECT count(*), sum(hash(st_key, st_time, st_x, note)) FROM read_parquet($files, union_by_name = true)
WHERE epoch_us(st_recorded_from) <= $at AND coalesce(epoch_us(st_recorded_to) > $at, true)
"""


def believed(city, known_at=2**60):
    """Number and digest of the rows that the layer shows, in any order; instants of recording left out."""
    paths = stcloud.open(city).layer("events").snapshot.paths()
    with duckdb.connect() as connection:
        return connection.execute(SHOWN, {"files": paths, "at": known_at}).fetchone()


def faults(city):
    return [(one.check, one.example) for one in stcloud.open(city).check() if one.faults]


def leftovers(city):
    """Files that no log knows of: staging of any kind, data files that no version of a layer shows."""
    known = {
        file.path
        for layer in stcloud.open(city).layers()
        for version in range(layer.snapshot.version + 1)
        for file in stcloud.open(city)._catalogue.events(layer.name).table.snapshot(version).files
    }
    data = {path.name for path in city.glob("layers/*/*.parquet")}
    staged = {name for name in on_disk(city) if "_staged" in name or "staging" in name or "/." in name[1:]}
    return (data - known) | staged


# Deterministic: death right before and right after every step

UPDATE = HEAD + row(1) + row(2, note="new") + row(6) + "7,bad\n"
COUNTS = {"accepted": 1, "updated": 1, "unchanged": 1, "rejected": 1}
LAYER, QUARANTINE = "stcloud.daas.table.layer", "stcloud.daas.quarantine"
TABLE = "stcloud.iaas.table.table"
MOMENTS = [
    ("stcloud.iaas.table.sorter", "Sorter", "flush", "before"),
    (LAYER, "LayerTable", "writable_schema", "before"),
    (LAYER, "LayerTable", "writable_schema", "after"),
    (LAYER, "EventLayer", "write", "after"),
    (LAYER, "EventLayer", "close_rows", "after"),
    (QUARANTINE, "Quarantine", "write", "before"),
    (QUARANTINE, "Quarantine", "write", "after"),
    (TABLE, "Table", "commit", "before"),
    (TABLE, "DeltaTable", "create_write_transaction", "before"),
    (TABLE, "DeltaTable", "create_write_transaction", "after"),
    (LAYER, "EventLayer", "compact", "before"),
    (LAYER, "EventLayer", "compact", "after"),
]
COMMITTED = [("create_write_transaction", "after"), ("compact", "before"), ("compact", "after")]


def moments(*skipped):
    return [pytest.param(one, id=" ".join((one[3], *one[1:3]))) for one in MOMENTS if one[2] not in skipped]


@pytest.mark.costly
@pytest.mark.parametrize("moment", moments())
def test_an_update_that_dies_at_a_step_is_whole_or_absent(die, city, tmp_path, moment):
    file = tmp_path / "update.csv"
    file.write_text(UPDATE)
    first = stcloud.open(city).layer("events").loads[0].recorded_at_us
    before = believed(city)
    die(moment, city, "events", file, definition=define(), max_rejected="50%")

    done = believed(city)
    assert done[0] == before[0] + (1 if done != before else 0)
    assert believed(city, known_at=first) == before
    assert faults(city) == []
    if moment[2:] in COMMITTED:
        assert done != before

    again = stcloud.open(city).load("events", file, max_rejected="50%")
    assert again.known == (done != before)
    assert again.counts.items() >= COUNTS.items()
    assert again.adds_up
    assert believed(city)[0] == 6
    assert believed(city, known_at=first) == before
    loads = stcloud.open(city).layer("events").loads
    assert [one.source for one in loads] == ["first.csv", "update.csv"]
    rejected = stcloud.open(city).rejected("events").to_pylist()
    assert [(one["row"], one["value"]) for one in rejected] == [(4, "7,bad")]
    if moment[2] != "create_write_transaction":
        assert leftovers(city) == set()
    assert faults(city) == []


@pytest.mark.costly
@pytest.mark.parametrize("moment", moments("flush", "close_rows", "compact"))
def test_a_first_load_that_dies_at_a_step_is_whole_or_absent(die, folder, tmp_path, moment):
    file = tmp_path / "first.csv"
    file.write_text(rows() + "7,bad\n")
    die(moment, folder, "events", file, definition=define(), max_rejected="50%")

    layers = [one.name for one in stcloud.open(folder).layers()]
    assert layers in ([], ["events"])
    if moment[2:] in COMMITTED:
        assert layers == ["events"]
    assert faults(folder) == []

    other = define() if layers else define(note="text", lon="text")  # what was never loaded binds nobody
    again = stcloud.open(folder).load("events", file, definition=other, max_rejected="50%")
    assert again.known == bool(layers)
    assert (again.read, again.accepted, again.rejected) == (6, 5, 1)
    assert believed(folder)[0] == 5
    assert faults(folder) == []


def test_a_load_that_dies_after_its_commit_is_known_to_the_command_line(die, run, city, tmp_path):
    file = tmp_path / "update.csv"
    file.write_text(UPDATE)
    die((TABLE, "Table", "commit", "after"), city, "events", file, definition=define(), max_rejected="50%")
    assert run("check", city).code == 0
    told = json.loads(run("layers", city, "events", "-f", "json").out)
    assert [one["source"] for one in told["loads"]] == ["first.csv", "update.csv"]
    ended = run("load", city, "events", file, *OPTIONS)
    assert (ended.code, "was loaded already" in ended.err) == (0, True)


# Random: fifty kills, spread over the whole of a load


ROWS = 120_000
CHANGED = 3  # every third row is changed by the new version, which also brings a tenth more


def version(number):
    """The whole of a large file: a row changes in version 2 when its number divides by three."""
    many = ROWS if number == 1 else ROWS + ROWS // 10
    spread = [f"2024-{1 + at % 6:02}-{1 + at % 28:02} 10:00:00" for at in range(168)]
    lines = [
        row(at, at=spread[at % 168], note="new" if number == 2 and at % CHANGED == 0 else "old")
        for at in range(many)
    ]
    return HEAD + "".join(lines)


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """A city that holds version 1, and version 2 in a file beside it."""
    place = tmp_path_factory.mktemp("large")
    for number in (1, 2):
        (place / f"v{number}.csv").write_text(version(number))
    stcloud.create(place / "city", crs="EPSG:4548", zone="Asia/Shanghai")
    stcloud.open(place / "city").load("events", place / "v1.csv", definition=define())
    return place


def copied(large, tmp_path, number):
    place = tmp_path / f"city-{number}"
    shutil.copytree(large / "city", place)
    return place


@pytest.mark.slow
def test_fifty_kills_at_random_moments(forks, large, tmp_path):
    chance = random.Random(20240305)
    whole = copied(large, tmp_path, "whole")
    old, first = believed(whole), stcloud.open(whole).layer("events").loads[0].recorded_at_us
    start = time.monotonic()
    process = forks(LOAD, whole, "events", large / "v2.csv")
    process.join()
    lasts_s = time.monotonic() - start
    assert process.exitcode == 0
    new = believed(whole)
    assert (old[0], new[0]) == (ROWS, ROWS + ROWS // 10)
    assert believed(whole, known_at=first) == old
    expected = stcloud.open(whole).layer("events").loads[1].counts
    small = tmp_path / "small.csv"
    small.write_text(
        HEAD + row(ROWS * 2, note="added") + row(CHANGED, note="newer") + version(1).splitlines(True)[2]
    )

    ends, orphaned = {"old": 0, "new": 0}, 0
    for number in range(50):
        place = copied(large, tmp_path, number)
        process = forks(LOAD, place, "events", large / "v2.csv")
        time.sleep((number + chance.random()) / 50 * lasts_s * 1.1)
        process.kill()
        process.join()
        assert process.exitcode in (0, -signal.SIGKILL)

        shown = believed(place)
        assert shown in (old, new), number
        assert believed(place, known_at=first) == old
        assert faults(place) == []
        ends["old" if shown == old else "new"] += 1
        reckoning = stcloud.open(place).load("events", small)
        assert (reckoning.accepted, reckoning.updated, reckoning.unchanged) == (1, 1, 1)
        left = leftovers(place)
        assert not [name for name in left if "stag" in name]
        orphaned += bool(left)
        again = (
            stcloud.open(place).load("events", large / "v2.csv") if shown == new or number % 10 == 0 else None
        )
        if again is not None:
            assert again.known == (shown == new)
            assert shown == old or again.counts == expected
            assert believed(place, known_at=first) == old
            assert faults(place) == []
    assert ends["old"]
    assert orphaned <= 2  # between the placing of files and their commit; vacuum finds them
