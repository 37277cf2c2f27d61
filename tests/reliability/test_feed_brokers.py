"""Listeners as processes of their own, killed while brokers give messages: each is applied once."""

import asyncio
import json
import random
import signal
import time

import pytest

import stcloud
from stcloud.testing.brokers import NoBroker, nats_server

OPTIONS = ("--key", "id", "--time", "at", "--time-format", "iso", "--lon", "lon", "--lat", "lat")
KEYS, MESSAGES = 40, 4_000


def published(port, draw):
    """Publish messages of few keys; return the number of the last of each."""
    last = {}

    async def work():
        import nats

        client = await nats.connect(f"nats://127.0.0.1:{port}")
        stream = client.jetstream()
        await stream.add_stream(name="FIXES", subjects=["fixes"])
        for number in range(1, MESSAGES + 1):
            key = f"k{draw.randrange(KEYS)}"
            last[key] = number
            row = {"id": key, "at": "2024-03-01T10:00:00Z", "lon": 117.2, "lat": 31.9, "n": number}
            await client.publish("fixes", json.dumps(row).encode())
        await client.flush()
        await client.close()

    asyncio.run(work())
    return last


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
            last = published(server.port, draw)
            call = ("listen", place, "fixes", "--from", f"nats://127.0.0.1:{server.port}/FIXES?ack_wait=2", "--quiet",
                    "--every", "200ms", "--most-rows", "150", *OPTIONS)  # fmt: skip
            for _ in range(6):
                listener = command(*call)
                time.sleep(draw.uniform(0.7, 2.5))
                listener.send_signal(signal.SIGKILL)
                listener.wait()
            listener = command(*call)
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
        snapshot = city.layer("fixes").snapshot
        beliefs = {}
        for row in snapshot.read(snapshot.files).sort_by("st_recorded_from").to_pylist():
            beliefs.setdefault(row["id"], []).append(int(row["n"]))
        assert all(numbers == sorted(set(numbers)) for numbers in beliefs.values())
        assert [finding for finding in city.check() if finding.faults] == []
        assert len({load.source for load in city.layer("fixes").loads}) == len(city.layer("fixes").loads)
