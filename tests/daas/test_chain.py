"""The chain of ledger entries: an entry that was changed, or is missing, is named, and so are changed rows."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from stcloud.daas.chain import CHAIN, RowsDigest, broken_links, chained
from stcloud.daas.ledger import Ledger
from stcloud.daas.names import LayerNames
from stcloud.iaas.store.folder import Folder
from stcloud.iaas.table.table import Table

ROWS = [f"{key},2024-03-01 08:00:00,117.01,31.91,{key}\n" for key in "abcd"]


def ledger_of(desk):
    city = desk.folder / "city"
    return Ledger(Table(city / "ledger"), LayerNames(Folder(city)))


def entries(desk, layer="events"):
    return ledger_of(desk).entries(layer)


def rewrite(root, change):
    """Write all rows of a table anew, changed, as whoever may write to the folder can."""
    table = Table(root)
    snapshot = table.snapshot()
    for file in snapshot.files:
        rows = change(snapshot.read([file]))
        partition = {name: value or "" for name, value in file.partition.items()}
        table.commit(add=[table.write(rows, partition)], remove=[file], after=table.snapshot().sequence)


def with_column(rows, name, values):
    return rows.set_column(rows.schema.get_field_index(name), rows.schema.field(name), values)


def faults(desk):
    return [one.example for one in desk.city.check("events") if one.check == "chain" and one.faults]


@pytest.fixture
def loaded(desk):
    """A layer of three loads; the last one corrects a row."""
    loads = [desk.load(ROWS[0]), desk.load(ROWS[1], ROWS[2]), desk.load(ROWS[0].replace(",a\n", ",other\n"))]
    assert desk.faults() == []
    return loads


def test_each_entry_names_the_one_before(desk, loaded):
    found = entries(desk)
    assert [one["load"] for one in found] == [one.load for one in loaded]
    assert [one["predecessor"] for one in found] == ["", *(one["entry_digest"] for one in found[:-1])]
    assert all(len(one["entry_digest"]) == 64 for one in found)
    assert [one["rows_digest"].partition(":")[0] for one in found] == ["1", "2", "1"]


@pytest.mark.parametrize(
    ("field", "value"), [("source", "x.csv"), ("accepted", 7), ("recorded_at", 1), ("rows_digest", "1:0")]
)
def test_the_first_entry_that_was_changed_is_named(desk, loaded, field, value):
    def change(rows):
        hit = pc.equal(rows["load"], loaded[1].load)
        new = pa.scalar(value).cast(rows.schema.field(field).type)
        return with_column(rows, field, pc.if_else(hit, new, rows[field]))

    rewrite(desk.folder / "city" / "ledger", change)
    (fault,) = faults(desk)
    assert loaded[1].load in fault
    assert "changed" in fault


def test_a_missing_entry_is_found_by_the_next(desk, loaded):
    rewrite(
        desk.folder / "city" / "ledger",
        lambda rows: rows.filter(pc.not_equal(rows["load"], loaded[0].load)),
    )
    (fault,) = faults(desk)
    assert loaded[1].load in fault


def test_rows_that_were_changed_are_found_though_the_entries_are_whole(desk, loaded):
    def change(rows):
        digests = pa.array([bytes(len(one)) for one in rows["st_digest"].to_pylist()], pa.binary())
        hit = pc.equal(rows["st_key"], "b")
        return with_column(rows, "st_digest", pc.if_else(hit, digests, rows["st_digest"].combine_chunks()))

    rewrite(desk.folder / "city" / "layers" / "events", change)
    (fault,) = faults(desk)
    assert loaded[1].load in fault


def test_an_entry_of_a_load_that_was_killed_is_chained_from_its_commit(desk, loaded, monkeypatch):
    with monkeypatch.context() as killed:
        killed.setattr(Ledger, "write", lambda *_: None)
        lost = desk.load(ROWS[3])
    note = desk.city.layer("events").snapshot  # the load is there, its entry is not
    assert note.files
    assert lost.load not in [one["load"] for one in entries(desk)]
    noted = Table(desk.folder / "city" / "layers" / "events").notes(1)[0]
    desk.load(ROWS[3].replace(",d\n", ",other\n"))
    found = {one["load"]: one for one in entries(desk)}
    assert found[lost.load]["entry_digest"] == noted["entry_digest"]
    assert desk.faults() == []


def test_a_ledger_of_an_older_version_begins_its_chain_with_the_next_load(desk, loaded):
    def change(rows):
        return rows.drop_columns(list(CHAIN))

    rewrite(desk.folder / "city" / "ledger", change)
    assert {one["entry_digest"] for one in entries(desk)} == {None}
    assert desk.faults() == []
    desk.load(ROWS[3])
    assert [one["predecessor"] for one in entries(desk)] == [None, None, None, ""]
    assert desk.faults() == []


def test_taking_back_deleting_and_loading_again_go_on_with_the_chain(desk, loaded):
    desk.city.undo("events", loaded[2].load)
    assert desk.faults() == []
    desk.city.delete("events")
    desk.load(ROWS[0])
    assert [one["mode"] for one in entries(desk)] == [*["changes"] * 3, "undo", "delete-layer", "changes"]
    assert list(broken_links(entries(desk))) == []
    assert desk.faults() == []


def test_an_entry_without_a_digest_after_ones_that_have_it_is_named(desk, loaded):
    def change(rows):
        hit = pc.equal(rows["load"], loaded[2].load)
        return with_column(rows, "entry_digest", pc.if_else(hit, None, rows["entry_digest"]))

    rewrite(desk.folder / "city" / "ledger", change)
    (fault,) = faults(desk)
    assert loaded[2].load in fault


def test_the_order_of_rows_does_not_matter_and_each_counts():
    digests = np.random.default_rng(3).bytes(16 * 50)
    parts = [digests[at : at + 16] for at in range(0, len(digests), 16)]
    whole = RowsDigest.of(pa.array(parts, pa.binary()))
    assert RowsDigest.of(pa.array(parts[::-1])) == whole
    assert RowsDigest.of(pa.array(parts[:20])) + RowsDigest.of(pa.array(parts[20:])) == whole
    assert RowsDigest.of(pa.array(parts[1:])) != whole
    assert RowsDigest.of(pa.array([*parts, None])) == whole
    assert RowsDigest.of(pa.array(parts).slice(1)) == RowsDigest.of(pa.array(parts[1:]))


def test_two_chains_of_one_layer_are_named():
    first, second = ({"load": name, "recorded_at": at} for at, name in enumerate("ab"))
    rows = [*chained([first], None), *chained([second], None)]
    assert any("'b'" in one or "load b" in one for one in broken_links(rows))
