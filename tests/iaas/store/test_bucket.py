"""A store in a bucket: what it counts, what it says, and that no text of it holds a credential."""

import io
import logging
import pickle
import socket
import time
import traceback
import uuid

import pytest

from stcloud.errors import InvalidInput, NotFound, StorageError
from stcloud.iaas.store import bucket as module
from stcloud.iaas.store.bucket import BucketStore
from stcloud.iaas.store.bucketclient import address_parts
from stcloud.iaas.store.opening import open_store
from stcloud.iaas.store.patience import Patience
from stcloud.iaas.store.traffic import Traffic

HASTE = Patience(
    tries=3, total_s=5, first_pause_s=0.01, longest_pause_s=0.05, connect_s=1, answer_s=2, request_s=5
)


@pytest.fixture
def store(s3):
    return BucketStore(s3.address(uuid.uuid4().hex), s3.options, patience=HASTE)


def test_requests_and_bytes_are_counted(store):
    data = bytes(2_000_000)
    store.put("a", data)
    assert store.traffic == Traffic(requests=1, bytes_written=2_000_000)
    before = store.traffic
    near = store.get_ranges("a", [(0, 1000), (5000, 1000), (100_000, 10)])
    assert [len(piece) for piece in near] == [1000, 1000, 10]
    assert store.traffic.since(before) == Traffic(requests=1, bytes_read=100_010)
    before = store.traffic
    store.get_ranges("a", [(0, 1000), (1_900_000, 1000)])
    assert store.traffic.since(before) == Traffic(requests=2, bytes_read=2000)
    before = store.traffic
    store.entries()
    store.get_many(["a", "b", "c"])
    assert store.traffic.since(before) == Traffic(requests=4, lists=1, bytes_read=2_000_000)
    before = store.traffic
    store.delete_many(f"k/{number}" for number in range(20))
    assert store.traffic.since(before) == Traffic(requests=20)


def test_a_long_list_is_whole_and_counts_its_pages(store, monkeypatch):
    monkeypatch.setattr(module, "_LISTED", 10)
    for number in range(25):
        store.put(f"log/{number:03d}", b"1")
    before = store.traffic
    assert [entry.key for entry in store.entries("log", "log/004")] == [f"log/{n:03d}" for n in range(5, 25)]
    assert store.traffic.since(before) == Traffic(requests=2, lists=2)


def test_a_large_file_goes_in_parts_and_is_there_at_once(store, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_SINGLE_PUT_BYTES", 1000)
    monkeypatch.setattr(module, "_PART_BYTES", 6_000_000)
    path = tmp_path / "large"
    path.write_bytes(bytes(range(256)) * 60_000)
    store.put_file("data/large", path)
    assert store.get("data/large") == path.read_bytes()
    assert store.traffic.bytes_written == 256 * 60_000


def test_a_prefix_is_not_left(s3, store):
    other = BucketStore(f"{store.url}-other", s3.options)
    other.put("a", b"1")
    store.put("b", b"2")
    assert (store.list(), other.list()) == (["b"], ["a"])
    root = BucketStore(s3.address(), s3.options)
    assert root.get(f"{store.url.rpartition('/')[2]}/b") == b"2"


def test_a_bucket_is_read_without_credentials(s3, store, monkeypatch):
    for name in s3.environment:
        monkeypatch.delenv(name, raising=False)
    store.put("a", b"1")
    anonymous = open_store(
        store.url, {"endpoint": s3.endpoint, "region": "us-east-1", "skip_signature": "true"}
    )
    assert anonymous.get("a") == b"1"
    monkeypatch.setenv("AWS_SKIP_SIGNATURE", "true")
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3.endpoint)
    assert open_store(store.url).list() == ["a"]


@pytest.mark.parametrize(
    "address",
    [
        "s3://KEY:f00dcafe@bucket/a",
        "s3://bucket/a?sig=f00dcafe",
        "s3://bucket/a#f00dcafe",
        "az://f00dcafe@c/x",
    ],
)
def test_an_address_has_no_credentials_and_none_is_shown(address):
    with pytest.raises(InvalidInput) as refused:
        BucketStore(address)
    assert refused.value.kind == "bad-name"
    assert "f00dcafe" not in str(refused.value)


