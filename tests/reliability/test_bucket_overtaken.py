"""Machines that change a layer of a bucket at once: who is overtaken settles anew, and no change is lost."""

import pytest

import stcloud
from stcloud.errors import Conflict, InvalidInput, NotFound
from tests.reliability.test_bucket_city import FIRST, KEYS, UPDATE, faults, lines, load, machine, source

__all__ = ["machine"]

LOG, NAMES = "layers/events/_delta_log", "names.toml.revisions"
LATER = lines("3,2024-03-03 23:30,117.23,31.83,later", "8,2024-05-01 00:10,117.28,31.88,b")


def overtaken(slow, act, key=LOG):
    """Let something be done before a machine makes its next key of a kind; return what it was answered since."""
    meant, answers, left = slow.store.put_if_absent, [], [act]

    def put(name, data):
        if key not in name:
            return meant(name, data)
        if left:
            left.pop()()
        answers.append(meant(name, data))
        return answers[-1]

    slow.store.put_if_absent = put
    return answers


def notes(city):
    rows = city.query("events").to_arrow().to_pylist()
    return {row["id"]: row["note"] for row in rows}


@pytest.fixture
def loaded(machine, tmp_path):
    """Give two machines, their cities, and the second of two loads."""
    slow, fast = machine("slow"), machine("fast")
    city, other = slow.open(), fast.open()
    load(city, source(tmp_path, "first.csv", FIRST))
    return slow, city, other, load(city, source(tmp_path, "update.csv", UPDATE)).load


def test_a_load_is_taken_back_although_another_machine_loads_meanwhile(loaded, tmp_path):
    slow, city, other, update = loaded
    answers = overtaken(slow, lambda: load(other, source(tmp_path, "later.csv", LATER)))
    done = city.undo("events", update)
    assert answers == [False, True]
    assert (done.ended, done.restored) == (2, 1)
    for seen in (city, other):
        assert notes(seen) == {"1": "a", "2": "a", "3": "later", "4": "a", "5": "a", "8": "b"}
        assert faults(seen) == []


def test_a_load_that_two_machines_take_back_is_taken_back_once(loaded):
    slow, city, other, update = loaded
    overtaken(slow, lambda: other.undo("events", update))
    with pytest.raises(InvalidInput) as refused:
        city.undo("events", update)
    assert refused.value.kind == "undone-already"
    assert notes(city) == dict.fromkeys("12345", "a")
    assert faults(city) == []


def test_a_purge_removes_what_another_machine_loads_meanwhile(loaded, tmp_path):
    slow, city, other, _ = loaded
    pin = city.query("events").count().pin
    answers = overtaken(slow, lambda: load(other, source(tmp_path, "later.csv", LATER)))
    (purged,) = city.purge("events", what="note = 'b'")
    assert (answers[:2], purged.rows) == ([False, True], 2)
    for seen in (city, other):
        assert notes(seen) == {"1": "a", "2": "a", "3": "later", "4": "a", "6": "c"}
        assert faults(seen) == []
        assert [purge.load for purge in seen.layer("events").purges] == [purged.load]
        with pytest.raises(NotFound) as refused:
            seen.query("events").known_at(pin).to_arrow()
        assert refused.value.kind == "purged"


def test_purges_of_two_machines_are_both_recorded(loaded):
    """Law: what a purge removed no pin gives again, whoever else purged, or failed to, at the same time."""
    slow, city, other, _ = loaded
    pin = city.query("events").count().pin
    theirs = []
    overtaken(slow, lambda: theirs.extend(other.purge("events", what="note = 'c'")))
    (mine,) = city.purge("events", what="note = 'b'")
    for seen in (city, other):
        assert [purge.load for purge in seen.layer("events").purges] == [theirs[0].load, mine.load]
        assert notes(seen) == dict.fromkeys("1234", "a")
        assert faults(seen) == []
        with pytest.raises(NotFound):
            seen.query("events").known_at(pin).to_arrow()


def test_a_purge_that_another_machine_is_about_to_commit_keeps_its_record(loaded, tmp_path):
    slow, city, other, _ = loaded
    seen = []

    def loads_what_is_known():
        seen.append(load(other, tmp_path / "first.csv").known)  # mends, and commits nothing

    overtaken(slow, loads_what_is_known)
    (purged,) = city.purge("events", what="note = 'b'")
    assert seen == [True]
    assert [purge.load for purge in other.layer("events").purges] == [purged.load]
    assert faults(other) == []


def test_a_deletion_that_is_overtaken_deletes_nothing_that_was_not_seen(loaded, tmp_path):
    slow, city, other, _ = loaded
    overtaken(slow, lambda: load(other, source(tmp_path, "later.csv", LATER)))
    with pytest.raises(Conflict) as refused:
        city.delete("events")
    assert refused.value.kind == "concurrent-commit"
    assert notes(other)["8"] == "b"
    assert faults(city) == []


@pytest.fixture
def renaming(loaded, tmp_path):
    """Two machines with two layers."""
    slow, city, other, _ = loaded
    city.load("reports", tmp_path / "first.csv", **KEYS)
    return slow, city, other


@pytest.mark.parametrize("renamed_before", [False, True])
def test_layers_that_two_machines_rename_at_once_have_both_new_names(renaming, machine, renamed_before):
    slow, city, other = renaming
    if renamed_before:
        city.rename("events", "earlier")
    answers = overtaken(slow, lambda: other.rename("reports", "letters"), NAMES)
    assert city.rename("earlier" if renamed_before else "events", "calls")
    assert answers == [False, True]
    for seen in (city, other, machine("third").open()):
        assert [layer.name for layer in seen.layers()] == ["calls", "letters"]
        assert (seen.layer("calls").rows, seen.layer("letters").rows) == (7, 5)
        assert faults(seen) == []


def test_a_name_that_another_machine_gives_meanwhile_is_taken(renaming):
    slow, city, other = renaming
    overtaken(slow, lambda: other.rename("reports", "calls"), NAMES)
    with pytest.raises(InvalidInput) as refused:
        city.rename("events", "calls")
    assert refused.value.kind == "name-taken"
    assert [layer.name for layer in city.layers()] == ["calls", "events"]


def test_a_layer_that_two_machines_rename_at_once_has_the_first_name(renaming):
    slow, city, other = renaming
    overtaken(slow, lambda: other.rename("events", "letters"), NAMES)
    with pytest.raises(NotFound) as refused:
        city.rename("events", "calls")
    assert refused.value.kind == "renamed-layer"
    assert [layer.name for layer in city.layers()] == ["letters", "reports"]


def test_a_copy_has_the_newest_names_and_purges(renaming, machine, tmp_path):
    """A machine that stalled has put older texts in their places."""
    slow, city, other = renaming
    city.purge("events", what="note = 'b'")
    city.rename("events", "calls")
    keys = ("names.toml", "layers/events/_purges.json")
    older = [slow.store.get(key) for key in keys]
    (first,) = city.layer("calls").purges
    (second,) = other.purge("calls", what="note = 'c'")
    other.rename("reports", "letters")
    for key, content in zip(keys, older, strict=True):
        slow.store.put(key, content)
    city.copy_to(tmp_path / "copy")
    for seen in (machine("third").open(), stcloud.open(tmp_path / "copy")):
        assert [layer.name for layer in seen.layers()] == ["calls", "letters"]
        assert [purge.load for purge in seen.layer("calls").purges] == [first.load, second.load]
        assert seen.rename("letters", "mail")
        assert [layer.name for layer in seen.layers()] == ["calls", "mail"]
        assert faults(seen) == []
        seen.rename("mail", "letters")
