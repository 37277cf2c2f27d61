"""Loads: what becomes of every row, what was known when, and what a load must never do."""

import json
from collections import Counter
from pathlib import Path

import pytest

import stcloud
from stcloud.daas.load.limit import Limit
from stcloud.daas.load.loader import load_id
from stcloud.errors import InvalidDefinition, InvalidInput, NotFound
from stcloud.iaas.bundle import bundled
from stcloud.iaas.job import Cancelled, Job
from stcloud.testing.events import HEAD, define, on_disk, row, rows

DISTRICT = bundled("fixtures", "district")
PLANTED = json.loads((DISTRICT / "planted.json").read_text(encoding="utf-8"))
DUMPS = ("requests_2024.csv", "requests_2024_update.csv")
STORED_FAULTS = ("missing", "zero", "outside", "swapped")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("district")


@pytest.fixture(scope="module")
def district(folder):
    """The district's two dumps, loaded one after the other, and their reckonings."""
    city = stcloud.create(folder / "city", crs="EPSG:4548", zone="Asia/Shanghai")
    return city, [city.load("requests", DISTRICT / name, definition="district-requests") for name in DUMPS]


def held(city, known_at=None):
    asked = city.query("requests")
    found = asked.known_at(known_at) if known_at else asked
    return {one["request_id"]: one for one in found.rows().table.to_pylist()}


@pytest.mark.parametrize("number", [0, 1], ids=DUMPS)
def test_the_reckoning_is_what_was_planted(district, number):
    reckoning, expected = district[1][number], PLANTED["expected"][DUMPS[number]]
    assert reckoning.adds_up
    assert reckoning.counts == {name: expected[name] for name in reckoning.counts}
    assert reckoning.rejected_by == expected["rejected_by_reason"]
    assert reckoning.unplaced_by == expected["unplaced_by_reason"]


def test_every_planted_fault_is_in_quarantine_with_its_row(district):
    city, reckonings = district
    found = [one for one in city.rejected("requests").to_pylist() if one["load"] == reckonings[0].load]
    planted = {
        one["row"]: reason
        for reason, faults in PLANTED["faults"].items()
        for one in faults
        if reason in PLANTED["expected"][DUMPS[0]]["rejected_by_reason"]
    }
    assert {one["row"]: one["reason"] for one in found} == planted
    lines = (DISTRICT / DUMPS[0]).read_text(encoding="utf-8").splitlines()
    assert all(one["value"] is None or one["value"] in lines[one["row"]] for one in found)
    assert {one["field"] for one in found} == {"request_id", "reported_at", "lon", "lat"}


def test_what_has_no_place_is_kept_and_says_why(district):
    city, reckonings = district
    first = held(city, reckonings[0].recorded_at_us)
    for reason in STORED_FAULTS:
        for one in PLANTED["faults"][reason]:
            assert first[one["request_id"]]["st_unplaced"] == ("outside" if reason == "swapped" else reason)
    after = PLANTED["expected"][DUMPS[1]]["layer_after"]
    now = held(city)
    assert len(now) == after["rows"]
    assert (
        Counter(one["st_unplaced"] for one in now.values() if one["st_unplaced"])
        == after["unplaced_by_reason"]
    )


def test_the_last_reading_of_a_key_stands(district):
    first = held(district[0], district[1][0].recorded_at_us)
    lines = (DISTRICT / DUMPS[0]).read_text(encoding="utf-8").splitlines()
    for one in PLANTED["faults"]["conflicting-duplicate"]:
        later = [line for line in lines[one["row"] + 1 :] if line.startswith(one["request_id"])]
        assert first[one["request_id"]]["status"] == later[-1].split(",")[4] != one["status"]


def test_known_at_gives_back_what_the_first_load_showed(district, tmp_path):
    """Law: what was known at an instant is what a city that was loaded only until then shows."""
    city, reckonings = district
    alone = stcloud.create(tmp_path / "alone", crs="EPSG:4548", zone="Asia/Shanghai")
    alone.load("requests", DISTRICT / DUMPS[0], definition="district-requests")
    first, second = (one.recorded_at_us for one in reckonings)
    assert first < second
    assert held(city, first) == held(city, second - 1) == held(alone)
    assert held(city, second) == held(city)
    assert held(city, first - 1) == {}
    late = set(PLANTED["update"]["entered_late"])
    assert not late & held(city, first).keys()
    assert late <= held(city).keys()
    before, now = held(city, first), held(city)
    for key in PLANTED["update"]["reclassified"] + PLANTED["update"]["located"]:
        assert before[key] != now[key]
    for key in PLANTED["update"]["withdrawn"]:  # absent from the newer dump: left alone
        assert before[key] == now[key]


