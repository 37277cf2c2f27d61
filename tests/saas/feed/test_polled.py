"""What a service has is read again and again, and loaded where something is new."""

import json
import threading

import stcloud
from stcloud.saas.feed import Listener
from stcloud.saas.feed.polled import Open311Feed
from stcloud.saas.harvest import Harvest

NOW_US = 1_709_287_200_000_000


def request(number, status):
    return {"service_request_id": str(number), "status": status, "requested_datetime": "2024-03-01T10:00:00Z",
            "lat": 31.9, "long": 117.2}  # fmt: skip


def test_polls_settle_with_the_key(tmp_path):
    polls = [[request(1, "open")], [], [request(1, "open"), request(2, "open")], [request(1, "closed")]]
    spans = []

    def read(endpoint, folder, *, first_us, until_us, zone, reader):
        spans.append((endpoint, until_us - first_us))
        folder.mkdir()
        rows = polls.pop(0)
        (folder / "rows.json").write_text(json.dumps(rows))
        if not polls:
            stop.set()
        return Harvest(folder / "rows.json", len(rows), first_us, until_us, resumed=False)

    stop = threading.Event()
    feed = Open311Feed("https://desk:pw@city.example/v2?api_key=1", "UTC", clock=lambda: NOW_US, read=read)
    city = stcloud.create(tmp_path / "city", crs="EPSG:4548", zone="Asia/Shanghai")
    options = {"key": "service_request_id", "time": "requested_datetime", "lon": "long", "lat": "lat"}
    counts = Listener(city, "requests", feed, every_s=0.01, options=options).run(stop)
    assert feed.address == "https://city.example/v2"
    assert (counts.batches, counts.stored) == (3, 3)
    rows = city.query("requests").to_arrow().to_pylist()
    assert {row["service_request_id"]: row["status"] for row in rows} == {"1": "closed", "2": "open"}
    assert spans[0] == ("https://desk:pw@city.example/v2?api_key=1", 7 * 86_400_000_000)
