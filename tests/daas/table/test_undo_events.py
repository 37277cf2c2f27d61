"""Taking back a load of events: its rows end, what it replaced is believed again, what was touched later stays."""

import itertools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import stcloud
from stcloud.errors import InvalidInput, NotFound
from stcloud.testing.events import HEAD, define, row
from stcloud.testing.examples import examples


def test_rows_of_the_load_end_and_what_they_replaced_is_believed_again(desk):
    desk.load(row(1, note="old"), row(2, note="old"))
    before = desk.notes()
    load = desk.load(row(2, note="new"), row(3, note="new"))
    after = desk.notes()
    undone = desk.city.undo("events", load.load)
    assert (undone.mode, undone.source, undone.ended, undone.restored) == ("undo", load.load, 2, 1)
    assert undone.adds_up
    assert desk.notes() == before == {"1": "old", "2": "old"}
    assert desk.notes(load.recorded_at_us) == after  # history stays
    assert desk.notes(undone.recorded_at_us - 1) == after
    assert desk.notes(undone.recorded_at_us) == before
    assert desk.faults() == []


def test_keys_that_were_touched_later_stay(desk):
    desk.load(row(1, note="a"), row(2, note="a"), row(3, note="a"))
    second = desk.load(row(1, note="b"), row(2, note="b"), row(3, note="b"), row(4, note="b"))
    desk.load(row(1, note="c"))
    desk.load("2\n", head="id\n", mode="delete")
    undone = desk.city.undo("events", second.load)
    assert (undone.ended, undone.restored) == (2, 1)
    assert desk.notes() == {"1": "c", "3": "a"}


def test_a_deletion_is_taken_back(desk):
    desk.load(row(1), row(2))
    deletion = desk.load("1\n2\n", head="id\n", mode="delete")
    desk.load(row(2, note="anew"))
    undone = desk.city.undo("events", deletion.load)
    assert (undone.ended, undone.restored) == (0, 1)
    assert desk.notes() == {"1": "x", "2": "anew"}


def test_the_file_may_be_loaded_again_and_the_undo_be_undone(desk):
    desk.load(row(1, note="a"))
    load = desk.load(row(1, note="b"), row(2, note="b"))
    file = desk.last
    undone = desk.city.undo("events", load.load)
    assert desk.notes() == {"1": "a"}
    again = desk.city.load("events", file)
    assert (again.known, again.accepted, again.updated) == (False, 1, 1)
    assert again.load == f"{load.load}.2"
    assert desk.city.load("events", file).known
    desk.city.undo("events", again.load)
    assert desk.notes() == {"1": "a"}
    with pytest.raises(InvalidInput) as caught:
        desk.city.undo("events", load.load)
    assert caught.value.kind == "undone-already"
    assert undone.load in {one.load for one in desk.city.layer("events").loads}


def test_the_undo_of_an_undo_says_again_what_the_load_said(desk):
    desk.load(row(1, note="a"))
    load = desk.load(row(1, note="b"), row(2, note="b"))
    undone = desk.city.undo("events", load.load)
    desk.city.undo("events", undone.load)
    assert desk.notes() == {"1": "b", "2": "b"}


def test_a_load_that_is_none_is_refused(desk):
    desk.load(row(1))
    with pytest.raises(NotFound) as caught:
        desk.city.undo("events", "nothing")
    assert caught.value.kind == "unknown-load"


def test_the_first_load_can_be_taken_back_and_months_do_not_matter(tmp_path):
    city = stcloud.create(tmp_path / "c", crs="EPSG:32618", zone="America/New_York")
    lines = {
        "a": ("2024-03-31 23:30:00", "2024-04-01 00:30:00"),
        "b": ("2024-01-01 00:00:00", "2023-12-31 23:59:59"),
    }
    for name, times in lines.items():
        text = "".join(
            row(number, at=at, lon=-74).replace("31.9", "40.7") for number, at in enumerate(times, 1)
        )
        (tmp_path / f"{name}.csv").write_text(HEAD + text)
    first, second = (city.load("e", tmp_path / f"{name}.csv", definition=define()) for name in lines)
    assert second.updated == 2
    city.undo("e", second.load)
    months = city.query("e").count(by=["month"]).to_records()
    assert [(one["month"], one["count"]) for one in months] == [("2024-03", 1), ("2024-04", 1)]
    city.undo("e", first.load)
    assert city.query("e").count().to_records() == [{"count": 0}]


def test_the_command_takes_back_a_load_of_events(run, tmp_path):
    folder = tmp_path / "city"
    city = stcloud.create(folder, crs="EPSG:4548", zone="Asia/Shanghai")
    (tmp_path / "a.csv").write_text(HEAD + row(1))
    load = city.load("e", tmp_path / "a.csv", definition=define())
    done = run("load", folder, "e", "--undo", load.load)
    assert done.code == 0, done.err
    assert load.load in done.out
    assert run("query", folder, "e", "--count", "-f", "csv").out.split() == ["count", "0"]
    assert run("check", folder).code == 0


FILES = st.lists(
    st.tuples(
        st.sampled_from(["changes", "delete"]),
        st.dictionaries(st.integers(1, 4), st.sampled_from("abc"), min_size=1),
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=examples(12), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files=FILES, data=st.data())
def test_the_last_load_taken_back_gives_what_was_before(tmp_path_factory, files, data):
    """Law: taking back the newest load shows what was shown before it; history is as it was."""
    place = tmp_path_factory.mktemp("law")
    seconds = itertools.count(1_700_000_000)
    city = stcloud.create(place / "c", crs="EPSG:4548", zone="Asia/Shanghai")
    city = stcloud.open(place / "c", clock=lambda: next(seconds) * 1_000_000)
    files = [("changes", {9: "z"}), *files]
    shown, loads = [], []
    for number, (mode, notes) in enumerate(files):
        file = place / f"{number}.csv"
        file.write_text(HEAD + "".join(row(key, note=note) for key, note in notes.items()))
        loads.append(city.load("e", file, definition=define(), mode=mode, again=True))
        shown.append(contents(city))
    for _ in range(data.draw(st.integers(1, len(files) - 1))):
        city.undo("e", loads.pop().load)
        shown.pop()
        assert contents(city) == shown[-1]
    for load, expected in zip(loads, shown, strict=True):
        assert contents(city, load.recorded_at_us) == expected


def contents(city, known_at=None):
    query = city.query("e") if known_at is None else city.query("e").known_at(known_at)
    return {one["st_key"]: one["note"] for one in query.rows().table.to_pylist()}
