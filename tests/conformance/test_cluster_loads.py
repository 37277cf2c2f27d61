"""Law: a load on a cluster makes row for row the layer that a load in this process makes, and the same reckoning."""

from __future__ import annotations

import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import stcloud
from stcloud.daas.definition import Definition
from stcloud.daas.ledger import Reckoning
from stcloud.daas.load import cluster_load
from stcloud.daas.load.cluster_read import Sizes
from stcloud.daas.load.cluster_store import Closer, SentLayer
from stcloud.errors import InternalError, InvalidInput, StcloudError, StorageError, Unsupported
from stcloud.iaas.bundle import bundled
from stcloud.iaas.engine.cluster import Cluster, Report
from stcloud.iaas.engine.spark import Spark
from stcloud.iaas.table.table import File, Snapshot
from stcloud.testing.cases import CRS, EVENTS, GRID, grid_of
from stcloud.testing.cases import events as drawn_events
from stcloud.testing.events import HEAD, define, on_disk, row, rows
from stcloud.testing.examples import examples
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


class Cities:
    """Two cities that load alike, one of them on a cluster; all that they hold is compared after each load."""

    def __init__(self, folder: Path, engine: Any, *, crs: str, zone: str) -> None:
        self.folders = (folder / "here", folder / "cluster")
        self.engines = (None, engine)
        self.now_us = NOON_US
        for place in self.folders:
            stcloud.create(place, crs=crs, zone=zone)

    def load(self, layer: str, *sources: Path, **terms: Any) -> list[Reckoning] | StcloudError:
        """Load sources; return the reckonings, or the error that both cities raise."""
        self.now_us += 1_000_000
        done = [self._load(at, layer, sources, terms) for at in (0, 1)]
        here, cluster = done
        if isinstance(here, StcloudError) or isinstance(cluster, StcloudError):
            assert (type(cluster), str(cluster)) == (type(here), str(here))
        else:
            assert [figures(reckoning) for reckoning in cluster] == [figures(reckoning) for reckoning in here]
        self.compare(layer)
        return cluster

    def _load(
        self, at: int, layer: str, sources: tuple[Path, ...], terms: dict[str, Any]
    ) -> list[Reckoning] | StcloudError:
        city = stcloud.open(self.folders[at], clock=lambda: self.now_us)
        try:
            loaded = city.load(layer, *sources, engine=self.engines[at], **terms)
        except StcloudError as error:
            return error
        return loaded if isinstance(loaded, list) else [loaded]

    def compare(self, layer: str) -> None:
        here, cluster = (held(stcloud.open(folder), layer) for folder in self.folders)
        assert cluster == here


def figures(reckoning: Reckoning) -> dict[str, Any]:
    """Return all that a reckoning says but for the name of its attempt, which is drawn."""
    return {name: value for name, value in asdict(reckoning).items() if name != "attempt"}