@pytest.mark.parametrize("address", ["s3://", "s3:///a", "s3://a b/c", "s3://ab"])
def test_an_address_names_a_bucket(address):
    with pytest.raises(InvalidInput, match="names no bucket"):
        address_parts(address)
    with pytest.raises(InvalidInput) as refused:
        address_parts("s3://bucket/a/../b")
    assert refused.value.kind == "bad-key"


def test_other_stores_take_no_options(tmp_path):
    with pytest.raises(InvalidInput, match="takes no options") as refused:
        open_store(tmp_path, {"region": "us-east-1"})
    assert refused.value.kind == "unknown-option"


def calls(store, path):
    return {
        "get": lambda: store.get("k"),
        "get_many": lambda: store.get_many(["k", "l"]),
        "get_range": lambda: store.get_range("k", 0, 5),
        "put": lambda: store.put("k", b"1"),
        "put_file": lambda: store.put_file("k", path),
        "put_if_absent": lambda: store.put_if_absent("k", b"1"),
        "list": store.list,
        "children": store.children,
        "delete": lambda: store.delete("k"),
        "delete_many": lambda: store.delete_many(["k", "l"]),
    }


def shown(error, store, logs):
    """Return every text in which an error could show something."""
    chain = []
    link = error
    while link is not None:
        chain += [repr(link), str(link), str(link.args), str(getattr(link, "context", "")), str(vars(link))]
        link = link.__context__ or link.__cause__
    return "\n".join(
        [*chain, "".join(traceback.format_exception(error)), repr(store), store.url, logs.getvalue()]
    )


@pytest.mark.parametrize("place", ["no bucket", "nobody listens", "no such host", "wrong key"])
def test_a_failure_is_one_line_without_credentials(s3, azure_or_none, tmp_path, place):
    secrets = {
        "secret_access_key": "5ecre7" * 6,
        "access_key_id": "AKIA5ECRE7",
        "session_token": "t0ken5ecre7",
    }
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    endpoint = {
        "no bucket": s3.endpoint.replace("//", "//user:5ecre7@"),
        "nobody listens": f"http://user:5ecre7@127.0.0.1:{port}",
        "no such host": "https://user:5ecre7@nowhere.invalid",
    }.get(place)
    expected = {"no bucket": "no-bucket", "wrong key": "no-permission"}.get(place, "unreachable")
    if place == "wrong key":
        options = {**azure_or_none.options, "account_key": "NWVjcmU3NWVjcmU3"}
        store = BucketStore(azure_or_none.address("x"), options, patience=HASTE)
        secrets = {"key": "NWVjcmU3"}
    else:
        options = {**secrets, "endpoint": endpoint, "region": "us-east-1"}
        store = BucketStore("s3://never-made/city", options, patience=HASTE)
    logs = io.StringIO()
    handler = logging.StreamHandler(logs)
    logging.getLogger().addHandler(handler)
    path = tmp_path / "file"
    path.write_bytes(b"1")
    begun_s = time.monotonic()
    for name, call in calls(store, path).items():
        with pytest.raises(StorageError) as refused:
            call()
        assert refused.value.kind == expected, name
        text = shown(refused.value, store, logs)
        assert "\n" not in str(refused.value)
        assert not any(secret in text for secret in (*secrets.values(), "5ecre7")), name
    logging.getLogger().removeHandler(handler)
    assert time.monotonic() - begun_s < 20


@pytest.fixture
def azure_or_none(request):
    return request.getfixturevalue("azure") if "wrong key" in request.node.name else None


def test_a_store_says_its_address_alone_and_is_not_taken_elsewhere(store):
    assert repr(store) == f"BucketStore('{store.url}')"
    with pytest.raises(TypeError, match="opened anew"):
        pickle.dumps(store)


def test_a_missing_key_is_no_failure_of_the_bucket(store):
    with pytest.raises(NotFound) as refused:
        store.get("a")
    assert refused.value.kind == "no-object"
    assert store.traffic.requests == 1


def test_a_client_that_cannot_have_credentials_says_so(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SKIP_SIGNATURE"):
        monkeypatch.delenv(name, raising=False)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{free.getsockname()[1]}"
    store = BucketStore("s3://bucket/a", {"metadata_endpoint": nobody, "endpoint": nobody}, patience=HASTE)
    with pytest.raises(StorageError) as refused:
        store.get("k")
    assert refused.value.kind in ("no-credentials", "unreachable")
