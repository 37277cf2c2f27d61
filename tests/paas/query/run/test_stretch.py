"""Rows of stretches of time, one after the other, are all rows in order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stcloud.daas.table.schema import PART
from stcloud.iaas.engine.duck import Duck
from stcloud.iaas.table.table import File
from stcloud.paas.query.run import inquiry
from stcloud.paas.query.run.stretch import stretches
from stcloud.testing.feature_places import Happening, Version, built

FIRST = datetime(2024, 1, 1, tzinfo=UTC)
SPANS = st.tuples(st.integers(0, 9), st.integers(0, 40), st.integers(0, 3), st.integers(1, 50))


def file(month, start, length, rows):
    low = FIRST + timedelta(days=start)
    return File("", rows, 0, {PART: str(month)}, {"st_time": low}, {"st_time": low + timedelta(days=length)})


@given(st.lists(SPANS.map(lambda one: file(*one)), max_size=12), st.integers(1, 80))
def test_a_stretch_ends_before_the_next_begins(files, least_rows):
    """Law: every file is in one stretch, of a partition all in the same, and only the last is small."""
    found = stretches(files, least_rows)
    assert sorted(map(id, files)) == sorted(id(one) for part in found for one in part)
    for one, other in pairwise(found):
        assert max(f.high["st_time"] for f in one) < min(f.low["st_time"] for f in other)
        assert not {f.partition[PART] for f in one} & {f.partition[PART] for f in other}
        assert sum(f.rows for f in one) >= least_rows


def test_files_of_unknown_times_are_one_stretch():
    files = [file(1, 0, 1, 9), File("", 9, 0, {PART: "2"}, {}, {}), file(3, 70, 1, 9)]
    assert len(stretches(files, 1)) == 1


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    events = [
        Happening(500_000.0, 3_500_000.0, FIRST + timedelta(days=(7 * step) % 200)) for step in range(150)
    ]
    return built(tmp_path_factory.mktemp("stretched"), {"areas": [Version("a", FIRST, None, None)]}, events)


@pytest.mark.parametrize("limit", [None, 0, 1, 30, 31, 149, 150, 151])
def test_rows_of_stretches_are_all_rows_in_order(city, limit, monkeypatch):
    whole = city.query("cases").rows().to_records()
    assert len(whole) == 150
    assert whole == sorted(whole, key=lambda row: (row["st_time"], row["st_key"]))
    monkeypatch.setattr(Duck, "stretch_rows", 1)
    assert city.query("cases").rows(limit).to_records() == whole[:limit]
    batches = city.query("cases").batches(limit)
    assert [key for one in batches for key in one["st_key"].to_pylist()] == [
        row["st_key"] for row in whole[:limit]
    ]
    some = city.query("cases").when("2024-03").what("st_key > '2'")
    kept = [row for row in whole if row["st_time"].strftime("%Y-%m") == "2024-03" and row["st_key"] > "2"]
    assert some.rows(limit).to_records() == kept[:limit]


def test_rows_enough_are_not_looked_for_in_later_files(city, monkeypatch):
    monkeypatch.setattr(Duck, "stretch_rows", 1)
    read, of = [], inquiry.Inquiry.of_partitions

    def noted(asked, files):
        read.append(files)
        return of(asked, files)

    monkeypatch.setattr(inquiry.Inquiry, "of_partitions", noted)
    assert sum(batch.num_rows for batch in city.query("cases").inquiry().rows(inquiry.Rows(3))) == 3
    assert len(read) == 1
