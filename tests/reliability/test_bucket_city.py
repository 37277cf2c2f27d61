"""A city in a bucket, on machines that share nothing else: killed at each request, racing, with wrong clocks."""

import concurrent.futures
import itertools
import json
import multiprocessing
import os
import random
import shutil
import time

import geopandas
import pytest
import shapely

import stcloud
from stcloud.daas.load import loader
from stcloud.errors import FormatError, InvalidInput, NotFound, StorageError
from stcloud.iaas.clock import system_clock
from stcloud.iaas.store.bucket import BucketStore
from stcloud.iaas.store.mount import mount_of
from stcloud.iaas.store.patience import Patience
from stcloud.iaas.store.probe import require_put_if_absent
from stcloud.space.tilegrid import Tile
from stcloud.testing.faultyproxy import NetworkFaults
from stcloud.testing.machines import Death, Machine
from stcloud.testing.objectserver import faulty

KEYS = {"time_formats": "%Y-%m-%d %H:%M", "key": "id", "time": "time", "lon": "lon", "lat": "lat"}


def lines(*rows):
    return "".join(f"{row}\n" for row in ["id,time,lon,lat,note", *rows])


FIRST = lines(*(f"{n},2024-03-0{n} 23:30,117.2{n},31.8{n},a" for n in range(1, 6)))
UPDATE = lines("5,2024-03-05 23:30,117.25,31.85,b", "6,2024-04-01 00:10,117.26,31.86,c", "7,bad,1,1,d")


@pytest.fixture
def machine(tmp_path):
    """Give machines by name; each has a working folder of its own."""
    place = tmp_path / "bucket"

    def made(name, clock=system_clock):
        return Machine(tmp_path / name, place, clock)

    made("founder").create().close()
    return made


