"""Purges of rows and of values: what goes, where it is looked for, what stays, and what is written down of it."""

import json

import pytest

import stcloud
from stcloud.errors import NotFound, StcloudError
from stcloud.iaas.store.folder import Folder
from stcloud.testing import features
from stcloud.testing.events import define, row
from stcloud.testing.residue import places_of

LONG = "id,at,lon,lat,note,phone,n\n"


def line(number, *, note="x", phone="", n=0, at=None):
    return row(number, phone, n, note=note, at=at)


@pytest.fixture
def loaded(desk):
    """Key 2 once had the phone 138-A, has another now; key 5 was refused with it."""
    desk.load(
        line(1, phone="137-B", n=11), line(2, phone="138-A", n=987654321), line(5, phone="138-A", at="bad 138-A"),
        head=LONG, definition=define(n="integer"), max_rejected="50%",
    )  # fmt: skip
    desk.load(line(2, phone="139-C", n=12, note="new"), line(3, n=13), head=LONG)
    return desk


def where(desk, value):
    return places_of(desk.folder / "city", value)


def test_rows_go_with_all_their_versions(loaded):
    counted = loaded.city.purge("events", what="phone = '138-A'", dry_run=True)
    assert where(loaded, "138-A")
    assert loaded.notes() == {"1": "x", "2": "new", "3": "x"}
    (purged,) = loaded.city.purge("events", what="phone = '138-A'")
    assert (purged.rows, purged.versions, purged.quarantined, purged.loads) == (1, 2, 1, 2)
    assert counted[0].to_dict() == purged.to_dict() | {"load": ""}
    assert loaded.notes() == {"1": "x", "3": "x"}
    for value in ("138-A", "139-C", "987654321"):
        assert where(loaded, value) == []
    assert where(loaded, "137-B")
    assert loaded.faults() == []


@pytest.mark.parametrize("columns", [(), ("phone",)])
def test_a_renamed_layer_is_purged_where_it_lies(loaded, columns):
    pin = loaded.city.query("events").count().pin
    loaded.city.rename("events", "calls")
    (purged,) = loaded.city.purge("calls", what="phone = '138-A'", columns=columns)
    assert (purged.layer, purged.rows, purged.quarantined) == ("calls", 1, 1)
    assert where(loaded, "139-C") == []
    assert [
        place for place in where(loaded, "138-A") if not (columns and place.startswith("quarantine/"))
    ] == []
    with pytest.raises(NotFound) as caught:
        loaded.city.query("calls").known_at(pin).to_pandas()
    assert caught.value.kind == "purged"
    assert loaded.faults() == []
    loaded.city.rename("calls", "reports")
    assert [purge.load for purge in loaded.city.layer("reports").purges] == [purged.load]


def test_values_go_from_all_versions_and_the_rest_stays(loaded):
    loaded.city.purge("events", what="phone = '138-A'", columns=["phone", "n"])
    assert {key: (one["note"], one["phone"], one["n"]) for key, one in loaded.rows().items()} == {
        "1": ("x", "137-B", 11), "2": ("new", None, None), "3": ("x", None, 13),
    }  # fmt: skip
    for value in ("139-C", "987654321"):
        assert where(loaded, value) == []
    (rejected,) = where(loaded, "138-A")  # a rejected value of another column
    assert rejected.startswith("quarantine/")
    assert loaded.city.layer("events").rows == 4
    assert loaded.faults() == []


@pytest.mark.parametrize("name", ["layer-events", "layer-events.spool", "layer-others", "layer-others.spool"])
def test_what_killed_loads_left_goes_and_what_a_load_works_on_stays(loaded, name):
    left = loaded.folder / "city" / ".work" / f"{name}.staging" / "run-0"
    left.parent.mkdir(parents=True)
    left.write_text("138-A")
    held = loaded.folder / "city" / ".work" / "layer-busy.staging" / "run-0"
    held.parent.mkdir(parents=True)
    held.write_text("of a load that runs")
    with Folder(loaded.folder / "city").lock("layer-busy", wait_s=0):
        loaded.city.purge("events", what="phone = '138-A'")
    assert where(loaded, "138-A") == []
    assert held.exists()


def test_the_filter_is_written_nowhere(loaded):
    loaded.city.purge("events", what="phone = '138-A' OR note = 'only in the filter'")
    assert where(loaded, "only in the filter") == []
    entry = loaded.city.layer("events").loads[-1]
    assert (entry.mode, entry.purged, entry.source) == ("purge", 1, "")
    assert entry.scope["filtered"] == ["note", "phone"]
    assert "138" not in json.dumps(dict(entry.scope))


def test_the_digest_of_the_source_row_goes_with_its_value(loaded):
    """It is made of all values: who knows the others could try them one by one."""
    read = lambda: {  # noqa: E731
        (one["st_key"], one["note"]): one["st_digest"] for one in table(loaded.city).to_pylist()
    }
    before = read()
    loaded.city.purge("events", what="phone = '138-A'", columns="phone")
    after = read()
    assert before.keys() == after.keys()
    assert {key for key in before if before[key] != after[key]} == {("2", "x"), ("2", "new")}


