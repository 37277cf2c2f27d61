"""Loads after a purge: what is recorded by time is not loaded again, and what cannot be told is refused."""

import pytest

import stcloud
from stcloud.errors import InvalidInput
from stcloud.testing import features
from stcloud.testing.events import HEAD, define, row
from stcloud.testing.residue import places_of

PHONES = "id,at,lon,lat,note,phone\n"


def again(desk, file, **options):
    return desk.city.load("events", file, again=True, **options)


def test_a_file_that_is_loaded_again_brings_back_nothing_of_a_purged_time(desk):
    desk.load(row(1, note="SECRET"), row(2, note="SECRET"), row(20))
    desk.city.purge("events", before="2024-03-10")
    assert (
        again(desk, desk.last).counts.items()
        >= {"read": 3, "purged": 2, "unchanged": 1, "accepted": 0}.items()
    )
    done = desk.load(row(3, note="SECRET"), row(21), row(1, at="2024-04-01 00:00:00"))
    assert done.adds_up
    assert done.counts.items() >= {"read": 3, "purged": 1, "accepted": 2}.items()
    assert sorted(desk.notes()) == ["1", "20", "21"]
    assert places_of(desk.folder / "city", "SECRET") == []
    assert desk.faults() == []
    assert desk.city.layer("events").loads[-1].purged == 1


def test_values_of_a_purged_time_stay_away_and_the_row_is_known(desk):
    first = row(1, "SECRET1"), row(20, "kept")
    desk.load(*first, head=PHONES)
    file = desk.last
    desk.city.purge("events", before="2024-03-10", columns="phone")
    assert again(desk, file).counts.items() >= {"unchanged": 2, "updated": 0}.items()
    assert desk.load(row(2, "SECRET2"), row(1, "SECRET3", note="new"), head=PHONES).accepted == 1
    assert {key: (one["note"], one["phone"]) for key, one in desk.rows().items()} == {
        "1": ("new", None), "2": ("x", None), "20": ("x", "kept"),
    }  # fmt: skip
    assert places_of(desk.folder / "city", "SECRET") == []
    assert desk.faults() == []


def test_rows_that_name_what_is_to_be_deleted_have_no_time(desk):
    desk.load(row(1), row(20), row(21))
    desk.city.purge("events", before="2024-03-10")
    assert desk.load("20\n", head="id\n", mode="delete").purged == 0
    assert sorted(desk.notes()) == ["21"]


@pytest.mark.parametrize("columns", [(), ("note",)])
def test_a_file_from_before_a_purge_by_a_filter_is_not_loaded_again(desk, columns):
    desk.load(row(1, note="SECRET"), row(2))
    file = desk.last
    assert desk.city.load("events", file).known
    desk.city.purge("events", what="note = 'SECRET'", columns=columns)
    assert desk.city.load("events", file).known
    with pytest.raises(InvalidInput) as caught:
        again(desk, file)
    assert caught.value.kind == "loaded-before-purge"
    assert places_of(desk.folder / "city", "SECRET") == []
    later = desk.load(row(3))
    assert again(desk, desk.last).unchanged == 1
    assert later.accepted == 1


def test_a_row_that_once_had_a_later_time_is_not_brought_back(desk):
    desk.load(row(1, note="SECRET", at="2024-06-01 00:00:00"))
    file = desk.last
    desk.load(row(1, at="2024-01-01 00:00:00"))
    desk.city.purge("events", before="2024-03")
    with pytest.raises(InvalidInput) as caught:
        again(desk, file)
    assert caught.value.kind == "loaded-before-purge"


def test_a_load_that_was_undone_before_the_purge_is_refused_too(desk):
    done = desk.load(row(1, note="SECRET"), row(2))
    file = desk.last
    desk.city.undo("events", done.load)
    desk.city.purge("events", what="note = 'SECRET'")
    with pytest.raises(InvalidInput):
        desk.city.load("events", file)
    assert desk.faults() == []


