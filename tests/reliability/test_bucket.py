"""Writers race for a bucket over a network that fails: what is acknowledged is there, and nothing is half there."""

import json
import os
import random
import subprocess
import sys
import time
import uuid

import pytest

from stcloud.errors import NotFound, StorageError
from stcloud.iaas.store import bucket as module
from stcloud.iaas.store.bucket import BucketStore
from stcloud.iaas.store.patience import Patience
from stcloud.testing.faultyproxy import FAULTS, NetworkFaults
from stcloud.testing.objectserver import faulty

pytestmark = pytest.mark.thorough  # in every run a city meets such a network: test_bucket_city.py

HASTE = Patience(
    tries=4, total_s=5, first_pause_s=0.01, longest_pause_s=0.05, connect_s=1, answer_s=0.3, request_s=2
)
SLOW_S = 0.45
KINDS = {"unavailable", "unreachable", "truncated", "outcome-unknown"}
WRITER = """
import sys
from stcloud.errors import StorageError
from stcloud.iaas.store.opening import open_store
store, writer = open_store(sys.argv[1]), sys.argv[2]
for line in sys.stdin:
    try:
        print(store.put_if_absent(f"log/{int(line):020d}.json", f"{writer}/{line}".encode() * 50), flush=True)
    except StorageError as error:
        print(error.kind, flush=True)
"""


def race(server, prefix, writers, attempts):
    """Let processes put numbered keys, all the same one at a time; return what each was answered for each number."""
    environment = {**os.environ, **server.environment, "PYTHONDONTWRITEBYTECODE": ""}
    started = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, server.address(prefix), str(writer)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            text=True,
        )
        for writer in range(writers)
    ]
    answers = []
    try:
        for number in range(attempts):
            for process in started:
                process.stdin.write(f"{number}\n")
                process.stdin.flush()
            answers.append([process.stdout.readline().strip() for process in started])
    finally:
        for process in started:
            process.stdin.close()
            process.stdout.close()
            process.wait(60)
    return answers


def check_race(store, answers, *, sure):
    assert [entry.key for entry in store.entries("log")] == [
        f"log/{number:020d}.json" for number in range(len(answers))
    ]
    for number, round_ in enumerate(answers):
        kept = store.get(f"log/{number:020d}.json")
        winners = [writer for writer, answer in enumerate(round_) if answer == "True"]
        possible = winners or [w for w, answer in enumerate(round_) if answer == "outcome-unknown"]
        assert len(winners) == 1 if sure else len(winners) <= 1, f"{number}: {round_}"
        assert kept in {f"{writer}/{number}\n".encode() * 50 for writer in possible}, f"{number}: {round_}"
        assert set(round_) <= ({"True", "False"} if sure else {"True", "False", "outcome-unknown"})


RACES = [
    pytest.param(4, 12, id="few"),
    pytest.param(8, 100, id="many", marks=pytest.mark.slow),
]


@pytest.mark.parametrize(("writers", "attempts"), RACES)
@pytest.mark.parametrize("name", ["s3", "azure"])
def test_of_writers_that_race_one_wins_and_nothing_acknowledged_is_missing(request, name, writers, attempts):
    server = request.getfixturevalue(name)
    prefix = uuid.uuid4().hex
    answers = race(server, prefix, writers, attempts)
    check_race(BucketStore(server.address(prefix), server.options), answers, sure=True)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["s3", "azure"])
def test_they_do_so_over_a_network_that_fails(request, name):
    server = request.getfixturevalue(name)
    prefix = uuid.uuid4().hex
    kinds = tuple(kind for kind in FAULTS if kind != "slow")  # writers wait for thirty seconds
    with faulty(server, NetworkFaults(kinds, rate=0.3, seed=5)) as between:
        answers = race(between, prefix, 8, 100)
        counts = between.proxy.counts
    assert all(counts[kind] > 20 for kind in kinds)
    check_race(BucketStore(server.address(prefix), server.options), answers, sure=False)


@pytest.mark.slow
def test_writers_of_a_server_that_lies_lose_what_was_acknowledged(lying):
    answers = race(lying, uuid.uuid4().hex, 8, 20)
    assert any(round_.count("True") > 1 for round_ in answers), "it keeps its promise: it is no liar any more"


def check_error(error, store):
    assert error.kind in KINDS
    assert "\n" not in str(error)
    assert store.url in str(error)