def test_a_load_is_known_by_its_content_and_again_does_it_anyway(district, folder):
    city, reckonings = district
    before = on_disk(folder / "city")
    known = city.load("requests", DISTRICT / DUMPS[0])
    assert (known.known, known.load, known.counts) == (True, reckonings[0].load, reckonings[0].counts)
    assert known.recorded_at_us == reckonings[0].recorded_at_us
    assert on_disk(folder / "city") == before


def test_a_city_that_has_seen_two_loads_is_whole(district):
    assert [one for one in district[0].check() if one.faults] == []


# Modes


def test_again_brings_back_an_older_reading(desk):
    desk.load(row(1, note="old"))
    file = desk.last
    desk.load(row(1, note="new"))
    assert desk.city.load("events", file).known
    again = desk.city.load("events", file, again=True)
    assert (again.known, again.updated) == (False, 1)
    assert desk.notes() == {"1": "old"}
    assert again.load == desk.city.layer("events").loads[0].load + ".2"
    assert desk.city.load("events", file, again=True).load.endswith(".3")
    instants = [one.recorded_at_us for one in desk.city.layer("events").loads]
    assert [desk.notes(at)["1"] for at in instants] == ["old", "new", "old", "old"]
    assert desk.faults() == []


def test_changes_leave_absent_rows_alone(desk):
    desk.load(row(1), row(2), row(3))
    done = desk.load(row(2), row(3, note="new"), row(4))
    assert (done.accepted, done.updated, done.unchanged) == (1, 1, 1)
    assert desk.notes() == {"1": "x", "2": "x", "3": "new", "4": "x"}


def test_keys_of_rare_ideographs_are_known_again(desk):
    """The log escaped them once, and delta-rs read U+20BB7 as U+10BB7: no file seemed to hold the key."""
    where = {"at": "2024-03-02 10:00:00", "lon": "117.01"}
    desk.load(row("𠮷1", **where), row("𠮷2", **where))
    done = desk.load(row("𠮷1", note="new", **where), row("𠮷2", **where))
    assert (done.accepted, done.updated, done.unchanged) == (0, 1, 1)
    assert desk.notes() == {"𠮷1": "new", "𠮷2": "x"}


def test_append_refuses_a_known_key(desk):
    desk.load(row(1), row(2))
    before = desk.rows()
    with pytest.raises(InvalidInput) as told:
        desk.load(row(1), row(2, note="new"), row(3), mode="append")
    assert told.value.kind == "too-many-rejected"
    assert desk.rows() == before
    done = desk.load(row(1), row(2, note="new"), row(3), row(3), mode="append", max_rejected=2)
    assert (done.accepted, done.rejected, done.duplicates, done.updated) == (1, 2, 1, 0)
    assert desk.notes() == {"1": "x", "2": "x", "3": "x"}
    known = [(1, "known-key"), (2, "known-key")]
    assert [(number, reason) for _, number, *_, reason in desk.rejected()] == known * 2


def test_delete_reads_keys_only_and_the_past_remains(desk):
    first = desk.load(row(1), row(2), row(3))
    done = desk.load("1\n", "3\n", "3\n", "9\n", head="id\n", mode="delete")
    assert (done.read, done.updated, done.unchanged, done.duplicates, done.accepted) == (4, 2, 1, 1, 0)
    assert desk.notes().keys() == {"2"}
    assert desk.notes(first.recorded_at_us).keys() == {"1", "2", "3"}
    assert desk.load(row(1, note="back")).accepted == 1
    assert desk.notes() == {"1": "back", "2": "x"}
    assert desk.notes(done.recorded_at_us).keys() == {"2"}
    assert desk.faults() == []


def test_delete_needs_the_key_and_a_layer(desk):
    with pytest.raises(NotFound) as told:
        desk.load("1\n", head="id\n", mode="delete", definition=define())
    assert told.value.kind == "unknown-layer"
    desk.load(row(1))
    with pytest.raises(NotFound) as told:
        desk.load("1\n", head="key\n", mode="delete")
    assert told.value.kind == "missing-column"


