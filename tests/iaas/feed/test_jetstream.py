"""A stream of NATS: what is not acknowledged comes again, numbered as before."""

import asyncio
import threading

import pytest

from stcloud.errors import InvalidInput, StorageError
from stcloud.iaas.feed.address import open_feed
from stcloud.iaas.feed.jetstream import JetStreamFeed
from stcloud.iaas.feed.message import Take
from stcloud.testing.brokers import NoBroker, nats_server


def take(feed, wait_s=2.0, most=100):
    return feed.take(Take(most, 1 << 20, wait_s, threading.Event()))


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    try:
        with nats_server(tmp_path_factory.mktemp("nats")) as broker:
            yield broker
    except NoBroker as error:
        pytest.skip(f"no such broker here: {error}")


def publish(server, stream, bodies, **headers):
    async def work():
        import nats

        client = await nats.connect(f"nats://127.0.0.1:{server.port}")
        js = client.jetstream()
        await js.add_stream(name=stream, subjects=[f"{stream}.*"])
        for body in bodies:
            await js.publish(f"{stream}.{body.decode()[0]}", body, headers=headers or None)
        await client.close()

    asyncio.run(work())


def feed_of(server, stream, **named):
    return JetStreamFeed(f"nats://127.0.0.1:{server.port}", stream, "city-events", **named)


def test_what_is_not_acknowledged_comes_again(server):
    publish(server, "again", [b"a1", b"a2", b"a3"])
    feed = feed_of(server, "again")
    feed.open()
    taken = take(feed, most=3)
    assert [message.body for message in taken] == [b"a1", b"a2", b"a3"]
    assert [message.place.number for message in taken] == [1, 2, 3]
    assert taken[0].at_us is not None
    feed.acknowledge(taken[:1])
    feed.refuse(taken[1:2])
    feed.release(taken[2:])
    (again,) = take(feed, most=1)
    assert (again.body, again.place) == (b"a3", taken[2].place)
    feed.close()  # as if it were killed: not acknowledged
    other = feed_of(server, "again", ack_wait_s=0.5)
    other.open()
    assert take(other, wait_s=0.2) == []
    other.close()


def test_a_listener_that_was_killed_gets_its_messages_after_a_while(server):
    publish(server, "killed", [b"a1"])
    feed = feed_of(server, "killed", ack_wait_s=0.5)
    feed.open()
    assert len(take(feed, most=1)) == 1
    feed.close()
    feed = feed_of(server, "killed", ack_wait_s=0.5)
    feed.open()
    (again,) = take(feed, most=1)
    feed.acknowledge([again])
    assert take(feed, wait_s=0.8) == []
    feed.close()


def test_a_subject_is_a_part_of_a_stream_and_media_types_are_headers(server):
    publish(server, "part", [b"a1", b"b1", b"a2"], **{"Content-Type": "text/csv"})
    feed = open_feed(f"nats://127.0.0.1:{server.port}/part?subject=part.a", "x")
    feed.open()
    taken = take(feed, most=2)
    assert [(message.body, message.place.number, message.media) for message in taken] == [
        (b"a1", 1, "text/csv"), (b"a2", 3, "text/csv"),
    ]  # fmt: skip
    feed.close()


def test_no_more_is_held_than_may_wait(server):
    publish(server, "bound", [f"a{n}".encode() for n in range(10)])
    feed = feed_of(server, "bound", most_waiting=4)
    feed.open()
    taken = take(feed, wait_s=1)
    assert len(taken) == 4
    feed.acknowledge(taken)
    assert len(take(feed, wait_s=1)) == 4
    feed.close()


def test_a_connection_that_ends_is_said(tmp_path):
    try:
        with nats_server(tmp_path) as running:
            publish(running, "ending", [b"a1"])
            feed = feed_of(running, "ending")
            feed.open()
            (message,) = take(feed, most=1)
            running.stop()
            for work in (lambda: take(feed, wait_s=5), lambda: feed.acknowledge([message])):
                with pytest.raises(StorageError) as refused:
                    work()
                assert refused.value.kind == "feed-unreachable"
            feed.close()
    except NoBroker as error:
        pytest.skip(f"no such broker here: {error}")


def test_what_is_not_there_is_said_without_passwords(server):
    with pytest.raises(InvalidInput) as refused:
        open_feed(f"nats://me:secret@127.0.0.1:{server.port}/nothing").open()
    assert refused.value.kind == "no-such-feed"
    assert "secret" not in str(refused.value)
    with pytest.raises(StorageError) as unreachable:
        open_feed("nats://me:secret@127.0.0.1:1/nothing").open()
    assert unreachable.value.kind == "feed-unreachable"
    assert "secret" not in str(unreachable.value)
