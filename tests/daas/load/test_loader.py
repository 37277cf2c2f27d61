"""A load's instant is taken when its rows are settled, and a file that the ledger knows is not opened."""

from __future__ import annotations

import json

import pytest

import stcloud
from stcloud.daas.table.layer import EventLayer
from stcloud.iaas.source import sourcefile
from stcloud.testing.events import HEAD, define
from stcloud.testing.features import define as define_features

MINUTE_US = 60_000_000
TEN_US = 1_770_000_000_000_000
"""Ten o'clock, say."""


class Hand:
    """A clock that its holder moves."""

    def __init__(self) -> None:
        self.now_us = TEN_US

    def __call__(self) -> int:
        return self.now_us


@pytest.fixture
def hand():
    return Hand()


@pytest.fixture
def city(tmp_path, hand):
    stcloud.create(tmp_path / "city", crs="EPSG:4548", zone="Asia/Shanghai")
    return stcloud.open(tmp_path / "city", clock=hand)


def event(key, note):
    return f"{key},2024-03-01 08:00:00,117.01,31.91,{note}\n"


@pytest.fixture
def slow(monkeypatch, hand):
    """Let the clock run on while a file is read; return what is called in the middle of it."""
    calls = []
    opened = sourcefile.open_source

    class Slow:
        def __init__(self, source):
            self._source = source

        def __getattr__(self, name):
            return getattr(self._source, name)

        def batches(self):
            for batch in self._source.batches():
                yield batch
                hand.now_us += 5 * MINUTE_US
                for call in calls:
                    call()
                hand.now_us += 5 * MINUTE_US

    monkeypatch.setattr(sourcefile, "open_source", lambda *given: Slow(opened(*given)))
    return calls


def test_an_answer_pinned_while_another_layer_loads_does_not_change(city, tmp_path, hand, slow):
    first, second = tmp_path / "first.csv", tmp_path / "second.csv"
    first.write_text(HEAD + event("a", "old"))
    second.write_text(HEAD + event("a", "new") + event("b", "new"))
    square = '"POLYGON ((500000 3530000, 501000 3530000, 501000 3531000, 500000 3531000, 500000 3530000))"'
    (tmp_path / "areas.csv").write_text(f"k,n,wkt\nx,1,{square}\n")
    city.load("events", first, definition=define())
    city.load(
        "areas", tmp_path / "areas.csv", definition=define_features("EPSG:4548"), valid_from="2020-01-01"
    )
    pins = []

    def ask(at_us):
        events = city.query("events").known_at(at_us).rows().table["note"].to_pylist()
        areas = city.features("areas").as_of("2024-03-01", known_at=at_us).to_arrow()["n"].to_pylist()
        return events, areas

    slow.append(lambda: pins.append((hand.now_us, ask(hand.now_us))))
    began = hand.now_us
    loaded = city.load("events", second)
    ((pinned_us, before),) = pins
    assert began < pinned_us < loaded.recorded_at_us == hand.now_us, "the instant is that of the commit"
    assert before == (["old"], ["1"])
    assert ask(pinned_us) == before
    assert ask(loaded.recorded_at_us)[0] == ["new", "new"]
    (tmp_path / "areas.csv").write_text(f"k,n,wkt\nx,2,{square}\n")
    city.load("areas", tmp_path / "areas.csv", valid_from="2020-01-01")
    at_us, before = pins[-1]
    assert before == (["new", "new"], ["1"])
    assert ask(at_us) == before


def test_a_pin_holds_though_a_load_writes_its_rows_at_that_moment(city, tmp_path, hand, monkeypatch):
    """What is asked between the instant of a load and its commit names the newest record that it saw."""
    file, asked = tmp_path / "events.csv", []
    file.write_text(HEAD + event("a", "old"))
    city.load("events", file, definition=define())

    def ask(at_us):
        return city.query("events").known_at(at_us).rows().table["note"].to_pylist()

    def write(self, *given):
        hand.now_us += MINUTE_US
        pin_us = city.layer("events").pin_us(hand.now_us)
        asked.append((pin_us, ask(pin_us)))
        return real(self, *given)

    real = EventLayer.write
    monkeypatch.setattr(EventLayer, "write", write)
    file.write_text(HEAD + event("a", "new"))
    loaded = city.load("events", file)
    ((pin_us, before),) = asked
    assert before == ["old"]
    assert pin_us < loaded.recorded_at_us < hand.now_us
    assert ask(pin_us) == before
    assert city.layer("events").pin_us() == loaded.recorded_at_us


def test_recorded_time_increases_in_the_order_of_commits_when_the_clock_stands(city, tmp_path):
    instants = []
    for number in range(3):
        file = tmp_path / f"{number}.csv"
        file.write_text(HEAD + event("a", number))
        instants.append(city.load("events", file, definition=None if number else define()).recorded_at_us)
    assert instants == [TEN_US, TEN_US + 1, TEN_US + 2]


def test_a_known_file_is_neither_opened_nor_read(city, tmp_path, monkeypatch):
    file = tmp_path / "events.json"
    row = {"id": "a", "at": "2024-03-01 08:00:00", "lon": 117.01, "lat": 31.91, "note": "x"}
    names = HEAD.strip().split(",")
    file.write_text(json.dumps([dict(zip(names, row.values(), strict=True))]))
    done = city.load("events", file, definition=define())
    assert done.accepted == 1
    opened = []
    real = sourcefile.open_source
    monkeypatch.setattr(sourcefile, "open_source", lambda *given: opened.append(given) or real(*given))
    known = city.load("events", file)
    assert known.known
    assert opened == []
    again = city.load("events", file, again=True)
    assert len(opened) == 1
    assert again.unchanged == 1
