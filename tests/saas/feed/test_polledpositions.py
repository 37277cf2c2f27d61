"""Positions of GTFS-realtime at an address are read again and again, and each answer is applied once."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

import stcloud
from stcloud.errors import InvalidInput, StorageError
from stcloud.iaas.feed.message import Take
from stcloud.saas.feed import Listener
from stcloud.saas.feed.polledpositions import PolledPositions

START_S = 1_709_287_200
EVENTS = {
    "key": ["vehicle", "timestamp"],
    "time": "timestamp",
    "lon": "lon",
    "lat": "lat",
    "mover": "vehicle",
}


def positions(made_s, **vehicles):
    """Return an answer: seconds after the start, or None, and where vehicles are, all as of then."""
    from google.transit.gtfs_realtime_pb2 import FeedMessage

    feed = FeedMessage()
    feed.header.gtfs_realtime_version = "2.0"
    if made_s is not None:
        feed.header.timestamp = START_S + made_s
    for name, lon in vehicles.items():
        vehicle = feed.entity.add(id=name).vehicle
        vehicle.vehicle.id, vehicle.timestamp = name, START_S + (made_s or 0)
        vehicle.position.longitude, vehicle.position.latitude = lon, 31.9
    return feed.SerializeToString()


@pytest.fixture
def agency():
    """Answer with what ``answers`` has, the last for ever: a body, or status, headers and body; note the requests."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            made = self.server
            made.requests.append(dict(self.headers))
            given = made.answers.pop(0) if len(made.answers) > 1 else made.answers[0]
            status, headers, body = given if isinstance(given, tuple) else (200, {}, given)
            self.send_response(status)
            for name, value in ({"Content-Length": str(len(body))} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
            if len(made.requests) == made.last:
                made.stop.set()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.requests, server.answers, server.stop, server.last = [], [b""], threading.Event(), 0
    server.url = f"http://127.0.0.1:{server.server_port}/vehiclepositions.pb?key=secret"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def city(tmp_path):
    with stcloud.create(tmp_path / "city", crs="EPSG:4548", zone="Asia/Shanghai") as made:
        yield made


def listen(city, agency, requests, **more):
    """Listen until the server had so many requests."""
    agency.stop, agency.last = threading.Event(), len(agency.requests) + requests
    feed = PolledPositions(agency.url, poll_s=0.02)
    given = {"every_s": 0.1, "options": EVENTS} | more
    return Listener(city, "vehicles", feed, **given).run(agency.stop)


def take(agency, **more):
    return PolledPositions(agency.url, **more).take(Take(1, 1 << 20, 0.0, threading.Event()))


def test_an_answer_that_was_seen_is_not_applied_twice(city, agency):
    first, second = positions(0, a=117.1, b=117.2), positions(15, a=117.11)
    agency.answers = [first, first, second, first, second]
    counts = listen(city, agency, 6)
    assert counts.stored == 3
    assert counts.repeated >= 2
    assert listen(city, agency, 1).stored == 0  # nor by who listens next
    rows = city.tracks("vehicles").current("2024-03-01T18:01:00").to_arrow().to_pylist()
    assert {row["mover"] for row in rows} == {"a", "b"}
    assert PolledPositions(agency.url).address.endswith("/vehiclepositions.pb")


def test_requests_are_conditional(city, agency):
    stated = {"ETag": '"7"', "Last-Modified": "Fri, 01 Mar 2024 10:00:00 GMT"}
    agency.answers = [(200, stated, positions(0, a=117.1)), (304, {}, b"")]
    counts = listen(city, agency, 3)
    assert (counts.messages, counts.stored) == (1, 1)
    assert "If-None-Match" not in agency.requests[0]
    assert agency.requests[1]["If-None-Match"] == '"7"'
    assert agency.requests[2]["If-Modified-Since"] == stated["Last-Modified"]


def test_an_answer_without_a_time_is_known_by_its_content(agency):
    agency.answers = [positions(None, a=117.1), positions(None, a=117.1), positions(None, a=117.2)]
    one, two, three = (take(agency, clock=lambda: 7)[0] for _ in range(3))
    assert one == two
    assert (one.id == three.id, one.place, one.at_us) == (False, None, 7)


def test_movers_that_a_snapshot_lacks_end(city, agency):
    agency.answers = [positions(0, a=117.1, b=117.2), positions(15, b=117.2), positions(30, b=117.3, c=117.1)]
    options = {"key": "vehicle", "lon": "lon", "lat": "lat"}
    listen(city, agency, 4, snapshot=True, options=options)
    at = [
        [row["vehicle"] for row in city.features("vehicles").as_of(f"2024-03-01T18:00:{second}").to_records()]
        for second in ("05", "20", "40")
    ]
    assert [sorted(names) for names in at] == [["a", "b"], ["b"], ["b", "c"]]


def test_what_fails_for_a_while_is_asked_later(agency):
    agency.answers = [(503, {"Retry-After": "0"}, b""), positions(0, a=117.1)]
    [message] = take(agency)
    assert message.place.number == START_S
    assert len(agency.requests) == 2


def test_who_ends_does_not_wait(agency):
    agency.answers, agency.last = [(503, {"Retry-After": "600"}, b"")], 1
    feed = PolledPositions(agency.url)
    assert feed.take(Take(1, 1 << 20, 60.0, agency.stop)) == []


@pytest.mark.parametrize(
    ("answer", "error", "kind"),
    [
        (b"<!doctype html><title>Log in</title>", InvalidInput, "source-refused"),
        ((404, {}, b"not here"), InvalidInput, "source-refused"),
        ((503, {}, b""), StorageError, "source-unreachable"),
    ],
)
def test_what_is_no_positions_is_refused_in_one_line(agency, answer, error, kind):
    agency.answers = [answer]
    with pytest.raises(error) as refused:
        take(agency, attempts=1)
    assert (refused.value.kind, "\n" in str(refused.value), "secret" in str(refused.value)) == (
        kind,
        False,
        False,
    )


def test_addresses_of_the_web_alone():
    with pytest.raises(InvalidInput) as refused:
        PolledPositions("file:///etc/passwd")
    assert refused.value.kind == "unreadable-address"
