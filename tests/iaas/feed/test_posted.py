"""Events that are posted are answered once they are visible, and not taken where too many wait."""

import json
import threading
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest

from stcloud.errors import InvalidInput
from stcloud.iaas.feed.address import open_feed
from stcloud.iaas.feed.message import MOST_BODY_BYTES, Take
from stcloud.iaas.feed.posted import PostedFeed

BINARY = {
    "ce-specversion": "1.0",
    "ce-id": "1",
    "ce-source": "bus",
    "ce-type": "t",
    "content-type": "application/json",
}
STRUCTURED = {"content-type": "application/cloudevents+json"}
BATCH = {"content-type": "application/cloudevents-batch+json"}


def event(name, data):
    return {"specversion": "1.0", "id": name, "source": "bus", "type": "t", "data": data}


def post(address, headers, body, method="POST"):
    request = urllib.request.Request(address, body, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, {}, b""
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), error.read()


def take(feed, wait_s=5.0, most=1):
    return feed.take(Take(most, 1 << 20, wait_s, threading.Event()))


@pytest.fixture
def feed():
    made = PostedFeed("127.0.0.1", 0, most_waiting=3)
    made.open()
    yield made
    made.close()


@pytest.fixture
def pool():
    with ThreadPoolExecutor(8) as pool:
        yield pool


def test_a_request_is_answered_once_all_its_events_are_loaded(feed, pool):
    body = json.dumps([event("1", {"a": 1}), event("2", {"a": 2})]).encode()
    answer = pool.submit(post, feed.address, BATCH, body)
    first, second = *take(feed), *take(feed)
    assert [(message.id, message.body) for message in (first, second)] == [
        ("bus\x001", b'{"a": 1}'), ("bus\x002", b'{"a": 2}'),
    ]  # fmt: skip
    feed.acknowledge([first])
    assert not answer.done()
    feed.acknowledge([second])
    assert answer.result(10)[0] == 204


@pytest.mark.parametrize(("verb", "status"), [("acknowledge", 204), ("refuse", 422), ("release", 503)])
def test_what_becomes_of_an_event_is_the_answer(feed, pool, verb, status):
    answer = pool.submit(post, feed.address, BINARY, b'{"a": 1.50}')
    (message,) = take(feed)
    assert (message.body, message.media, message.id) == (b'{"a": 1.50}', "application/json", "bus\x001")
    getattr(feed, verb)([message])
    code, headers, _ = answer.result(10)
    assert code == status
    assert ("retry-after" in {name.lower() for name in headers}) == (status == 503)


def test_where_too_many_wait_senders_are_told_to_come_again(feed, pool):
    held = [pool.submit(post, feed.address, {**BINARY, "ce-id": str(n)}, b"{}") for n in range(3)]
    deadline = threading.Event()
    while feed.waiting < 3 and not deadline.wait(0.01):
        pass
    assert post(feed.address, BINARY, b"{}")[0] == 503
    feed.acknowledge(take(feed, most=3))
    assert [answer.result(10)[0] for answer in held] == [204] * 3


def test_who_waits_when_the_listener_ends_is_told_to_come_again(pool):
    feed = PostedFeed("127.0.0.1", 0)
    feed.open()
    answer = pool.submit(post, feed.address, BINARY, b"{}")
    deadline = threading.Event()
    while not feed.waiting and not deadline.wait(0.01):
        pass
    feed.close()
    assert answer.result(10)[0] == 503


@pytest.mark.parametrize(
    ("headers", "body", "method", "status"),
    [
        ({"content-type": "application/json"}, b"{}", "POST", 400),
        ({**BINARY, "ce-source": ""}, b"{}", "POST", 400),
        ({name: text for name, text in BINARY.items() if name != "ce-id"}, b"{}", "POST", 400),
        ({**BINARY, "ce-time": "yesterday"}, b"{}", "POST", 400),
        (STRUCTURED, b"{", "POST", 400),
        (STRUCTURED, b"\xff", "POST", 400),
        (STRUCTURED, b'{"id": "1"}', "POST", 400),
        (STRUCTURED, b"[" * 100_000, "POST", 400),
        (BATCH, b'{"id": "1"}', "POST", 400),
        (BATCH, b"[]", "POST", 204),
        (BINARY, None, "GET", 405),
        (BINARY, b"x" * (MOST_BODY_BYTES + 1), "POST", 413),
    ],
)
def test_what_is_no_event_is_refused(feed, headers, body, method, status):
    code, _, problem = post(feed.address, headers, body, method)
    assert code == status
    assert status == 204 or json.loads(problem)["title"]
    assert not feed.waiting


def test_a_token_is_needed_where_one_is_stated(pool):
    feed = open_feed("http://127.0.0.1:0", token="s3cret")
    feed.open()
    try:
        assert post(feed.address, BINARY, b"{}")[0] == 401
        assert post(feed.address, {**BINARY, "authorization": "Bearer other"}, b"{}")[0] == 401
        answer = pool.submit(post, feed.address, {**BINARY, "authorization": "Bearer s3cret"}, b"{}")
        feed.acknowledge(take(feed))
        assert answer.result(10)[0] == 204
    finally:
        feed.close()


def test_a_port_that_is_taken_is_said(feed):
    other = open_feed(feed.address)
    with pytest.raises(InvalidInput) as refused:
        other.open()
    assert refused.value.kind == "cannot-listen"