def table(city, layer="events"):
    snapshot = city.layer(layer).snapshot
    return snapshot.read(list(snapshot.files))


def test_time_is_that_of_the_citys_zone_and_of_the_last_belief(desk):
    desk.load(
        row(1, at="2024-03-01 00:00:00"), row(2, at="2024-02-29 23:59:59"), row(3, at="2024-01-01 00:00:00"),
        row(4, at="2024-05-01 00:00:00"),
    )  # fmt: skip
    desk.load(row(3, at="2024-06-01 00:00:00"), row(4, at="2024-01-02 00:00:00"))
    (purged,) = desk.city.purge("events", before="2024-03")
    assert sorted(desk.notes()) == ["1", "3"]
    assert (purged.rows, purged.versions) == (2, 3)
    assert desk.faults() == []
    first = desk.city.layer("events").loads[0].recorded_at_us
    with pytest.raises(NotFound):  # event 4 was known to be of May
        desk.city.query("events").known_at(first).when("2024-05").count()


def test_time_and_filter_must_both_hold(desk):
    desk.load(row(1, note="a"), row(2, note="b"), row(20, note="a"))
    desk.city.purge("events", before="2024-03-10", what="note = 'a'")
    assert sorted(desk.notes()) == ["2", "20"]


def test_all_rows_may_go(desk):
    desk.load(*(row(number) for number in range(5)))
    desk.city.purge("events", before="2025")
    assert desk.notes() == {}
    assert desk.city.query("events").count().table.to_pylist() == [{"count": 0}]
    assert desk.faults() == []
    desk.load(row(1, at="2026-01-01 00:00:00"))
    assert sorted(desk.notes()) == ["1"]
    assert desk.faults() == []


def test_a_pin_is_refused_where_it_reads_what_went_and_answered_elsewhere(loaded):
    query = loaded.city.query("events")
    pin = query.count().pin
    before = query.count(by=["note"]).table.to_pylist()
    loaded.city.purge("events", what="phone = '138-A'", columns="phone")
    pinned = loaded.city.query("events").known_at(pin)
    assert pinned.count(by=["note"]).table.to_pylist() == before
    assert pinned.what("note = 'x'").measure("max(n)").table.num_rows == 1
    for ask in (
        pinned.rows, pinned.to_pandas, lambda: list(pinned.batches()), lambda: pinned.count(by=["phone"]),
        lambda: pinned.what("phone IS NULL").count(), lambda: pinned.measure("distinct(phone)"),
    ):  # fmt: skip
        with pytest.raises(NotFound) as caught:
            ask()
        assert caught.value.kind == "purged"
        assert "phone of rows" in caught.value.message
        assert "known_at" in caught.value.hint
    fresh = loaded.city.query("events").rows().pin
    loaded.load(line(8, note="later"), head=LONG)
    assert sorted(loaded.city.query("events").known_at(fresh).rows().table["id"].to_pylist()) == [
        "1",
        "2",
        "3",
    ]


def test_a_cursor_from_before_is_refused(loaded):
    page = loaded.city.query("events").rows(1)
    loaded.city.purge("events", what="phone = '138-A'")
    with pytest.raises(NotFound) as caught:
        loaded.city.query("events").rows(1, after=page.next)
    assert caught.value.kind == "purged"


def test_values_that_were_refused_go_by_column_by_load_or_all(desk):
    desk.load(
        line(1), "2,2024-03-01 00:00:00,117,31.9,x,p,seven\n", "3,never,117,31.9,x,p,3\n",
        head=LONG, definition=define(n="integer"), max_rejected="90%",
    )  # fmt: skip
    values = lambda: [(one["field"], one["value"]) for one in desk.city.rejected("events").to_pylist()]  # noqa: E731
    assert values() == [("n", "seven"), ("at", "never")]
    desk.city.purge("events", before="2023")  # the load was later
    assert values() == [("n", "seven"), ("at", "never")]
    desk.city.purge("events", what="id = '1'", columns="n")
    assert values() == [("n", None), ("at", "never")]
    desk.city.purge("events", what="id = 'nobody'")
    assert values() == [("n", None), ("at", None)]
    assert where(desk, "never") == []
    assert desk.faults() == []


def test_rejected_rows_lose_what_they_hold_and_are_counted_still(desk):
    desk.load(
        line(1), "2,2024-03-01 00:00:00,117,31.9,kept,SECRET-PHONE,seven\n",
        head=LONG, definition=define(n="integer"), max_rejected="90%",
    )  # fmt: skip
    assert where(desk, "SECRET-PHONE")
    desk.city.purge("events", what="id = '1'", columns="phone")
    assert where(desk, "SECRET-PHONE") == []
    assert where(desk, "kept")
    assert desk.city.rejected("events")["value"].to_pylist() == ["seven"]
    desk.city.purge("events", what="id = '1'")
    assert where(desk, "kept") == where(desk, "seven") == []
    assert len(desk.city.rejected("events")) == 1
    assert desk.faults() == []


