"""Columns that are kept: read once, bounded, and the rows picked from them are those that a filter keeps."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import stcloud
from stcloud.iaas.table.kept import KeptColumns
from stcloud.space.tilegrid import Tile


def test_what_is_kept_is_read_once_and_what_was_used_longest_ago_goes_first():
    kept, reads = KeptColumns(most_bytes=2 * 80), []

    def read(names):
        reads.append(tuple(names))
        return {name: pa.array(np.arange(10)) for name in names}

    for name in "abac":
        assert kept.columns("f", 0, [name], read)[name].to_pylist() == list(range(10))
    assert reads == [("a",), ("b",), ("c",)]
    assert set(kept.columns("f", 0, ["a", "b"], read)) == {"a", "b"}
    assert reads[-1] == ("b",)
    kept.columns("f", 1, ["a"], read)
    assert reads[-1] == ("a",)
    kept.clear()
    kept.columns("f", 1, ["a"], read)
    assert len(reads) == 6


def test_more_than_there_is_room_for_is_given_and_not_kept():
    kept = KeptColumns(most_bytes=10)
    reads = []
    for _ in range(2):
        kept.columns("f", 0, ["a"], lambda names: reads.append(names) or {"a": pa.array(np.arange(10))})
    assert len(reads) == 2


@pytest.mark.costly
def test_tiles_of_many_row_groups_are_the_same_the_second_time(tmp_path):
    chance = np.random.default_rng(2)
    count = 20_000
    at = pd.Timestamp("2024-03-01", tz="UTC") + pd.to_timedelta(200 * np.arange(count), unit="s")
    frame = pd.DataFrame({
        "id": np.arange(count), "at": at,
        "x": 1_748_000 + chance.uniform(0, 9_000, count), "y": 5_426_000 + chance.uniform(0, 9_000, count),
    })  # fmt: skip
    frame.loc[::50, "x"] = np.nan
    stcloud.create(tmp_path / "town", crs="EPSG:2193", zone="Pacific/Auckland")
    with stcloud.open(tmp_path / "town") as city:
        city.load("calls", frame, key="id", time="at", x="x", y="y", crs="EPSG:2193", max_rejected="100%")
        query, at = city.query("calls"), Tile.at(174.8, -41.27, 13)
        place = f"bbox:{','.join(f'{degree:.17g}' for degree in at.bounds_lonlat)}"
        march = query.when("2024-03")
        early = march.vector_tile(13, at.x, at.y, cluster=False)
        assert early.count == march.where(place).count().to_records()[0]["count"] > 500
        first = query.vector_tile(13, at.x, at.y, cluster=False)
        assert query.vector_tile(13, at.x, at.y, cluster=False) == first
        assert first.count == query.where(place).count().to_records()[0]["count"] > 1_000
        east = query.where("bbox:174.8,-42,175,-41").vector_tile(13, at.x, at.y)
        assert 0 < east.count < first.count
        beside = [query.vector_tile(14, 2 * at.x + i, 2 * at.y + j) for i in (0, 1) for j in (0, 1)]
        assert sum(tile.count for tile in beside) == first.count
        assert march.vector_tile(13, at.x, at.y, cluster=False) == early


def test_a_table_that_is_made_is_kept_too():
    kept, made = KeptColumns(), []
    for _ in range(2):
        kept.table(("k", 1), lambda: made.append(1) or pa.table({"a": [1]}))
    assert made == [1]