OPERATIONS = {
    "get": (lambda store: store.get("kept"), b"0123456789" * 10),
    "get_many": (lambda store: store.get_many(["kept", "never"]), [b"0123456789" * 10, None]),
    "get_ranges": (lambda store: store.get_ranges("kept", [(1, 3), (98, 9)]), [b"123", b"89"]),
    "size": (lambda store: store.size("kept"), 100),
    "list": (lambda store: [key for key in store.list() if key == "kept"], ["kept"]),
    "children": (lambda store: "kept" in store.children().keys, True),
    "put": (lambda store: store.put("put", b"1" * 1000), None),
    "put_if_absent": (lambda store: store.put_if_absent("absent", b"2" * 1000), True),
    "put_if_absent again": (lambda store: store.put_if_absent("kept", b"3"), False),
    "delete": (lambda store: store.delete("gone"), None),
}


@pytest.fixture
def filled(s3):
    store = BucketStore(s3.address(uuid.uuid4().hex), s3.options)
    store.put("kept", b"0123456789" * 10)
    store.put("gone", b"1")
    return store


@pytest.mark.costly
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_that_passes_is_not_seen(s3, filled, fault):
    for name, (call, expected) in OPERATIONS.items():
        with faulty(s3, NetworkFaults((fault,), 1.0, most=1, slow_s=SLOW_S)) as between:
            store = BucketStore(filled.url, between.options, patience=HASTE)
            assert call(store) == expected, name
            assert between.proxy.counts[fault] == 1, name
    assert filled.get("put") == b"1" * 1000
    assert filled.get("absent") == b"2" * 1000
    assert filled.list() == ["absent", "kept", "put"]


@pytest.mark.costly
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_without_end_is_one_error_after_bounded_tries(s3, filled, fault):
    with faulty(s3, NetworkFaults((fault,), 1.0, slow_s=SLOW_S)) as between:
        store = BucketStore(filled.url, between.options, patience=HASTE)
        for name, (call, expected) in OPERATIONS.items():
            if fault == "slow" and name not in ("get", "put_if_absent"):
                continue  # each takes two seconds
            before, begun_s = between.proxy.counts.get("requests", 0), time.monotonic()
            try:
                assert call(store) == expected or fault in ("duplicated", "shortened", "truncated"), name
            except StorageError as error:
                check_error(error, store)
            else:
                assert fault in ("duplicated", "shortened", "truncated"), name
            assert between.proxy.counts.get("requests", 0) - before <= 16, name
            assert time.monotonic() - begun_s < 10, name
    for key, whole in (("kept", b"0123456789" * 10), ("put", b"1" * 1000), ("absent", b"2" * 1000)):
        try:
            assert filled.get(key) == whole
        except NotFound:
            assert key != "kept"


@pytest.mark.parametrize("fault", ["lost", "late-error", "duplicated"])
def test_a_put_whose_answer_is_lost_is_known_by_its_bytes(s3, filled, fault):
    faults = NetworkFaults((fault,), 1.0, methods=("PUT",), slow_s=SLOW_S)
    with faulty(s3, faults) as between:
        store = BucketStore(filled.url, between.options, patience=HASTE)
        assert store.put_if_absent("absent", b"ours") is True
        assert store.put_if_absent("absent", b"theirs") is False
    assert filled.get("absent") == b"ours"


def test_an_outcome_that_cannot_be_learned_is_an_error_of_its_own(s3, filled):
    with faulty(s3, NetworkFaults(("lost",), 1.0)) as between:
        store = BucketStore(filled.url, between.options, patience=HASTE)
        with pytest.raises(StorageError, match="it is not known whether absent was written") as refused:
            store.put_if_absent("absent", b"ours")
    assert refused.value.kind == "outcome-unknown"
    assert filled.get("absent") == b"ours"


