"""Loads of feature layers: what they state, what they refuse, how they are counted."""

from datetime import UTC, datetime

import geopandas
import pytest
import shapely

import stcloud
from stcloud.daas.table.feature import read_ends
from stcloud.errors import InvalidInput, NotFound, StcloudError
from stcloud.iaas.table.compaction import LARGE_ROWS, crowded
from stcloud.iaas.table.table import File
from stcloud.testing.features import define

NUMBERED = '[columns.n]\ntype = "integer"\noptional = true'
HEAD = "k,n,wkt\n"


def square(at, side=10):
    west, south = 500_000 + 20 * at, 4_500_000
    east, north = west + side, south + side
    return f'"POLYGON (({west} {south}, {east} {south}, {east} {north}, {west} {north}, {west} {south}))"'


def rows(**values):
    return HEAD + "".join(f"{key},{n},{square(place)}\n" for place, (key, n) in enumerate(values.items()))


class Desk:
    def __init__(self, folder):
        self.folder = folder
        self.count = 0
        stcloud.create(folder / "city", crs="EPSG:32618", zone="America/New_York")
        self.city = stcloud.open(folder / "city")

    def load(self, text, more="", name=None, **options):
        self.count += 1
        file = self.folder / (name or f"{self.count}.csv")
        file.write_text(text)
        known = "things" in [one.name for one in self.city.layers()]
        definition = define(more=f"{more}\n{NUMBERED}")
        return self.city.load("things", file, definition=None if known else definition, **options)

    def state(self, at, **options):
        found = self.city.features("things").as_of(at, **options).to_records()
        return {row["k"]: row["n"] for row in found}

    def open_rows(self):
        return self.city.layer("things").events


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path)


def test_a_snapshot_ends_what_it_lacks_and_leaves_what_it_repeats(desk):
    first = desk.load(rows(a=1, b=2, c=3), valid_from="2013-01-01")
    second = desk.load(rows(a=1, b=5), valid_from="2023-01-01")
    assert (first.accepted, second.updated, second.unchanged, second.ended) == (3, 1, 1, 1)
    assert desk.state("2022-12-31") == {"a": 1, "b": 2, "c": 3}
    assert desk.state("2023-01-01") == {"a": 1, "b": 5}
    assert desk.state("2012-12-31") == {}
    (a,) = desk.city.features("things").history("a").to_records()
    assert a["st_valid_from"] == datetime(2013, 1, 1, 5, tzinfo=UTC)
    assert a["st_valid_to"] is None
    assert a["st_load"] == first.load


def test_what_was_known_stays(desk):
    first = desk.load(rows(a=1), valid_from="2013-01-01")
    desk.load(rows(a=2), valid_from="2013-01-01")
    assert desk.state("2014-01-01") == {"a": 2}
    assert desk.state("2014-01-01", known_at=first.recorded_at_us) == {"a": 1}
    assert desk.state("2014-01-01", known_at=first.recorded_at_us - 1) == {}


def test_a_change_leaves_the_time_around_it(desk):
    desk.load(rows(a=1, b=1), valid_from="2013-01-01")
    done = desk.load(rows(a=9), mode="changes", valid_from="2014-03-01", valid_to="2014-09-01")
    assert done.updated == 1
    states = [desk.state(day)["a"] for day in ("2014-02-28", "2014-03-01", "2014-08-31", "2014-09-01")]
    assert states == [1, 9, 9, 1]
    overriding = desk.load(rows(a=1, b=1) + "\n", valid_from="2013-01-01")
    assert overriding.overridden == 1
    assert desk.state("2014-05-01") == {"a": 1, "b": 1}


def test_rows_have_periods_of_their_own(desk):
    head = "k,n,wkt,since,until\n"
    text = head + f"a,1,{square(0)},2013-01-01,2013-12-31\na,2,{square(0)},2014-01-01,\n"
    valid = '[valid]\nfrom = "since"\nto = "until"\ninclusive = true'
    with pytest.raises(InvalidInput, match="periods of their own"):
        desk.load(text, more=valid, valid_from="2013-01-01")
    done = desk.load(text, more=valid, mode="changes")
    assert done.accepted == 2
    assert [desk.state(day) for day in ("2013-12-31", "2014-01-01")] == [{"a": 1}, {"a": 2}]
    bad = head + f"a,1,{square(0)},2015-01-01,2014-01-01\nb,1,{square(1)},,\nc,1,{square(1)},x,\n"
    done = desk.load(bad, mode="changes", max_rejected="100%")
    assert done.rejected_by == {"end-before-start": 1, "missing-time": 1, "unreadable-time": 1}