def test_rows_without_a_key_are_known_by_their_digest(desk):
    keyless = define().model_copy(update={"key": ()})
    desk.load(row(1), row(1), row(2), definition=keyless)
    done = desk.load(row(2), row(3))
    assert (done.accepted, done.unchanged) == (1, 1)
    assert len(desk.rows()) == 3
    done = desk.load(row(3), mode="delete")
    assert done.updated == 1
    assert len(desk.rows()) == 2


def test_a_key_of_several_columns_cannot_be_mistaken(desk):
    pair = define().model_copy(update={"key": ("id", "note")})
    keys = (("1|2", "3"), ("1", "2|3"), ("1\\", "|2"))
    lines = [f"{key},2024-03-01 10:00:00,117,31.9,{note}\n" for key, note in keys]
    assert desk.load(*lines, definition=pair).accepted == 3


# Duplicates


@pytest.mark.parametrize(("rule", "note"), [("last", "b"), ("first", "a")])
def test_one_row_of_a_repeated_key_stands(desk, rule, note):
    done = desk.load(
        row(1, note="a"), row(1, note="b"), row(2), row(2), definition=define(f'duplicates = "{rule}"')
    )
    assert (done.accepted, done.duplicates) == (2, 2)
    assert desk.notes() == {"1": note, "2": "x"}


def test_conflicting_rows_of_a_key_may_be_refused_together(desk):
    strict = define('duplicates = "refuse"')
    done = desk.load(
        row(1, note="a"), row(2), row(1, note="b"), row(3), row(3), definition=strict, max_rejected=2
    )
    assert (done.accepted, done.rejected, done.duplicates) == (2, 2, 1)
    assert desk.notes() == {"2": "x", "3": "x"}
    assert [one[1:] for one in desk.rejected()] == [
        (1, "st_key", "1", "conflicting-key"), (3, "st_key", "1", "conflicting-key"),
    ]  # fmt: skip


def test_the_order_of_two_loads_decides_and_not_the_order_of_events(desk):
    desk.load(row(1, at="2024-03-05 10:00:00", note="a"))
    desk.load(row(1, at="2023-01-01 10:00:00", note="b"))
    assert desk.notes() == {"1": "b"}
    assert desk.faults() == []


# Columns


def test_a_new_column_of_a_later_file_is_null_in_older_rows(desk):
    first = desk.load(row(1), row(2))
    done = desk.load(row(2, "e"), row(3, "f"), head=HEAD.replace("note", "note,extra"))
    assert (done.accepted, done.updated) == (1, 1)
    assert {key: one["extra"] for key, one in desk.rows().items()} == {"1": None, "2": "e", "3": "f"}
    assert {key: one["extra"] for key, one in desk.rows(first.recorded_at_us).items()} == {
        "1": None,
        "2": None,
    }
    assert desk.rows(what="extra = 'f'").keys() == {"3"}
    assert desk.rows(what="extra IS NULL").keys() == {"1"}
    assert desk.load(row(4), allow_missing="extra").accepted == 1
    assert desk.rows()["4"]["extra"] is None
    assert desk.faults() == []


def test_a_column_that_comes_again_without_values_changes_nothing(desk):
    desk.load(row(1))
    done = desk.load(row(1, ""), head=HEAD.replace("note", "note,extra"))
    assert (done.updated + done.unchanged, desk.rows()["1"].get("extra")) == (1, None)


def test_a_column_that_differs_in_case_only_is_refused(desk):
    desk.load(row(1, "e"), head=HEAD.replace("note", "note,extra"))
    before = desk.rows()
    with pytest.raises(InvalidDefinition) as told:
        desk.load(row(2, "f"), head=HEAD.replace("note", "note,EXTRA"))
    assert told.value.kind == "ambiguous-column"
    assert desk.rows() == before


def test_a_retyped_column_is_refused(desk, folder):
    desk.load(row(1, "7"), head=HEAD.replace("note", "note,n"), definition=define(n="integer"))
    kept = desk.folder / "city" / "layers" / "events.toml"
    kept.write_text(kept.read_text().replace('"integer"', '"number"'))
    with pytest.raises(InvalidInput) as told:
        desk.load(row(2, "8"), head=HEAD.replace("note", "note,n"))
    assert told.value.kind == "retyped-column"
    assert "integer" in str(told.value)
    assert len(desk.rows()) == 1


