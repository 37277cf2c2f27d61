"""A layer's description needs no load, stays with the layer whatever it is called, and goes with it."""

import itertools
import threading

import geopandas
import pytest
import shapely

import stcloud
from stcloud.errors import FormatError, InvalidInput, NotFound
from stcloud.testing.events import define, on_disk, rows
from stcloud.testing.machines import Death, Machine

WRITTEN = {
    "owner": "市政道路科",
    "licence": "CC-BY-4.0",
    "keywords": ["holes", "lamps"],
    "update_cycle": "P1D",
}
KEPT = {"keywords": ("holes", "lamps"), "owner": "市政道路科", "licence": "CC-BY-4.0", "update_cycle": "P1D"}


@pytest.fixture
def city(tmp_path):
    (tmp_path / "first.csv").write_text(rows())
    stcloud.create(tmp_path / "city", crs="EPSG:4548", zone="Asia/Shanghai").close()
    ticks = itertools.count(1_712_000_000_000_000, 1_000_001)
    with stcloud.open(tmp_path / "city", clock=lambda: next(ticks)) as city:
        city.load("events", tmp_path / "first.csv", definition=define('title = "Events"'))
        yield city


def test_fields_are_written_one_by_one_and_nothing_else_changes(city, tmp_path):
    before = on_disk(tmp_path / "city")
    assert city.layer("events").description.fields == {}
    assert city.layer("events").title == "Events"
    assert city.describe("events", **WRITTEN).fields == KEPT
    described = city.describe("events", licence=None, title="Holes")
    assert described.fields == {"title": "Holes"} | {name: KEPT[name] for name in KEPT if name != "licence"}
    assert city.layer("events").description == described
    assert city.layer("events").title == "Holes"
    after = on_disk(tmp_path / "city")
    assert after.keys() - before.keys() == {"layers/events.about.toml"}
    assert before.items() <= after.items()
    assert city.describe("events", title="Holes") == described  # nothing changes: not even the instant
    assert on_disk(tmp_path / "city") == after
    with stcloud.open(tmp_path / "city") as other:
        assert other.layer("events").description == described


def test_what_is_wrong_changes_nothing(city):
    city.describe("events", **WRITTEN)
    with pytest.raises(InvalidInput, match="did you mean 'licence'"):
        city.describe("events", owner="Parks", license="CC0-1.0")
    with pytest.raises(NotFound, match="has no layer 'event'"):
        city.describe("event", owner="Parks")
    assert city.layer("events").description.fields == KEPT


def test_it_survives_renaming_and_a_copy_and_goes_with_the_layer(city, tmp_path):
    city.describe("events", **WRITTEN)
    city.rename("events", "calls")
    assert city.layer("calls").description.fields == KEPT
    city.describe("calls", owner="Parks")
    with pytest.raises(NotFound, match="has been called 'calls'"):
        city.describe("events", owner="Roads")
    city.copy_to(tmp_path / "copy")
    with stcloud.open(tmp_path / "copy") as copy:
        assert copy.layer("calls").description.fields == KEPT | {"owner": "Parks"}
    city.delete("calls")
    assert "layers/events.about.toml" not in on_disk(tmp_path / "city")
    city.load("events", tmp_path / "first.csv", definition=define())
    assert city.layer("events").description.fields == {}


def test_a_description_that_a_killed_deletion_left_is_no_new_layers(city, tmp_path):
    city.describe("events", **WRITTEN)
    left = (tmp_path / "city/layers/events.about.toml").read_text()
    city.delete("events")
    (tmp_path / "city/layers/events.about.toml").write_text(left)
    assert city.layers() == ()
    city.load("events", tmp_path / "first.csv", definition=define())
    assert city.layer("events").description.fields == {}
    (tmp_path / "city/layers/calls.about.toml").write_text(left)
    city.rename("events", "calls")
    assert city.layer("calls").description.fields == {}


def test_damage_is_named_and_hides_no_layer(city, tmp_path):
    city.describe("events", **WRITTEN)
    file = tmp_path / "city/layers/events.about.toml"
    file.write_text(file.read_text().replace("P1D", "P1M"))
    with pytest.raises(FormatError, match=r"layers/events\.about\.toml has changed since it was written"):
        _ = city.layer("events").description
    assert city.query("events").count().table["count"][0].as_py() == 5
    faults = [finding for finding in city.check("events") if finding.faults]
    assert [finding.check for finding in faults] == ["definition"]


def test_writers_at_the_same_time_lose_no_field(city):
    names = ("title", "owner", "lineage", "description")
    threads = [
        threading.Thread(target=city.describe, args=("events",), kwargs={name: name}) for name in names
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert city.layer("events").description.fields == {name: name for name in names}


def test_of_features_too(city):
    frame = geopandas.GeoDataFrame(
        {"code": ["a"]}, geometry=[shapely.box(117, 31, 117.1, 31.1)], crs="EPSG:4326"
    )
    city.load("areas", frame, key="code", valid_from="2024-01-01")
    city.describe("areas", owner="Planning")
    assert city.layer("areas").description.owner == city.features("areas").description.owner == "Planning"


def test_in_a_bucket_all_machines_see_it_and_one_that_dies_leaves_the_old_or_the_new(tmp_path):
    (tmp_path / "first.csv").write_text(rows())
    Machine(tmp_path / "founder", tmp_path / "bucket").create().close()
    writer, reader = (Machine(tmp_path / name, tmp_path / "bucket") for name in ("writer", "reader"))
    with writer.open() as city, reader.open() as other:
        city.load("events", tmp_path / "first.csv", definition=define())
        assert other.layer("events").description.fields == {}
        city.describe("events", **WRITTEN)
        assert other.layer("events").description.fields == KEPT
        writer.store.dies = (len(writer.store.requests), "before")
        with pytest.raises(Death):
            city.describe("events", owner="Parks")
        assert other.describe("events", title="Holes").fields == {"title": "Holes"} | KEPT
        other.delete("events")
    with Machine(tmp_path / "third", tmp_path / "bucket").open() as third:
        assert third.layers() == ()
        third.load("events", tmp_path / "first.csv", definition=define())
        assert third.layer("events").description.fields == {}