def test_the_date_may_be_in_the_name_of_the_file(desk):
    valid = '[valid]\nfile = "things_%Y-%m-%d"'
    desk.load(rows(a=1), more=valid, name="things_2013-01-01.csv")
    desk.load(rows(a=2), name="things_2023-01-01.csv")
    assert (desk.state("2022-01-01"), desk.state("2024-01-01")) == ({"a": 1}, {"a": 2})
    with pytest.raises(InvalidInput, match="is not as"):
        desk.load(rows(a=3), name="latest.csv")


def test_of_a_refused_row_nothing_is_said(desk):
    desk.load(rows(a=1, b=2), valid_from="2013-01-01")
    text = HEAD + f"a,1,{square(0)}\nb,2,no shape\n"
    done = desk.load(text, valid_from="2023-01-01", max_rejected=1)
    assert (done.unchanged, done.rejected, done.ended) == (1, 1, 0)
    assert desk.state("2024-01-01") == {"a": 1, "b": 2}


def test_rows_that_contradict_each_other_are_refused(desk):
    desk.load(rows(a=1, b=2, c=3), valid_from="2013-01-01")
    text = rows(a=1, b=2, c=3) + f"b,7,{square(1)}\na,1,{square(0)}\n"
    done = desk.load(text, valid_from="2023-01-01", max_rejected="50%")
    assert (done.unchanged, done.duplicates, done.rejected, done.ended) == (2, 1, 2, 0)
    assert done.rejected_by == {"conflicting-key": 2}
    assert desk.state("2024-01-01") == {"a": 1, "b": 2, "c": 3}


def test_the_same_in_other_words_is_unchanged(desk):
    desk.load(rows(a=1), valid_from="2013-01-01")
    nearly = rows(a=1).replace("500000 4500000", "500000.0002 4500000.0").replace("a,1", "a,01")
    done = desk.load(nearly, valid_from="2023-01-01")
    assert (done.unchanged, done.updated) == (1, 0)
    assert len(desk.city.features("things").history("a")) == 1
    moved = rows(a=1).replace("500000 4500000", "500000.1 4500000")
    assert desk.load(moved, valid_from="2023-01-01").updated == 1


def test_a_new_column_is_kept_and_a_lost_one_is_refused(desk):
    desk.load(rows(a=1), valid_from="2013-01-01")
    text = f"wkt,new,k\n{square(0)},x,a\n"
    assert desk.load(text, valid_from="2023-01-01").updated == 1
    found = desk.city.features("things").as_of("2024-01-01").to_records()
    assert [(row["n"], row["new"]) for row in found] == [(None, "x")]
    assert desk.city.features("things").as_of("2014-01-01").to_records()[0]["new"] is None
    with pytest.raises(InvalidInput, match="'new'"):
        desk.load(rows(a=2), valid_from="2024-01-01")


def test_append_refuses_what_is_known_and_delete_ends_it(desk):
    desk.load(rows(a=1), valid_from="2013-01-01")
    done = desk.load(rows(a=2, b=2), mode="append", valid_from="2014-01-01", max_rejected="50%")
    assert (done.accepted, done.rejected_by) == (1, {"known-key": 1})
    gone = desk.load("k\na\nz\n", mode="delete", valid_from="2015-01-01", valid_to="2016-01-01")
    assert (gone.updated, gone.unchanged) == (1, 1)
    states = [desk.state(f"{year}-06-01") for year in (2014, 2015, 2016)]
    assert states == [{"a": 1, "b": 2}, {"b": 2}, {"a": 1, "b": 2}]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "valid_from"),
        ({"valid_from": "2013-01-01", "valid_to": "2014-01-01"}, "holds until the next one"),
        ({"valid_from": "2014-01-01", "valid_to": "2013-01-01", "mode": "changes"}, "ends before"),
        ({"valid_from": "2013-01-01", "mode": "merge"}, "no mode"),
        ({"valid_from": "soon"}, "soon"),
    ],
)
def test_a_load_that_is_not_said_clearly_is_refused(desk, options, said):
    with pytest.raises(StcloudError) as error:
        desk.load(rows(a=1), **options)
    assert said in f"{error.value} {error.value.hint}"
    assert desk.city.layers() == ()


