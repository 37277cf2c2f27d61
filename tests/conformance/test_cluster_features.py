"""Law: a load of features on a cluster makes row for row the layer that a load in this process makes."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import geopandas
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import stcloud
from stcloud.daas.load import cluster_reading
from stcloud.daas.load.cluster_read import Sizes
from stcloud.iaas.bundle import bundled
from stcloud.iaas.engine.cluster import Cluster
from stcloud.iaas.engine.spark import Spark
from stcloud.testing.examples import examples
from stcloud.testing.features import define
from stcloud.testing.loadpairs import Cities, dying, held

DISTRICT = bundled("fixtures", "district")
FAR = {"crs": "EPSG:2193", "zone": "Pacific/Auckland"}
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture]
SMALL = Sizes(piece_rows=4, run_rows=2, range_rows=3)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Divide sources of a few rows as large ones are."""
    monkeypatch.setattr(cluster_reading, "SIZES", SMALL)


def square(x: float, side: float = 100.0) -> str:
    y = 5_920_000
    corners = [(x, y), (x + side, y), (x + side, y + side), (x, y + side), (x, y)]
    return f"POLYGON (({', '.join(f'{a} {b}' for a, b in corners)}))"


BOWTIE = "POLYGON ((1757000 5920000, 1757100 5920100, 1757100 5920000, 1757000 5920100, 1757000 5920000))"


def write(path: Path, rows: list[tuple[str, str, str]]) -> Path:
    """Write rows as a file of their path's suffix; Parquet in row groups of four."""
    return lay(path, [dict(zip(("k", "wkt", "name"), row, strict=True)) for row in rows])


def lay(path: Path, rows: list[dict[str, str]]) -> Path:
    frame = pd.DataFrame(rows)
    if path.suffix == ".csv":
        frame.to_csv(path, index=False)
    else:
        pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), path, row_group_size=4)
    return path


def test_features_that_change_end_and_return_are_loaded_alike(
    sail: Spark, small: None, tmp_path: Path
) -> None:
    rows = [(f"k{at}", square(1_757_000 + 10 * at), f"n{at}") for at in range(12)]
    bad = [("k20", "POLYGON ((oops", "x"), ("k21", "POINT (0 0)", "far"), ("", square(1_757_000), "none")]
    conflicting = [("k22", square(1_757_000), "one"), ("k22", square(1_757_010), "other")]
    first = write(tmp_path / "first.parquet", [*rows, *bad, *conflicting, rows[3], ("k23", BOWTIE, "bow")])
    changed = [(key, wkt, "new" if key in ("k1", "k5") else name) for key, wkt, name in rows[:9]]
    second = write(
        tmp_path / "second.csv", [*changed, ("k30", square(1_757_500), "x"), ("k23", BOWTIE, "bow")]
    )
    third = write(
        tmp_path / "third.parquet", [*rows, ("k6", rows[6][1], "double"), ("k5", "POLYGON ((oops", "x")]
    )
    cities = Cities(tmp_path, sail, **FAR)
    more = '[shape]\ninvalid = "repair"'
    refuse = define("EPSG:2193", more)
    refuse = type(refuse).model_validate(refuse.model_dump(by_alias=True) | {"duplicates": "refuse"})
    terms: dict[str, Any] = {"definition": refuse, "max_rejected": "60%"}
    (done,) = cities.load("things", first, valid_from="2024-01-01", **terms)
    assert (done.accepted, done.rejected, done.duplicates) == (13, 5, 1)
    (done,) = cities.load("things", second, valid_from="2024-03-01", **terms)
    assert (done.accepted, done.updated, done.unchanged, done.ended) == (1, 2, 8, 3)
    (done,) = cities.load("things", third, valid_from="2024-05-01", **terms)
    assert (done.accepted, done.updated, done.ended, done.rejected) == (3, 2, 2, 3)
    (known,) = cities.load("things", first, valid_from="2024-01-01", **terms)
    assert known.known
    with stcloud.open(cities.addresses[1]) as city:
        assert [check for check in city.check() if check.faults] == []


Loads = list[tuple[str, str, str, list[dict[str, str]]]]
"""Mode, format, day since which rows hold, and rows, of each load."""
DEFINITION = """
id = "areas"
kind = "feature"
key = ["k"]
duplicates = "{rule}"
null = ["", "NA"]
[space]
column = "wkt"
crs = "EPSG:2193"
[shape]
invalid = "repair"
tolerance_m = 0.5
[columns]
n = {{ type = "number" }}
"""
PERIODS = """
[valid]
from = "since"
to = "until"
"""
POOLS = {
    "k": ("k1", "k2", "k3", "k1 #2", " k1 ", "\u043a", ""),
    "wkt": (
        square(1_757_000), square(1_757_000.2), square(1_757_300), BOWTIE, "POINT (1757000 5920000)",
        "POLYGON ((oops", "", "POINT (0 0)",
    ),
    "n": ("1", "1.0", "1e0", "2", "", "1,5"),
    "name": ("a", "b", "", "NA"),
    "since": ("2024-01-01", "2024-02-01", "2024-03-01T12:00", "", "soon"),
    "until": ("", "2024-02-15", "2024-06-01", "2023-01-01"),
}  # fmt: skip
RULES = ("last", "first", "refuse", "keep")
DAYS = ("2024-01-01", "2024-02-01", "2024-02-10", "2024-03-01")