def source(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    return tmp_path / name


def state(city):
    """Return what everyone sees of the layer: its rows, also those of earlier beliefs, and its loads."""
    if not city.layers():
        return None
    layer = city.layer("events")
    now = sorted(map(str, city.query("events").to_arrow().to_pylist()))
    return now, [load.load for load in layer.loads]


def faults(city):
    return [(finding.check, finding.example) for finding in city.check() if finding.faults]


def load(city, file):
    return city.load("events", file, **KEYS, max_rejected="50%")


def requests_of(machine, tmp_path, file):
    """Return how many requests of a load change something, by loading into a copy of the bucket."""
    twin = Machine(tmp_path / "counting", tmp_path / "twin")
    shutil.copytree(machine("x").bucket, twin.bucket)
    with twin.open() as city:
        before = len(twin.store.requests)
        load(city, file)
    return before, len(twin.store.requests)


@pytest.mark.costly
@pytest.mark.parametrize("part", range(4))
@pytest.mark.parametrize("side", ["before", "after"])
@pytest.mark.parametrize("first", [True, False], ids=["a first load", "an update"])
def test_a_machine_that_dies_at_a_request_leaves_all_of_a_load_or_nothing(
    machine, tmp_path, first, side, part
):
    file = source(tmp_path, "update.csv", UPDATE)
    if not first:
        with machine("earlier").open() as city:
            load(city, source(tmp_path, "first.csv", FIRST))
    start, end = requests_of(machine, tmp_path, file)
    for number in range(start + part, end, 4):
        place = tmp_path / f"bucket-{number}"
        shutil.copytree(machine("x").bucket, place)
        dying, other = Machine(tmp_path / f"d{number}", place), Machine(tmp_path / f"o{number}", place)
        with other.open() as city:
            before = state(city)
        city = dying.open()
        dying.store.dies = (number, side)
        with pytest.raises(Death):
            load(city, file)
        with other.open() as city:
            after = state(city)
            assert faults(city) == [], dying.store.requests
            again = load(city, file)
            assert again.known == (after != before), dying.store.requests[number]
            assert (again.read, again.rejected, again.adds_up) == (3, 1, True)
            assert len(state(city)[0]) == (2 if first else 6)
            assert faults(city) == [], dying.store.requests
        with Machine(tmp_path / f"n{number}", place).open() as city:
            assert len(state(city)[0]) == (2 if first else 6)


def test_a_definition_and_its_table_appear_in_one_commit(machine, tmp_path):
    dying = machine("dying")
    city = dying.open()
    load(city, source(tmp_path, "first.csv", FIRST))
    entries = [key for key in dying.store.list("layers/events/_delta_log") if key.endswith(".json")]
    assert len(entries) == 1
    actions = [json.loads(line) for line in dying.store.get(entries[0]).splitlines()]
    info = next(action["commitInfo"] for action in actions if "commitInfo" in action)
    assert "[time]" in json.loads(info["stcloud"])["definition"]
    assert {"metaData", "protocol", "add"} <= {name for action in actions for name in action}
    dying.store.delete("layers/events.toml")  # as if it had died before that was written
    with machine("other").open() as other:
        assert other.layer("events").definition.time is not None
        assert load(other, tmp_path / "first.csv").known
        assert machine("x").store.exists("layers/events.toml")


def test_of_several_that_make_a_layer_at_once_one_does_and_the_others_load_into_it(machine, tmp_path):
    files = [source(tmp_path, f"{n}.csv", lines(f"{n},2024-03-01 10:00,117.2,31.8,x")) for n in range(4)]
    cities = [machine(f"m{n}").open() for n in range(4)]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        loads = list(pool.map(load, cities, files))
    assert all(done.accepted == 1 for done in loads)
    with machine("reader").open() as city:
        assert city.layer("events").rows == 4
        assert faults(city) == []


def test_another_definition_of_a_layer_that_was_made_meanwhile_is_refused(machine, tmp_path):
    slow, fast = machine("slow").open(), machine("fast").open()
    file, other = source(tmp_path, "a.csv", FIRST), source(tmp_path, "b.csv", UPDATE)
    seen = slow.load

    def overtaking(*given, **named):
        load(fast, file)
        return seen(*given, **named)

    with pytest.raises(InvalidInput) as refused:
        overtaking("events", other, key="id", time="time", lon="lat", lat="lon", max_rejected="90%")
    assert refused.value.kind == "other-definition"
    assert fast.layer("events").rows == 5


@pytest.mark.parametrize("writers", [3])
def test_acknowledged_is_visible_and_recorded_time_increases_whatever_clocks_say(machine, tmp_path, writers):
    """Clocks of the machines are wrong by up to an hour."""

    def work(number):
        skew_us = random.Random(number).randint(-3600, 3600) * 1_000_000
        seen = []
        with machine(f"w{number}", lambda: system_clock() + skew_us).open() as city:
            for turn in range(4):
                name = f"{number}-{turn}"
                file = source(tmp_path, f"{name}.csv", lines(f"{name},2024-03-01 10:00,117.2,31.8,x"))
                seen.append(load(city, file))
                with machine(f"r{name}").open() as reader:
                    assert reader.query("events").what(f"id = '{name}'").to_arrow().num_rows == 1
        return seen

    with concurrent.futures.ThreadPoolExecutor(writers) as pool:
        acknowledged = [done for loads in pool.map(work, range(writers)) for done in loads]
    with machine("reader").open() as city:
        layer = city.layer("events")
        assert {done.load for done in acknowledged} == {done.load for done in layer.loads}
        instants = [done.recorded_at_us for done in layer.loads]
        assert len(instants) == 4 * writers
        assert all(before < after for before, after in itertools.pairwise(instants))
        assert layer.rows == 4 * writers
        assert faults(city) == []


def test_what_others_do_is_seen_by_a_city_that_is_open(machine, tmp_path):
    here, there = machine("here").open(), machine("there").open()
    load(there, source(tmp_path, "first.csv", FIRST))
    assert here.layer("events").rows == 5
    load(here, source(tmp_path, "update.csv", UPDATE))
    assert there.query("events").to_arrow().num_rows == 6
    there.delete("events")
    assert here.layers() == ()
    with pytest.raises(NotFound):
        here.query("events").to_arrow()
    load(here, tmp_path / "first.csv")
    assert there.layer("events").rows == 5
    here.delete("events")
    load(here, tmp_path / "first.csv")
    assert there.layer("events").rows == 5
    assert faults(there) == []


@pytest.mark.parametrize("side", ["before", pytest.param("after", marks=pytest.mark.thorough)])
def test_a_deletion_that_dies_leaves_the_layer_or_none(machine, tmp_path, side):
    with machine("earlier").open() as city:
        load(city, source(tmp_path, "first.csv", FIRST))
    for number in range(30):
        place = tmp_path / f"bucket-{number}"
        shutil.copytree(machine("x").bucket, place)
        dying, other = Machine(tmp_path / f"d{number}", place), Machine(tmp_path / f"o{number}", place)
        city = dying.open()
        with other.open() as reader:
            assert reader.layer("events").rows == 5
        dying.store.dies = (number, side)
        try:
            city.delete("events")
        except Death:
            died = True
        else:
            died = False
        with other.open() as reader:
            there = [layer.name for layer in reader.layers()]
            assert there in ([], ["events"])
            assert not there or reader.query("events").to_arrow().num_rows == 5
            for (
                key
            ) in dying.store.list():  # a quarter of an hour goes by: nobody can be at the deletion any more
                path = place / key
                os.utime(path, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns - 1_000_000_000_000))
            load(reader, tmp_path / "first.csv")
            assert reader.layer("events").rows == 5
            assert faults(reader) == [], dying.store.requests
        if not died:
            return
    raise AssertionError("a deletion has fewer requests")


