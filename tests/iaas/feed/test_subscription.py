"""Topics of an MQTT broker: what is not acknowledged comes again in the session that the broker keeps."""

import threading

import pytest

from stcloud.errors import StorageError
from stcloud.iaas.feed.address import open_feed
from stcloud.iaas.feed.message import Take
from stcloud.iaas.feed.subscription import MqttFeed
from stcloud.testing.brokers import NoBroker, mosquitto


def take(feed, wait_s=3.0, most=100):
    return feed.take(Take(most, 1 << 20, wait_s, threading.Event()))


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    try:
        with mosquitto(tmp_path_factory.mktemp("mqtt")) as running:
            yield running
    except NoBroker as error:
        pytest.skip(f"no such broker here: {error}")


@pytest.fixture
def publish(broker):
    from paho.mqtt.client import Client, MQTTv5
    from paho.mqtt.enums import CallbackAPIVersion
    from paho.mqtt.packettypes import PacketTypes
    from paho.mqtt.properties import Properties

    client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTv5)
    client.connect("127.0.0.1", broker.port)
    client.loop_start()

    def publish(topic, body, media=None, **stated):
        properties = Properties(PacketTypes.PUBLISH)
        if media:
            properties.ContentType = media
        for pair in stated.items():
            properties.UserProperty = pair
        client.publish(topic, body, qos=1, properties=properties).wait_for_publish(5)

    yield publish
    client.disconnect()
    client.loop_stop()


def opened(broker, topic, name, **named):
    feed = MqttFeed("127.0.0.1", broker.port, topic, name, **named)
    feed.open()
    return feed


def test_what_is_not_acknowledged_comes_again(broker, publish):
    feed = opened(broker, "again/#", "again")
    for number in range(3):
        publish(f"again/{number}", f"m{number}".encode())
    taken = take(feed, most=3)
    assert [message.body for message in taken] == [b"m0", b"m1", b"m2"]
    assert all(message.id is None and message.place is None for message in taken)
    feed.acknowledge(taken[:1])
    feed.release(taken[1:])
    feed.close()
    publish("again/3", b"m3")  # while nobody listens
    feed = opened(broker, "again/#", "again")
    taken = take(feed, most=3)
    assert [message.body for message in taken] == [b"m1", b"m2", b"m3"]
    feed.acknowledge(taken)
    feed.close()
    feed = opened(broker, "again/#", "again")
    assert take(feed, wait_s=0.3) == []
    feed.close()


def test_events_are_known_by_their_ids(broker, publish):
    feed = opened(broker, "events", "events")
    publish("events", b'{"a": 1}', "application/json", specversion="1.0", id="7", source="bus", type="t")
    publish("events", b'{"specversion": "1.0", "id": "8", "source": "bus", "type": "t", "data": {"a": 1.10}}',
            "application/cloudevents+json")  # fmt: skip
    taken = take(feed, most=2)
    assert [(message.id, message.body) for message in taken] == [
        ("bus\x007", b'{"a": 1}'),
        ("bus\x008", b'{"a": 1.10}'),
    ]
    feed.acknowledge(taken)
    feed.close()


def test_no_more_is_held_than_may_wait(broker, publish):
    feed = opened(broker, "bound", "bound", most_waiting=50)
    for number in range(120):
        publish("bound", str(number).encode())
    taken = take(feed, wait_s=1, most=1000)
    assert len(taken) == 50
    feed.acknowledge(taken)
    assert [message.body for message in take(feed, wait_s=1, most=1000)][:1] == [b"50"]
    feed.close()


def test_who_may_not_listen_is_told_so_without_passwords(tmp_path):
    try:
        with mosquitto(tmp_path, "allow_anonymous false") as strict:
            feed = open_feed(f"mqtt://me:secret@127.0.0.1:{strict.port}/t")
            with pytest.raises(StorageError) as refused:
                feed.open()
    except NoBroker as error:
        pytest.skip(f"no such broker here: {error}")
    assert refused.value.kind == "feed-unreachable"
    assert "secret" not in str(refused.value)
    with pytest.raises(StorageError) as refused:
        open_feed("mqtt://me:secret@127.0.0.1:1/t").open()
    assert "secret" not in str(refused.value)


def test_a_connection_that_ends_is_said(tmp_path):
    try:
        with mosquitto(tmp_path) as running:
            feed = opened(running, "t", "t")
            running.stop()
            with pytest.raises(StorageError) as refused:
                take(feed, wait_s=5)
            feed.close()
    except NoBroker as error:
        pytest.skip(f"no such broker here: {error}")
    assert refused.value.kind == "feed-unreachable"
