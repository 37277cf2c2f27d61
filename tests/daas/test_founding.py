"""The definition in a layer's first commit."""

import pytest

import stcloud
from stcloud.daas.definition import Definition
from stcloud.daas.founding import founding_definition
from stcloud.errors import FormatError
from stcloud.iaas.table.table import Table

ROWS = "id,time,lon,lat\n1,2024-03-01 23:30,117.2,31.8\n"
KEYS = {"key": "id", "time": "time", "lon": "lon", "lat": "lat", "time_formats": "%Y-%m-%d %H:%M"}


@pytest.fixture
def loaded(tmp_path):
    city = stcloud.create(tmp_path / "city", crs="EPSG:4548", zone="Asia/Shanghai")
    (tmp_path / "1.csv").write_text(ROWS)
    city.load("events", tmp_path / "1.csv", **KEYS)
    return city


def test_it_is_that_of_the_layer(loaded, tmp_path):
    text = founding_definition(Table(tmp_path / "city" / "layers" / "events"))
    assert Definition.from_toml(text, name="events").digest() == loaded.layer("events").definition.digest()


def test_a_layer_whose_definition_was_not_saved_yet_is_read_by_it_and_the_next_load_saves_it(
    loaded, tmp_path
):
    place = tmp_path / "city" / "layers" / "events.toml"
    saved = place.read_text()
    place.unlink()
    with stcloud.open(tmp_path / "city") as again:
        assert again.query("events").to_arrow().num_rows == 1
        assert [finding for finding in again.check() if finding.faults] == []
        assert again.load("events", tmp_path / "1.csv", **KEYS).known
    assert place.read_text() == saved


def test_later_a_definition_that_is_missing_is_damage(loaded, tmp_path):
    (tmp_path / "2.csv").write_text(ROWS.replace("\n1,", "\n2,"))
    loaded.load("events", tmp_path / "2.csv")
    (tmp_path / "city" / "layers" / "events.toml").unlink()
    with stcloud.open(tmp_path / "city") as again, pytest.raises(FormatError) as damaged:
        again.query("events")
    assert damaged.value.kind == "damaged-city"
