"""Vehicle positions of GTFS-realtime are rows."""

import pytest

from stcloud.errors import InvalidInput
from stcloud.iaas.feed.body import read_body


def feed_message():
    from google.transit.gtfs_realtime_pb2 import FeedMessage

    feed = FeedMessage()
    feed.header.gtfs_realtime_version = "2.0"
    feed.header.timestamp = 1_709_287_200
    return feed


def test_each_vehicle_with_a_position_is_a_row(tmp_path):
    feed = feed_message()
    bus = feed.entity.add(id="e1").vehicle
    bus.vehicle.id, bus.trip.trip_id, bus.trip.route_id, bus.timestamp = "bus 7", "t1", "r1", 1_709_287_203
    bus.position.longitude, bus.position.latitude, bus.position.bearing, bus.position.speed = (
        117.25,
        31.5,
        90,
        4.5,
    )
    tram = feed.entity.add(id="e2").vehicle
    tram.position.longitude, tram.position.latitude = -0.00001, 1e-9
    feed.entity.add(id="e3").trip_update.trip.trip_id = "t2"
    rows = read_body(feed.SerializeToString(), "application/x-protobuf", None, tmp_path)
    assert rows == [
        {"entity": "e1", "vehicle": "bus 7", "trip": "t1", "route": "r1", "lon": "117.25", "lat": "31.5",
         "bearing": "90", "speed": "4.5", "timestamp": "2024-03-01T10:00:03+00:00"},
        {"entity": "e2", "vehicle": "e2", "trip": None, "route": None, "lon": "-0.00001", "lat": "0.000000001",
         "bearing": None, "speed": None, "timestamp": "2024-03-01T10:00:00+00:00"},
    ]  # fmt: skip


def test_other_bytes_are_refused(tmp_path):
    with pytest.raises(InvalidInput):
        read_body(b"\x0a\xff\xff", None, "gtfs-realtime", tmp_path)
