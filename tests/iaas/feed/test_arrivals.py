"""Files that arrive: whole ones are taken, and moved once they are loaded."""

import os
import threading
from pathlib import Path

import pytest

from stcloud.errors import InvalidInput
from stcloud.iaas.feed.arrivals import FolderFeed
from stcloud.iaas.feed.message import Take


def take(feed, wait_s=0.0, most=10):
    return [message.handle for message in feed.take(Take(most, 1, wait_s, threading.Event()))]


def put(folder, name, age_s=0.0, now_s=1000.0, text="x"):
    (folder / name).write_text(text)
    os.utime(folder / name, (now_s - age_s, now_s - age_s))


def opened(folder, now_s):
    feed = FolderFeed(folder, now_s=lambda: now_s[0])
    feed.open()
    return feed


def test_a_file_that_is_being_written_is_not_taken(tmp_path):
    now_s = [1000.0]
    feed = opened(tmp_path, now_s)
    put(tmp_path, "b.csv", age_s=60)
    put(tmp_path, "a.csv", age_s=1)
    put(tmp_path, "d.csv", age_s=-3600)  # of a machine whose clock is wrong
    for name in (".hidden.csv", "c.csv.part", "c.csv.TMP"):
        put(tmp_path, name, age_s=60)
    assert take(feed) == ["b.csv"]
    now_s[0] += 1
    assert take(feed) == ["a.csv"]
    now_s[0] += 2
    put(tmp_path, "d.csv", age_s=-3600, text="longer")
    assert take(feed) == []
    now_s[0] += 2
    assert take(feed) == ["d.csv"]


def test_files_are_moved_when_they_are_loaded_or_refused_and_stay_when_released(tmp_path):
    feed = opened(tmp_path, [1000.0])
    for name in ("a.csv", "b.csv", "c.csv"):
        put(tmp_path, name, age_s=60)
    (tmp_path / "done" / "a.csv").write_text("an earlier one")
    first, second, third = feed.take(Take(10, 1, 0, threading.Event()))
    assert (first.path, first.at_us, first.body) == (tmp_path / "a.csv", 940_000_000, b"")
    assert take(feed) == []
    feed.acknowledge([first])
    feed.refuse([second])
    feed.release([third])
    assert take(feed) == ["c.csv"]
    assert (tmp_path / "done" / "a-2.csv").read_text() == "x"
    assert (tmp_path / "refused" / "b.csv").exists()
    (tmp_path / "c.csv").unlink()
    feed.acknowledge([third])  # taken away meanwhile: it is loaded all the same
    feed.close()


def test_a_folder_must_be_there(tmp_path):
    with pytest.raises(InvalidInput) as refused:
        FolderFeed(Path(tmp_path / "none")).open()
    assert refused.value.kind == "no-such-feed"


def test_taking_ends_when_it_is_stopped(tmp_path):
    feed = opened(tmp_path, [1000.0])
    stop = threading.Event()
    stop.set()
    assert feed.take(Take(1, 1, 60.0, stop)) == []


def test_who_waits_waits_for_a_file_that_has_just_come(tmp_path):
    feed = FolderFeed(tmp_path, settled_s=0.8)
    feed.open()
    (tmp_path / "a.csv").write_text("x")
    taken = feed.take(Take(10, 1, 0.05, threading.Event()))
    assert [message.handle for message in taken] == ["a.csv"]
