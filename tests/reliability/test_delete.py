"""A layer is deleted while others have the city open: they get no damaged file, and see what is made anew."""

import pytest

import stcloud
from stcloud.errors import Conflict, FormatError, NotFound, StcloudError
from stcloud.testing.events import HEAD, define, on_disk, row


def keys(opened, layer="events"):
    return sorted(opened.query(layer).rows().table.column("id").to_pylist(), key=int)


def load(city, tmp_path, *numbers, name="new.csv"):
    file = tmp_path / name
    file.write_text(HEAD + "".join(row(number) for number in numbers))
    return stcloud.open(city).load("events", file, definition=define())


QUESTIONS = {
    "rows": lambda opened: opened.query("events").rows().table,
    "count": lambda opened: opened.query("events").count([]).table,
    "layer": lambda opened: opened.layer("events").loads,
    "check": lambda opened: opened.check("events"),
    "rejected": lambda opened: opened.rejected("events"),
    "undo": lambda opened: opened.undo("events", "x"),
}


@pytest.mark.parametrize("ask", QUESTIONS.values(), ids=QUESTIONS)
def test_an_open_city_knows_at_once_that_a_layer_was_deleted(city, ask):
    opened = stcloud.open(city)
    assert keys(opened) == list("12345")
    stcloud.open(city).delete("events")
    with pytest.raises(NotFound) as caught:
        ask(opened)
    assert caught.value.kind == "unknown-layer"
    assert opened.layers() == ()
    assert opened.vacuum() == 0


def test_an_open_city_sees_a_layer_that_was_made_anew(city, tmp_path):
    opened = stcloud.open(city)
    assert keys(opened) == list("12345")
    stcloud.open(city).delete("events")
    load(city, tmp_path, 7, 8)
    assert keys(opened) == ["7", "8"]
    assert [one.source for one in opened.layer("events").loads] == ["new.csv"]
    load(city, tmp_path, 9, name="more.csv")
    assert keys(opened) == ["7", "8", "9"]
    opened.load("events", tmp_path / "first.csv")
    assert len(keys(opened)) == 8
    assert not [one for one in opened.check() if one.faults]


def test_a_layer_that_is_made_anew_has_a_definition_of_its_own(city, tmp_path):
    opened = stcloud.open(city)
    assert opened.layer("events").definition == opened.layer("events").definition
    stcloud.open(city).delete("events")
    with pytest.raises(StcloudError):
        opened.load("events", tmp_path / "first.csv")
    opened.load("events", tmp_path / "first.csv", definition=define(note="text"))
    assert stcloud.open(city).layer("events").definition.column("note").type == "text"


@pytest.mark.parametrize("anew", [False, True])
def test_a_question_that_was_begun_before_the_deletion_says_why_it_fails(city, tmp_path, anew):
    opened = stcloud.open(city)
    begun = opened.query("events")
    rows = opened.query("events").what("note = 'x'")
    rows.count([])
    stcloud.open(city).delete("events")
    if anew:
        load(city, tmp_path, 7)
    for ask in (begun.rows, lambda: rows.count([])):
        with pytest.raises((NotFound, Conflict)) as caught:
            ask()
        assert caught.value.kind == ("changed-meanwhile" if anew else "unknown-layer")


def test_a_question_that_outlived_the_files_of_a_vacuum_says_so(run, city, tmp_path):
    opened = stcloud.open(city)
    begun = opened.query("events")
    file = tmp_path / "new.csv"
    file.write_text(HEAD + row(1, note="new"))
    stcloud.open(city).load("events", file)
    stcloud.open(city).vacuum(retain_hours=0, force=True)
    with pytest.raises(Conflict) as caught:
        begun.rows()
    assert caught.value.kind == "changed-meanwhile"
    assert len(keys(opened)) == 5


def test_a_missing_file_is_an_error_of_its_own_and_other_months_answer(run, city, tmp_path):
    file = tmp_path / "april.csv"
    file.write_text(HEAD + row(6, at="2024-05-02 10:00:00") + row(7, at="2024-05-03 10:00:00"))
    opened = stcloud.open(city)
    opened.load("events", file)
    gone = next(one for one in opened.layer("events").snapshot.files if one.path.startswith("2024-05"))
    (city / "layers" / "events" / gone.path).unlink()
    assert opened.query("events").when("2024-03").count([]).table.to_pylist() == [{"count": 5}]
    for ask in (
        lambda: opened.query("events").rows(),
        lambda: opened.query("events").what("note = 'x'").count(by=["week"]),
    ):
        with pytest.raises(FormatError, match=gone.path) as caught:
            ask()
        assert caught.value.kind == "missing-file"
    ended = run("query", city, "events", "--what", "note = 'x'")
    assert (ended.code, gone.path in ended.line) == (7, True)
    assert run("query", city, "events", "--when", "2024-03").code == 0


def test_deletion_is_no_load_of_the_next_life(run, city, tmp_path):
    first = stcloud.open(city).layer("events").loads[-1]
    stcloud.open(city).delete("events")
    second = load(city, tmp_path, 1, 2, name="first-again.csv")
    loads = stcloud.open(city).layer("events").loads
    assert [one.source for one in loads] == ["first-again.csv"]
    assert second.recorded_at_us > first.recorded_at_us
    assert "delete-layer" not in run("layers", city, "events", "-f", "json").out
    assert not [one for one in stcloud.open(city).check() if one.faults]


def test_a_file_that_an_earlier_life_knew_is_loaded(city, tmp_path):
    stcloud.open(city).delete("events")
    done = stcloud.open(city).load("events", tmp_path / "first.csv", definition=define())
    assert (done.known, done.accepted) == (False, 5)


DELETE = """
import importlib, os, stcloud
city, owner, method, when = args
module, owner = owner.rsplit(".", 1)
owner = getattr(importlib.import_module(module), owner)
meant = getattr(owner, method)

def dying(*args, **named):
    if when == "before":
        os._exit(9)
    meant(*args, **named)
    os._exit(9)

setattr(owner, method, dying)
stcloud.open(city).delete("events")
"""
LEDGER, TABLE = "stcloud.daas.ledger.Ledger", "stcloud.iaas.table.table.Table"
MOMENTS = [
    (LEDGER, "delete", "before"),
    (LEDGER, "delete", "after"),
    (TABLE, "append_after", "before"),
    (TABLE, "append_after", "after"),
    (TABLE, "drop", "before"),
    (TABLE, "drop", "after"),
]


@pytest.mark.costly
@pytest.mark.parametrize("moment", MOMENTS, ids=" ".join)
def test_a_deletion_that_is_killed_leaves_the_layer_or_none(forks, city, tmp_path, moment):
    process = forks(DELETE, city, *moment)
    process.join(60)
    assert process.exitcode == 9
    opened = stcloud.open(city)
    assert [one.name for one in opened.layers()] == []
    done = opened.load("events", tmp_path / "first.csv", definition=define())
    assert (done.known, done.accepted) == (False, 5)
    assert [one.source for one in stcloud.open(city).layer("events").loads] == ["first.csv"]
    assert not [one for one in opened.check() if one.faults]
    assert not [name for name in on_disk(city) if "staging" in name]


def test_a_deletion_that_cannot_be_entered_does_not_happen(monkeypatch, city):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("stcloud.iaas.table.table.Table.append_after", full)
    with pytest.raises(StcloudError):
        stcloud.open(city).delete("events")
    monkeypatch.undo()
    assert keys(stcloud.open(city)) == list("12345")
    assert len(stcloud.open(city).layer("events").loads) == 1