def test_a_snapshot_without_rows_is_refused(desk):
    desk.load(rows(a=1), valid_from="2013-01-01")
    with pytest.raises(InvalidInput, match="no rows"):
        desk.load(HEAD, valid_from="2023-01-01")
    assert desk.state("2024-01-01") == {"a": 1}


def test_a_load_is_taken_back(desk):
    first = desk.load(rows(a=1, b=1), valid_from="2013-01-01")
    second = desk.load(rows(a=2), valid_from="2023-01-01", name="second.csv")
    later = desk.load(rows(a=3), mode="changes", valid_from="2024-01-01", valid_to="2025-01-01")
    desk.city.undo("things", second.load)
    states = [desk.state(f"{year}-06-01") for year in (2023, 2024, 2025)]
    assert states == [{"a": 1, "b": 1}, {"a": 3, "b": 1}, {"a": 1, "b": 1}]
    assert desk.state("2023-06-01", known_at=later.recorded_at_us) == {"a": 2}
    with pytest.raises(InvalidInput, match="already"):
        desk.city.undo("things", second.load)
    with pytest.raises(NotFound):
        desk.city.undo("things", "nothing")
    again = desk.load(rows(a=2), valid_from="2023-01-01", name="second.csv")
    assert (again.known, again.load) == (False, f"{second.load}.2")
    assert desk.city.undo("things", first.load).recorded_at_us > again.recorded_at_us


def test_snapshots_in_any_order_give_the_same(tmp_path):
    """Law: order independence."""
    dated = {"2013-01-01": rows(a=1, b=1), "2018-01-01": rows(b=2, c=2), "2023-01-01": rows(a=1, c=2)}
    states = []
    for number, order in enumerate(((0, 1, 2), (2, 1, 0), (1, 2, 0), (2, 0, 1))):
        (tmp_path / str(number)).mkdir()
        desk = Desk(tmp_path / str(number))
        for place in order:
            day = list(dated)[place]
            desk.load(dated[day], valid_from=day)
        years = (2012, 2013, 2017, 2018, 2022, 2023, 2030)
        states.append([desk.state(f"{year}-07-01") for year in years])
    assert states[1:] == states[:1] * 3


@pytest.mark.thorough
def test_many_nights_leave_few_files_and_the_same_answers(desk):
    """Merging files and ends changes no answer."""
    values = {f"k{number}": number for number in range(40)}
    desk.load(rows(**values), valid_from="2013-01-01")
    expected, known = [], []
    for night in range(30):
        values[f"k{night}"] += 1000
        values.pop(f"k{39 - night // 4}", None)
        done = desk.load(rows(**values), valid_from=f"2014-01-{night + 1:02}")
        expected.append(dict(values))
        known.append(done.recorded_at_us)
    layer = desk.city.layer("things")
    assert len(layer.snapshot.files) < 30
    assert len(read_ends(layer.snapshot).row) * 2 <= layer.rows
    for night in (0, 7, 15, 29):
        assert desk.state(f"2014-01-{night + 1:02}T12:00") == expected[night]
        assert desk.state("2014-02-01", known_at=known[night]) == expected[night]
    assert [one for one in desk.city.check() if one.faults] == []


def test_a_difference_leads_from_one_state_to_the_other(desk):
    """Law: diff(a, b) applied to as_of(a) gives as_of(b)."""
    desk.load(rows(a=1, b=2, c=3), valid_from="2013-01-01")
    desk.load(rows(a=1, b=5, d=4), valid_from="2023-01-01")
    found = desk.city.features("things").diff("2014-01-01", "2024-01-01").to_records()
    assert [(row["k"], row["change"], row["differs"]) for row in found] == [
        ("b", "changed", "n"), ("c", "removed", ""), ("d", "added", ""),
    ]  # fmt: skip
    state = desk.state("2014-01-01")
    for row in found:
        state.pop(row["k"], None) if row["change"] == "removed" else state.update({row["k"]: row["n"]})
    assert state == desk.state("2024-01-01")


