"""An event layer's table: what is written can be closed, merged and read as of any instant."""

import random

import pytest

from stcloud.daas.kind.event import EVENT
from stcloud.daas.table.layer import EventLayer, month_text, newest
from stcloud.daas.table.schema import Attribute
from stcloud.errors import FormatError, InvalidDefinition, InvalidInput
from stcloud.iaas.table.table import Table
from stcloud.testing.events import HEAD, row


@pytest.mark.parametrize(
    ("month", "text"), [(0, "1970-01"), (-1, "1969-12"), (650, "2024-03"), (-12 * 1970 + 12, "0001-01")]
)
def test_months(month, text):
    assert month_text(month) == text


def test_merging_files_keeps_every_past_state(desk, tmp_path):
    """Law: what was known at any instant is the same before and after files are merged."""
    chance, instants = random.Random(3), []
    for number in range(3):
        lines = [row(key, note=f"{number}", at="2024-03-05 10:00:00") for key in chance.sample(range(30), 6)]
        if number == 1:
            desk.load(*(f"{key}\n" for key in chance.sample(range(30), 4)), head="id\n", mode="delete")
        instants.append(desk.load(*lines).recorded_at_us)
    instants += [at - 1 for at in instants] + [instants[0] - 10]
    layer = desk.city._catalogue.events("events")
    before, files, rows = [desk.rows(at) for at in instants], len(layer.table.snapshot().files), desk.rows()
    assert layer.compact(tmp_path, least=2) == 1
    after = layer.table.snapshot()
    assert len(after.files) == 1 < files
    assert [desk.rows(at) for at in instants] == before
    assert desk.rows() == rows
    assert layer.compact(tmp_path, least=2) == 0
    cells = after.read(after.files)["st_cell"].to_pylist()
    assert cells == sorted(cells)
    assert desk.faults() == []
    assert desk.load(row(99)).accepted == 1


def test_a_load_merges_what_has_become_many(desk):
    files = []
    for number in range(11):
        desk.load(row(number, at="2024-03-05 10:00:00"))
        files.append(len(desk.city.layer("events").snapshot.files))
    assert files == [1, 2, 3, 1, 2, 3, 4, 2, 3, 4, 5]
    assert len(desk.rows()) == 11
    assert len(desk.city.layer("events").loads) == 11


def test_a_commit_merges_its_own_files_and_none_is_committed_to_be_merged(desk):
    """A load writes one file a month, merged or not, and one commit; keys that it changes are among the merged."""
    for number in range(3):
        desk.load(row(number, at="2024-03-05 10:00:00"), row(number + 10, at="2024-04-05 10:00:00"))
    before = desk.city.layer("events").snapshot
    instants = [load.recorded_at_us for load in desk.city.layer("events").loads]
    states = [desk.rows(at) for at in instants]
    done = desk.load(row(1, note="changed", at="2024-03-05 10:00:00"), row(13, at="2024-04-05 10:00:00"))
    after = desk.city.layer("events").snapshot
    assert (done.accepted, done.updated) == (1, 1)
    assert after.version == before.version + 1
    assert sorted(file.rows for file in after.files) == [4, 4]
    assert [desk.rows(at) for at in instants] == states
    assert desk.faults() == []


def test_a_load_that_brings_a_new_column_merges_files_that_lack_it(desk):
    for number in range(3):
        desk.load(row(number, at="2024-03-05 10:00:00"))
    head, line = HEAD.rstrip("\n") + ",more\n", row(3, at="2024-03-05 10:00:00").rstrip("\n") + ",much\n"
    desk.load(line, head=head)
    (file,) = desk.city.layer("events").snapshot.files
    assert file.rows == 4
    assert file.nulls["more"] == 3
    assert desk.faults() == []


def test_a_file_that_is_damaged_is_not_merged_and_keeps_no_load_away(desk):
    """The damage is an error of whoever reads the file; rows that came since are there."""
    for number in range(3):
        desk.load(row(number, at="2024-03-05 10:00:00"))
    snapshot = desk.city.layer("events").snapshot
    damaged = snapshot.root / snapshot.files[0].path
    content = damaged.read_bytes()
    damaged.write_bytes(content[:200] + b"?" + content[201:])
    with pytest.raises(FormatError):
        desk.load(row(9, at="2024-03-05 10:00:00"))
    assert len(desk.city.layer("events").loads) == 4
    damaged.write_bytes(content)
    desk.load(row(10, at="2024-03-05 10:00:00"))
    assert len(desk.city.layer("events").snapshot.files) == 1
    assert len(desk.rows()) == 5


def test_a_merge_that_is_overtaken_does_not_bring_back_what_was_closed(desk, tmp_path, monkeypatch):
    """Even without the lock: the merge commits after what it read, or not at all."""
    for number in range(3):
        desk.load(row(number, at="2024-03-05 10:00:00"))
    mine = EventLayer("events", Table(desk.folder / "city/layers/events"))
    meant = EventLayer._merge

    def slow(self, *given):
        merged = meant(self, *given)
        monkeypatch.setattr(EventLayer, "_merge", meant)
        theirs = Table(desk.folder / "city/layers/events")
        gone = theirs.snapshot().files[:1]
        theirs.commit(remove=gone, after=theirs.sequence())
        return merged

    monkeypatch.setattr(EventLayer, "_merge", slow)
    with pytest.raises(Exception, match="another writer"):
        mine.compact(tmp_path, least=2)
    assert len(desk.rows()) == 2


def test_the_newest_instant_is_of_beginnings_and_ends(desk):
    assert newest([]) is None
    first = desk.load(row(1), row(2))
    layer = desk.city._catalogue.events("events")
    assert layer.last_recorded_us() == first.recorded_at_us
    ended = desk.load("1\n", head="id\n", mode="delete")
    assert layer.last_recorded_us() == ended.recorded_at_us


def writable_schema(layer, wanted):
    return layer.writable_schema(EVENT.row_schema(wanted), EVENT.partition, wanted)


def test_columns_are_prepared_once_and_never_retyped(tmp_path):
    layer = EventLayer("events", Table(tmp_path / "events"))
    assert not layer.exists
    assert layer.current() is None
    writable_schema(layer, [Attribute("n", "n", "integer")])
    assert not layer.exists  # nothing was ever loaded
    writable_schema(layer, [Attribute("n", "n", "number")])  # so nothing binds
    assert [one.type for one in layer.attributes()] == ["number"]
    layer.table.commit(after=0, note={})
    assert layer.exists
    wanted = [Attribute("n", "n", "number"), Attribute("A b", "A_b", "text", "a title", "m")]
    assert writable_schema(layer, wanted).names[-2:] == ["n", "A_b"]
    assert len(layer.attributes()) == 1  # nothing shows before the commit
    layer.extend(wanted)
    layer.extend(wanted)
    assert layer.attributes()[1] == Attribute("A b", "A_b", "text", "a title", "m")
    for wrong, error in (
        (Attribute("n", "n", "text"), InvalidInput),
        (Attribute("N", "N", "number"), InvalidDefinition),
    ):
        with pytest.raises(error):
            writable_schema(layer, [wrong])
    assert len(layer.attributes()) == 2
