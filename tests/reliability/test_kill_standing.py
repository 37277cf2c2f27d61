"""A run of standing questions that is killed at any step leaves alerts that the next run makes whole, once each."""

import subprocess
import sys

import pandas as pd
import pytest

import stcloud
from stcloud.saas.delivery import delivered

BUSY = {
    "id": "busy",
    "at_least": 2,
    "within": "1h",
    "from": "2024-01-01",
    "question": {"layer": "requests", "by": "unit"},
}
STEPS = (
    "stcloud.city.alertlayer.AlertLayer.record",  # before alerts are recorded
    "stcloud.city.standinglayer.StandingLayer.settle",  # after, before it is known that they are
    "stcloud.city.standinglayer.StandingLayer.keep",  # before what is kept
    "stcloud.city.alertoutbox.alert_outbox",  # recorded, and not in the outbox
    "stcloud.iaas.records.outbox.Outbox.done",  # delivered, and not known to be
)
KILLED = """
import importlib, os, sys
import stcloud
from stcloud.saas import delivery
folder, step, to = sys.argv[1:]
*path, name = step.split(".")
try:
    home = importlib.import_module(".".join(path))
except ModuleNotFoundError:
    home = getattr(importlib.import_module(".".join(path[:-1])), path[-1])
setattr(home, name, lambda *_, **__: os._exit(9))
import stcloud.city.standing
if name == "alert_outbox":
    stcloud.city.standing.alert_outbox = getattr(home, name)
with stcloud.open(folder) as city:
    city.standing.run()
    with city.standing.outbox(to) as records:
        delivery.delivered(records.outbox, to)
"""


@pytest.mark.slow
@pytest.mark.parametrize("step", STEPS)
def test_a_run_that_is_killed(tmp_path, step):
    folder, to = tmp_path / "city", tmp_path / "out"
    with stcloud.create(folder, crs="EPSG:4548", zone="Asia/Shanghai") as city:
        times = ["2024-03-01 10:00", "2024-03-01 10:10"]
        frame = pd.DataFrame({"id": ["a", "b"], "at": times, "unit": "u1", "lon": 117.0, "lat": 24.0})
        load = {"key": "id", "time": "at", "lon": "lon", "lat": "lat", "datum": "wgs84"}
        city.load("requests", frame[:1], **load)
        city.standing.add(BUSY)
        city.load("requests", frame[1:], **load)
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, folder, step, to], check=False, capture_output=True
    )
    assert killed.returncode == 9, killed.stderr.decode()
    with stcloud.open(folder) as city:
        city.standing.run()
        assert city.query("alerts").to_arrow()["status"].to_pylist() == ["open"]
        assert city.standing.run(full=True).recorded == ()
        with city.standing.outbox(str(to)) as records:
            for notice in records.outbox.waiting():
                records.outbox.failed(notice, "", again_after_us=0)
            delivered(records.outbox, str(to))
            assert records.outbox.waiting() == []
    ids = [line.partition('"alert"')[0] for line in to.read_text().splitlines()]
    assert len(set(ids)) == 1
    assert len(ids) == (2 if step.endswith("done") else 1)
