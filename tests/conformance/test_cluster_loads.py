"""Law: a load on a cluster makes row for row the layer that a load in this process makes, and the same reckoning."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import stcloud
from stcloud.daas.definition import Definition
from stcloud.daas.load import cluster_reading
from stcloud.daas.load.cluster_read import Sizes
from stcloud.iaas.bundle import bundled
from stcloud.iaas.engine.spark import Spark
from stcloud.testing.cases import CRS, EVENTS, GRID, grid_of
from stcloud.testing.cases import events as drawn_events
from stcloud.testing.events import define, rows
from stcloud.testing.examples import examples
from stcloud.testing.loadpairs import Cities
from stcloud.testing.town import quads

DISTRICT = bundled("fixtures", "district")
DUMPS = ("requests_2024.csv", "requests_2024_update.csv")
NOON_US = 1_717_243_200_000_000
FAR = {"crs": "EPSG:2193", "zone": "Pacific/Auckland"}
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture]
RULES = ("last", "first", "refuse", "keep")
DEFINITION = """
id = "calls"
kind = "event"
key = ["id"]
duplicates = "{rule}"
null = ["", "NA"]
[time]
column = "at"
formats = ["%d/%m/%Y %H:%M", "iso"]
[space]
lon = "lon"
lat = "lat"
[columns]
note = {{ values = {{ OPEN = "open" }} }}
n = {{ type = "number" }}
i = {{ type = "integer" }}
"""
POOLS = {
    "id": ("k1", "k2", "k3", "k1 #2", " k1 ", "ключ", "k,4", "k|5", "", "NA"),
    "at": (
        "2024-01-05 07:00", "2024-04-07 02:30", "2024-03-31T23:30", "2024-09-29 02:30", "01/02/2024 01:30",
        "1969-12-31T23:59:59.999999Z", "2024-06-30 23:59-04:00", "", "yesterday",
    ),
    "lon": ("174.7", "174.7", "174.75", "0", "", "abc", "nan", "-200", " 174.8 ", "1.747e2"),
    "lat": ("-36.8", "-36.8", "-36.85", "0", "", "NA", "91", "174"),
    "note": ("", "OPEN", "open", " closed ", 'it\'s "so"', "line\nbreak"),
    "n": ("1", "1.0", "1e0", "-2.5", "", "1,5"),
    "i": ("7", "+7", "007", "", "1.5", "9223372036854775807"),
}  # fmt: skip


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Divide sources of a few rows as large ones are."""
    monkeypatch.setattr(cluster_reading, "SIZES", Sizes(piece_rows=4, run_rows=2, range_rows=3))


@pytest.mark.thorough
def test_the_district_is_loaded_alike(sail: Spark, tmp_path: Path) -> None:
    cities = Cities(tmp_path, sail, crs="EPSG:4548", zone="Asia/Shanghai")
    files = [DISTRICT / name for name in DUMPS]
    (first, second) = cities.load("requests", *files, definition="district-requests")
    assert (first.accepted, second.updated, second.unchanged) == (11988, 73, 3809)
    (known,) = cities.load("requests", files[0])
    assert known.known
    city = stcloud.open(cities.folders[1])
    assert [check for check in city.check() if check.faults] == []


def parquet_of(source: Path, *, group_rows: int) -> Path:
    """Return a file of delimited text as a Parquet file of text."""
    import pandas as pd

    table = pa.Table.from_pandas(pd.read_csv(source, dtype=str, keep_default_na=False), preserve_index=False)
    path = source.with_suffix(".parquet")
    pq.write_table(table, path, row_group_size=group_rows)
    return path


@pytest.mark.thorough
@pytest.mark.parametrize("group_rows", [1000, 5000])
def test_row_groups_of_a_file_are_parts_with_the_numbers_of_its_rows(
    sail: Spark, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, group_rows: int
) -> None:
    monkeypatch.setattr(cluster_reading, "SIZES", Sizes(piece_rows=2500, run_rows=300, range_rows=700))
    cities = Cities(tmp_path, sail, crs="EPSG:4548", zone="Asia/Shanghai")
    files = []
    for name in DUMPS:
        shutil.copy(DISTRICT / name, tmp_path)
        files.append(parquet_of(tmp_path / name, group_rows=group_rows))
    first, _ = cities.load("requests", *files, definition="district-requests")
    assert first.accepted == 11988


Loads: TypeAlias = tuple[tuple[str, str, list[dict[str, str]]], ...]
"""Mode, format and rows of each load."""


