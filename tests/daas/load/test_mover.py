"""The column that says whose fix a row is: stated, kept, checked; definitions and cities without it are as before."""

import pandas as pd
import pytest

import stcloud
from stcloud.daas.definition import Definition
from stcloud.errors import InvalidDefinition, InvalidInput, NotFound

FRAME = pd.DataFrame(
    {"id": ["a1", "a2"], "at": ["2024-03-01 08:00", "2024-03-01 08:05"], "vehicle": ["7", "7"], "speed": [1.5, 2.5],
     "lon": [174.7, 174.8], "lat": [-36.9, -36.8]}
)  # fmt: skip
PLAIN = """
id = "vehicles"
kind = "event"
key = ["id"]
{}
[time]
column = "at"
[space]
lon = "lon"
lat = "lat"
"""
WAYS = {"key": "id", "time": "at", "lon": "lon", "lat": "lat"}


def read(more):
    return Definition.from_toml(PLAIN.format(more), name="vehicles.toml")


@pytest.fixture
def city(tmp_path):
    with stcloud.create(tmp_path / "city", crs="EPSG:2193", zone="Pacific/Auckland") as made:
        yield made


def test_a_definition_names_the_mover_and_reads_rows_as_without_it():
    with_mover = read('mover = "vehicle"')
    assert with_mover.mover == "vehicle"
    assert read("").mover is None
    assert with_mover.digest() == read("").digest()
    assert Definition.from_toml(with_mover.to_toml(), name="again") == with_mover
    assert "mover" not in read("").to_toml()


@pytest.mark.parametrize(
    ("more", "fault"),
    [
        ('mover = "at"', "its type is text or integer"),
        ('mover = "lon"\n[columns.lon]\ntype = "text"', "has a time or a place"),
        ('mover = "lon"', "its type is text or integer"),
        ('mover = "speed"\n[columns.speed]\ntype = "number"', "its type is text or integer"),
        ('mover = "vehicle"\n[series]\nstation = "vehicle"\n[series.values]\nx = { unit = "m" }', "leave out"),
    ],
)  # fmt: skip
def test_what_cannot_be_a_mover_is_refused(more, fault):
    head, table, tail = more.partition("\n[")
    text = (
        PLAIN.format(head).replace('key = ["id"]\n', "" if "series" in more else 'key = ["id"]\n')
        + table
        + tail
    )
    with pytest.raises(InvalidDefinition, match=fault):
        Definition.from_toml(text, name="vehicles.toml")


def test_a_load_states_the_mover_and_the_layer_keeps_it(city):
    city.load("vehicles", FRAME, **WAYS, mover="vehicle")
    assert city.layer("vehicles").definition.mover == "vehicle"
    assert 'mover = "vehicle"' in city.layer("vehicles").definition.to_toml()
    assert city.tracks("vehicles").tracks().table["mover"].to_pylist() == ["7"]
    assert city.check("vehicles")
    with pytest.raises(InvalidInput) as refused:
        city.load("vehicles", FRAME.assign(id=["b1", "b2"]), mover="speed")
    assert refused.value.kind == "other-definition"
    assert city.draft("more", FRAME, **WAYS, mover="vehicle").definition.mover == "vehicle"


def test_a_column_that_is_not_there_or_names_nobody_is_refused(city):
    with pytest.raises(NotFound) as missing:
        city.load("vehicles", FRAME, **WAYS, mover="vehicel")
    assert (missing.value.kind, missing.value.nearest[0]) == ("missing-column", "vehicle")
    with pytest.raises(InvalidInput) as numbers:
        city.load("vehicles", FRAME, **WAYS, mover="speed")
    assert numbers.value.kind == "not-a-mover"
    with pytest.raises(NotFound) as unknown:
        city.load("vehicles", FRAME, definition=read('mover = "vehicel"'))
    assert unknown.value.kind == "unknown-column"
    with pytest.raises(InvalidInput) as features:
        city.load("vehicles", FRAME, key="id", lon="lon", lat="lat", mover="vehicle", valid_from="2024-01-01")
    assert features.value.kind == "two-kinds"
    assert not city.layers()


def test_a_layer_that_is_there_gets_its_mover_by_an_edit(city, tmp_path):
    city.load("vehicles", FRAME.assign(vehicle=[7, 12]), **WAYS)
    with pytest.raises(InvalidInput) as none:
        city.tracks("vehicles")
    assert none.value.kind == "no-mover"
    path = tmp_path / "city" / "layers" / "vehicles.toml"
    text = "\n".join(path.read_text(encoding="utf-8").splitlines()[1:])
    path.write_text('mover = "vehicle"\n' + text, encoding="utf-8")
    assert city.tracks("vehicles").tracks().table["mover"].to_pylist() == [7, 12]
    assert all(not finding.faults for finding in city.check("vehicles"))
    path.write_text('mover = "driver"\n' + text, encoding="utf-8")
    faults = [finding.example or "" for finding in city.check("vehicles") if finding.faults]
    assert any("'driver' is the mover" in fault for fault in faults)