def test_another_definition_is_refused_and_the_same_is_not(desk):
    desk.load(row(1))
    assert desk.load(row(2), definition=define().model_copy(update={"title": "Other"})).accepted == 1
    with pytest.raises(InvalidInput) as told:
        desk.load(row(3), definition=define(note="integer"))
    assert told.value.kind == "other-definition"


def test_unlisted_columns_may_be_ignored(desk):
    some = define('extra_columns = "ignore"', note="text")
    desk.load(row(1, "a"), head=HEAD.replace("note", "note,noise"), definition=some)
    done = desk.load(row(1, "b"), head=HEAD.replace("note", "note,noise"))
    assert done.unchanged == 1
    assert "noise" not in desk.rows()["1"]


def test_types_and_their_faults(desk):
    head = HEAD.replace("note", "note,i,f,b,d,t")
    kinds = define(i="integer", f="number", b="boolean", d="date", t="instant")
    good = row(1, "-7", "1e3", "Yes", "2024-02-29", "2024-02-29T10:00:00Z")
    bad = [
        ("7.5", "", "", "", ""),
        ("", "x", "", "", ""),
        ("", "", "maybe", "", ""),
        ("", "", "", "2023-02-29", ""),
        ("", "", "", "", "?"),
    ]
    lines = [row(number, *one) for number, one in enumerate(bad, start=2)]
    done = desk.load(good, *lines, row(9, "", "", "", "", ""), head=head, definition=kinds, max_rejected=5)
    assert (done.accepted, done.rejected) == (2, 5)
    kept = desk.rows()["1"]
    assert (kept["i"], kept["f"], kept["b"], str(kept["d"]), kept["t"].isoformat()) == (
        -7, 1000.0, True, "2024-02-29", "2024-02-29T18:00:00+08:00",
    )  # fmt: skip
    assert all(desk.rows()["9"][name] is None for name in "ifbdt")
    assert [(number, field, reason) for _, number, field, _, reason in desk.rejected()] == [
        (2, "i", "not-an-integer"), (3, "f", "not-a-number"), (4, "b", "not-a-boolean"),
        (5, "d", "unreadable-date"), (6, "t", "unreadable-time"),
    ]  # fmt: skip


def test_times_at_a_change_of_the_clock_are_counted(tmp_path):
    city = stcloud.create(tmp_path / "ny", crs="EPSG:32618", zone="America/New_York")
    file = tmp_path / "a.csv"
    hours = ("2024-03-10 02:30:00", "2024-11-03 01:30:00", "2024-06-01 12:00:00")
    file.write_text(HEAD + "".join(row(n, at=at, lon=-74) for n, at in enumerate(hours)))
    assert city.load("events", file, definition=define()).time_adjusted == 2
    found = {one["id"]: one["st_time"].isoformat() for one in city.query("events").rows().table.to_pylist()}
    assert found == {
        "0": "2024-03-10T03:30:00-04:00", "1": "2024-11-03T01:30:00-04:00", "2": "2024-06-01T12:00:00-04:00",
    }  # fmt: skip


# Limits, identity, failures


@pytest.mark.parametrize(
    ("text", "rejected", "read", "exceeded"),
    [
        ("0", 0, 9, False),
        ("0", 1, 9, True),
        ("5%", 5, 100, False),
        ("5%", 6, 100, True),
        ("100%", 9, 9, False),
        (" 1% ", 1, 99, True),
    ],
)
def test_limits(text, rejected, read, exceeded):
    assert Limit.parse(text).exceeded(rejected=rejected, read=read) is exceeded


@pytest.mark.parametrize("text", ["", "x", "-1", "101%", "-1%", "nan%", "inf%", "1.5", "%"])
def test_limits_that_are_none(text):
    with pytest.raises(InvalidInput) as told:
        Limit.parse(text)
    assert told.value.kind == "bad-limit"


