"""A body comes whole into a file of its own, or it is nowhere; so many are held, and none for ever."""

import asyncio
import tempfile

import pytest
from starlette.requests import ClientDisconnect, Request

from stcloud.errors import StcloudError
from stcloud.saas.web.settings import Settings
from stcloud.saas.web.uploads import Uploads, read_body


@pytest.fixture
def spool(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def sent(*messages, length=None):
    """Return a request whose parts come one by one; after the last one nothing comes any more."""
    parts = list(messages)

    async def receive():
        if not parts:
            await asyncio.Event().wait()
        return parts.pop(0)

    headers = [] if length is None else [(b"content-length", str(length).encode())]
    return Request({"type": "http", "method": "POST", "headers": headers}, receive)


def part(content, *, more=True):
    return {"type": "http.request", "body": content, "more_body": more}


def kind_of(request, **settings):
    with pytest.raises(StcloudError) as caught:
        asyncio.run(Uploads(Settings(**settings)).received(request))
    return caught.value.kind


def test_a_body_is_what_came(spool):
    pieces = [bytes([number]) * 700_000 for number in range(3)]

    async def taken():
        return await Uploads(Settings()).received(sent(*map(part, pieces), part(b"end", more=False)))

    upload = asyncio.run(taken())
    assert upload.path.read_bytes() == b"".join(pieces) + b"end"
    assert upload.path.parent.stat().st_mode & 0o077 == 0
    upload.close()
    assert list(spool.iterdir()) == []


def test_what_is_not_whole_leaves_nothing(spool):
    assert kind_of(sent(part(b"x" * 11, more=False), length=11), most_load_bytes=10) == "body-too-large"
    assert kind_of(sent(part(b"x" * 6), part(b"x" * 6, more=False)), most_load_bytes=10) == "body-too-large"
    assert kind_of(sent(part(b"x")), load_seconds=0.05) == "took-too-long"
    with pytest.raises(ClientDisconnect):
        asyncio.run(Uploads(Settings()).received(sent(part(b"x"), {"type": "http.disconnect"})))
    assert list(spool.iterdir()) == []


@pytest.mark.usefixtures("spool")
def test_more_than_may_be_held_are_turned_away():
    async def several():
        uploads = Uploads(Settings(uploads=1))
        first = await uploads.received(sent(part(b"x", more=False)))
        with pytest.raises(StcloudError) as caught:
            await uploads.received(sent(part(b"x", more=False)))
        assert caught.value.kind == "too-busy"
        first.close()
        (await uploads.received(sent(part(b"x", more=False)))).close()

    asyncio.run(several())


def test_a_body_that_is_refused_is_read_to_its_end():
    """Who still sends does not read the answer; who waits for leave to send (``Expect``) sends nothing."""
    for length in (None, 24):
        request = sent(part(b"x" * 12), part(b"x" * 11), part(b"x", more=False), length=length)
        assert kind_of(request, most_load_bytes=10) == "body-too-large"
        with pytest.raises(RuntimeError, match="consumed"):
            asyncio.run(anext(request.stream()))
    waiting = sent(part(b"x", more=False), length=11)
    waiting.scope["headers"].append((b"expect", b"100-continue"))
    assert kind_of(waiting, most_load_bytes=10) == "body-too-large"
    assert asyncio.run(anext(waiting.stream())) == b"x"


def test_a_small_body_is_read_whole():
    assert asyncio.run(read_body(sent(part(b"ab"), part(b"c", more=False)), 3)) == b"abc"
    with pytest.raises(StcloudError, match="more than 2 bytes"):
        asyncio.run(read_body(sent(part(b"ab"), part(b"c", more=False)), 2))