def test_a_byte_that_changed_in_the_bucket_is_an_error_and_named_by_the_check(machine, tmp_path):
    with machine("writer").open() as city:
        load(city, source(tmp_path, "first.csv", FIRST))
    store = machine("x").store
    (key,) = [key for key in store.list("layers/events") if key.endswith(".parquet")]
    content = bytearray(store.get(key))
    content[len(content) // 3] ^= 1
    store.put(key, bytes(content))
    with machine("reader").open() as city:
        with pytest.raises(FormatError) as refused:
            city.query("events").to_arrow()
        assert refused.value.kind == "damaged-table"
    with machine("writer").open() as city:  # it has what it wrote
        assert [finding.check for finding in city.check() if finding.faults and finding.layer] != []


def test_a_street_reads_a_streets_bytes(machine, tmp_path):
    rows = [
        f"{n},2024-03-{1 + n % 28:02d} 10:00,{117 + n % 300 / 1000},{31.8 + n // 300 / 1000},{n}"
        for n in range(60_000)
    ]
    with machine("writer").open() as city:
        load(city, source(tmp_path, "many.csv", lines(*rows)))
    reader = machine("reader")
    with reader.open() as city:
        question = city.query("events").where((117.1, 31.85, 117.104, 31.854))
        asked = question.to_arrow().num_rows
    read = sum(path.stat().st_blocks * 512 for path in reader.cache.rglob("*.parquet"))
    whole = sum(path.stat().st_size for path in (reader.bucket / "layers").rglob("*.parquet"))
    assert 0 < asked < 50
    assert read < whole / 2


def test_a_bucket_that_breaks_its_promise_is_read_only(machine, tmp_path, monkeypatch):
    broken = machine("broken")
    monkeypatch.setattr(
        type(broken.store), "put_if_absent", lambda self, key, data: self.put(key, data) or True
    )
    with pytest.raises(StorageError) as refused:
        require_put_if_absent(broken.store)
    assert refused.value.kind == "read-only"
    with broken.open() as city, pytest.raises(StorageError) as refused:
        load(city, source(tmp_path, "first.csv", FIRST))
    assert refused.value.kind == "read-only"


def test_a_log_of_cases_needs_a_database(machine):
    with machine("one").open() as city, pytest.raises(InvalidInput) as refused:
        city.cases("requests", create="imported-requests")
    assert refused.value.kind == "database-needed"


def test_requests_are_forecast_and_counted(s3, tmp_path):
    """What an explanation says of requests is what an answer counts, and what was read is not read again."""
    address = s3.address("traffic")
    options = {"store_options": s3.options}
    rows = [
        f"{n},2024-03-{1 + n % 28:02d} 10:00,{117 + n % 300 / 1000},{31.8 + n // 300 / 1000},{n}"
        for n in range(60_000)
    ]
    with stcloud.create(
        address, crs="EPSG:4548", zone="Asia/Shanghai", cache=tmp_path / "a", **options
    ) as city:
        load(city, source(tmp_path, "many.csv", lines(*rows)))
    with stcloud.open(address, cache=tmp_path / "b", **options) as city:
        question = city.query("events").where((117.1, 31.85, 117.104, 31.854))
        requests, count = question.explain().requests
        assert requests >= 1
        assert 0 < count <= 3 * question.explain().bytes[0] + 2 * 16_384
        traffic = question.rows().traffic
        assert (traffic.requests, traffic.bytes_read) == (requests, count)
        assert question.explain().requests == (0, 0)
        assert question.count().traffic.requests == 0
    with stcloud.open(address, cache=tmp_path / "c", **options) as city:
        question = city.query("events").where((117.1, 31.85, 117.104, 31.854))
        assert question.explain().requests == (requests, count)
        traffic = question.rows(5).traffic
        assert (traffic.requests, traffic.bytes_read) == (requests, count), "a page reads what all rows do"
    with stcloud.open(address, cache=tmp_path / "d", **options) as city:
        whole, at = city.layer("events").snapshot, Tile.at(117.102, 31.852, 16)
        before = whole.traffic
        assert city.query("events").vector_tile(at.z, at.x, at.y, cluster=False).count > 0
        assert whole.traffic.since(before).bytes_read < whole.bytes / 2, (
            "a tile does not read the whole layer"
        )


def test_a_bucket_is_read_by_anybody_who_may(s3, tmp_path):
    address = s3.address("open")
    with stcloud.create(
        address, crs="EPSG:4548", zone="Asia/Shanghai", cache=tmp_path / "a", store_options=s3.options
    ) as city:
        load(city, source(tmp_path, "first.csv", FIRST))
    keys = ("access_key_id", "secret_access_key")
    nobody = {name: value for name, value in s3.options.items() if name not in keys} | {
        "skip_signature": "true"
    }
    with stcloud.open(address, cache=tmp_path / "b", store_options=nobody) as city:
        assert city.query("events").to_arrow().num_rows == 5
        assert "secret" not in repr(city).lower()


def write(address, options, place, number, count):
    """Load into a city from a process that shares nothing with others; note what was acknowledged."""
    with stcloud.open(address, cache=place / f"cache-{number}", store_options=options) as city:
        for turn in range(count):
            name = f"{number}-{turn}"
            file = source(place, f"{name}.csv", lines(f"{name},2024-03-01 10:00,117.2,31.8,x"))
            done = load(city, file)
            with (place / f"acknowledged-{number}").open("a") as notes:
                notes.write(f"{done.load} {name}\n")
                notes.flush()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["s3", "azure"])