@st.composite
def sources(draw: st.DrawFn) -> Loads:
    """Draw one to three loads: mode, format, rows that repeat exactly, in other readings and in other words."""
    pools = {
        name: st.one_of(st.sampled_from(pool[:3]), st.sampled_from(pool[:3]), st.sampled_from(pool))
        for name, pool in POOLS.items()
    }
    record = st.fixed_dictionaries(pools)
    seen: list[dict[str, str]] = []
    loads = []
    for _ in range(draw(st.integers(1, 3))):
        again = st.sampled_from(seen) if seen else record
        restated = st.builds(lambda old, n, i: {**old, "n": n, "i": i}, again, pools["n"], pools["i"])
        some = draw(st.lists(st.one_of(record, again, restated, record), min_size=1, max_size=12))
        some += draw(st.lists(st.sampled_from(some), max_size=3))
        seen += some
        mode = draw(st.sampled_from(["changes", "changes", "changes", "append", "delete"]))
        loads.append((mode, draw(st.sampled_from(["csv", "parquet", "typed"])), some))
    return tuple(loads)


def written(folder: Path, number: int, form: str, some: list[dict[str, str]]) -> Path:
    """Write rows to a file: as text, or with the types of their values where all have them."""
    columns = {name: [one[name] for one in some] for name in POOLS}
    table = pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})
    if form == "csv":
        from pyarrow import csv

        path = folder / f"calls-{number}.csv"
        csv.write_csv(table, path)
        return path
    path = folder / f"calls-{number}.parquet"
    if form == "typed":
        for at, name in enumerate(table.schema.names):
            try:
                table = table.set_column(at, name, table[name].cast(pa.float64()))
            except pa.ArrowInvalid:
                continue
    pq.write_table(table, path, row_group_size=2)
    return path


REWORDED = tuple(
    (
        "changes",
        form,
        [dict(zip(POOLS, ("k1", "2024-01-05 07:00", "174.7", "-36.8", note, n, "7"), strict=True))],
    )
    for form, note, n in (("csv", "OPEN", "1"), ("csv", "open", "1.0"), ("parquet", "open", "1e0"))
)


@settings(max_examples=examples(6), deadline=None, suppress_health_check=SLOW)
@example(loads=REWORDED, rule="keep")
@given(loads=sources(), rule=st.sampled_from(RULES))
def test_any_loads_come_to_the_same(sail: Spark, small: None, loads: Loads, rule: str) -> None:
    load_alike(sail, loads, rule)


@pytest.mark.slow
@settings(max_examples=examples(60), deadline=None, suppress_health_check=SLOW)
@given(loads=sources(), rule=st.sampled_from(RULES))
def test_many_loads_come_to_the_same(sail: Spark, small: None, loads: Loads, rule: str) -> None:
    load_alike(sail, loads, rule)


def load_alike(engine: Spark, loads: Loads, rule: str) -> None:
    definition = Definition.from_toml(DEFINITION.format(rule=rule), name="calls.toml")
    with tempfile.TemporaryDirectory() as folder:
        cities = Cities(Path(folder), engine, **FAR)
        for number, (mode, form, some) in enumerate(loads):
            path = written(Path(folder), number, form, some)
            cities.load("calls", path, definition=definition, mode=mode, max_rejected="100%")
        cities.load("calls", path, definition=definition, mode=mode, max_rejected="100%")


def test_values_in_other_words_are_known(sail: Spark, small: None, tmp_path: Path) -> None:
    definition = Definition.from_toml(DEFINITION.format(rule="last"), name="calls.toml")
    cities = Cities(tmp_path, sail, **FAR)
    done = [
        cities.load("calls", written(tmp_path, number, form, some), definition=definition, mode=mode)
        for number, (mode, form, some) in enumerate(REWORDED)
    ]
    assert [(only.accepted, only.updated, only.unchanged) for (only,) in done] == [
        (1, 0, 0), (0, 0, 1), (0, 0, 1),
    ]  # fmt: skip


@pytest.mark.thorough
def test_many_events_of_one_cell_are_several_files(sail: Spark, small: None, tmp_path: Path) -> None:
    """A month whose events lie in one cell is cut by their times."""
    table = pa.table(
        {
            "id": [f"k{number}" for number in range(40)],
            "at": [f"2024-05-{1 + number % 4:02} 10:00:{number % 3:02}" for number in range(40)],
            "lon": ["174.7"] * 40, "lat": ["-36.8"] * 40, "note": ["x"] * 40,
        }
    )  # fmt: skip
    pq.write_table(table, tmp_path / "calls.parquet", row_group_size=5)
    cities = Cities(tmp_path, sail, **FAR)
    monkey = pytest.MonkeyPatch()
    with monkey.context() as patch:
        patch.setattr(
            "stcloud.daas.table.layer.EventLayer.merged",
            lambda _self, _base, gone, add, *_, **__: (list(add), list(gone)),
        )
        patch.setattr("stcloud.daas.table.layer.EventLayer.compact", lambda *_, **__: 0)
        cities.load("events", tmp_path / "calls.parquet", definition=define())
    files = stcloud.open(cities.folders[1]).layer("events").snapshot.files
    assert len(files) > 5
    assert max(file.rows for file in files) <= 12


