"""Every kind keeps the protocol; a third one, which lives here, loads, answers, is checked and vacuumed."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

import stcloud
from stcloud.daas.definition import Definition
from stcloud.daas.kind.event import EventKind
from stcloud.daas.kind.registry import kind_of, kinds, register
from stcloud.errors import InternalError, InvalidInput, NotFound, Unsupported
from stcloud.paas.query.plan.row_kind import register_kind, row_kind
from stcloud.paas.query.resolve.rows_of_kind import PointRows
from stcloud.testing.residue import places_of

HERE = Path(__file__).parent
TEXT = """
id = "levels"
kind = "reading"
key = ["station", "at"]
[time]
column = "at"
[space]
none = true
[columns.level]
type = "number"
"""
HEAD = "station,at,level\n"
NOON = 1_770_000_000_000_000


def toy():
    """Import the toy kind once, and register it."""
    name = "stcloud_toy_kind"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, HERE / "toy_kind.py")
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
        register(module.READING)
        register_kind("reading", module.READING_ROWS, lambda ends: PointRows(), module.ReadingRows)
    return sys.modules[name]


@pytest.fixture(scope="module", autouse=True)
def reading():
    return toy().READING


@pytest.fixture
def city(tmp_path):
    stcloud.create(tmp_path / "city", crs="EPSG:4548", zone="Asia/Shanghai")
    ticks = iter(range(NOON, NOON + 1000))
    return stcloud.open(tmp_path / "city", clock=lambda: next(ticks))


@pytest.fixture
def load(city, tmp_path):
    def load(text, **options):
        file = tmp_path / "levels.csv"
        file.write_text(HEAD + text)
        known = "levels" in [layer.name for layer in city.layers()]
        definition = None if known else Definition.from_toml(TEXT, name="levels.toml")
        return city.load("levels", file, definition=definition, **options)

    return load


@pytest.mark.parametrize("kind", ["event", "feature", "scene", "reading"])
def test_a_kind_names_columns_that_its_rows_have(reading, kind):
    found = next(one for one in kinds() if one.name == kind)
    schema = found.row_schema([])
    wanted = {*found.time_columns, *found.bounds_columns, found.partition}
    common = {"st_key", "st_digest", "st_recorded_from", "st_recorded_to", "st_load"}
    assert wanted | common <= set(schema.names)
    assert schema.field(found.time_columns[0]).type == pa.timestamp("us", "UTC")
    assert found.definition.modes
    assert found.definition.has_periods or not found.versioned


def test_a_name_is_that_of_one_kind():
    with pytest.raises(InternalError, match="event") as refused:
        register(EventKind())
    assert refused.value.kind == "kind-registered"


def test_a_third_kind_loads_and_is_known(load, city, reading):
    done = load("a,2024-03-01 08:00:00,1.5\nb,2024-03-01 08:00:00,2.5\nb,never,3\n", max_rejected="50%")
    assert (done.read, done.accepted, done.rejected) == (3, 2, 1)
    assert done.adds_up
    again = load("a,2024-03-01 08:00:00,1.5\nb,2024-03-01 08:00:00,2.5\nb,never,3\n", max_rejected="50%")
    assert again.known
    more = load("b,2024-03-01 08:00:00,2.5\nb,2024-03-01 09:00:00,2.75\n")
    assert (more.accepted, more.unchanged) == (1, 1)
    assert more.recorded_at_us > done.recorded_at_us
    layer = city.layer("levels")
    assert kind_of(layer.definition) is reading
    assert (layer.kind, layer.rows, layer.events) == ("reading", 3, 3)
    assert layer.span_us[0] == 1_709_251_200_000_000  # 08:00 in Shanghai
    assert [one["reason"] for one in city.rejected("levels").to_pylist()] == ["unreadable-time"]


def test_a_third_kind_is_checked_and_vacuumed(load, city):
    load("a,2024-03-01 08:00:00,1.5\n")
    load("a,2024-03-01 08:00:00,1.75\n")
    checks = {one.check: one.faults for one in city.check("levels")}
    assert checks["keys"] == 1, "the kind's own check: a station has two readings of one instant"
    assert sum(checks.values()) == 1
    assert {"files", "key-text", "ledger", "chain", "log", "clock"} <= checks.keys()
    assert city.vacuum(retain_hours=0, force=True) >= 0
    assert city.layer("levels").rows == 2


def test_a_third_kind_refuses_what_it_does_not_know(load):
    with pytest.raises(InvalidInput, match="append"):
        load("a,2024-03-01 08:00:00,1\n", mode="delete")
    with pytest.raises(InvalidInput, match="their time is in their rows"):
        load("a,2024-03-01 08:00:00,1\n", valid_from="2024-01-01")


def test_a_third_kind_answers_and_is_exported(load, city, run, tmp_path):
    """It is counted, filtered, paged, pinned, explained, and written to files by the package."""
    load("a,2024-03-01 08:00:00,1.5\nb,2024-03-01 08:00:00,2.5\n")
    pinned = city.query("levels").count().pin
    load("a,2024-03-01 09:00:00,3.5\n")
    readings = city.query("levels")
    assert readings.count().to_records() == [{"count": 3}]
    assert readings.known_at(pinned).count().to_records() == [{"count": 2}]
    assert readings.measure("max(level)", by=["station"]).to_records() == [
        {"station": "a", "max_level": 3.5}, {"station": "b", "max_level": 2.5},
    ]  # fmt: skip
    assert [row["level"] for row in readings.what("level > 2").rows().to_records()] == [2.5, 3.5]
    assert readings.what("casei(station) = casei('A')").count().to_records() == [{"count": 2}]
    page = readings.rows(2)
    assert [row["st_at"].isoformat() for row in page.to_records()] == ["2024-03-01T08:00:00+08:00"] * 2
    assert readings.explain(by=["station"]).plan[0] == "scan levels"
    with pytest.raises(InvalidInput, match="readings are not there"):
        readings.as_of("2024-03-01")
    with pytest.raises(InvalidInput, match="cannot join readings"):
        readings.join("levels")
    readings.rows().to_pandas().to_csv(tmp_path / "out.csv")
    assert len((tmp_path / "out.csv").read_text().splitlines()) == 4


def test_a_third_kind_is_purged(load, city, tmp_path):
    load("harbour,2024-03-01 00:00,71.5\nharbour,2024-03-02 00:00,72.5\n")
    pin = city.query("levels").count().pin
    city.purge("levels", what="level = 72.5", columns="level")
    assert places_of(tmp_path / "city", "72.5") == []
    (purged,) = city.purge("levels", before="2024-03-02")
    assert (purged.rows, purged.versions) == (1, 1)
    assert places_of(tmp_path / "city", "71.5") == []
    assert city.query("levels").rows().table["level"].to_pylist() == [None]
    with pytest.raises(NotFound, match="purged"):
        city.query("levels").known_at(pin).rows()
    assert load("harbour,2024-03-01 00:00,71.5\n").purged == 1
    assert [finding for finding in city.check() if finding.faults] == []


def test_a_kind_that_queries_do_not_know_is_refused(load, city):
    load("a,2024-03-01 08:00:00,1.5\n")
    layer = replace(
        city.layer("levels"), definition=city.layer("levels").definition.model_copy(update={"kind": "other"})
    )
    with pytest.raises(Unsupported) as refused:
        row_kind(layer)
    assert refused.value.kind == "no-queries"