def test_what_decides_a_loads_identity():
    ids = {
        load_id("a", define(), "changes"), load_id("b", define(), "changes"), load_id("a", define(), "append"),
        load_id("a", define(note="integer"), "changes"),
    }  # fmt: skip
    assert len(ids) == 4
    assert load_id("a", define().model_copy(update={"id": "other"}), "changes") in ids


def test_a_load_that_fails_leaves_nothing_but_what_it_refused(desk, folder):
    desk.load(row(1))
    places = [desk.folder / "city" / name for name in ("layers", "ledger")]
    before = [on_disk(place) for place in places]
    for line in (row(2, at="never"), "2,too,short\n"):
        with pytest.raises(InvalidInput):
            desk.load(line)
    assert [on_disk(place) for place in places] == before
    assert [number for _, number, *_ in desk.rejected()] == [1, 1]


def test_a_load_that_fails_late_adds_no_column(desk):
    desk.load(row(1))
    before = [one.name for one in desk.city.layer("events").attributes]
    job = Job(progress=lambda step, *_: job.cancel() if step.endswith("compare") else None)
    with pytest.raises(Cancelled):
        desk.load(row(2, "e"), head=HEAD.replace("note", "note,extra"), job=job)
    assert [one.name for one in desk.city.layer("events").attributes] == before


def test_a_file_of_which_nothing_is_good_may_be_entered_all_the_same(desk):
    desk.load(row(1))
    done = desk.load(row(2, at="never"), max_rejected="100%")
    assert (done.read, done.rejected) == (1, 1)
    assert len(desk.city.layer("events").loads) == 2
    assert len(desk.rejected()) == 1


def test_several_files_are_loads_of_their_own(desk, tmp_path):
    desk.load(row(1))
    files = [tmp_path / f"more-{number}.csv" for number in (2, 3)]
    for number, file in enumerate(files, start=2):
        file.write_text(HEAD + row(number))
    done = desk.city.load("events", *files)
    assert [one.accepted for one in done] == [1, 1]
    assert done[0].recorded_at_us < done[1].recorded_at_us
    files[0].write_text(HEAD + row(4))
    with pytest.raises(InvalidInput):
        desk.city.load("events", files[0], tmp_path / "events.csv" / "none.csv", max_rejected="x")
    with pytest.raises(NotFound):
        desk.city.load("events", files[0], Path("none.csv"))
    assert desk.notes().keys() == {"1", "2", "3", "4"}


def test_recorded_time_goes_on_even_when_the_clock_goes_back(tmp_path):
    clock = iter([10**15, 10**15, 5 * 10**14, 10**15 + 7])
    stcloud.create(tmp_path / "city", crs="EPSG:4548", zone="UTC")
    city = stcloud.open(tmp_path / "city", clock=lambda: next(clock))
    instants = []
    for number in range(4):
        file = tmp_path / f"{number}.csv"
        file.write_text(rows(number + 1, note=str(number)))
        instants.append(city.load("events", file, definition=define()).recorded_at_us)
    assert instants == [10**15, 10**15 + 1, 10**15 + 2, 10**15 + 7]


def test_a_large_file_of_many_months_is_read_once_and_kept_in_order(desk):
    lines = [row(n, at=f"{2000 + n % 20}-{1 + n % 12:02}-01 00:00:00") for n in range(20_000)]
    done = desk.load(*lines)
    assert done.accepted == 20_000
    snapshot = desk.city.layer("events").snapshot
    assert len({file.partition["st_month"] for file in snapshot.files}) == len(snapshot.files)
    cells = [snapshot.read([file], ["st_cell"])["st_cell"].to_pylist() for file in snapshot.files]
    assert all(one == sorted(one) for one in cells)
    assert desk.faults() == []


def test_degrees_that_are_declared_metres_are_outside(tmp_path):
    """UTM's own origin lies half a zone west of its area of use: within the margin, and nobody's city."""
    city = stcloud.create(tmp_path / "city", crs="EPSG:32618", zone="America/New_York")
    (tmp_path / "a.csv").write_text("id,at,x,y\n1,2024-01-01,-73.9,40.7\n2,2024-01-01,583000,4507000\n")
    said = {"key": ["id"], "time": "at", "x": "x", "y": "y", "crs": "EPSG:32618"}
    done = city.load("events", tmp_path / "a.csv", **said)
    assert (done.accepted, dict(done.unplaced_by)) == (2, {"outside": 1})
