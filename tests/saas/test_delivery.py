"""Notices arrive at least once, each with its id, whatever their receiver does; no error holds an address."""

import json
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from stcloud.errors import InvalidInput, StorageError
from stcloud.saas import delivery
from stcloud.saas.delivery import delivered
from stcloud.testing.desks import new_desk, open_desk

HOUR_US = 3_600_000_000


@pytest.fixture
def receiver():
    """A server that answers as its ``answers`` say, the last of them for ever."""
    answers, bodies, headers = [200], [], []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers.append(dict(self.headers))
            answer = answers.pop(0) if len(answers) > 1 else answers[0]
            if answer == "hang":
                threading.Event().wait(1.5)
                return
            if answer == "nonsense":
                self.wfile.write(b"what?\r\n\r\n")
                return
            if answer == 302:
                self.send_response(302)
                self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            if answer == 200:
                bodies.append(json.loads(body))
            self.send_response(answer)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    server.answers, server.bodies, server.headers = answers, bodies, headers
    server.host = f"127.0.0.1:{server.server_address[1]}"
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_file_gets_every_notice_once_with_its_id(desk, tmp_path):
    target = tmp_path / "notices.ndjson"
    assert delivered(desk.records.outbox, str(target)) == {"delivered": 3, "again": 0, "given_up": 0}
    notices = [json.loads(line) for line in target.read_text(encoding="utf-8").splitlines()]
    assert [(each["id"], each["action"], each["to"]) for each in notices] == [
        ("C-1/1", "report", "everybody"), ("C-1/2", "file", "everybody"), ("C-1/3", "dispatch", "roads"),
    ]  # fmt: skip
    assert delivered(desk.records.outbox, str(target))["delivered"] == 0


def test_a_file_that_cannot_be_written_leaves_all_notices_for_the_next_try(desk, tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(StorageError):
        delivered(desk.records.outbox, str(tmp_path / "folder"))
    assert delivered(desk.records.outbox, str(tmp_path / "notices"))["delivered"] == 3


@pytest.mark.costly
@pytest.mark.parametrize("answer", [500, 404, 302, "nonsense", "hang"])
def test_what_is_not_taken_is_delivered_later(desk, receiver, clock, monkeypatch, answer):
    monkeypatch.setattr(delivery, "_TIMEOUT_S", 0.3)
    receiver.answers[:] = [answer, answer, answer, 200]
    to = f"http://user:hunter2@{receiver.host}/hook?token=s3cret"
    assert delivered(desk.records.outbox, to) == {"delivered": 0, "again": 3, "given_up": 0}
    errors = [notice.error for notice in desk.records.outbox.waiting()]
    assert len(errors) == 3
    for error in errors:
        assert error
        assert not [word for word in ("hunter2", "s3cret", "127.0.0.1", "hook") if word in error]
    assert delivered(desk.records.outbox, to)["delivered"] == 0  # it is too early
    clock.now_us += HOUR_US
    assert delivered(desk.records.outbox, to) == {"delivered": 3, "again": 0, "given_up": 0}
    assert [body["id"] for body in receiver.bodies] == ["C-1/1", "C-1/2", "C-1/3"]
    assert {headers["Authorization"] for headers in receiver.headers} == {"Basic dXNlcjpodW50ZXIy"}


def test_a_receiver_that_is_gone_is_given_up_in_the_end(desk, clock):
    to = "http://127.0.0.1:1/hook"
    given_up = 0
    for _ in range(12):
        given_up += delivered(desk.records.outbox, to)["given_up"]
        clock.now_us += 2 * HOUR_US
    assert given_up == 3
    assert {notice.error for notice in desk.records.outbox.given_up()} == {
        "ConnectionRefusedError: Connection refused"
    }
    assert desk.records.outbox.waiting() == []


@pytest.mark.parametrize(
    "to", ["ftp://host/x", "http://", "http://user:secret@", "https://host:port/", "http://a b/", "no\0file",
           "http://host/\nX: 1", "://"],
)  # fmt: skip
def test_an_address_that_is_none_is_refused_without_being_repeated(desk, to):
    with pytest.raises(InvalidInput) as refused:
        delivered(desk.records.outbox, to)
    assert refused.value.kind == "unreadable-address"
    assert "secret" not in str(refused.value)
    assert len(desk.records.outbox.waiting()) == 3


def test_several_deliverers_at_once_deliver_each_notice_once(tmp_path, receiver):
    desk = new_desk(tmp_path)
    for number in range(12):
        desk.do(f"C-{number}", "report", "file")

    def deliver(_):
        mine = open_desk(tmp_path)
        try:
            return delivered(mine.records.outbox, f"http://{receiver.host}/")["delivered"]
        finally:
            mine.records.close()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(deliver, range(4))) == 24
    counts = Counter(body["id"] for body in receiver.bodies)
    assert len(counts) == 24
    assert set(counts.values()) == {1}
    desk.records.close()


def test_a_deliverer_that_died_leaves_its_notices_to_the_next(desk, clock, tmp_path):
    taken = desk.records.outbox.take()
    assert delivered(desk.records.outbox, str(tmp_path / "notices"))["delivered"] == 0
    clock.now_us += 60_000_001
    assert delivered(desk.records.outbox, str(tmp_path / "notices"))["delivered"] == len(taken)
