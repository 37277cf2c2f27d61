"""Notices to a subject of NATS: taken once a stream has them, tried again until then; no error holds an address."""

import asyncio
import hashlib
import hmac
import json

import pytest

from stcloud.errors import InvalidInput
from stcloud.saas.delivery import SIGNATURE, delivered
from stcloud.testing.brokers import NoBroker, nats_server


@pytest.fixture
def server(tmp_path):
    (tmp_path / "nats").mkdir()
    try:
        with nats_server(tmp_path / "nats") as broker:
            yield f"127.0.0.1:{broker.port}"
    except NoBroker as error:
        pytest.skip(f"no such broker here: {error}")


def with_stream(server, work):
    async def connected():
        import nats

        client = await nats.connect(f"nats://{server}")
        try:
            return await work(client.jetstream())
        finally:
            await client.close()

    return asyncio.run(connected())


def make_stream(server):
    with_stream(server, lambda stream: stream.add_stream(name="ALERTS", subjects=["city.*"]))


def published(server):
    async def read(stream):
        count = (await stream.stream_info("ALERTS")).state.messages
        return [await stream.get_msg("ALERTS", seq=number) for number in range(1, count + 1)]

    return with_stream(server, read)


def test_a_stream_has_every_notice_once_with_its_id_and_signature(desk, server):
    make_stream(server)
    waiting = {notice.id for notice in desk.records.outbox.waiting()}
    assert len(waiting) > 0
    done = delivered(desk.records.outbox, f"nats://{server}/city.cases", secret=b"key")
    assert done == {"delivered": len(waiting), "again": 0, "given_up": 0}
    messages = published(server)
    assert {json.loads(message.data)["id"] for message in messages} == waiting
    for message in messages:
        assert message.headers["Nats-Msg-Id"] == json.loads(message.data)["id"]
        signed = hmac.new(b"key", message.data, hashlib.sha256).hexdigest()
        assert message.headers[SIGNATURE] == f"sha256={signed}"


def test_a_notice_that_comes_again_is_left_out_by_the_server(desk, server, clock, monkeypatch):
    make_stream(server)
    count = len(desk.records.outbox.waiting())
    outbox = desk.records.outbox
    monkeypatch.setattr(type(outbox), "done", lambda *_: None)  # killed before it was noted
    delivered(outbox, f"nats://{server}/city.cases")
    monkeypatch.undo()
    clock.pass_hours(1)
    assert delivered(outbox, f"nats://{server}/city.cases")["delivered"] == count
    assert len(published(server)) == count


def test_what_no_stream_takes_is_tried_again(desk, server):
    count = len(desk.records.outbox.waiting())
    done = delivered(desk.records.outbox, f"nats://reader:secret@{server}/city.cases")
    assert done == {"delivered": 0, "again": count, "given_up": 0}
    [error] = {notice.error for notice in desk.records.outbox.waiting()}
    assert error == "no stream has this subject"


def test_a_server_that_is_not_there_is_said_without_its_address(desk):
    count = len(desk.records.outbox.waiting())
    assert delivered(desk.records.outbox, "nats://reader:secret@127.0.0.1:1/city.cases")["again"] == count
    [error] = {notice.error for notice in desk.records.outbox.waiting()}
    assert error.endswith("no broker took it")
    assert "secret" not in error


@pytest.mark.parametrize("subject", ["", "a/b", "city.*", "city.>", "a%20b"])
def test_a_notice_goes_to_one_subject(desk, subject):
    with pytest.raises(InvalidInput) as refused:
        delivered(desk.records.outbox, f"nats://127.0.0.1/{subject}")
    assert refused.value.kind == "unreadable-address"
