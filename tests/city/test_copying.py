"""A copy of a city is the same city elsewhere: whatever stops it, it goes on, and half a copy is no city."""

import json
import shutil

import numpy as np
import pytest

import stcloud
from stcloud.city import copiedtables
from stcloud.errors import Conflict, FormatError, InvalidInput, NotFound, StorageError
from stcloud.iaas.job import Cancelled
from stcloud.iaas.store.folder import Folder
from stcloud.iaas.store.local import LocalStore
from stcloud.iaas.store.opening import open_store
from stcloud.iaas.table.table import Table
from stcloud.testing.events import define, on_disk, rows
from tests.rasters import city_with, geotiff, values_of

ACTOR = {"actor": "c07", "role": "collector", "fields": {"source": "collector"}, "at": (174.8, -41.3)}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A city far from UTC, with loads, corrections, refused rows and a purge; and its sources."""
    tmp_path = tmp_path_factory.mktemp("made")
    with stcloud.create(tmp_path / "city", crs="EPSG:2193", zone="Pacific/Auckland", calendar="NZ") as city:
        for number in range(4):
            file = tmp_path / f"{number}.csv"
            file.write_text(
                rows(20 + 10 * number, note=f"n{number}").replace(",117.", ",174.").replace("31.9", "-36.9")
            )
            with file.open("a") as more:
                more.write(f"{900 + number},never,174.1,-36.9,x\n")
            city.load("events", file, definition=define(), max_rejected="50%")
        city.purge("events", what="id = '7'")
    return tmp_path


@pytest.fixture
def source(made, tmp_path):
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    return tmp_path / "city"


def with_cases(folder):
    with stcloud.open(folder) as city, city.cases("desk", create="urban-management") as cases:
        for number in ("1", "2"):
            cases.open(number=number, media={"near": f"picture {number}".encode()}, **ACTOR)
        return cases.pin()


def answer(city, layer, known_us):
    """Return the rows of a layer as they were known at an instant, or why there are none."""
    try:
        query = city.query(layer.name).known_at(city.configuration.zone.iso(known_us))
        rows = (query.when("2024") if layer.layer_kind.versioned else query).rows().table.to_pylist()
    except NotFound as refused:
        return refused.kind
    return sorted(rows, key=repr)


def answers(place, options=None):
    """Return what a city answers: rows of all layers at each instant of its ledger, its loads and refused rows."""
    with stcloud.open(place, store_options=options) as city:
        assert [finding for finding in city.check() if finding.faults] == []
        loads = [load for layer in city.layers() for load in layer.loads]
        found = {
            (layer.name, known_us): answer(city, layer, known_us)
            for layer in city.layers() for known_us in sorted({load.recorded_at_us for load in loads})
        }  # fmt: skip
        rejected = {layer.name: city.rejected(layer.name).to_pylist() for layer in city.layers()}
        notes = {layer.name: [purge.attempt for purge in layer.purges] for layer in city.layers()}
        return found, loads, rejected, notes


def committed(folder):
    """Return the files of a city that a copy has, by digest: no locks, indexes, nor files that no table needs."""
    with stcloud.open(folder) as city:
        shared = [
            table for name in ("ledger", "quarantine") if (table := Table.at(Folder(folder), name)).exists
        ]
        needed = {
            f"layers/{layer.name}/{file.path}" for layer in city.layers() for file in layer.snapshot.files
        }
        needed |= {f"{table.name}/{file.path}" for table in shared for file in table.snapshot().files}
    return {
        key: digest for key, digest in on_disk(folder).items()
        if key.partition("/")[0] not in (".work", "index")
        and (key in needed or "_delta_log" in key or not key.endswith(".parquet"))
        and not key.endswith(("-wal", "-shm"))
    }  # fmt: skip


def copied(folder, target, **keywords):
    with stcloud.open(folder) as city:
        return city.copy_to(target, **keywords)


def test_a_copy_in_a_folder_is_the_same_city_file_by_file(source, tmp_path):
    done = copied(source, tmp_path / "copy")
    assert (done.tables, done.logs, done.there) == (3, 0, 0)
    found = on_disk(tmp_path / "copy")
    assert found == committed(source)
    assert done.files == len(found) - 1  # the city's own file comes last
    assert answers(tmp_path / "copy") == answers(source)


@pytest.mark.parametrize("server", ["s3", "azure"])
def test_a_copy_of_a_copy_in_a_bucket_is_the_same(source, tmp_path, server, request, monkeypatch):
    bucket = request.getfixturevalue(server)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    url, options = bucket.address("copied/there"), dict(bucket.options)
    copied(source, url, store_options=options)
    assert answers(url, options) == answers(source)
    with stcloud.open(url, store_options=options) as city:
        city.copy_to(bucket.address("copied/again"), store_options=options)
    with stcloud.open(bucket.address("copied/again"), store_options=options) as city:
        city.copy_to(tmp_path / "back")
    assert on_disk(tmp_path / "back") == committed(source)


def test_a_copy_takes_loads_of_its_own_and_the_city_does_not_see_them(source, tmp_path):
    before = answers(source)
    copied(source, tmp_path / "copy")
    (tmp_path / "more.csv").write_text(
        rows(3, note="later").replace(",117.", ",174.").replace("31.9", "-36.9")
    )
    with stcloud.open(tmp_path / "copy") as city:
        assert not city.load("events", tmp_path / "more.csv").known
        assert city.load("events", tmp_path / "1.csv").known
    answers(tmp_path / "copy")
    assert answers(source) == before


def at(cases, instant_us):
    return cases.zone.iso(instant_us)


class Killed(BaseException):
    """What a process that is killed is here."""


def killing(monkeypatch, after):
    """Let the writes to the target end after so many."""
    left = [after]

    def ending(meant):
        def write(self, key, *rest):
            if self.root.name == "copy" and not key.startswith(".work"):
                if not left[0]:
                    raise Killed
                left[0] -= 1
            return meant(self, key, *rest)

        return write

    with monkeypatch.context() as patched:
        for name in ("put", "put_file", "put_if_absent", "delete"):
            patched.setattr(LocalStore, name, ending(getattr(LocalStore, name)))
        yield


@pytest.mark.parametrize("after", [0, 1, 2, 9, 20, 40, -3, -2, -1])
def test_a_killed_copy_is_no_city_and_goes_on(source, tmp_path, monkeypatch, after):
    files = copied(source, tmp_path / "whole").files
    writes = after if after >= 0 else files + 3 + after  # the marker, the city's file, and the marker's end
    attempt = killing(monkeypatch, writes)
    next(attempt)
    with pytest.raises(Killed):
        copied(source, tmp_path / "copy")
    next(attempt, None)
    if after != -1:
        with pytest.raises(NotFound, match="no city"):
            stcloud.open(tmp_path / "copy")
    done = copied(source, tmp_path / "copy")
    assert done.files + done.there == files
    assert done.there == min(max(writes - 1, 0), files)
    assert on_disk(tmp_path / "copy") == committed(source)


def test_what_came_between_two_tries_is_in_the_copy_and_what_went_is_not(source, tmp_path, monkeypatch):
    attempt = killing(monkeypatch, 25)
    next(attempt)
    with pytest.raises(Killed):
        copied(source, tmp_path / "copy")
    next(attempt, None)
    with stcloud.open(source) as city:
        city.purge("events", what="id = '9'")
        city.vacuum(retain_hours=0, force=True)
    copied(source, tmp_path / "copy")
    assert on_disk(tmp_path / "copy") == committed(source)
    assert answers(tmp_path / "copy") == answers(source)


def test_loads_go_on_while_a_city_is_copied(source, tmp_path, monkeypatch):
    """Three loads are committed after the ledger was captured: the copy has their rows, and enters them."""
    meant, loaded = copiedtables.captured, []

    def capturing(store, prefix, scratch):
        capture = meant(store, prefix, scratch)
        for number in range(0 if loaded else 3):
            file = tmp_path / f"beside-{number}.csv"
            file.write_text(rows(2, note=f"b{number}").replace(",117.", ",174.").replace("31.9", "-36.9"))
            with stcloud.open(source) as city:
                loaded.append(city.load("events", file).load)
        return capture

    monkeypatch.setattr(copiedtables, "captured", capturing)
    copied(source, tmp_path / "copy")
    assert len(loaded) == 3
    assert answers(tmp_path / "copy") == answers(source)


def test_a_purge_while_a_city_is_copied_is_in_the_copy(source, tmp_path):
    purged = []

    def watch(step, done, total):
        if step == "tables" and not purged:
            purged.append(step)
            with stcloud.open(source) as city:
                city.purge("events", what="id = '11'")

    copied(source, tmp_path / "copy", job=stcloud.Job(watch))
    assert answers(tmp_path / "copy") == answers(source)
    assert on_disk(tmp_path / "copy") == committed(source)


def test_a_damaged_file_stops_the_copy_with_its_name(source, tmp_path):
    with stcloud.open(source) as city:
        name = city.layer("events").snapshot.files[-1].path
    path = source / "layers" / "events" / name
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 1
    path.write_bytes(content)
    with pytest.raises(FormatError, match=name) as refused:
        copied(source, tmp_path / "copy")
    assert refused.value.kind == "damaged-table"
    path.unlink()
    with pytest.raises(FormatError, match=name) as refused:
        copied(source, tmp_path / "copy")
    assert refused.value.kind == "missing-file"
    with pytest.raises(NotFound):
        stcloud.open(tmp_path / "copy")


def test_a_damaged_entry_of_a_log_stops_the_copy(source, tmp_path):
    path = source / "layers" / "events" / "_delta_log" / f"{1:020}.json"
    path.write_text(path.read_text().replace('"n', '"m', 1))
    with pytest.raises(FormatError, match="log of events"):
        copied(source, tmp_path / "copy")


def test_what_arrives_otherwise_is_found(source, tmp_path, monkeypatch):
    meant = LocalStore.put_file

    def flipping(self, key, path):
        meant(self, key, path)
        if "/events/" in key:
            content = bytearray((self.root / key).read_bytes())
            content[9] ^= 1
            (self.root / key).write_bytes(content)

    monkeypatch.setattr(LocalStore, "put_file", flipping)
    with pytest.raises(StorageError, match="something else than what was sent") as refused:
        copied(source, tmp_path / "copy")
    assert refused.value.kind == "copy-differs"


def test_a_place_where_something_else_is_is_refused(source, tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "photo.jpg").write_bytes(b"x")
    with pytest.raises(Conflict, match=r"not empty: it has photo\.jpg") as refused:
        copied(source, tmp_path / "other")
    assert refused.value.kind == "city-exists"
    assert sorted(path.name for path in (tmp_path / "other").iterdir()) == ["photo.jpg"]
    copied(source, tmp_path / "copy")
    with pytest.raises(Conflict, match="has a city already"):
        copied(source, tmp_path / "copy")
    with pytest.raises(Conflict, match="in the city itself"):
        copied(source, source / "below")
    with pytest.raises(Conflict, match="has a city already"):
        copied(source, source)


def test_an_unfinished_copy_of_another_city_is_refused(source, tmp_path, monkeypatch):
    attempt = killing(monkeypatch, 5)
    next(attempt)
    with pytest.raises(Killed):
        copied(source, tmp_path / "copy")
    next(attempt, None)
    other = stcloud.create(tmp_path / "other", crs="EPSG:2193", zone="Pacific/Auckland")
    with pytest.raises(Conflict, match="copy of another city"):
        other.copy_to(tmp_path / "copy")
    (tmp_path / "copy" / "mine.txt").write_text("x")
    with pytest.raises(Conflict, match=r"it has mine\.txt"):
        copied(source, tmp_path / "copy")


def test_a_job_cancels_and_the_copy_goes_on(source, tmp_path):
    def watch(step, done, total):
        if step == "compare":
            job.cancel()

    job = stcloud.Job(watch)
    with pytest.raises(Cancelled):
        copied(source, tmp_path / "copy", job=job)
    assert copied(source, tmp_path / "copy").target


def test_logs_of_cases_are_copied_as_they_were_at_one_instant(source, tmp_path):
    pin = with_cases(source)
    assert copied(source, tmp_path / "copy").logs == 1
    assert not [
        path.name for path in (tmp_path / "copy" / "cases").iterdir() if path.name.endswith(("wal", "shm"))
    ]
    states = []
    for place in (source, tmp_path / "copy"):
        with stcloud.open(place) as city, city.cases("desk") as cases:
            states.append([cases.actions(number, known_at=at(cases, pin)) for number in ("1", "2")])
            assert (place / cases.media("1")[0].key).read_bytes() == b"picture 1"
    assert states[0] == states[1]
    with stcloud.open(tmp_path / "copy") as city, city.cases("desk") as cases:
        cases.open(number="3", **ACTOR)


def test_a_damaged_medium_stops_the_copy(source, tmp_path):
    with_cases(source)
    medium = next(path for path in (source / "cases" / "media").rglob("*") if path.is_file())
    medium.write_bytes(b"another picture")
    with pytest.raises(FormatError, match=medium.name):
        copied(source, tmp_path / "copy")


def test_logs_in_files_need_a_database_for_a_bucket(source, s3):
    with_cases(source)
    target = s3.address("without/cases")
    with pytest.raises(InvalidInput, match="'desk' is a file") as refused:
        copied(source, target, store_options=s3.options)
    assert refused.value.kind == "database-needed"
    assert open_store(target, s3.options).list() == []


def test_logs_are_carried_over_to_a_database_and_stay_there_at_the_next_copy(
    source, tmp_path, postgres, s3, monkeypatch
):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    pin = with_cases(source)
    url, options = s3.address("cases/city"), dict(s3.options)
    assert copied(source, url, store_options=options, cases=postgres.url).logs == 1
    with stcloud.open(source) as city, city.cases("desk") as cases:
        logs = [cases.actions(number, known_at=at(cases, pin)) for number in ("1", "2")]
    with stcloud.open(url, store_options=options) as city:
        with city.cases("desk") as cases:
            assert [cases.actions(number, known_at=at(cases, pin)) for number in ("1", "2")] == logs
            cases.open(number="3", **ACTOR)
        city.copy_to(tmp_path / "back")
    with stcloud.open(tmp_path / "back") as city, city.cases("desk") as cases:
        assert len(cases.actions("3")) == 1
    with pytest.raises(Conflict, match="another log") as refused:
        copied(source, tmp_path / "third", cases=postgres.url)
    assert refused.value.kind == "records-exist"


def test_scenes_are_copied_with_the_arrays_that_rows_name(tmp_path):
    city = city_with(tmp_path)
    for number, day in ((1, "20200101"), (2, "20200201")):
        city.load("images", geotiff(tmp_path / f"a_{day}.tif", number), definition=tmp_path / "images.toml")
    arrays = tmp_path / "city" / "layers" / "images" / "_scenes"
    (arrays / f"{'0' * 32}.tif").write_bytes(b"of a load that was killed")
    city.copy_to(tmp_path / "copy")
    with stcloud.open(tmp_path / "copy") as copy:
        assert [finding for finding in copy.check() if finding.faults] == []
        red = copy.scenes("images").as_of("2021").pixels(bands="red").bands["red"]
        assert np.array_equal(red, values_of(2)[0])
    assert len(list((tmp_path / "copy" / "layers" / "images" / "_scenes").iterdir())) == 2


@pytest.mark.thorough
def test_every_kind_of_file_of_a_city_is_copied(tmp_path, demo):
    folder, _ = demo
    copied(folder, tmp_path / "copy")
    with stcloud.open(tmp_path / "copy") as city:
        assert [finding for finding in city.check() if finding.faults] == []
    ours, theirs = (
        {
            key: text
            for key, text in files.items()
            if key.partition("/")[0] != "index" and ".sqlite" not in key
        }
        for files in (on_disk(tmp_path / "copy"), committed(folder))
    )
    assert ours == theirs


def test_a_city_of_an_older_version_is_copied(tmp_path):
    from pathlib import Path

    shutil.unpack_archive(Path(__file__).parents[1] / "frozen" / "town-0.1.0.zip", tmp_path / "old")
    folder = next((tmp_path / "old").rglob("city.toml")).parent
    before = answers(folder)
    copied(folder, tmp_path / "copy")
    assert answers(tmp_path / "copy") == before


def test_the_command_prints_a_reckoning_and_refuses_in_one_line(source, tmp_path, run):
    done = run("copy", source, tmp_path / "copy", "--format", "json")
    (record,) = json.loads(done.out)
    assert (record["tables"], record["logs"], record["there"]) == (3, 0, 0)
    assert record["files"] > 10
    assert record["bytes"] > 10_000
    assert run("check", tmp_path / "copy").code == 0
    refused = run("copy", source, tmp_path / "copy")
    assert refused.code
    assert refused.line.endswith("has a city already; choose another place")
    assert run("copy", tmp_path / "none", tmp_path / "more").code
    assert not (tmp_path / "more").exists()
