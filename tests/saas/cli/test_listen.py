"""The command listens until it is ended, and ends clean."""

import json
import os
import signal
import sys
import time

import pytest

import stcloud
from stcloud.errors import StcloudError

LINE = '{"id": "%s", "at": "2024-03-01T10:00:00Z", "lon": 117.2, "lat": 31.9}\n'
OPTIONS = ("--key", "id", "--time", "at", "--lon", "lon", "--lat", "lat")


@pytest.fixture
def kinds(monkeypatch):
    made = []
    init = StcloudError.__init__

    def recording(self, kind, *rest, **named):
        made.append(kind)
        init(self, kind, *rest, **named)

    monkeypatch.setattr(StcloudError, "__init__", recording)
    return made


@pytest.fixture
def arrivals(tmp_path):
    stcloud.create(tmp_path / "city", crs="EPSG:4548", zone="Asia/Shanghai")
    folder = tmp_path / "arrivals"
    folder.mkdir()
    return folder


def arrive(folder, name, text):
    (folder / f"{name}.part").write_text(text)
    os.utime(folder / f"{name}.part", (1, 1))
    (folder / f"{name}.part").rename(folder / name)


def test_files_that_arrive_become_loads(run, arrivals):
    arrive(arrivals, "a.ndjson", LINE % "a")
    arrive(arrivals, "b.csv", "nothing")
    (arrivals / "c.ndjson.part").write_text(LINE % "c")
    done = run("listen", arrivals.parent / "city", "events", "--from", arrivals, "--every", "50ms", "--until-idle",
               *OPTIONS, "-f", "json")  # fmt: skip
    assert done.code == 0, done.err
    counts = json.loads(done.out)[0]
    assert (counts["batches"], counts["rows"], counts["stored"], counts["quarantined"]) == (1, 2, 1, 1)
    assert sorted(path.name for path in arrivals.rglob("*") if path.is_file()) == [
        "a.ndjson", "b.csv", "c.ndjson.part",
    ]  # fmt: skip
    assert (arrivals / "done" / "a.ndjson").exists()
    assert (arrivals / "refused" / "b.csv").exists()
    assert "2 messages, 2 rows, 1 stored, 1 rejected" in done.err
    quiet = run("listen", arrivals.parent / "city", "events", "--from", arrivals, "--every", "50ms", "--until-idle",
                "--quiet")  # fmt: skip
    assert (quiet.code, quiet.err.count("\n")) == (0, 1)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("amqp://host/x", "no feeds of amqp"),
        ("http://0.0.0.0:8000", "--token-file"),
        ("nats://me:secret@host", "names no stream"),
        ("mqtt://host", "names no topic"),
        ("/nowhere", "no folder"),
        ("gtfs+ftp://host/positions.pb", "https://HOST/PATH"),
    ],
)
def test_addresses_that_mean_nothing_are_refused_in_one_line(run, arrivals, source, words):
    done = run("listen", arrivals.parent / "city", "events", "--from", source, *OPTIONS)
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert words in done.err
    assert "secret" not in done.err


@pytest.mark.parametrize("every", ["10", "soon", "0s", "2d"])
def test_durations_are_read(run, arrivals, every):
    done = run("listen", arrivals.parent / "city", "events", "--from", arrivals, "--every", every)
    assert done.code == 2
    assert "duration" in done.err


KINDS = ("unreadable-duration", "token-needed", "option-unused", "live-needed")


def test_what_is_wrong_with_a_call_has_its_kind(run, arrivals, kinds, monkeypatch, tmp_path):
    (tmp_path / "empty").write_text("\n")
    call = ("listen", arrivals.parent / "city", "events")
    run(*call, "--from", arrivals, "--every", "never")
    run(*call, "--from", arrivals, "--token-file", tmp_path / "empty")
    run(*call, "--from", arrivals, "--poll", "15s")
    monkeypatch.setitem(sys.modules, "nats", None)
    ended = run(*call, "--from", "nats://127.0.0.1:1/S")
    assert (ended.code, "pip install 'stcloud[live]'" in ended.err) == (5, True)
    assert tuple(kinds) == KINDS


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_clean(command, arrivals, number):
    listener = command(
        "listen", arrivals.parent / "city", "events", "--from", arrivals, "--every", "100ms", *OPTIONS
    )
    arrive(arrivals, "a.ndjson", LINE % "a")
    deadline = time.monotonic() + 30
    while not (arrivals / "done" / "a.ndjson").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    listener.send_signal(number)
    out, err = listener.communicate()
    assert listener.returncode == 0, err
    assert "batches" in out