def test_writers_in_processes_lose_nothing_that_was_acknowledged_when_one_is_killed(kind, request, tmp_path):
    server = request.getfixturevalue(kind)
    address, options = server.address("writers"), dict(server.options)
    stcloud.create(
        address, crs="EPSG:4548", zone="Asia/Shanghai", cache=tmp_path / "founder", store_options=options
    ).close()
    processes = [
        multiprocessing.get_context("spawn").Process(
            target=write, args=(address, options, tmp_path, number, 6)
        )
        for number in range(4)
    ]
    for process in processes:
        process.start()
    while not (tmp_path / "acknowledged-0").exists():
        time.sleep(0.1)
    processes[0].kill()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes[1:]] == [0, 0, 0]
    noted = [
        line.split() for path in tmp_path.glob("acknowledged-*") for line in path.read_text().splitlines()
    ]
    with stcloud.open(address, cache=tmp_path / "reader", store_options=options) as city:
        layer = city.layer("events")
        assert {one for one, _ in noted} <= {one.load for one in layer.loads}
        assert {name for _, name in noted} <= set(city.query("events").to_arrow()["id"].to_pylist())
        instants = [one.recorded_at_us for one in layer.loads]
        assert all(before < after for before, after in itertools.pairwise(instants))
        load(city, source(tmp_path, "last.csv", FIRST))  # enters what the killed one committed
        assert len(city.layer("events").loads) == city.layer("events").rows - 4
        assert faults(city) == []