@st.composite
def sources(draw: st.DrawFn) -> Loads:
    """Draw one to four loads of features that repeat, change, end and return."""
    pools = {
        name: st.one_of(st.sampled_from(pool[:3]), st.sampled_from(pool[:3]), st.sampled_from(pool))
        for name, pool in POOLS.items()
    }
    record = st.fixed_dictionaries(pools)
    seen: list[dict[str, str]] = []
    loads: Loads = []
    for _ in range(draw(st.integers(1, 4))):
        again = st.sampled_from(seen) if seen else record
        some = draw(st.lists(st.one_of(record, again, again), min_size=1, max_size=9))
        some += draw(st.lists(st.sampled_from(some), max_size=2))
        seen += some
        mode = draw(st.sampled_from(["snapshot", "snapshot", "snapshot", "changes", "append", "delete"]))
        loads.append((mode, draw(st.sampled_from(["csv", "parquet"])), draw(st.sampled_from(DAYS)), some))
    return loads


KEPT = [
    ("snapshot", "csv", "2024-01-01", [{name: pool[0] for name, pool in POOLS.items()}] * 3),
    ("snapshot", "parquet", "2024-02-01", [{name: pool[0] for name, pool in POOLS.items()}] * 2),
]


@settings(max_examples=examples(6), deadline=None, suppress_health_check=SLOW)
@given(loads=sources(), own=st.booleans(), rule=st.sampled_from(RULES))
@example(loads=KEPT, own=False, rule="keep")
def test_any_loads_of_features_come_to_the_same(
    sail: Spark, small: None, loads: Loads, own: bool, rule: str
) -> None:
    compare(sail, loads, own=own, rule=rule)


@pytest.mark.slow
@settings(max_examples=examples(60), deadline=None, suppress_health_check=SLOW)
@given(loads=sources(), own=st.booleans(), rule=st.sampled_from(RULES))
def test_many_loads_of_features_come_to_the_same(
    sail: Spark, small: None, loads: Loads, own: bool, rule: str
) -> None:
    compare(sail, loads, own=own, rule=rule)


def compare(sail: Spark, loads: Loads, *, own: bool, rule: str) -> None:
    text = DEFINITION.format(rule=rule) + (PERIODS if own else "")
    definition = stcloud.Definition.from_toml(text, name="areas")
    with tempfile.TemporaryDirectory() as folder:
        cities = Cities(Path(folder), sail, **FAR)
        for number, (mode, form, day, rows) in enumerate(loads):
            source = lay(Path(folder) / f"{number}.{form}", rows)
            stated = {"mode": "changes"} if own and mode == "snapshot" else {"mode": mode}
            stated |= {} if own else {"valid_from": day}
            cities.load("areas", source, definition=definition, max_rejected="100%", **stated)


@pytest.mark.thorough
@pytest.mark.parametrize("layer", ["components", "communities"])
def test_layers_of_the_district_are_loaded_alike(
    sail: Spark, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, layer: str
) -> None:
    monkeypatch.setattr(cluster_reading, "SIZES", Sizes(piece_rows=900, run_rows=128, range_rows=700))
    cities = Cities(tmp_path, sail, crs="EPSG:4548", zone="Asia/Shanghai")
    ending = "csv" if layer == "components" else "geojson"
    for year in ("2023", "2025"):
        source = DISTRICT / f"{layer}_{year}.{ending}"
        if layer == "communities":
            source = tmp_path / f"{year}.parquet"
            geopandas.read_file(DISTRICT / f"{layer}_{year}.geojson").to_parquet(source, row_group_size=7)
        (done,) = cities.load(layer, source, definition=layer, valid_from=f"{year}-01-01")
    assert done.updated
    assert done.ended


@pytest.mark.thorough
def test_what_a_purge_says_of_features_is_not_loaded_on_the_workers_either(
    sail: Spark, small: None, tmp_path: Path
) -> None:
    rows = [(f"k{at}", square(1_757_000 + 10 * at), f"n{at}") for at in range(6)]
    cities = Cities(tmp_path, sail, **FAR)
    terms: dict[str, Any] = {"definition": define("EPSG:2193")}
    cities.load("things", write(tmp_path / "a.csv", rows[:4]), valid_from="2024-01-01", **terms)
    cities.load("things", write(tmp_path / "b.csv", rows[1:]), valid_from="2024-03-01", **terms)
    for folder in cities.folders:
        stcloud.open(folder, clock=lambda: cities.now_us + 500_000).purge("things", before="2024-03-02")
    third = write(tmp_path / "c.csv", rows)
    (done,) = cities.load("things", third, valid_from="2024-01-15", **terms)
    assert (done.purged, done.ended) == (6, 0)


@pytest.mark.thorough
@pytest.mark.parametrize(("step", "at"), [("run", 1), ("run", 3), ("gather", 1), ("gather", 2)])
def test_a_load_of_features_that_dies_on_the_way_leaves_nothing_visible(
    sail: Spark, small: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, at: int
) -> None:
    rows = [(f"k{at}", square(1_757_000 + 10 * at), f"n{at}") for at in range(12)]
    first, second = (
        write(tmp_path / "a.csv", rows[:9]),
        write(tmp_path / "b.csv", [*rows[3:], ("k0", BOWTIE, "")]),
    )
    city = stcloud.create(tmp_path / "city", **FAR)
    terms: dict[str, Any] = {"definition": define("EPSG:2193"), "engine": sail, "max_rejected": "50%"}
    city.load("things", first, valid_from="2024-01-01", **terms)
    before = held(city, "things")
    with monkeypatch.context() as patch:
        patch.setattr(Cluster, step, dying(getattr(Cluster, step), at))
        with pytest.raises(KeyboardInterrupt):
            city.load("things", second, valid_from="2024-02-01", **terms)
    assert held(stcloud.open(tmp_path / "city"), "things") == before
    loaded = city.load("things", second, valid_from="2024-02-01", **terms)
    assert (loaded.accepted, loaded.ended, loaded.unchanged) == (3, 2, 6)
    assert not list((tmp_path / "city").rglob("_staged/*"))
    assert not list((tmp_path / "city" / ".work").glob("*.staging"))
