"""Every store keeps the promises of the protocol, and one that does not is found and read only."""

import dataclasses
import gc
import uuid
from pathlib import Path

import pytest

import stcloud
from stcloud.errors import InvalidInput, StorageError, Unsupported
from stcloud.iaas.store.local import LocalStore
from stcloud.iaas.store.memory import MemoryStore
from stcloud.iaas.store.model import Store
from stcloud.iaas.store.opening import open_store
from stcloud.iaas.store.probe import keeps_put_if_absent, require_put_if_absent
from stcloud.testing.stores import CHECKS, names_do_not_escape, one_of_many_writers_wins

STORES = {
    "path": lambda folder: open_store(str(folder / "a city")),
    "url": lambda folder: open_store((folder / "a city").as_uri()),
    "no_links": lambda folder: open_store(folder / "厦门"),
    "memory": lambda folder: open_store(f"memory://{folder.name}"),
}


BUCKETS = ["s3", "azure"]


@pytest.fixture
def bucket(request):
    return request.getfixturevalue(request.param)


@pytest.fixture
def in_bucket(bucket, monkeypatch):
    for name, value in bucket.environment.items():
        monkeypatch.setenv(name, value)
    return open_store(bucket.address(f"道路 a/{uuid.uuid4().hex}"))


@pytest.fixture(params=STORES)
def store(request, tmp_path, monkeypatch):
    if request.param == "no_links":
        monkeypatch.setattr(
            Path, "hardlink_to", lambda *_: (_ for _ in ()).throw(OSError(1, "no links here"))
        )
    return STORES[request.param](tmp_path)


@pytest.mark.every_case
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_a_store_conforms(store, check):
    check(store)


@pytest.mark.thorough  # cities in buckets are a part of every run
@pytest.mark.every_case
@pytest.mark.parametrize("bucket", BUCKETS, indirect=True)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_a_bucket_conforms(in_bucket, check):
    check(in_bucket)


def test_stores_are_of_the_protocol(store):
    assert isinstance(store, Store)


@dataclasses.dataclass(frozen=True, slots=True)
class Replacing(LocalStore):
    """A store that takes a put-if-absent and replaces what is there, as some gateways do."""

    def put_if_absent(self, key, data):
        self.put(key, data)
        return True


@dataclasses.dataclass(frozen=True, slots=True)
class Silent(Replacing):
    """One that says it refused, and replaced all the same."""

    def put_if_absent(self, key, data):
        absent = not self.exists(key)
        self.put(key, data)
        return absent


@pytest.mark.parametrize("kind", [Replacing, Silent])
def test_a_store_that_does_not_keep_put_if_absent_is_read_only(kind, tmp_path):
    store = kind(tmp_path)
    store.put("a/b", b"12")
    assert not keeps_put_if_absent(store)
    with pytest.raises(StorageError, match="does not keep its promise") as refused:
        require_put_if_absent(store)
    assert refused.value.kind == "read-only"
    assert store.list() == ["a/b"]


def test_a_store_that_keeps_it_may_be_written(store):
    assert keeps_put_if_absent(store)
    require_put_if_absent(store)


def test_where_nothing_can_be_written_the_probe_says_why(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageError, match=r"Not a directory|File exists"):
        require_put_if_absent(LocalStore(tmp_path / "file"))


def test_a_city_where_put_if_absent_is_not_kept_is_read_and_not_written(tmp_path, monkeypatch):
    rows = tmp_path / "events.csv"
    rows.write_text("id,opened,lon,lat\n1,2024-01-01 23:30,118.1,24.5\n")
    options = {"key": "id", "time": "opened", "lon": "lon", "lat": "lat"}
    city = stcloud.create(tmp_path / "city", crs="EPSG:32650", zone="Asia/Shanghai")
    city.load("events", rows, **options)
    monkeypatch.setattr(LocalStore, "put_if_absent", Replacing.put_if_absent)
    with pytest.raises(StorageError, match="does not keep its promise") as refused:
        city.load("others", rows, **options)
    assert refused.value.kind == "read-only"
    again = stcloud.open((tmp_path / "city").as_uri())
    assert again.query("events").when("2024-01-01").count().to_arrow()["count"].to_pylist() == [1]
    assert [layer.name for layer in again.layers()] == ["events"]


@pytest.mark.thorough
def test_stores_in_memory_end_with_their_holders():
    first = open_store("memory://a-city")
    first.put("a", b"1")
    assert open_store("memory://a-city") is first
    assert open_store("memory://other").list() == []
    del first
    gc.collect()
    assert open_store("memory://a-city").list() == []
    assert MemoryStore("a").list() == MemoryStore("a").list() == []


@pytest.mark.parametrize(
    "address", ["s3a://bucket/city", "http://a/b", "file://host/a", "file:///a?b", "x1://"]
)
def test_addresses_that_nobody_opens(address):
    with pytest.raises(Unsupported) as refused:
        open_store(address)
    assert refused.value.kind == "unknown-store"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "a\0b",
        "file:///a%00b",
        "memory://",
        "memory://a/b",
        "memory://a b",
        "s3://",
        "s3:///a",
        "gs://a@b/c",
    ],
)
def test_addresses_that_name_nothing(address):
    with pytest.raises(InvalidInput) as refused:
        open_store(address)
    assert refused.value.kind == "bad-name"


def test_an_address_is_decoded(tmp_path):
    place = tmp_path / "a b%20 道路"
    LocalStore(place).put("a", b"1")
    assert open_store(place.as_uri()).get("a") == b"1"
    assert open_store("file://localhost" + place.as_uri().removeprefix("file://")).get("a") == b"1"


def test_what_is_being_written_is_in_no_list(tmp_path):
    store = LocalStore(tmp_path)
    store.put("a/b", b"1")
    (tmp_path / "a" / f".b.{'0' * 32}").write_bytes(b"half")
    assert store.list() == ["a/b"]
    assert store.children("a").keys == ("a/b",)
    assert [path.name for path in (tmp_path / "a").iterdir() if path.name != "b"] == [f".b.{'0' * 32}"]


def test_the_suite_finds_a_store_that_does_not_conform(tmp_path):
    with pytest.raises(AssertionError):
        one_of_many_writers_wins(Silent(tmp_path))
    with pytest.raises(AssertionError):
        names_do_not_escape(Trusting(tmp_path))


@dataclasses.dataclass(frozen=True, slots=True)
class Trusting(LocalStore):
    """A store that lets names escape."""

    def exists(self, key):
        return (self.root / key.replace("\0", "")).is_file()