def test_the_quarantine_of_other_layers_stays(desk):
    desk.load(row(1), "2,never,117,31.9,x\n", max_rejected="90%")
    desk.city.load("others", desk.last, definition=define(), max_rejected="90%")
    desk.city.purge("events", what="id = '1'")
    assert desk.city.rejected("others")["value"].to_pylist() == ["never"]
    assert desk.city.rejected("events")["value"].to_pylist() == [None]


def test_features_go_with_their_ends_and_their_indexes(tmp_path):
    stcloud.create(tmp_path / "city", crs="EPSG:32618", zone="America/New_York")
    city = stcloud.open(tmp_path / "city")

    def load(text, since):
        file = tmp_path / "things.csv"
        file.write_text("k,owner,wkt\n" + text)
        first = not city.layers()
        city.load("things", file, definition=features.define() if first else None, valid_from=since)

    square = '"POLYGON ((500000 4500000, 500010 4500000, 500010 4500010, 500000 4500000))"'
    load(f"secret-key,SECRET-OWNER,{square}\nb,other,{square}\n", "2013-01-01")
    load(f"b,other,{square}\nc,third,{square}\n", "2015-01-01")
    pin = city.features("things").as_of("2014-01-01").pin
    known = city.features("things").as_of("2016-01-01", known_at=pin).to_records()
    index = tmp_path / "city" / "index" / "things.join" / "x"
    index.mkdir(parents=True)
    (index / "shape.npy").write_bytes(b"secret-key")
    (purged,) = city.purge("things", before="2015-01-01")
    assert (purged.rows, purged.versions) == (1, 2)
    for value in ("secret-key", "SECRET-OWNER"):
        assert places_of(tmp_path / "city", value) == []
    assert [finding for finding in city.check() if finding.faults] == []
    for ask in (
        lambda **more: city.features("things").as_of("2014-01-01", **more),
        lambda **more: city.features("things").history("b", **more),
        lambda **more: city.features("things").diff("2014-01-01", "2016-01-01", **more),
    ):
        ask()
        with pytest.raises(NotFound) as caught:
            ask(known_at=pin)
        assert caught.value.kind == "purged"
    assert known


def refusal(city, **stated):
    with pytest.raises(StcloudError) as caught:
        city.purge("events", **stated)
    return caught.value.kind


def test_what_is_no_scope_is_refused_before_anything_is_written(loaded):
    before = {
        path: path.read_bytes() for path in (loaded.folder / "city" / "layers").rglob("*") if path.is_file()
    }
    assert refusal(loaded.city) == "scope-needed"
    assert refusal(loaded.city, columns="phone") == "scope-needed"
    assert refusal(loaded.city, again=True, before="2024") == "unclear-scope"
    assert refusal(loaded.city, before="soon") == "unreadable-time"
    assert refusal(loaded.city, what="fone = '1'") == "unknown-column"
    assert refusal(loaded.city, what="phone") == "wrong-type"
    assert refusal(loaded.city, what="phone = ") == "unreadable-filter"
    assert refusal(loaded.city, before="2024", columns="id") == "needed-column"
    assert loaded.city.purge("events", again=True) == []
    with pytest.raises(NotFound):
        loaded.city.purge("nothing", before="2024")
    after = {path: path.read_bytes() for path in before}
    assert after == before


def test_rows_without_a_key_go_whole(desk):
    definition = define().model_copy(update={"key": ()})
    desk.load(row(1, note="a"), row(2, note="b"), definition=definition)
    assert refusal(desk.city, what="note = 'a'", columns="note") == "no-key"
    desk.city.purge("events", what="note = 'a'")
    assert list(desk.notes().values()) == ["b"]
    assert desk.faults() == []


def test_a_purge_is_not_taken_back(loaded):
    (purged,) = loaded.city.purge("events", what="phone = '138-A'")
    with pytest.raises(StcloudError) as caught:
        loaded.city.undo("events", purged.load)
    assert caught.value.kind == "undone-purge"
    second = loaded.city.layer("events").loads[1].load
    loaded.city.undo("events", second)
    assert sorted(loaded.notes()) == ["1"]
    assert loaded.faults() == []


def test_a_lost_record_is_a_fault(loaded):
    loaded.city.purge("events", what="phone = '138-A'")
    (loaded.folder / "city" / "layers" / "events" / "_purges.json").unlink()
    assert {finding.check for finding in loaded.faults()} == {"purges"}


def test_a_unit_grid_is_not_purged(tmp_path):
    from stcloud.city.purging import refuse_unit_grid
    from stcloud.testing import features as things

    layer = type(
        "Known", (), {"name": "grid", "definition": things.define(more='[grid]\nscheme = "unit-grid-15"')}
    )
    with pytest.raises(StcloudError) as caught:
        refuse_unit_grid(layer)
    assert caught.value.kind == "no-purge"