def held(city: stcloud.City, layer: str) -> Any:
    """Return all rows of a layer with all of their columns, its quarantine and its rejected rows, or why not."""
    try:
        known = city.layer(layer)
    except StcloudError as error:
        return error.kind
    snapshot = known.snapshot
    table = snapshot.read(snapshot.files) if snapshot.files else snapshot.schema.empty_table()
    order = [(name, "ascending") for name in ("st_key", "st_recorded_from", "st_time", "st_digest")]
    months = sorted((file.partition["st_month"], file.rows) for file in snapshot.files)
    by_month = {month: sum(rows for name, rows in months if name == month) for month, _ in months}
    again = [city.rejected(layer, load=load.load).to_pylist() for load in known.loads if load.rejected]
    refused = city.rejected(layer).sort_by(
        [("load", "ascending"), ("row", "ascending"), ("reason", "ascending")]
    )
    return table.schema, table.sort_by(order).to_pylist(), by_month, refused.to_pylist(), again


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Divide sources of a few rows as large ones are."""
    monkeypatch.setattr(cluster_load, "SIZES", Sizes(piece_rows=4, run_rows=2, range_rows=3))


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


@pytest.mark.parametrize("group_rows", [1000, 5000])
def test_row_groups_of_a_file_are_parts_with_the_numbers_of_its_rows(
    sail: Spark, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, group_rows: int
) -> None:
    monkeypatch.setattr(cluster_load, "SIZES", Sizes(piece_rows=2500, run_rows=300, range_rows=700))
    cities = Cities(tmp_path, sail, crs="EPSG:4548", zone="Asia/Shanghai")
    files = []
    for name in DUMPS:
        shutil.copy(DISTRICT / name, tmp_path)
        files.append(parquet_of(tmp_path / name, group_rows=group_rows))
    first, _ = cities.load("requests", *files, definition="district-requests")
    assert first.accepted == 11988


@st.composite
def sources(draw: st.DrawFn) -> tuple[tuple[str, str, list[dict[str, str]]], ...]:
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


@settings(max_examples=examples(20), deadline=None, suppress_health_check=SLOW)
@example(loads=REWORDED, rule="last")
@example(loads=REWORDED, rule="keep")
@given(loads=sources(), rule=st.sampled_from(RULES))
def test_any_loads_come_to_the_same(
    sail: Spark, small: None, loads: tuple[tuple[str, str, list[dict[str, str]]], ...], rule: str
) -> None:
    definition = Definition.from_toml(DEFINITION.format(rule=rule), name="calls.toml")
    with tempfile.TemporaryDirectory() as folder:
        cities = Cities(Path(folder), sail, **FAR)
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


def test_many_events_of_one_cell_are_several_files(sail: Spark, small: None, tmp_path: Path) -> None:
    """A month whose events lie in one cell is cut by their times."""
    table = pa.table(
        {
            "id": [f"k{number}" for number in range(40)],
            "at": [f"2024-05-{1 + number % 28:02} 10:00:{number:02}" for number in range(40)],
            "lon": ["174.7"] * 40, "lat": ["-36.8"] * 40, "note": ["x"] * 40,
        }
    )  # fmt: skip
    pq.write_table(table, tmp_path / "calls.parquet", row_group_size=5)
    cities = Cities(tmp_path, sail, **FAR)
    monkey = pytest.MonkeyPatch()
    with monkey.context() as patch:
        patch.setattr(
            "stcloud.daas.table.layer.EventLayer.merged",
            lambda _self, _base, gone, add, _schema: (list(add), list(gone)),
        )
        patch.setattr("stcloud.daas.table.layer.EventLayer.compact", lambda _self: 0)
        cities.load("events", tmp_path / "calls.parquet", definition=define())
    files = stcloud.open(cities.folders[1]).layer("events").snapshot.files
    assert len(files) > 5
    assert max(file.rows for file in files) <= 12


def test_too_many_rejected_rows_refuse_the_load_alike(sail: Spark, tmp_path: Path) -> None:
    source = tmp_path / "bad.csv"
    source.write_text(HEAD + row(1) + row(2, at="soon") + row(3, at="never"))
    cities = Cities(tmp_path, sail, **FAR)
    error = cities.load("events", source, definition=define())
    assert isinstance(error, InvalidInput)
    assert error.kind == "too-many-rejected"


def test_a_cut_file_fails_alike(sail: Spark, tmp_path: Path) -> None:
    source = tmp_path / "cut.csv"
    source.write_text(rows(50) + '51,2024-03-02 10:00:00,117.01,31.9,"never clos')
    cities = Cities(tmp_path, sail, **FAR)
    error = cities.load("events", source, definition=define())
    assert isinstance(error, InvalidInput)
    assert error.kind == "unreadable-source"


def city_of(folder: Path) -> stcloud.City:
    return stcloud.create(folder / "city", **FAR)


def test_what_a_cluster_lacks_is_refused_before_anything_is_written(sail: Spark, tmp_path: Path) -> None:
    source = tmp_path / "events.csv"
    source.write_text(rows(5))
    city = city_of(tmp_path)
    before = on_disk(tmp_path / "city")
    table = pa.table({"id": ["1"], "at": ["2024-03-02 10:00:00"], "lon": ["1"], "lat": ["1"], "note": ["x"]})
    places = tmp_path / "places.geojson"
    places.write_text(
        '{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"name": "a"}, '
        '"geometry": {"type": "Point", "coordinates": [174.7, -36.8]}}]}'
    )
    attempts: list[tuple[str, Any, dict[str, Any]]] = [
        ("events", table, {"definition": define()}),
        ("events", source, {"definition": define(), "dry_run": True}),
        ("places", places, {"key": "name", "valid_from": "2024-01-01"}),
    ]
    for layer, given_source, terms in attempts:
        with pytest.raises(Unsupported, match="cannot do this load") as raised:
            city.load(layer, given_source, engine=sail, **terms)
        assert raised.value.kind == "engine-lacks"
        assert "without engine=" in raised.value.hint
    assert on_disk(tmp_path / "city") == before


def test_an_endpoint_that_is_down_fails_in_seconds(tmp_path: Path) -> None:
    source = tmp_path / "events.csv"
    source.write_text(rows(5))
    city = city_of(tmp_path)
    before = on_disk(tmp_path / "city")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    began = time.monotonic()
    with pytest.raises(StorageError, match="no Spark Connect endpoint answers") as raised:
        city.load("events", source, definition=define(), engine=f"sc://127.0.0.1:{port}")
    assert raised.value.kind == "engine-unreachable"
    assert time.monotonic() - began < 12
    assert on_disk(tmp_path / "city") == before


def test_a_worker_of_another_version_is_refused(
    sail: Spark, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "events.csv"
    source.write_text(rows(5))
    city = city_of(tmp_path)
    monkeypatch.setattr("stcloud.iaas.engine.cluster.installed_version", lambda: "9.9")
    with pytest.raises(Unsupported, match=r"has stcloud .*, and this is stcloud 9\.9") as raised:
        city.load("events", source, definition=define(), engine=sail)
    assert raised.value.kind == "engine-differs"
    assert city.layers() == ()


def test_a_worker_that_does_not_see_the_city_is_refused(
    sail: Spark, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "write_text", lambda *_: 0)
    with pytest.raises(Unsupported, match="does not see") as raised:
        Cluster(sail).probe(tmp_path)
    assert raised.value.kind == "engine-folder"


def test_an_endpoint_that_gives_up_is_named_with_its_reason(sail: Spark) -> None:
    def work(number: int) -> Iterator[Report]:
        yield {"share": 1 // number}

    with pytest.raises(StorageError, match=r"gave up: .*division") as raised:
        Cluster(sail).run(work, [1, 0])
    assert raised.value.kind == "engine-failed"


def test_keys_of_one_file_that_came_apart_end_no_row(tmp_path: Path) -> None:
    snapshot = Snapshot(tmp_path, 0, pa.schema([]), ())
    closer = Closer(SentLayer("events", snapshot), {3: File("a", 9, 1, {})}, {3: 2}, NOON_US)
    batch = pa.RecordBatch.from_pydict({"file": pa.array([3], pa.int32()), "key": ["a"]})
    with pytest.raises(InternalError) as raised:
        list(closer(iter([batch])))
    assert raised.value.kind == "split-file"


STEPS = ("run", "query", "gather", "spread")


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("at", [1, 2])
def test_a_load_that_dies_on_the_way_leaves_nothing_visible(
    sail: Spark, small: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, at: int
) -> None:
    first, second = tmp_path / "first.csv", tmp_path / "second.csv"
    first.write_text(rows(20))
    second.write_text(rows(25, note="y"))
    city = city_of(tmp_path)
    city.load("events", first, definition=define(), engine=sail)
    before = held(city, "events")
    count = 0
    whole = getattr(Cluster, step)

    def dying(*arguments: Any, **named: Any) -> Any:
        nonlocal count
        count += 1
        done = whole(*arguments, **named)
        if count == at:
            raise KeyboardInterrupt
        return done

    with monkeypatch.context() as patch:
        patch.setattr(Cluster, step, dying)
        try:
            city.load("events", second, engine=sail)
        except KeyboardInterrupt:
            assert held(stcloud.open(tmp_path / "city"), "events") == before
    loaded = city.load("events", second, engine=sail)
    assert (loaded.accepted, loaded.updated) == (5, 20)
    assert not list((tmp_path / "city").rglob("_staged/*"))
    assert not list((tmp_path / "city" / ".work").glob("*.staging"))


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
