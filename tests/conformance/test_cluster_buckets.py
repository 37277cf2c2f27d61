"""Law: a load on a cluster into a city in a bucket makes the layer that a load in this process makes in a folder."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

import stcloud
from stcloud.daas.load import cluster_reading
from stcloud.daas.load.cluster_read import Sizes
from stcloud.iaas.engine.cluster import Cluster
from stcloud.iaas.engine.spark import Spark
from stcloud.iaas.store.opening import open_store
from stcloud.testing import features
from stcloud.testing.events import HEAD, define, row, rows
from stcloud.testing.loadpairs import Cities, dying, held
from stcloud.testing.objectserver import ObjectServer
from tests.conformance.test_cluster_failures import KILLED

FAR = {"crs": "EPSG:2193", "zone": "Pacific/Auckland"}


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch, s3: ObjectServer) -> None:
    """Divide sources of a few rows as large ones are, and know the bucket's server."""
    monkeypatch.setattr(cluster_reading, "SIZES", Sizes(piece_rows=8, run_rows=4, range_rows=12))
    for name, value in s3.environment.items():
        monkeypatch.setenv(name, value)


@pytest.mark.thorough
def test_events_are_loaded_into_a_bucket_alike(
    sail_apart: Spark, small: None, s3: ObjectServer, tmp_path: Path
) -> None:
    first, second = tmp_path / "first.csv", tmp_path / "second.csv"
    first.write_text(rows(24) + row(31, at="soon") + row(7, note="other") + row(7))
    changed = [row(number, note="y" if number % 3 else "x") for number in range(1, 12)]
    second.write_text(HEAD + "".join(changed) + row(90))
    address = s3.address(f"cluster/{tmp_path.name}")
    cities = Cities(tmp_path, sail_apart, **FAR, bucket=address)
    cities.load("events", first, definition=define('duplicates = "refuse"'), max_rejected="50%")
    cities.cache = tmp_path / "another"  # another machine loads: nothing of the bucket is here
    (done,) = cities.load("events", second)
    assert (done.accepted, done.updated, done.unchanged) == (2, 7, 3)
    with stcloud.open(address, cache=tmp_path / "last") as city:
        assert [check for check in city.check() if check.faults] == []


@pytest.mark.thorough
def test_a_killed_client_leaves_nothing_visible_in_a_bucket(
    sail_apart: Spark, small: None, s3: ObjectServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    first, second = tmp_path / "first.csv", tmp_path / "second.csv"
    first.write_text(rows(20))
    second.write_text(rows(25, note="y"))
    address = s3.address(f"killed/{tmp_path.name}")
    with stcloud.create(address, **FAR) as city:
        city.load("events", first, definition=define(), engine=sail_apart)
        before, keys = held(city, "events"), open_store(address).list()
    command = [sys.executable, "-W", "ignore", "-c", KILLED, address, second, sail_apart.url, "run", "2"]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    assert open_store(address).list() == keys
    with stcloud.open(address) as city:
        assert held(city, "events") == before
        loaded = city.load("events", second, engine=sail_apart)
        assert (loaded.accepted, loaded.updated) == (5, 20)
    assert not list(tmp_path.rglob("_staged/*.parquet"))


@pytest.mark.thorough
@pytest.mark.parametrize(("step", "at"), [("run", 2), ("gather", 3)])
def test_a_load_that_dies_on_the_way_leaves_nothing_visible_in_a_bucket(
    sail_apart: Spark, small: None, s3: ObjectServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    step: str, at: int,
) -> None:  # fmt: skip
    first, second = tmp_path / "first.csv", tmp_path / "second.csv"
    first.write_text(rows(20))
    second.write_text(rows(25, note="y"))
    address = s3.address(f"dying/{tmp_path.name}")
    stcloud.create(address, cache=tmp_path, **FAR).close()
    with stcloud.open(address, cache=tmp_path) as city:
        city.load("events", first, definition=define(), engine=sail_apart)
        before, keys = held(city, "events"), open_store(address).list()
        whole = getattr(Cluster, step)
        monkeypatch.setattr(Cluster, step, dying(whole, at))
        with pytest.raises(KeyboardInterrupt):
            city.load("events", second, engine=sail_apart)
        assert open_store(address).list() == keys
    monkeypatch.setattr(Cluster, step, whole)
    with stcloud.open(address, cache=tmp_path / "another") as city:
        assert held(city, "events") == before
        loaded = city.load("events", second, engine=sail_apart)
        assert (loaded.accepted, loaded.updated) == (5, 20)


@pytest.mark.thorough
def test_features_are_loaded_into_a_bucket_alike(
    sail_apart: Spark, small: None, s3: ObjectServer, tmp_path: Path
) -> None:
    rows = [f"k{at},POINT ({1_757_000 + 10 * at} 5920000),n{at % 3}" for at in range(16)]
    address = s3.address(f"features/{tmp_path.name}")
    cities = Cities(tmp_path, sail_apart, **FAR, bucket=address)
    nights = [
        rows[:12],
        [*rows[3:9], *(line.replace(",n", ",m") for line in rows[9:]), "k20,POINT (oops,n"],
        rows,
    ]
    for night, lines in enumerate(nights):
        source = tmp_path / f"{night}.csv"
        source.write_text("\n".join(["k,wkt,name", *lines, ""]))
        cities.cache = tmp_path / f"machine-{night}"
        (done,) = cities.load(
            "things", source, definition=features.define("EPSG:2193"), valid_from=f"2024-0{1 + night}-01",
            max_rejected="50%",
        )  # fmt: skip
    assert (done.accepted, done.updated, done.unchanged) == (3, 7, 6)
    with stcloud.open(address, cache=tmp_path / "last") as city:
        assert [check for check in city.check() if check.faults] == []
