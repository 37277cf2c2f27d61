"""Alerts are delivered once recorded: each status once for each receiver, signed, and again after a failure."""

import hashlib
import hmac
import json
import shutil
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pandas as pd
import pytest

import stcloud
from stcloud.errors import InvalidInput, StcloudError
from stcloud.saas.delivery import SIGNATURE, delivered
from stcloud.testing.machines import Machine

BUSY = {
    "id": "busy",
    "at_least": 2,
    "within": "1h",
    "from": "2024-01-01",
    "question": {"layer": "requests", "by": "unit"},
}


@pytest.fixture
def city(tmp_path):
    with stcloud.create(tmp_path / "city", crs="EPSG:4548", zone="Asia/Shanghai") as opened:
        arrive(opened, "2024-03-01 00:00")
        opened.standing.add(BUSY)
        yield opened


def arrive(city, *times):
    frame = pd.DataFrame(
        {"id": [f"r{time}" for time in times], "at": times, "unit": "u1", "lon": 117.0, "lat": 24.0}
    )
    return city.load("requests", frame, key="id", time="at", lon="lon", lat="lat", datum="wgs84")


def deliver(city, to, **more):
    with city.standing.outbox(str(to)) as records:
        return delivered(records.outbox, str(to), **more)


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_each_status_is_delivered_once(city, tmp_path):
    arrive(city, "2024-03-01 10:00", "2024-03-01 10:10")
    assert deliver(city, tmp_path / "out")["delivered"] == 0  # nothing is recorded yet
    city.standing.run()
    assert deliver(city, tmp_path / "out") == {"delivered": 1, "again": 0, "given_up": 0}
    assert deliver(city, tmp_path / "out")["delivered"] == 0
    arrive(city, "2024-03-01 12:00")
    city.standing.run()
    assert deliver(city, tmp_path / "out")["delivered"] == 1
    assert deliver(city, tmp_path / "other")["delivered"] == 2  # what was recorded, in its order
    assert (tmp_path / "other").read_text() == (tmp_path / "out").read_text()
    sent = lines(tmp_path / "out")
    assert [each["status"] for each in sent] == ["open", "ended"]
    assert [each["id"] for each in sent] == [f"{each['alert']}:{each['status']}" for each in sent]
    shutil.rmtree(tmp_path / "city" / "index" / "alerts")
    assert deliver(city, tmp_path / "out")["delivered"] == 2
    assert lines(tmp_path / "out") == sent + sent


def test_what_came_between_two_deliveries_is_delivered(city, tmp_path):
    """Each status that was recorded has its notice, one that is taken again another one."""
    arrive(city, "2024-03-01 10:00", "2024-03-01 10:10")
    city.standing.run()
    withdrawn = city.load("requests", pd.DataFrame({"id": ["r2024-03-01 10:00"]}), mode="delete")
    city.standing.after_load(withdrawn)
    arrive(city, "2024-03-01 10:05")
    city.standing.run()
    deliver(city, tmp_path / "out")
    sent = lines(tmp_path / "out")
    assert [each["id"].removeprefix(each["alert"]) for each in sent] == [":open", ":retracted", ":open:2"]


def test_an_alert_that_was_taken_out_is_not_delivered(city, tmp_path):
    arrive(city, "2024-03-01 10:00", "2024-03-01 10:10")
    done = city.standing.run()
    city.undo("alerts", done.recorded[0].load)
    assert deliver(city, tmp_path / "out")["delivered"] == 0
    city.standing.run()
    assert deliver(city, tmp_path / "out")["delivered"] == 1


def test_a_city_in_a_bucket_delivers_from_any_machine(tmp_path):
    """What was delivered is kept in the bucket: another machine goes on."""
    founder = Machine(tmp_path / "founder", tmp_path / "bucket")
    with founder.create() as city:
        arrive(city, "2024-03-01 00:00")
        city.standing.add(BUSY)
        arrive(city, "2024-03-01 10:00", "2024-03-01 10:10")
        city.standing.run()
        assert deliver(city, tmp_path / "out") == {"delivered": 1, "again": 0, "given_up": 0}
        assert deliver(city, tmp_path / "out")["delivered"] == 0
    with Machine(tmp_path / "other", tmp_path / "bucket").open() as city:
        arrive(city, "2024-03-01 12:00")
        assert city.standing.run().replayed == ()
        assert deliver(city, tmp_path / "out")["delivered"] == 1
        assert deliver(city, tmp_path / "second")["delivered"] == 2
    assert [each["status"] for each in lines(tmp_path / "out")] == ["open", "ended"]
    assert lines(tmp_path / "second") == lines(tmp_path / "out")
    for kept in (tmp_path / "bucket" / "index" / "alerts").iterdir():
        kept.unlink()
    with founder.open() as city:
        assert deliver(city, tmp_path / "out")["delivered"] == 2
    assert lines(tmp_path / "out")[2:] == lines(tmp_path / "second")


def test_a_receiver_of_a_bucket_that_fails_is_tried_again(tmp_path):
    with Machine(tmp_path / "machine", tmp_path / "bucket").create() as city:
        arrive(city, "2024-03-01 00:00")
        city.standing.add(BUSY)
        arrive(city, "2024-03-01 10:00", "2024-03-01 10:10")
        city.standing.run()
        with pytest.raises(StcloudError):
            deliver(city, tmp_path / "no" / "out")
        (tmp_path / "no").mkdir()
        with city.standing.outbox(str(tmp_path / "no" / "out")) as waiting:
            assert [notice.attempts for notice in waiting.outbox.waiting()] == [1]
        assert deliver(city, tmp_path / "no" / "out")["delivered"] == 1


def test_a_web_receiver_knows_the_sender(city):
    answers, got = [503, 200], []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.append((self.headers[SIGNATURE], body))
            self.send_response(answers.pop(0))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        arrive(city, "2024-03-01 10:00", "2024-03-01 10:10")
        city.standing.run()
        to = f"http://127.0.0.1:{server.server_port}/hook"
        assert deliver(city, to, secret=b"key")["again"] == 1
        with city.standing.outbox(to) as records:
            [waiting] = records.outbox.waiting()
            records.outbox.failed(waiting, "", again_after_us=0)
            assert delivered(records.outbox, to, secret=b"key")["delivered"] == 1
    finally:
        server.shutdown()
        server.server_close()
    signature, body = got[-1]
    assert signature == "sha256=" + hmac.new(b"key", body, hashlib.sha256).hexdigest()
    assert got[0] == got[1]


def test_a_secret_for_a_file_is_refused(city, tmp_path):
    with pytest.raises(InvalidInput) as unused:
        deliver(city, tmp_path / "out", secret=b"key")
    assert unused.value.kind == "secret-unused"