@pytest.mark.thorough
def test_readings_and_their_plausible_limits_are_loaded_alike(sail: Spark, tmp_path: Path) -> None:
    cities = Cities(tmp_path, sail, crs="EPSG:4548", zone="Asia/Shanghai")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cluster_reading, "SIZES", Sizes(piece_rows=900, run_rows=100, range_rows=500))
        done = cities.load(
            "air",
            DISTRICT / "air_2024-01.csv",
            DISTRICT / "air_2024-01_late.csv",
            definition=DISTRICT / "air.toml",
        )
    assert all(reckoning.read for reckoning in done)


@pytest.mark.thorough
def test_rows_without_a_key_and_instants_that_are_cut_are_loaded_alike(
    sail: Spark, small: None, tmp_path: Path
) -> None:
    ticks = NOON_US * 1000 + np.array([0, 1, 2_000, 2_000, 5, 3_600_000_000_001])
    at = pa.array(ticks).cast(pa.timestamp("ns", "UTC"))
    table = pa.table({"at": at, "lon": [174.7] * 6, "lat": [-36.8, None, 0.0, 0.0, -36.9, -36.8]})
    pq.write_table(table, tmp_path / "fine.parquet", row_group_size=2)
    cities = Cities(tmp_path, sail, **FAR)
    (done,) = cities.load("fine", tmp_path / "fine.parquet", time="at", lon="lon", lat="lat")
    assert any("3 cut to microseconds" in note for note in done.notes)
    assert done.duplicates == 1


@pytest.mark.thorough
def test_geojson_is_loaded_alike(sail: Spark, small: None, tmp_path: Path) -> None:
    features = [
        {
            "type": "Feature", "properties": {"k": f"k{number % 9}", "at": f"2024-05-0{1 + number % 7}T10:00:00Z"},
            "geometry": {"type": "Point", "coordinates": [174.7 + number / 1000, -36.8]},
        }
        for number in range(20)
    ]  # fmt: skip
    source = tmp_path / "points.geojson"
    source.write_text(json.dumps({"type": "FeatureCollection", "features": [*features, {"type": "Nothing"}]}))
    cities = Cities(tmp_path, sail, **FAR)
    (done,) = cities.load("points", source, key="k", time="at", max_rejected="10%")
    assert (done.accepted, done.duplicates, done.rejected) == (9, 11, 1)


def test_what_a_purge_says_is_not_loaded_on_the_workers_either(
    sail: Spark, small: None, tmp_path: Path
) -> None:
    source = tmp_path / "events.csv"
    source.write_text(rows(20))
    cities = Cities(tmp_path, sail, **FAR)
    cities.load("events", source, definition=define())
    for folder in cities.folders:
        stcloud.open(folder, clock=lambda: NOON_US).purge("events", before="2024-03-10")
    later = tmp_path / "later.csv"
    later.write_text(rows(25, note="y"))
    (done,) = cities.load("events", later, definition=define())
    assert done.purged > 0


@pytest.mark.thorough
def test_events_of_a_city_with_a_grid_get_their_codes_on_the_workers(sail: Spark, tmp_path: Path) -> None:
    shapes, codes = quads(4, 4)
    cells = tmp_path / "cells.gpkg"
    grid_of(shapes, codes).to_file(cells)
    cities = Cities(tmp_path, sail, crs=CRS, zone="Asia/Shanghai")
    for folder in cities.folders:
        city = stcloud.open(folder, clock=lambda: NOON_US)
        city.load("cells", cells, definition=Definition.from_toml(GRID, name="c"), valid_from="2020-01-01")
    cases = Definition.from_toml(EVENTS, name="cases")
    for seed in (1, 2):
        source = tmp_path / f"cases-{seed}.csv"
        drawn_events(200, seed, shapely.total_bounds(shapes)).to_csv(source, index=False)
        (loaded,) = cities.load("cases", source, definition=cases)
        assert loaded.accepted or loaded.updated
    snapshot = stcloud.open(cities.folders[1]).layer("cases").snapshot
    stored = snapshot.read(snapshot.files, ["st_unit"])
    assert stored["st_unit"].null_count < len(stored) // 2
