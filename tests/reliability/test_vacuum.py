"""A vacuum beside loads and queries: whatever it is told to keep, nothing is lost."""

import time

import pytest

import stcloud
from stcloud.errors import InvalidInput
from stcloud.iaas.store.folder import Folder
from stcloud.testing.events import HEAD, define, on_disk, row

LOAD = """
import pathlib, stcloud
from stcloud.testing.events import HEAD, row
city, folder, worker, count = args
for number in range(count):
    file = pathlib.Path(folder) / f"{worker}-{number}.csv"
    first = 1_000_000 * (worker + 1) + number * 20
    file.write_text(HEAD + "".join(row(key) for key in range(first, first + 20)) + row(1, note=f"{worker}-{number}"))
    stcloud.open(city).load("events", file)
"""
VACUUM = """
import pathlib, stcloud
city, until = args
while not pathlib.Path(until).exists():
    stcloud.open(city).vacuum(retain_hours=0, force=True)
"""


def beside(forks, city, tmp_path, *, workers, count, vacuums):
    """Load from some processes while others vacuum without a pause; return when all is done."""
    until = tmp_path / "done"
    cleaning = [forks(VACUUM, city, until) for _ in range(vacuums)]
    loading = [forks(LOAD, city, tmp_path, worker, count) for worker in range(workers)]
    for one in loading:
        one.join(600)
    until.touch()
    for one in cleaning:
        one.join(60)
    assert [one.exitcode for one in (*loading, *cleaning)] == [0] * (workers + vacuums)


def whole(city, *, workers, count):
    opened = stcloud.open(city)
    found = {int(key) for key in opened.query("events").rows().table.column("id").to_pylist()}
    loaded = {1_000_000 * (worker + 1) + number for worker in range(workers) for number in range(count * 20)}
    assert found == {1, 2, 3, 4, 5} | loaded
    assert len(opened.layer("events").loads) == 1 + workers * count
    assert not [one for one in opened.check() if one.faults]
    kept = {path.name for path in (city / "layers" / "events").glob("*.parquet")}
    opened.vacuum(retain_hours=0, force=True)
    left = {path.name for path in (city / "layers" / "events").glob("*.parquet")}
    assert left == {file.path for file in stcloud.open(city).layer("events").snapshot.files} <= kept


@pytest.mark.thorough
def test_loads_beside_a_vacuum_that_keeps_nothing(forks, city, tmp_path):
    beside(forks, city, tmp_path, workers=2, count=4, vacuums=1)
    whole(city, workers=2, count=4)


@pytest.mark.slow
def test_six_loading_processes_beside_two_vacuums_that_keep_nothing(forks, city, tmp_path):
    beside(forks, city, tmp_path, workers=6, count=25, vacuums=2)
    whole(city, workers=6, count=25)


@pytest.mark.slow
def test_loads_without_a_lock_beside_a_vacuum_that_keeps_nothing(forks, city, tmp_path, monkeypatch):
    """On a bucket there is no lock: loads may be overtaken, and then say so; what they say is loaded is there."""
    unlocked = """
import contextlib
from stcloud.iaas.store.folder import Folder
Folder.lock = lambda *_, **__: contextlib.nullcontext()
"""
    load = unlocked + LOAD.replace(
        'stcloud.open(city).load("events", file)',
        """
    while True:
        with contextlib.suppress(stcloud.errors.Conflict):
            stcloud.open(city).load("events", file)
            break
""".strip("\n").replace("    while", "while", 1),
    )
    until = tmp_path / "done"
    cleaning = forks(unlocked + VACUUM, city, until)
    loading = forks(load, city, tmp_path, 0, 20)
    loading.join(300)
    until.touch()
    cleaning.join(60)
    assert (loading.exitcode, cleaning.exitcode) == (0, 0)
    whole(city, workers=1, count=20)


def test_a_vacuum_that_keeps_less_than_an_hour_is_refused_unless_forced(run, city, tmp_path):
    before = on_disk(city)
    ended = run("vacuum", city, "--keep-hours", "0")
    assert (ended.code, "keep 1 hour at least" in ended.line) == (2, True)
    for hours in (0, 0.9, -1):
        with pytest.raises(InvalidInput) as caught:
            stcloud.open(city).vacuum(retain_hours=hours)
        assert caught.value.kind == "retention-too-short"
    with pytest.raises(InvalidInput):
        stcloud.open(city).vacuum(retain_hours=-1, force=True)
    assert on_disk(city) == before
    assert run("vacuum", city, "--keep-hours", "1").code == 0
    assert run("vacuum", city, "--keep-hours", "0", "--force").code == 0
    assert len(stcloud.open(city).query("events").rows()) == 5


def test_a_vacuum_does_not_wait_for_a_load_that_runs(city, tmp_path, monkeypatch):
    """It deletes what commits removed, and leaves what no commit names: that may be the load's."""
    monkeypatch.setattr("stcloud.daas.vacuum._WAIT_S", 0.1)
    file = tmp_path / "a.csv"
    file.write_text(HEAD + row(1, note="new"))
    stcloud.open(city).load("events", file)
    placed = city / "layers" / "events" / "2024-03-placed.parquet"
    placed.write_bytes(b"by the load that holds the lock")
    start = time.monotonic()
    with Folder(city).lock("layer-events", wait_s=0):
        assert stcloud.open(city).vacuum(retain_hours=0, force=True) == 1
    assert time.monotonic() - start < 5
    assert placed.exists()
    assert stcloud.open(city).vacuum(retain_hours=0, force=True) == 1
    assert not placed.exists()


def test_what_a_vacuum_leaves_of_a_city_is_whole_and_can_be_loaded(city, tmp_path):
    opened = stcloud.open(city)
    for number in range(20):
        file = tmp_path / f"{number}.csv"
        file.write_text(HEAD + row(100 + number) + "bad\n")
        opened.load("events", file, max_rejected="50%")
    names = ("layers/events", "ledger", "quarantine")
    before = {name: len(list((city / name).glob("*.parquet"))) for name in names}
    assert opened.vacuum(retain_hours=0, force=True) == sum(before.values()) - sum(
        len(list((city / name).glob("*.parquet"))) for name in names
    )
    assert len(list((city / "ledger").glob("*.parquet"))) < 10
    assert len(opened.layer("events").loads) == 21
    assert opened.rejected("events").num_rows == 20
    assert opened.load("events", tmp_path / "3.csv").known
    assert opened.load("events", file.with_name("0.csv"), again=True, max_rejected="50%").unchanged == 1
    assert not [one for one in opened.check() if one.faults]


def test_a_first_load_beside_a_vacuum(forks, folder, tmp_path):
    until = tmp_path / "done"
    cleaning = forks(VACUUM, folder, until)
    for name in ("north", "south", "east"):
        file = tmp_path / f"{name}.csv"
        file.write_text(HEAD + row(1))
        stcloud.open(folder).load(name, file, definition=define())
    until.touch()
    cleaning.join(60)
    assert cleaning.exitcode == 0
    assert [one.rows for one in stcloud.open(folder).layers()] == [1, 1, 1]
