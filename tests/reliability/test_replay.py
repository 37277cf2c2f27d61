"""Replay is live: a day that is listened to gives what its messages give afterwards, in other batches."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import stcloud
from bench.replay import day, listened, replayed

INCIDENT = [
    "rule", "version", "layer", "group", "from", "to", "crossed_at", "last_at", "ends_at", "peak", "peak_at",
    "rows", "threshold", "status", "lon", "lat",
]  # fmt: skip
QUESTIONS = {
    "by status": ("requests", lambda query: query.count(by=["status"])),
    "vehicles": ("vehicles", lambda query: query.count(by=["vehicle"])),
    "in an area": ("vehicles", lambda query: query.where("near:117.05,31.905:400m").count()),
    "dust": ("air", lambda query: query.what('"PM2.5" > 60').count(by=["station"])),
    "alerts": ("alerts", lambda query: query.count(by=["rule", "status"])),
}
ASKING = """
import json, sys, time
from pathlib import Path
import stcloud
from tests.reliability.test_replay import asked
folder, stop = map(Path, sys.argv[1:])
while not (stop.exists() or (folder / "rules" / "dust").exists()):
    time.sleep(0.1)
ended = False
while not ended:
    ended = stop.exists()  # the last round is after the day
    with stcloud.open(folder) as city:
        for line in asked(city):
            print(json.dumps(line), flush=True)
    time.sleep(0.2)
"""


def asked(city, pins=None):
    """Give the answers of all questions with their pins: as now, or of some pins."""
    layers = {layer.name for layer in city.layers()}
    for name, (layer, ask) in QUESTIONS.items():
        for pin in [None] if pins is None else pins.get(name, ()):
            if layer in layers:
                query = city.query(layer)
                answer = ask(query if pin is None else query.known_at(pin))
                yield name, answer.pin.text, str(answer.table.to_pylist())


@pytest.fixture(scope="module")
def lived(tmp_path_factory):
    """Return where a city listened to a morning, their messages, what became of them, and what was answered."""
    folder = tmp_path_factory.mktemp("live")
    messages = day(6.5, 8.0)
    asking = subprocess.Popen(
        [sys.executable, "-c", ASKING, folder / "city", folder / "stop"], stdout=subprocess.PIPE, text=True,
        cwd=Path(__file__).parents[2],
    )  # fmt: skip
    try:
        live = listened(folder / "city", messages, times=600)
    finally:
        (folder / "stop").touch()
        answered, _ = asking.communicate()
    assert asking.returncode == 0
    return folder / "city", messages, live, [tuple(json.loads(line)) for line in answered.splitlines()]


def rows_of(city, layer):
    rows = city.query(layer).to_arrow()
    return rows.select([name for name in rows.column_names if "recorded" not in name]).to_pylist()


def alerts_of(city, *more, rules=("busy", "depot", "dust")):
    """Return what is believed of incidents, in order."""
    rows = [row for row in city.standing.alerts().to_arrow().to_pylist() if row["rule"] in rules]
    believed = [row for row in rows if row["status"] in ("open", "ended")]
    return sorted(repr([row[name] for name in (*INCIDENT, *more)]) for row in believed)


@pytest.mark.slow
@pytest.mark.parametrize(("at_once", "later"), [(1_999, False), (100_000, True)])
def test_replay_is_live(lived, tmp_path, at_once, later):
    folder, messages, live, _ = lived
    assert all(outcome.problem is None for outcomes in live.outcomes.values() for outcome in outcomes)
    assert all(len(outcomes) > 3 for outcomes in live.outcomes.values())  # there were batches
    replayed(tmp_path / "city", messages, at_once, later=later)
    with stcloud.open(folder) as one, stcloud.open(tmp_path / "city") as other:
        for layer in messages:
            assert rows_of(one, layer) == rows_of(other, layer)
        assert alerts_of(one) == alerts_of(other)
        assert {row["rule"] for row in one.standing.alerts().to_arrow().to_pylist()} == {
            "busy",
            "depot",
            "dust",
        }
        # requests come in order of their times
        assert alerts_of(one, "alert", rules=["busy"]) == alerts_of(other, "alert", rules=["busy"])


@pytest.mark.slow
def test_what_was_answered_live_is_answered_for_its_pin(lived):
    folder, _, _, answered = lived
    pins = {}
    for name, pin, _ in answered:
        pins.setdefault(name, []).append(pin)
    assert set(pins) == set(QUESTIONS)
    with stcloud.open(folder) as city:
        assert sorted(asked(city, pins)) == sorted(answered)
