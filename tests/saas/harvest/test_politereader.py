"""The reader tries again what may work later, waits as it is told, and refuses what it should not read."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from stcloud.errors import InvalidInput, StorageError
from stcloud.saas.harvest import politereader
from stcloud.saas.harvest.politereader import PoliteReader, checked_address

LATER = (503, {}, b"")


@pytest.fixture
def waits():
    return []


@pytest.fixture
def reader(waits):
    return PoliteReader(pause_s=0.5, attempts=4, sleep=waits.append)


def test_it_waits_between_requests(server, reader, waits):
    reader.page(server.url)
    reader.page(server.url)
    assert waits == [0.5]


@pytest.mark.parametrize(
    "failure",
    [
        LATER,
        (500, {}, b"oops"),
        b"[1",
        b"",
        b'[{"a": NaN}]',
        b"[" * 100_000,
        (200, {"Content-Length": "9"}, b"[]"),
    ],
    ids=["busy", "fault", "cut", "empty", "nan", "deep", "short"],
)
def test_what_may_work_later_is_tried_again(server, reader, waits, failure):
    server.answers = [failure, failure, b"[1]"]
    assert reader.page(server.url).document == [1]
    assert waits == [1.0, 0.5, 2.0, 0.5]


def test_it_gives_up_after_some_attempts(server, reader):
    server.answers = [LATER]
    with pytest.raises(StorageError, match="it goes on where it was") as raised:
        reader.page(server.url)
    assert raised.value.kind == "source-unreachable"
    assert len(server.addresses) == 4


def test_it_comes_back_when_it_may(server, reader, waits):
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True)
    server.answers = [(429, {"Retry-After": "77"}, b""), (503, {"Retry-After": date}, b""), b"[]"]
    reader.page(server.url)
    assert waits[0] == 77
    assert 90 < waits[2] <= 100


def test_it_does_not_wait_for_hours(server, reader, waits):
    server.answers = [(429, {"Retry-After": "86400"}, b"")]
    with pytest.raises(StorageError, match="86,400 s"):
        reader.page(server.url)
    assert waits == []


def test_a_refusal_is_final_and_shown_as_text(server, reader, waits):
    server.answers = [(404, {}, b'[{"code":404,"description":"\x1b[31mno jurisdiction"}]')]
    with pytest.raises(InvalidInput) as raised:
        reader.page(server.url)
    assert raised.value.kind == "source-refused"
    assert "\\x1b[31mno jurisdiction" in raised.value.message
    assert waits == []


def test_redirections_stay_in_the_web(server, reader):
    server.answers = [(302, {"Location": "file:///etc/passwd"}, b"")]
    with pytest.raises(InvalidInput) as raised:
        reader.page(server.url)
    assert raised.value.kind == "source-refused"
    server.answers = [(302, {"Location": "/elsewhere"}, b""), b"[2]"]
    assert reader.page(server.url).document == [2]


def test_an_answer_has_a_largest_size(server, reader, monkeypatch):
    monkeypatch.setattr(politereader, "_MOST_BYTES", 1 << 20)
    server.answers = [b"[" + b" " * (1 << 21) + b"]"]
    with pytest.raises(InvalidInput) as raised:
        reader.page(server.url)
    assert raised.value.kind == "source-too-large"


def test_the_next_page_is_of_the_same_server(server, reader):
    for target, wanted in (
        ("/open311/v2/requests.json?cursor=2", server.url + "/requests.json?cursor=2"),
        ("https://elsewhere.example/x", None), ("file:///etc/passwd", None), (server.url, None),
    ):  # fmt: skip
        server.answers = [(200, {"Link": f'<{target}>; rel="next"'}, b"[]")]
        assert reader.page(server.url).next == wanted


def test_no_server_is_no_traceback(reader):
    with pytest.raises(StorageError) as raised:
        reader.page("http://127.0.0.1:9/secret")
    assert "secret" not in raised.value.message


@pytest.mark.parametrize(
    "text", ["file:///etc/passwd", "ftp://a/b", "a", "http://", "http://u:p@a/b", "http://a b/"]
)
def test_only_addresses_of_the_web_are_read(text):
    with pytest.raises(InvalidInput) as raised:
        checked_address(text)
    assert raised.value.kind == "unreadable-address"
