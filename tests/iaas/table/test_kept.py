"""Columns that are kept: read once, bounded, and the rows picked from them are those that a filter keeps."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import stcloud
from stcloud.iaas.table.kept import KeptColumns, Picks, WiderPicks
from stcloud.iaas.table.picking import picked
from stcloud.iaas.table.table import Table
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


SCHEMA = pa.schema([("st_cell", pa.int64()), ("n", pa.int64()), ("part", pa.string())])


def of_cells(first, last):
    """Pick the rows of a range of cells."""
    return lambda cells: pa.array(np.flatnonzero((cells.to_numpy() >= first) & (cells.to_numpy() <= last)))


def meets(first, last):
    return lambda low, high: (low <= last) & (high >= first)


@pytest.fixture(scope="module")
def cells(tmp_path_factory):
    """Two tables, one of a million rows at most, one of more; with the cells of their rows by ``n``."""
    made = {}
    for name, count, parts in (("few", 600_000, 20), ("many", 1_050_000, 3)):
        chance, table = np.random.default_rng(3), Table(tmp_path_factory.mktemp("cells") / name)
        table.create(SCHEMA, partition_by=["part"])
        of_rows = chance.integers(0, 1_000, count)
        files = []
        for part, held in enumerate(np.array_split(np.arange(count), parts)):
            numbers = held[np.argsort(of_rows[held], kind="stable")]
            content = pa.table({"st_cell": of_rows[numbers], "n": numbers})
            files.append(table.write(content, {"part": f"{part:02}"}, bounded=["st_cell"]))
        table.commit(add=files, after=0)
        made[name] = (table.snapshot(), of_rows)
    return made


@pytest.mark.parametrize("name", ["few", "many"])
@pytest.mark.parametrize("near", [(100, 400), None])
def test_rows_that_are_picked_are_those_of_the_cells_wherever_they_are_kept(cells, name, near):
    """By single row groups, by a neighbourhood, by bundles of files: the first time, and again."""
    snapshot, of_rows = cells[name]
    kept = KeptColumns()
    for first, last in ((150, 180), (390, 400), (150, 180), (1_000, 2_000)):
        wider = near and WiderPicks(near, of_cells(*near), meets(*near))
        for files in (snapshot.files, snapshot.files[1:3], snapshot.files[::2]):
            picks = Picks("st_cell", of_cells(first, last), wider)
            rows = picked(
                snapshot, files, ["n", "st_cell"], bounded=("st_cell",), most_rows=1_000_000,
                meets={"st_cell": meets(first, last)}, picks=picks, kept=kept,
            )  # fmt: skip
            parts = [int(file.partition["part"]) for file in files]
            held = np.concatenate(
                [np.array_split(np.arange(len(of_rows)), len(snapshot.files))[part] for part in parts]
            )
            inside = held[(of_rows[held] >= first) & (of_rows[held] <= last)]
            assert sorted(rows["n"].to_pylist()) == inside.tolist()
            assert rows["st_cell"].to_pylist() == of_rows[rows["n"].to_numpy()].tolist()


def test_rows_of_many_row_groups_are_not_picked_for_one_page(cells):
    snapshot, _ = cells["few"]
    picks = Picks("st_cell", of_cells(5, 9), of_few=True)
    given = {
        "bounded": ("st_cell",),
        "meets": {"st_cell": meets(5, 9)},
        "picks": picks,
        "kept": KeptColumns(),
    }
    assert picked(snapshot, snapshot.files, ["n"], most_rows=1_000, **given) is None
    assert picked(snapshot, snapshot.files, ["n", "st_cell"], most_rows=600_000, **given).num_rows > 0


def test_a_load_leaves_what_is_kept_of_other_files(cells):
    """Bundles are of files that follow each other: what is added behind them changes none before."""
    snapshot, _ = cells["few"]
    near = WiderPicks("near", of_cells(0, 999), meets(0, 999))
    kept, read = KeptColumns(), []
    keep = kept.table
    kept.table = lambda key, make: keep(key, lambda: read.append(key) or make())
    given = {"bounded": ("st_cell",), "most_rows": 1_000_000, "meets": {}, "kept": kept,
             "picks": Picks("st_cell", of_cells(3, 9), near)}  # fmt: skip
    for files in (snapshot.files, snapshot.files[:-3], snapshot.files):
        rows = picked(snapshot, files, ["n", "st_cell"], **given)
        assert rows.num_rows > 0
    assert [len(key[2]) for key in read if key[0] == "together"] == [8, 8]


def test_a_table_that_is_made_is_kept_too():
    kept, made = KeptColumns(), []
    for _ in range(2):
        kept.table(("k", 1), lambda: made.append(1) or pa.table({"a": [1]}))
    assert made == [1]
