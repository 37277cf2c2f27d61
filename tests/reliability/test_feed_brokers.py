"""Listeners as processes of their own, killed while brokers give messages: each is applied once."""

import asyncio
import http.client
import json
import random
import signal
import socket
import threading
import time
import urllib.request

import pytest

import stcloud
from stcloud.testing.brokers import NoBroker, mosquitto, nats_server

OPTIONS = ("--key", "id", "--time", "at", "--time-format", "iso", "--lon", "lon", "--lat", "lat")
KEYS, MESSAGES = 40, 4_000


def published(port, draw, numbers, last):
    """Publish messages of few keys; note the number of the last of each."""

    async def work():
        import nats

        client = await nats.connect(f"nats://127.0.0.1:{port}")
        stream = client.jetstream()
        await stream.add_stream(name="FIXES", subjects=["fixes"])
        for number in numbers:
            key = f"k{draw.randrange(KEYS)}"
            last[key] = number
            row = {"id": key, "at": "2024-03-01T10:00:00Z", "lon": 117.2, "lat": 31.9, "n": number}
            await client.publish("fixes", json.dumps(row).encode())
        await client.flush()
        await client.close()

    asyncio.run(work())


def pending(port):
    async def work():
        import nats

        client = await nats.connect(f"nats://127.0.0.1:{port}")
        (consumer,) = await client.jetstream().consumers_info("FIXES")
        await client.close()
        return consumer.num_pending, consumer.num_ack_pending

    return asyncio.run(work())


@pytest.mark.slow
def test_a_listener_that_is_killed_again_and_again_applies_each_message_of_a_stream_once(tmp_path, command):
    draw = random.Random(5)
    place = tmp_path / "city"
    stcloud.create(place, crs="EPSG:4548", zone="Asia/Shanghai").close()
    (tmp_path / "nats").mkdir()
    try:
        with nats_server(tmp_path / "nats") as server:
            last = {}
            published(server.port, draw, range(1, MESSAGES + 1), last)
            call = ("listen", place, "fixes", "--from", f"nats://127.0.0.1:{server.port}/FIXES?ack_wait=2", "--quiet",
                    "--every", "200ms", "--most-rows", "150", *OPTIONS)  # fmt: skip
            for _ in range(6):
                listener = command(*call)
                time.sleep(draw.uniform(0.7, 2.5))
                listener.send_signal(signal.SIGKILL)
                listener.wait()
            listener = command(*call)
            published(
                server.port, draw, range(MESSAGES + 1, MESSAGES + 2), last
            )  # it is up once it has taken this
            deadline = time.monotonic() + 120
            while pending(server.port) != (0, 0) and time.monotonic() < deadline:
                time.sleep(0.5)
            listener.send_signal(signal.SIGTERM)
            out, err = listener.communicate()
            assert listener.returncode == 0, err
            assert pending(server.port) == (0, 0), out
    except NoBroker as error:
        pytest.skip(f"no such broker here: {error}")
    with stcloud.open(place) as city:
        rows = city.query("fixes").to_arrow().to_pylist()
        assert {row["id"]: int(row["n"]) for row in rows} == last
        beliefs = beliefs_of(city)
        assert all(numbers == sorted(set(numbers)) for numbers in beliefs.values())
        assert [finding for finding in city.check() if finding.faults] == []
        assert len({load.source for load in city.layer("fixes").loads}) == len(city.layer("fixes").loads)


def killed_meanwhile(command, call, draw, is_done, times=4):
    """Start a listener, kill it some times, and end the last one once all is done; return what it printed."""
    for _ in range(times):
        listener = command(*call)
        time.sleep(draw.uniform(1.0, 2.5))
        listener.send_signal(signal.SIGKILL)
        listener.wait()
    listener = command(*call)
    while "listening" not in listener.stderr.readline():
        assert listener.poll() is None
    deadline = time.monotonic() + 120
    while not is_done() and time.monotonic() < deadline:
        time.sleep(0.2)
    listener.send_signal(signal.SIGTERM)
    out, err = listener.communicate()
    assert listener.returncode == 0, err
    assert is_done(), out