@pytest.mark.thorough
def test_a_network_that_fails_now_and_then_changes_nothing(s3, tmp_path):
    address = s3.address("faulty")
    with faulty(s3, NetworkFaults(rate=0.15, seed=3, slow_s=0.05)) as server:
        options = {"store_options": server.options}
        with stcloud.create(
            address, crs="EPSG:4548", zone="Asia/Shanghai", cache=tmp_path / "a", **options
        ) as city:
            load(city, source(tmp_path, "first.csv", FIRST))
            load(city, source(tmp_path, "update.csv", UPDATE))
        with stcloud.open(address, cache=tmp_path / "b", **options) as city:
            assert city.query("events").to_arrow().num_rows == 6
            assert faults(city) == []
        assert sum(server.proxy.counts.values()) > 5


def test_a_network_that_is_gone_is_one_error_and_nothing_is_half_seen(s3, tmp_path, monkeypatch):
    address = s3.address("gone")
    options = {"store_options": s3.options}
    with stcloud.create(
        address, crs="EPSG:4548", zone="Asia/Shanghai", cache=tmp_path / "a", **options
    ) as city:
        load(city, source(tmp_path, "first.csv", FIRST))
    short = Patience(tries=2, total_s=2.0, first_pause_s=0.01)
    monkeypatch.setitem(BucketStore.__init__.__kwdefaults__, "patience", short)
    with faulty(s3, NetworkFaults(rate=0.0)) as server:
        with stcloud.open(address, cache=tmp_path / "b", store_options=server.options) as city:
            server.proxy.faults = NetworkFaults(kinds=("error",), rate=1.0)
            with pytest.raises(StorageError) as failed:
                load(city, source(tmp_path, "update.csv", UPDATE))
        assert (failed.value.kind, "\n" in str(failed.value)) == ("unavailable", False)
    with stcloud.open(address, cache=tmp_path / "c", **options) as city:
        assert city.query("events").to_arrow().num_rows == 5
        assert faults(city) == []


def test_what_one_machine_indexes_all_machines_load_with_codes(machine, tmp_path):
    """The note of the grid is everyone's; there are two grids, so that none is taken by itself."""
    cells = geopandas.GeoDataFrame(
        {"gridCode": ["340102001001001"]}, geometry=[shapely.box(117.2, 31.8, 117.3, 31.9)], crs=4326
    )
    here, there = machine("here").open(), machine("there").open()
    for name in ("cells", "others"):
        here.load(name, cells, definition="unit-grid", valid_from="2023-01-01")
    load(here, source(tmp_path, "first.csv", FIRST))
    here.index("events", grid="cells")
    load(there, source(tmp_path, "update.csv", UPDATE))
    for city in (here, there, machine("third").open()):
        assert city.query("events").count(by="unit").to_pandas()["count"].tolist() == [6]
        assert city.query("events").count(by="unit").to_pandas()["unit"].notna().all()
        assert faults(city) == []


def test_a_first_load_that_fails_leaves_what_another_machine_has_loaded_meanwhile(
    machine, tmp_path, monkeypatch
):
    """Its clearing up must not take away the other's layer, nor the layer's definition."""
    slow, fast = machine("slow").open(), machine("fast").open()
    file, bad = (
        source(tmp_path, "first.csv", FIRST),
        source(tmp_path, "bad.csv", lines("8,bad,1,1,d", "9,bad,1,1,d")),
    )
    bind = loader.bound_columns

    def overtaken(table, *given):
        if table.table.root.is_relative_to(tmp_path / "slow"):
            load(fast, file)
            load(fast, source(tmp_path, "update.csv", UPDATE))
        return bind(table, *given)

    monkeypatch.setattr(loader, "bound_columns", overtaken)
    with pytest.raises(InvalidInput) as refused:
        load(slow, bad)
    assert refused.value.kind == "too-many-rejected"
    with machine("reader").open() as city:
        assert city.layer("events").rows >= 6
        assert city.query("events").to_arrow().num_rows == 6
        assert faults(city) == []


def test_a_bucket_is_let_go_with_its_city(s3, tmp_path):
    options = {"cache": tmp_path / "cache", "store_options": s3.options}
    with stcloud.create(s3.address("let-go"), crs="EPSG:4548", zone="Asia/Shanghai", **options) as city:
        assert city.layers() == ()
        (root,) = (tmp_path / "cache").iterdir()
        assert mount_of(root) is not None
    assert mount_of(root) is None
    with pytest.raises(NotFound, match="no city"):
        stcloud.open(s3.address("nothing"), **options)
    assert not [place for place in (tmp_path / "cache").iterdir() if mount_of(place)]
