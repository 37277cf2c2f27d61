"""Loads on a cluster that are refused, or die on the way: nothing is written, or nothing shows, and why is plain."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import stcloud
from stcloud.daas.load import cluster_reading
from stcloud.daas.load.cluster_read import Sizes
from stcloud.daas.load.cluster_store import Closer, SentLayer
from stcloud.errors import InternalError, InvalidInput, StorageError, Unsupported
from stcloud.iaas.engine.cluster import Cluster, Report
from stcloud.iaas.engine.spark import Spark
from stcloud.iaas.table.table import File, Snapshot
from stcloud.testing.events import DEFINITION as DEFINED
from stcloud.testing.events import HEAD, define, on_disk, row, rows
from stcloud.testing.loadpairs import Cities, held

NOON_US = 1_717_243_200_000_000
FAR = {"crs": "EPSG:2193", "zone": "Pacific/Auckland"}


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Divide sources of a few rows as large ones are."""
    monkeypatch.setattr(cluster_reading, "SIZES", Sizes(piece_rows=4, run_rows=2, range_rows=3))


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


SCENES = """
id = "scenes"
kind = "scene"
product = "image"
tile = "one"
[acquired]
file = "image_%Y%m%d"
"""


def city_of(folder: Path) -> stcloud.City:
    return stcloud.create(folder / "city", **FAR)


def test_what_a_cluster_lacks_is_refused_before_anything_is_written(sail: Spark, tmp_path: Path) -> None:
    source = tmp_path / "events.csv"
    source.write_text(rows(5))
    city = city_of(tmp_path)
    before = on_disk(tmp_path / "city")
    table = pa.table({"id": ["1"], "at": ["2024-03-02 10:00:00"], "lon": ["1"], "lat": ["1"], "note": ["x"]})
    scenes = stcloud.Definition.from_toml(SCENES, name="scenes.toml")
    attempts: list[tuple[str, Any, dict[str, Any]]] = [
        ("events", table, {"definition": define()}),
        ("events", source, {"definition": define(), "dry_run": True}),
        ("scenes", source, {"definition": scenes}),
    ]
    for layer, given_source, terms in attempts:
        with pytest.raises(Unsupported, match="cannot do this load") as raised:
            city.load(layer, given_source, engine=sail, **terms)
        assert raised.value.kind == "engine-lacks"
        assert "without engine=" in raised.value.hint
    assert on_disk(tmp_path / "city") == before


def test_no_error_shows_the_parameters_of_an_endpoint(tmp_path: Path) -> None:
    with pytest.raises(Unsupported) as raised:
        city_of(tmp_path).load("events", "a.csv", dry_run=True, engine="sc://example.org:443/;token=secret")
    assert "sc://example.org:443 cannot" in str(raised.value)
    assert "secret" not in str(raised.value)


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

    with pytest.raises(Unsupported, match=r"failed: .*division") as raised:
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


@pytest.mark.costly
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


KILLED = """
import os, signal, sys
import stcloud
from stcloud.iaas.engine.cluster import Cluster
folder, source, engine, step, at = sys.argv[1:]
whole, count = getattr(Cluster, step), 0
def dying(*arguments, **named):
    global count
    count += 1
    done = whole(*arguments, **named)
    if count == int(at):
        os.kill(os.getpid(), signal.SIGKILL)
    return done
setattr(Cluster, step, dying)
stcloud.open(folder).load("events", source, engine=engine)
"""


@pytest.mark.thorough
@pytest.mark.parametrize(("step", "at"), [("run", 2), ("gather", 3)])
def test_a_killed_client_leaves_nothing_visible(sail: Spark, tmp_path: Path, step: str, at: int) -> None:
    first, second = tmp_path / "first.csv", tmp_path / "second.csv"
    first.write_text(rows(20))
    second.write_text(rows(25, note="y"))
    city = city_of(tmp_path)
    city.load("events", first, definition=define(), engine=sail)
    before = held(city, "events")
    command = [
        sys.executable,
        "-W",
        "ignore",
        "-c",
        KILLED,
        tmp_path / "city",
        second,
        sail.url,
        step,
        str(at),
    ]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    assert held(stcloud.open(tmp_path / "city"), "events") == before
    loaded = city.load("events", second, engine=sail)
    assert (loaded.accepted, loaded.updated) == (5, 20)
    assert not list((tmp_path / "city").rglob("_staged/*"))
    assert not list((tmp_path / "city" / ".work").glob("*.staging"))


def test_the_command_prints_the_same_reckoning(sail: Spark, tmp_path: Path, run: Any) -> None:
    source, definition = tmp_path / "events.csv", tmp_path / "events.toml"
    source.write_text(rows(30) + row(31, at="soon"))
    definition.write_text(DEFINED)
    printed = []
    for name, options in (("here", []), ("cluster", ["--engine", sail.url])):
        stcloud.create(tmp_path / name, **FAR)
        ended = run(
            "load", tmp_path / name, "events", source, "--definition", definition, "-f", "json", *options
        )
        assert ended.code == 0, ended.err
        (reckoning,) = json.loads(ended.out)
        printed.append({key: value for key, value in reckoning.items() if key != "recorded_at"})
    assert printed[0] == printed[1]
    ended = run("load", tmp_path / "cluster", "events", "--undo", "x", "--engine", sail.url)
    assert ended.code == 2
    assert "--undo takes back a load" in ended.err