def test_purges_are_repeated_as_they_were_recorded(desk):
    desk.load(row(1), row(20))
    desk.city.purge("events", before="2024-03-10")
    desk.city.purge("events", before="2024-03-15", columns="note")
    desk.city.purge("events", what="id = '20'", columns="note")
    assert desk.city.purge("events", again=True) == []
    desk.load(row(21), row(3))
    assert sorted(desk.notes()) == ["20", "21"]
    assert desk.city.purge("events", again=True) == []


def test_a_relative_time_moves_on(tmp_path):
    now = [1_709_251_200_000_000]  # 2024-03-01T00:00Z
    stcloud.create(tmp_path / "city", crs="EPSG:4548", zone="Asia/Shanghai")
    city = stcloud.open(tmp_path / "city", clock=lambda: now[0])
    file = tmp_path / "a.csv"
    file.write_text(HEAD + row(1, at="2024-02-01 00:00:00") + row(2, at="2024-02-10 00:00:00") + row(3))
    city.load("events", file, definition=define())
    assert city.purge("events", before="last 30 days")[0].rows == 0
    now[0] += 5 * 86_400_000_000
    assert [purged.rows for purged in city.purge("events", again=True)] == [1]
    assert sorted(city.query("events").rows().table["id"].to_pylist()) == ["2", "3"]
    now[0] += 60 * 86_400_000_000
    assert [purged.rows for purged in city.purge("events", again=True)] == [2]


SQUARE = '"POLYGON ((500000 4500000, 500010 4500000, 500010 4500010, 500000 4500000))"'


@pytest.fixture
def things(tmp_path):
    """Features: a until 2015, b since 2013; and a function that loads."""
    stcloud.create(tmp_path / "city", crs="EPSG:32618", zone="America/New_York")
    city = stcloud.open(tmp_path / "city")

    def load(text, **options):
        file = tmp_path / f"{abs(hash(text))}.csv"
        file.write_text(text)
        first = not city.layers()
        return city.load("things", file, definition=features.define() if first else None, **options)

    load(f"k,owner,wkt\na,SECRET,{SQUARE}\nb,other,{SQUARE}\n", valid_from="2013-01-01")
    load(f"k,owner,wkt\nb,other,{SQUARE}\n", valid_from="2015-01-01")
    return tmp_path, city, load


def state(city, at):
    return city.features("things").as_of(at).table["st_key"].to_pylist()


def test_a_snapshot_of_a_purged_time_is_left_out_as_a_whole(things):
    folder, city, load = things
    city.purge("things", before="2016-01-01")
    assert state(city, "2014-01-01") == ["b"]
    done = load(f"k,owner,wkt\na,SECRET,{SQUARE}\n", valid_from="2014-01-01")
    assert (done.read, done.purged, done.accepted, done.ended) == (1, 1, 0, 0)
    assert state(city, "2014-06-01") == ["b"]
    assert places_of(folder / "city", "SECRET") == []
    assert [finding for finding in city.check() if finding.faults] == []
    with pytest.raises(InvalidInput) as caught:
        load(f"k,owner,wkt\na,SECRET,{SQUARE}\nb,other,{SQUARE}\n", valid_from="2013-01-01", again=True)
    assert caught.value.kind == "loaded-before-purge"


def test_changes_of_a_purged_time_are_left_out_row_by_row(things):
    folder, city, load = things
    city.purge("things", before="2016-01-01")
    done = load(
        f"k,owner,wkt\na,SECRET,{SQUARE}\n", mode="changes", valid_from="2013-01-01", valid_to="2014-01-01"
    )
    assert (done.read, done.purged, done.accepted) == (1, 1, 0)
    assert load(f"k,owner,wkt\nc,open,{SQUARE}\n", mode="changes", valid_from="2013-01-01").accepted == 1
    assert state(city, "2013-06-01") == ["b", "c"]
    assert places_of(folder / "city", "SECRET") == []
    assert [finding for finding in city.check() if finding.faults] == []
