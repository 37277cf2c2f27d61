"""Files that are written from many chunks, merged and changed in pieces hold what a dictionary holds."""

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stcloud.daas.load import event_load
from stcloud.daas.table import layer
from stcloud.daas.table.layer import EventLayer
from stcloud.iaas.table import datafile, merging
from stcloud.iaas.table.sorter import Sorter
from stcloud.iaas.table.table import Table
from stcloud.testing.events import row
from stcloud.testing.examples import examples
from tests.daas.conftest import Desk

KEYS = st.integers(0, 60)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("load"), st.sets(KEYS, min_size=1, max_size=60)),
        st.tuples(st.just("delete"), st.sets(KEYS, min_size=1, max_size=5)),
        st.tuples(st.just("undo"), st.none()),
        st.tuples(st.just("merge"), st.none()),
    ),
    min_size=2,
    max_size=7,
)


class SmallRuns(Sorter):
    """Lays down each four rows, and gives back about six at a time."""

    def __init__(self, *given, **named):
        super().__init__(*given, **named, run_bytes=1, chunk_rows=6)

    def add(self, rows):
        for start in range(0, rows.num_rows, 4):
            super().add(rows.slice(start, 4))


@pytest.fixture(scope="module", autouse=True)
def _small():
    with pytest.MonkeyPatch.context() as patch:
        for room in (event_load, merging):
            patch.setattr(room, "Sorter", SmallRuns)
        for room in (event_load, layer):
            patch.setattr(room, "MOST_ROWS", 25)
        patch.setattr(layer, "PIECE_ROWS", 8)
        patch.setitem(datafile.write_pieces.__kwdefaults__, "group_rows", 4)
        patch.setitem(datafile.read_pieces.__kwdefaults__, "piece_rows", 8)
        yield


def merge(desk):
    EventLayer("events", Table(desk.folder / "city/layers/events")).compact(desk.folder, least=2)


def act(desk, step, keys, number, states):
    """Do a step; return the notes by key that the model then has."""
    notes = dict(states[-1]) if states else {}
    if step == "load":
        lines = [row(key, at=f"2024-0{3 + key % 2}-05 10:00:00", note=f"{number}") for key in keys]
        desk.load(*lines)
        return notes | {str(key): f"{number}" for key in keys}
    if step == "delete" and notes:
        desk.load(*(f"{key}\n" for key in keys), head="id\n", mode="delete")
        return {key: note for key, note in notes.items() if int(key) not in keys}
    if step == "undo" and len(states) > 1:
        last = desk.city.layer("events").loads[-1]
        if last.mode != "undo" and states[-1] != states[-2]:
            desk.city.undo("events", last.load)
            return states[-2]
    if step == "merge" and states:
        merge(desk)
    return notes


@given(STEPS)
@settings(deadline=None, max_examples=examples(60), suppress_health_check=[HealthCheck.too_slow])
def test_after_any_loads_and_merges_the_rows_are_those_of_a_dictionary(tmp_path_factory, steps):
    """Law: whatever files are written, merged and changed, each past instant shows what the model held then."""
    desk, states, known = Desk(tmp_path_factory.mktemp("city")), [], []
    for number, (step, keys) in enumerate([("load", set(range(0, 60, 2))), *steps]):
        states.append(act(desk, step, keys, number, states))
        known.append(desk.city.layer("events").loads[-1].recorded_at_us)
        assert desk.notes() == dict(sorted(states[-1].items()))
    for at, state in dict(zip(known, states, strict=True)).items():
        assert desk.notes(at) == dict(sorted(state.items()))
    assert desk.faults() == []


def test_chunks_of_a_month_become_one_file_of_limited_size_with_bounds_of_its_own(desk):
    desk.load(*(row(key, at="2024-03-05 10:00:00") for key in range(60)))
    snapshot = desk.city.layer("events").snapshot
    assert [file.rows for file in snapshot.files] != [60]
    assert max(file.rows for file in snapshot.files) <= 36
    for file in snapshot.files:
        rows = snapshot.read([file], ["st_cell", "st_x", "st_key"]).to_pydict()
        groups = pq.ParquetFile(snapshot.paths([file])[0]).metadata.num_row_groups
        assert groups > 1
        assert rows["st_cell"] == sorted(rows["st_cell"])
        for name, values in rows.items():
            assert (file.low[name], file.high[name]) == (min(values), max(values))


def test_merged_files_are_of_limited_size(desk):
    for start in range(0, 120, 30):
        desk.load(*(row(key, at="2024-03-05 10:00:00") for key in range(start, start + 30)))
    merge(desk)
    files = desk.city.layer("events").snapshot.files
    assert 3 <= len(files) <= 6
    assert sum(file.rows for file in files) == 120
    assert desk.faults() == []


def test_one_merge_takes_no_more_rows_than_that(desk, monkeypatch):
    """What is left over is merged the next time; months come one after the other."""
    for start in range(0, 60, 20):
        for month in (3, 4):
            lines = (row(key, at=f"2024-0{month}-05 10:00:00") for key in range(start, start + 20))
            desk.load(*(f"{month}{line}" for line in lines))
    monkeypatch.setattr(layer, "MERGED_ROWS", 60)
    monkeypatch.setattr(layer, "MOST_ROWS", 100)
    counts = []
    for _ in range(4):
        counts.append(len(desk.city.layer("events").snapshot.files))
        merge(desk)
    assert counts == [6, 4, 2, 2]
    assert len(desk.rows()) == 120
    assert desk.faults() == []
