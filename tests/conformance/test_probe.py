"""The probe: what it costs, that it finds a server that lies, and that it is made once."""

import uuid

import pytest

from stcloud.errors import StorageError
from stcloud.iaas.store import probe
from stcloud.iaas.store.opening import open_store
from stcloud.iaas.store.probe import keeps_put_if_absent, require_put_if_absent


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch):
    monkeypatch.setattr(probe, "_PROBED", {})


@pytest.fixture(params=["s3", "azure"])
def store(request):
    server = request.getfixturevalue(request.param)
    return open_store(server.address(uuid.uuid4().hex), server.options)


def test_a_bucket_is_probed_once_in_a_process(store):
    require_put_if_absent(store)
    assert store.traffic.requests <= 6
    before = store.traffic
    require_put_if_absent(store)
    assert store.traffic == before
    assert store.list() == []


def test_racers_are_let_run_although_the_store_is_known(store):
    require_put_if_absent(store)
    before = store.traffic
    require_put_if_absent(store, racers=8)
    assert store.traffic.since(before).requests >= 14
    assert store.list() == []


def test_a_server_that_lies_is_not_written(lying):
    store = open_store(lying.address(uuid.uuid4().hex), lying.options)
    store.put("a", b"1")
    assert not keeps_put_if_absent(store)
    assert not keeps_put_if_absent(store, racers=8)
    for racers in (0, 8):
        with pytest.raises(StorageError, match="does not keep its promise") as refused:
            require_put_if_absent(store, racers=racers)
        assert refused.value.kind == "read-only"
    assert store.list() == ["a"]


class Racing:
    """A store that refuses a put that comes later and lets two at once win."""

    url = "memory://racing"

    def __init__(self, store):
        self.store = store
        self.seen = set()

    def __getattr__(self, name):
        return getattr(self.store, name)

    def put_if_absent(self, key, data):
        won = self.store.put_if_absent(key, data)
        if not won and data.startswith(b"racer"):
            self.store.put(key, data)
            return True
        return won


def test_a_store_that_keeps_its_promise_only_without_haste_is_found_by_racers():
    store = Racing(open_store("memory://racing"))
    assert keeps_put_if_absent(store)
    assert not keeps_put_if_absent(store, racers=8)
    with pytest.raises(StorageError) as refused:
        require_put_if_absent(store, racers=8)
    assert refused.value.kind == "read-only"


def test_an_endpoint_that_is_down_is_not_remembered(s3, monkeypatch):
    store = open_store(s3.address(uuid.uuid4().hex), s3.options)
    with monkeypatch.context() as broken:
        broken.setattr(store, "put_if_absent", refuse, raising=False)
        with pytest.raises(StorageError, match="the server is away"):
            require_put_if_absent(store)
    require_put_if_absent(store)


def refuse(key, data):
    raise StorageError("unavailable", "the server is away")