class Model:
    """What a bucket may hold: for each key the values that are possible, None for no such key."""

    def __init__(self):
        self.possible = {}

    def of(self, key):
        return self.possible.setdefault(key, {None})

    def put(self, store, key, data):
        try:
            store.put(key, data)
        except StorageError:
            self.of(key).add(data)
        else:
            self.possible[key] = {data}

    def put_if_absent(self, store, key, data):
        try:
            won = store.put_if_absent(key, data)
        except StorageError as error:
            check_error(error, store)
            if None in self.of(key):
                self.of(key).add(data)
        else:
            assert None in self.of(key) if won else self.of(key) != {None}
            self.possible[key] = {data} if won else self.of(key) - {None}

    def delete(self, store, key, _):
        try:
            store.delete(key)
        except StorageError:
            self.of(key).add(None)
        else:
            self.possible[key] = {None}

    def get(self, store, key, _):
        try:
            data = store.get_many([key])[0]
        except StorageError as error:
            check_error(error, store)
        else:
            assert data in self.of(key)
            self.possible[key] = {data}

    def list(self, store, *_):
        try:
            keys = set(store.list())
        except StorageError as error:
            check_error(error, store)
        else:
            assert {key for key in self.possible if None not in self.of(key)} <= keys
            assert keys <= {key for key in self.possible if self.of(key) != {None}}


@pytest.mark.parametrize(
    ("count", "seed"),
    [pytest.param(60, 1, id="few"), pytest.param(400, 2, marks=pytest.mark.slow, id="many")],
)
@pytest.mark.parametrize("name", ["s3", "azure"])
def test_over_a_network_that_fails_a_bucket_holds_what_it_may_hold(request, name, count, seed):
    server = request.getfixturevalue(name)
    plain = BucketStore(server.address(uuid.uuid4().hex), server.options)
    draw, model = random.Random(seed), Model()
    kinds = tuple(kind for kind in FAULTS if kind != "slow")
    with faulty(server, NetworkFaults(kinds, 0.45, seed)) as between:
        store = BucketStore(plain.url, between.options, patience=HASTE)
        for number in range(count):
            operation = draw.choice(
                [Model.put, Model.put_if_absent, Model.put_if_absent, Model.delete, Model.get, Model.list]
            )
            operation(model, store, f"k{draw.randrange(6)}", json.dumps([number] * 400).encode())
    for key in model.possible:
        model.get(plain, key, None)
    model.list(plain)


UPLOADER = """
import sys
from pathlib import Path
from stcloud.iaas.store import bucket
from stcloud.iaas.store.opening import open_store
bucket._SINGLE_PUT_BYTES, bucket._PART_BYTES, bucket._PARTS_AT_ONCE = 1000, 5_300_000, 1
print("begun", flush=True)
open_store(sys.argv[1]).put_file("data/large", Path(sys.argv[2]))
print("done", flush=True)
"""


@pytest.mark.parametrize("name", ["s3", "azure"])
def test_of_an_upload_that_is_killed_nothing_is_seen(request, name, tmp_path):
    server = request.getfixturevalue(name)
    plain = BucketStore(server.address(uuid.uuid4().hex), server.options)
    path = tmp_path / "large"
    path.write_bytes(bytes(16_000_000))
    with faulty(server, NetworkFaults(("slow",), 1.0, methods=("PUT",), slow_s=0.5)) as between:
        environment = {**os.environ, **between.environment, "PYTHONDONTWRITEBYTECODE": ""}
        with subprocess.Popen(
            [sys.executable, "-c", UPLOADER, plain.url, str(path)],
            stdout=subprocess.PIPE,
            env=environment,
            text=True,
        ) as process:
            assert process.stdout.readline() == "begun\n"
            while between.proxy.counts.get("slow", 0) < 2:
                assert process.poll() is None
                time.sleep(0.01)
            process.kill()
            assert process.stdout.read() == ""
        assert plain.list() == []
        assert not plain.exists("data/large")
    plain.put_file("data/large", path)
    assert plain.size("data/large") == 16_000_000


def test_a_file_in_parts_is_whole_over_a_network_that_fails(s3, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_SINGLE_PUT_BYTES", 1000)
    monkeypatch.setattr(module, "_PART_BYTES", 5_300_000)
    path = tmp_path / "large"
    path.write_bytes(os.urandom(12_000_000))
    plain = BucketStore(s3.address(uuid.uuid4().hex), s3.options)
    with faulty(s3, NetworkFaults(("error", "busy", "reset", "lost", "late-error"), 0.3, seed=7)) as between:
        store = BucketStore(plain.url, between.options, patience=HASTE)
        try:
            store.put_file("data/large", path)
        except StorageError as error:
            check_error(error, store)
            assert plain.list() == []
        else:
            assert plain.get("data/large") == path.read_bytes()
        assert sum(between.proxy.counts.values()) > between.proxy.counts["requests"]
