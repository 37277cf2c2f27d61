"""A load that was recorded far after the machine's clock of the next: every later reckoning and the check say it."""

import datetime as dt

import pytest

import stcloud
from stcloud.daas.load.notes import repeated_remarks
from stcloud.testing.events import define, rows

WRONG = int(dt.datetime(2099, 1, 1, tzinfo=dt.UTC).timestamp() * 1_000_000)
RIGHT = int(dt.datetime(2024, 5, 1, tzinfo=dt.UTC).timestamp() * 1_000_000)


@pytest.fixture
def load(tmp_path):
    """Load a file of some rows at what the clock says."""
    stcloud.create(tmp_path / "city", crs="EPSG:4548", zone="Asia/Shanghai")

    def load(count, now_us, **options):
        file = tmp_path / f"{count}.csv"
        file.write_text(rows(count))
        city = stcloud.open(tmp_path / "city", clock=lambda: now_us)
        return city, city.load("events", file, definition=define(), **options)

    return load


def clocks(reckoning):
    return [note for note in reckoning.notes if "the clock says" in note]


def late(city):
    return [one for one in city.check() if one.check == "clock" and one.faults]


def test_a_clock_that_was_wrong_once_is_said_in_every_later_reckoning(load):
    assert clocks(load(3, RIGHT)[1]) == []
    city, wrong = load(4, WRONG)
    assert clocks(wrong) == []
    assert not late(city)
    for count in (5, 6, 6):  # the last is known
        city, later = load(count, RIGHT + count)
        (note,) = clocks(later)
        assert "2099-01-01T08:00:00" in note
        assert "2024-05-01T08:00:00" in note
    (found,) = late(city)
    assert (found.layer, found.faults) == ("events", 3)
    assert "2099-01-01" in found.example
    assert "2099-01-01" in clocks(city.undo("events", later.load))[0]


def test_clocks_that_differ_a_little_are_not_spoken_of(load):
    load(3, RIGHT + 60_000_000)
    city, later = load(4, RIGHT)
    assert clocks(later) == []
    assert not late(city)


def lost(reckoning):
    return [note for note in reckoning.notes if "have the key of another row" in note]


def test_rows_that_are_lost_because_many_share_a_key_are_said(tmp_path):
    table = [
        {"id": row // 2, "at": f"2024-03-01 08:{row:02}", "lon": 117.1, "lat": 31.9} for row in range(40)
    ]
    told = {"key": "id", "time": "at", "lon": "lon", "lat": "lat", "datum": "wgs84"}
    with stcloud.create(tmp_path / "city", crs="EPSG:4548", zone="Asia/Shanghai") as city:
        shared = city.load("shared", table, **told)
        assert (shared.accepted, shared.duplicates) == (20, 20)
        (note,) = lost(shared)
        assert note.startswith("20 of 40 rows have the key of another row: the last row of each key counts")
        assert lost(city.load("apart", table, **{**told, "key": ["id", "at"]})) == []
        assert lost(city.load("few", [*table[::2], table[1]], **told)) == []  # one of 21
        assert lost(city.load("shared", table, again=True, mode="delete")) == []


@pytest.mark.parametrize(
    ("rule", "said"), [("last", True), ("first", True), ("keep", False), ("refuse", False)]
)
def test_rows_are_lost_by_two_rules_only(rule, said):
    assert bool(repeated_remarks(rule, 6, 100)) is said
    assert repeated_remarks(rule, 5, 100) == ()
