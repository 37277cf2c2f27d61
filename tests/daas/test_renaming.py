"""A layer that is renamed keeps all that it has; its old name leads to one clear line, and to no other layer."""

import itertools
import json
import shutil
import threading
import zipfile
from pathlib import Path

import pytest

import stcloud
from stcloud.daas.names import NAMES_FILE, LayerNames
from stcloud.errors import Conflict, FormatError, InvalidInput, NotFound
from stcloud.iaas.store.folder import Folder
from stcloud.testing.events import HEAD, define, on_disk, row, rows

FROZEN = Path(__file__).parents[1] / "frozen" / "town-0.1.0.zip"
CLOCK_US, TICK_US = 1_710_000_000_000_000, 1_000_001


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A city far from UTC whose layer ``events`` has two loads, one of them with a rejected row; its clock."""
    folder = tmp_path_factory.mktemp("model")
    stcloud.create(folder / "city", crs="EPSG:4548", zone="Pacific/Auckland")
    (folder / "first.csv").write_text(rows())
    (folder / "second.csv").write_text(HEAD + row(2, note="new") + row(6) + "7,bad\n")
    ticks = itertools.count(CLOCK_US, TICK_US)
    with stcloud.open(folder / "city", clock=lambda: next(ticks)) as city:
        city.load("events", folder / "first.csv", definition=define())
        city.load("events", folder / "second.csv", max_rejected="50%")
    return folder, next(ticks)


@pytest.fixture
def city(model, tmp_path):
    """Open a copy of the model, whose clock goes on."""
    folder, now_us = model
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    ticks = itertools.count(now_us, TICK_US)
    return stcloud.open(tmp_path / "city", clock=lambda: next(ticks))


def faults(city):
    return [(finding.check, finding.example) for finding in city.check() if finding.faults]


def notes(answer):
    return sorted(answer.to_arrow()["note"].to_pylist())


def test_a_layer_keeps_history_loads_and_quarantine(city, tmp_path):
    before = city.layer("events")
    loads = before.loads
    first = loads[0].recorded_at_us
    rejected = city.rejected("events").to_pylist()
    assert city.rename("events", "calls") is True
    after = city.layer("calls")
    assert [layer.name for layer in city.layers()] == ["calls"]
    assert (after.rows, after.span_us, after.former) == (before.rows, before.span_us, ("events",))
    assert [load.load for load in after.loads] == [load.load for load in loads]
    assert {load.layer for load in after.loads} == {"calls"}
    assert after.definition.id == "calls"
    assert notes(city.query("calls").rows()) == ["new", "x", "x", "x", "x", "x"]
    assert notes(city.query("calls").known_at(first).rows()) == ["x"] * 5
    assert city.rejected("calls").to_pylist() == [record | {"layer": "calls"} for record in rejected]
    assert city.rejected("calls", load=after.loads[1].load)["st_row"].to_pylist() == [3]
    assert faults(city) == []
    assert faults(stcloud.open(tmp_path / "city")) == []


def test_a_file_that_was_loaded_before_is_known_and_others_are_loaded(city, tmp_path):
    city.rename("events", "calls")
    assert city.load("calls", tmp_path / "first.csv").known
    assert city.load("calls", tmp_path / "first.csv", definition=define()).known
    (tmp_path / "third.csv").write_text(HEAD + row(9) + "8,bad\n")
    done = city.load("calls", tmp_path / "third.csv", max_rejected="50%")
    assert (done.layer, done.accepted, done.rejected) == ("calls", 1, 1)
    assert [load.source for load in city.layer("calls").loads] == ["first.csv", "second.csv", "third.csv"]
    assert city.rejected("calls")["layer"].to_pylist() == ["calls", "calls"]
    city.undo("calls", done.load)
    assert city.layer("calls").events == 6
    assert faults(city) == []


def test_a_load_that_is_refused_as_a_whole_is_listed_by_the_present_name(city, tmp_path):
    (tmp_path / "bad.csv").write_text(HEAD + "8,bad\n9,bad\n")
    with pytest.raises(InvalidInput):
        city.load("events", tmp_path / "bad.csv")
    city.rename("events", "calls")
    refused = [record for record in city.rejected("calls").to_pylist() if record["status"] == "refused"]
    assert [record["layer"] for record in refused] == ["calls", "calls"]


USES = {
    "layer": lambda city, _: city.layer("events"),
    "query": lambda city, _: city.query("events"),
    "question": lambda city, _: city.ask(stcloud.Question(layer="events")),
    "load": lambda city, place: city.load("events", place / "first.csv"),
    "load of another": lambda city, place: city.load("events", place / "second.csv", definition=define()),
    "dry run": lambda city, place: city.load("events", place / "first.csv", dry_run=True),
    "draft": lambda city, place: city.draft("events", place / "first.csv"),
    "undo": lambda city, _: city.undo("events", "x"),
    "rejected": lambda city, _: city.rejected("events"),
    "check": lambda city, _: city.check("events"),
    "index": lambda city, _: city.index("events"),
    "grid": lambda city, _: city.grid("events"),
    "divide": lambda city, place: city.divide("events", place / "first.csv"),
    "delete": lambda city, _: city.delete("events"),
    "rename": lambda city, _: city.rename("events", "others"),
}


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_the_old_name_leads_to_one_line_with_the_new_one(city, tmp_path, use):
    city.rename("events", "calls")
    before = on_disk(tmp_path / "city")
    with pytest.raises(NotFound) as caught:
        use(city, tmp_path)
    assert caught.value.kind == "renamed-layer"
    assert caught.value.message == "layer 'events' has been called 'calls' since 2024-03-10T05:00:02+13:00"
    assert on_disk(tmp_path / "city") == before


def test_places_of_a_renamed_layer_are_named_anew(city, tmp_path):
    ring = [[117.0, 31.8], [117.1, 31.8], [117.1, 32.0], [117.0, 32.0], [117.0, 31.8]]
    shape = {"type": "Polygon", "coordinates": [ring]}
    areas = {"type": "Feature", "properties": {"name": "a"}, "geometry": shape}
    (tmp_path / "areas.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [areas]}))
    city.load("areas", tmp_path / "areas.geojson", key="name", valid_from="2020-01-01")
    city.query("events").where("areas:a").count(by=["in:areas"])
    city.rename("areas", "places")
    for ask in (
        lambda: city.query("events").where("areas:a").count(),
        lambda: city.query("events").count(by=["in:areas"]),
        lambda: city.query("events").join("areas", "within 20 m"),
    ):
        with pytest.raises(NotFound, match="has been called 'places' since") as caught:
            ask()
        assert caught.value.kind == "renamed-layer"
    assert city.query("events").where("places:a").count().table.num_rows == 1


def test_a_pin_of_the_time_before_holds(city, tmp_path):
    answer = city.query("events").count(by=["month"])
    pin = answer.pin.text
    city.rename("events", "calls")
    (tmp_path / "third.csv").write_text(HEAD + row(9))
    city.load("calls", tmp_path / "third.csv")
    assert city.query("calls").known_at(pin).count(by=["month"]).table.equals(answer.table)
    city.rename("calls", "reports")
    assert city.query("reports").known_at(pin).count(by=["month"]).table.equals(answer.table)


def test_it_may_be_done_again_and_back(city, tmp_path):
    assert city.rename("events", "calls") is True
    before = on_disk(tmp_path / "city")
    assert city.rename("events", "calls") is False
    assert city.rename("calls", "calls") is False
    assert on_disk(tmp_path / "city") == before
    assert city.rename("calls", "events") is True
    assert city.layer("events").events == 6
    with pytest.raises(NotFound, match="'calls' has been called 'events'"):
        city.layer("calls")
    assert faults(city) == []


@pytest.mark.parametrize(
    ("old", "new", "error", "kind"),
    [
        ("nothing", "calls", NotFound, "unknown-layer"),
        ("nothing", "nothing", NotFound, "unknown-layer"),
        ("events", "Calls", InvalidInput, "bad-name"),
        ("../events", "calls", InvalidInput, "bad-name"),
        ("events", "others", InvalidInput, "name-taken"),
        ("events", "former", InvalidInput, "name-taken"),
        ("events", "latter", InvalidInput, "name-taken"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_changes(city, tmp_path, old, new, error, kind):
    city.load("others", tmp_path / "first.csv", definition=define())
    city.load("former", tmp_path / "first.csv", definition=define())
    city.rename("former", "latter")
    before = on_disk(tmp_path / "city")
    with pytest.raises(error) as caught:
        city.rename(old, new)
    assert caught.value.kind == kind
    assert on_disk(tmp_path / "city") == before


def test_names_are_free_once_the_layer_is_deleted(city, tmp_path):
    city.rename("events", "calls")
    city.delete("calls")
    assert city.layers() == ()
    for name in ("events", "calls"):
        done = city.load(name, tmp_path / "first.csv", definition=define())
        assert (done.known, done.accepted, done.layer) == (False, 5, name)
    assert [layer.name for layer in city.layers()] == ["calls", "events"]
    assert [len(layer.loads) for layer in city.layers()] == [1, 1]
    assert faults(city) == []


def test_a_layer_takes_the_place_of_a_deleted_one(city, tmp_path):
    (tmp_path / "other.csv").write_text(rows(3, note="other"))
    city.load("events-new", tmp_path / "other.csv", definition=define())
    city.delete("events")
    city.rename("events-new", "events")
    assert notes(city.query("events").rows()) == ["other"] * 3
    assert [load.source for load in city.layer("events").loads] == ["other.csv"]
    assert not city.load("events", tmp_path / "first.csv").known
    assert city.rejected("events").num_rows == 0
    assert faults(city) == []


def test_what_a_failed_first_load_left_does_not_take_a_name(city, tmp_path):
    (tmp_path / "city" / "layers" / "calls.toml").write_text("left behind")
    assert city.rename("events", "calls") is True
    assert city.layer("calls").events == 6
    assert not (tmp_path / "city" / "layers" / "calls.toml").exists()


def test_older_versions_refuse_the_city_and_others_need_the_names(city, tmp_path):
    toml = tmp_path / "city" / "city.toml"
    edited = f"# by hand\n{toml.read_text()}"
    toml.write_text(edited)
    city.rename("events", "calls")
    assert toml.read_text() == edited.replace("format = 1\n", "format = 2\n")
    assert faults(stcloud.open(tmp_path / "city")) == []
    (tmp_path / "city" / NAMES_FILE).unlink()
    with pytest.raises(FormatError, match="is missing"):
        stcloud.open(tmp_path / "city").layers()


def test_a_running_load_is_waited_for(city, tmp_path):
    with Folder(tmp_path / "city").lock("layer-events", wait_s=0), pytest.raises(Conflict) as caught:
        city.rename("events", "calls", wait_s=0.05)
    assert caught.value.kind == "locked"
    city.rename("events", "calls")
    with Folder(tmp_path / "city").lock("layer-events", wait_s=0), pytest.raises(Conflict):
        city.load("calls", tmp_path / "first.csv", wait_s=0.05)


def test_a_load_that_waited_for_the_renaming_goes_to_the_renamed_layer(city, tmp_path):
    (tmp_path / "third.csv").write_text(HEAD + row(9))
    place = tmp_path / "city"
    results = {}

    def load(name):
        try:
            results[name] = stcloud.open(place).load(name, tmp_path / "third.csv", definition=define())
        except NotFound as error:
            results[name] = error

    threads = [threading.Thread(target=load, args=(name,)) for name in ("events", "calls")]
    folder = Folder(place)
    with folder.lock("layer-calls", wait_s=0), folder.lock("layer-events", wait_s=0):
        for thread in threads:
            thread.start()
        threading.Event().wait(0.3)  # both wait for a lock
        assert not results
        LayerNames(folder).give_name("events", "calls", CLOCK_US)
    for thread in threads:
        thread.join()
    assert results["events"].kind == "renamed-layer"
    assert (results["calls"].known, results["calls"].accepted) == (False, 1)
    assert [layer.name for layer in city.layers()] == ["calls"]
    assert len(city.layer("calls").loads) == 3


def test_a_load_that_waited_for_the_renaming_waits_for_other_loads_of_the_layer_too(city, tmp_path):
    place, folder, errors = tmp_path / "city", Folder(tmp_path / "city"), []

    def load():
        try:
            stcloud.open(place).load("calls", tmp_path / "first.csv", definition=define(), wait_s=1)
        except Conflict as error:
            errors.append(error.kind)

    thread = threading.Thread(target=load)
    with folder.lock("layer-events", wait_s=0):
        with folder.lock("layer-calls", wait_s=0):
            thread.start()
            threading.Event().wait(0.3)
            LayerNames(folder).give_name("events", "calls", CLOCK_US)
        thread.join()
    assert errors == ["locked"]


def test_staging_that_a_killed_load_left_is_removed_after_a_renaming(city, tmp_path):
    left = tmp_path / "city" / ".work" / "layer-events.staging"
    left.mkdir()
    (left / "rows").write_text("x")
    city.rename("events", "calls")
    city.load("calls", tmp_path / "first.csv", again=True)
    assert not left.exists()
    assert city.vacuum(retain_hours=0, force=True) >= 0


@pytest.fixture
def town(tmp_path):
    """A city that an older version wrote, with events that are indexed on a unit grid."""
    with zipfile.ZipFile(FROZEN) as file:
        file.extractall(tmp_path)
    return tmp_path / "town"


def grid_of(city):
    return next(layer.name for layer in city.layers() if getattr(layer.definition, "grid", None))


def by_unit(city, layer):
    return city.query(layer).count(by=["unit", "month"]).table


def test_a_grid_and_the_events_that_are_indexed_on_it_stay_so(town):
    city = stcloud.open(town)
    grid = grid_of(city)
    before = by_unit(city, "requests")
    events = city.query("requests").count(by=["in:communities"]).table
    city.rename(grid, "cells")
    city.rename("communities", "quarters")
    city.rename("requests", "calls")
    city = stcloud.open(town)
    assert by_unit(city, "calls").equals(before)
    assert city.query("calls").count(by=["in:quarters"]).table.column(1).equals(events.column(1))
    assert city.index("calls").looked_at == 0
    done = city.load("calls", town.parent / "requests_3.csv")
    assert (done.accepted, done.updated) == (30, 18)
    assert city.load("calls", town.parent / "requests_1.csv").known
    assert by_unit(city, "calls").num_rows >= before.num_rows
    assert faults(city) == []


def test_events_of_a_deleted_grid_are_not_indexed_on_the_one_that_gets_its_name(town):
    city = stcloud.open(town)
    grid, place = grid_of(city), town.parent / "cells.geojson"
    cells = city.features(grid).as_of("2025-01-01").to_geopandas()
    cells[["gridCode", "geometry"]].to_crs("OGC:CRS84").to_file(place)
    city.load("cells", place, definition="unit-grid", valid_from="2020-01-01")
    city.delete(grid)
    city.rename("cells", grid)
    assert grid_of(city) == grid
    with pytest.raises(InvalidInput) as caught:
        by_unit(city, "requests")
    assert caught.value.kind == "not-indexed"