def test_a_place_keeps_the_features_that_touch_it(desk):
    desk.load(rows(a=1, b=2, c=3), valid_from="2013-01-01")
    found = desk.city.features("things").as_of(
        "2014-01-01",
        where=stcloud.Area.from_wkt(
            "POLYGON ((500000 4500000, 500020 4500000, 500020 4500001, 500000 4500000))", "EPSG:32618"
        ),
    )
    assert [row["k"] for row in found.to_records()] == ["a", "b"]  # an edge counts


def test_a_file_that_declares_another_crs_is_refused(desk, tmp_path):
    frame = geopandas.GeoDataFrame(
        {"k": ["a"]}, geometry=[shapely.Point(500_000, 4_500_000)], crs="EPSG:32618"
    )
    for name, crs in (("one", "EPSG:32618"), ("other", "EPSG:32617")):
        frame.set_crs(crs, allow_override=True).to_file(tmp_path / f"{name}.gpkg")
    desk.city.load("points", tmp_path / "one.gpkg", key=["k"], valid_from="2013-01-01")
    with pytest.raises(InvalidInput, match="declares EPSG:32617"):
        desk.city.load("points", tmp_path / "other.gpkg", valid_from="2023-01-01")


def test_lineage_tells_where_the_area_went(desk):
    desk.load(rows(a=1, b=1), valid_from="2013-01-01")
    desk.load(HEAD + f"a,1,{square(0, side=30)}\n", valid_from="2023-01-01")
    found = desk.city.features("things").lineage("2014-01-01", "2024-01-01").to_records()
    assert [(row["old"], row["new"], round(row["share_of_old"], 6)) for row in found] == [
        ("a", "a", 1.0), ("b", "a", 1.0),
    ]  # fmt: skip
    assert found[0]["area_m2"] == pytest.approx(100)


def test_a_geometry_that_is_repaired_or_refused_is_kept_whole_in_quarantine(desk):
    bow = "POLYGON ((500000 4500000, 500010 4500010, 500010 4500000, 500000 4500010, 500000 4500000))"
    far = "POINT (-73.9 40.7)"
    done = desk.load(HEAD + f'a,1,"{bow}"\nb,1,{far}\n', valid_from="2013-01-01", max_rejected=1)
    assert (done.accepted, done.repaired, done.rejected) == (1, 1, 1)
    kept = {one["row"]: (one["reason"], one["value"]) for one in desk.city.rejected("things").to_pylist()}
    assert kept == {1: ("repaired-geometry", bow), 2: ("outside-crs", far)}


def test_geometry_may_be_written_as_hexadecimal_wkb(desk):
    hexed = shapely.to_wkb(shapely.Point(500_000, 4_500_000), hex=True)
    more = 'encoding = "wkb"'
    done = desk.load(HEAD + f"a,1,{hexed}\nb,1,zz\n", more=more, valid_from="2013-01-01", max_rejected=1)
    assert (done.accepted, done.rejected_by) == (1, {"unreadable-geometry": 1})
    assert desk.city.features("things").as_of("2014-01-01").geometry()[0] == shapely.Point(500_000, 4_500_000)


def test_large_files_are_not_written_anew_for_being_many():
    """Files of one size become one when they are many; large ones stay, or each night would write a city anew."""
    large = [File(f"large-{number}", LARGE_ROWS + number, 0, {}) for number in range(40)]
    small = [File(f"small-{number}", 100 + number, 0, {}) for number in range(8)]
    assert crowded([*large, *small]) == small
    assert crowded([*large, *small[:7]]) == []


def test_a_snapshot_that_breaks_off_in_a_row_is_refused_and_nothing_ends(desk):
    whole = rows(a=1, b=1, c=1)
    desk.load(whole, valid_from="2024-01-01")
    cut = whole[: whole.index("c,1") + len("c,1")]
    with pytest.raises(InvalidInput) as caught:
        desk.load(cut, valid_from="2024-02-01", max_rejected="100%")
    assert caught.value.kind == "cut-off-snapshot"
    assert "row 3" in caught.value.message
    assert list(desk.state("2024-03-01")) == ["a", "b", "c"]
    stated = desk.load(cut, valid_from="2024-02-01", mode="changes", max_rejected="100%")
    assert (stated.unchanged, stated.rejected, stated.ended) == (2, 1, 0)
    assert stated.details["rejected_by"] == {"cut-row": 1}
