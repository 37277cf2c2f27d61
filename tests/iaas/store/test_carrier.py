"""What a carrier brings is there byte for byte; what is there is not sent again, and what differs is found."""

import hashlib
from dataclasses import replace

import pytest

from stcloud.errors import NotFound, StorageError
from stcloud.iaas.store import carrier as room
from stcloud.iaas.store.carrier import Carried, Carrier
from stcloud.iaas.store.local import LocalStore
from stcloud.iaas.store.memory import MemoryStore
from stcloud.iaas.store.opening import open_store

CONTENTS = {"a": b"", "b/one": b"1" * 10, "b/two": b"2" * 70, "c/three-0": bytes(range(256)) * 3}


@pytest.fixture(params=["local", "memory", "s3"])
def target(request, tmp_path):
    return store_of(request, tmp_path / "target")


@pytest.fixture(params=["local", "s3"])
def source(request, tmp_path):
    store = store_of(request, tmp_path / "source")
    for key, content in CONTENTS.items():
        store.put(key, content)
    return store


def store_of(request, place):
    if request.param == "local":
        return LocalStore(place)
    if request.param == "memory":
        return MemoryStore.named(hashlib.sha256(str(place).encode()).hexdigest()[:20])
    server = request.getfixturevalue("s3")
    return open_store(server.address(hashlib.sha256(str(place).encode()).hexdigest()), server.options)


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Let files of these tests be large ones, in several ranges."""
    monkeypatch.setattr(room, "_SMALL_BYTES", 64)
    monkeypatch.setattr(room, "_RUN_BYTES", 100)


def bring(source, target, tmp_path, own=lambda _: True, **options):
    (tmp_path / "scratch").mkdir(exist_ok=True)
    carrier = Carrier(source, target, tmp_path / "scratch", own)
    carrier.send_all(source.entries(), **{"lasting": True, **options})
    carrier.verify()
    assert not any((tmp_path / "scratch").iterdir())
    return carrier.carried


@pytest.mark.parametrize("lasting", [True, False])
def test_all_is_there_and_not_sent_again(source, target, tmp_path, lasting):
    every = sum(map(len, CONTENTS.values()))
    assert bring(source, target, tmp_path, lasting=lasting) == Carried(4, every, 0)
    assert {key: target.get(key) for key in target.list()} == CONTENTS
    target.delete("b/two")
    assert bring(source, target, tmp_path, lasting=lasting) == Carried(1, 70, 3)


def test_another_content_of_the_same_size_is_replaced_unless_its_name_is_its_digest(source, target, tmp_path):
    target.put("b/one", b"x" * 10)
    assert bring(source, target, tmp_path, lasting=True).there == 1
    assert bring(source, target, tmp_path, lasting=False) == Carried(1, 10, 3)
    assert target.get("b/one") == b"1" * 10


def test_what_nothing_needs_goes_and_what_is_of_others_stays(source, target, tmp_path):
    target.put("b/old", b"x")
    target.put("others", b"x")
    bring(source, target, tmp_path, own=lambda key: key != "others")
    assert target.list() == sorted([*CONTENTS, "others"])


def test_small_contents_are_compared(source, target, tmp_path):
    carrier = Carrier(source, target, tmp_path, lambda _: True)
    carrier.put_all([("x", lambda: b"1"), ("y", lambda: b"2")])
    carrier.verify()
    again = Carrier(source, target, tmp_path, lambda _: True)
    again.put_all([("x", lambda: b"1"), ("y", lambda: b"3")])
    again.verify()
    assert again.carried == Carried(1, 1, 1)
    assert (target.get("x"), target.get("y")) == (b"1", b"3")


def test_what_arrives_otherwise_is_found(source, target, tmp_path, monkeypatch):
    kind = type(target)
    meant = kind.put_file
    monkeypatch.setattr(
        kind,
        "put_file",
        lambda self, key, path: (meant(self, key, path), self.put(key, b"z" * path.stat().st_size)),
    )
    with pytest.raises(StorageError, match="something else than what was sent") as refused:
        bring(source, target, tmp_path, lasting=False)
    assert refused.value.kind == "copy-differs"


def test_what_is_gone_or_damaged_is_not_sent(source, target, tmp_path):
    gone = replace(source.entries()[0], key="none", size=5)
    (tmp_path / "scratch").mkdir()
    carrier = Carrier(source, target, tmp_path / "scratch", lambda _: True)
    with pytest.raises(NotFound):
        carrier.send_all([gone], lasting=True)

    def refuse(path):
        assert path.name == "three-0"
        raise StorageError("storage", "damaged")

    with pytest.raises(StorageError, match="damaged"):
        carrier.send_all(source.entries("c"), lasting=True, check=refuse)
    assert target.list() == []