def beliefs_of(city):
    """Return the numbers of each key's rows, in the order of recorded time."""
    snapshot = city.layer("fixes").snapshot
    beliefs = {}
    for row in snapshot.read(snapshot.files).sort_by("st_recorded_from").to_pylist():
        beliefs.setdefault(row["id"], []).append(int(row["n"]))
    return beliefs


def row_of(number):
    return {"id": f"k{number % 7}", "at": "2024-03-01T10:00:00Z", "lon": 117.2, "lat": 31.9, "n": number}


@pytest.mark.slow
def test_events_that_are_posted_until_they_are_taken_are_applied_once(tmp_path, command):
    place, count = tmp_path / "city", 60
    stcloud.create(place, crs="EPSG:4548", zone="Asia/Shanghai").close()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
    posted, ended = [], threading.Event()

    def post_all():
        for number in range(1, count + 1):
            headers = {
                "ce-specversion": "1.0", "ce-id": str(number), "ce-source": "bus", "ce-type": "t",
                "content-type": "application/json",
            }  # fmt: skip
            body = json.dumps(row_of(number)).encode()
            while not ended.is_set():
                try:
                    request = urllib.request.Request(address, body, headers, method="POST")
                    with urllib.request.urlopen(request, timeout=20) as answer:
                        assert answer.status == 204
                except (OSError, http.client.HTTPException):
                    time.sleep(0.02)
                    continue
                posted.append(number)
                break

    poster = threading.Thread(target=post_all)
    poster.start()
    try:
        call = ("listen", place, "fixes", "--from", address, "--quiet", "--every", "30ms", *OPTIONS)
        killed_meanwhile(command, call, random.Random(1), lambda: len(posted) == count)
    finally:
        ended.set()
        poster.join()
    with stcloud.open(place) as city:
        beliefs = beliefs_of(city)
        assert beliefs == {f"k{key}": [n for n in range(1, count + 1) if n % 7 == key] for key in range(7)}


@pytest.mark.slow
def test_messages_of_a_topic_are_applied_once_though_the_listener_is_killed(tmp_path, command):
    from paho.mqtt.client import Client, MQTTv5
    from paho.mqtt.enums import CallbackAPIVersion
    from paho.mqtt.packettypes import PacketTypes
    from paho.mqtt.properties import Properties

    place, count = tmp_path / "city", 400
    stcloud.create(place, crs="EPSG:4548", zone="Asia/Shanghai").close()
    (tmp_path / "mqtt").mkdir()
    try:
        with mosquitto(tmp_path / "mqtt") as broker:
            call = ("listen", place, "fixes", "--from", f"mqtt://127.0.0.1:{broker.port}/fixes/#", "--quiet",
                    "--every", "100ms", "--most-rows", "40", *OPTIONS)  # fmt: skip
            first = command(*call)  # the session begins with it: what was published before does not come
            while "listening" not in first.stderr.readline():
                pass
            client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTv5)
            client.connect("127.0.0.1", broker.port)
            client.loop_start()
            for number in range(1, count + 1):
                properties = Properties(PacketTypes.PUBLISH)
                for pair in {"specversion": "1.0", "id": str(number), "source": "bus", "type": "t"}.items():
                    properties.UserProperty = pair
                client.publish("fixes/a", json.dumps(row_of(number)), qos=1, properties=properties)
            first.send_signal(signal.SIGKILL)
            first.wait()

            expected = {f"k{key}": max(n for n in range(1, count + 1) if n % 7 == key) for key in range(7)}

            def is_done():
                with stcloud.open(place) as city:
                    if not city.layers():
                        return False
                    return {key: numbers[-1] for key, numbers in beliefs_of(city).items()} == expected

            killed_meanwhile(command, call, random.Random(2), is_done)
            client.disconnect()
            client.loop_stop()
    except NoBroker as error:
        pytest.skip(f"no such broker here: {error}")
    with stcloud.open(place) as city:
        beliefs = beliefs_of(city)
        assert all(numbers == sorted(set(numbers)) for numbers in beliefs.values())
