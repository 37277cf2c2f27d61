"""The index of events: whoever is killed, deleted or damaged, no event keeps a code of another grid."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

import stcloud
from stcloud.daas.table.layer import EventLayer
from stcloud.errors import InvalidInput
from stcloud.iaas.store.folder import Folder
from stcloud.index import size
from stcloud.testing.cases import CRS, EVENTS, GRID, events, grid_of
from stcloud.testing.town import quads


@pytest.fixture(scope="module", autouse=True)
def kept_indexes():
    """Keep indexes on disk however small their layers are."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(size, "SMALL_VERTICES", -1)
        yield


class Killed(BaseException):
    """Stands for a process that ends here."""


def die(*_, **__):
    raise Killed


@pytest.fixture
def city(tmp_path):
    """A city with two grids of other codes, and events indexed on the first."""
    found = stcloud.create(tmp_path / "city", crs=CRS, zone="Asia/Shanghai")
    shapes, codes = quads(3, 3)
    others = ["9" * 12 + code[12:] for code in codes.tolist()]
    rows = events(60, 1, shapely.total_bounds(shapes))
    rows.to_csv(tmp_path / "cases.csv", index=False)
    for name, texts in (("a", codes), ("b", others)):
        grid_of(shapes, texts).to_file(tmp_path / f"{name}.gpkg")
        load_grid(found, name, tmp_path / f"{name}.gpkg")
    load_events(found, tmp_path / "cases.csv")
    found.index("cases", "a")
    return found


def load_grid(city, name, file, text=GRID, day="2015-01-01"):
    city.load(name, file, definition=stcloud.Definition.from_toml(text, name=name), valid_from=day)


def load_events(city, file):
    city.load("cases", file, definition=stcloud.Definition.from_toml(EVENTS, name="cases"))


def beginnings(city):
    rows = city.query("cases").to_pandas()["st_unit"].dropna()
    return set(rows.str[:3])


def test_killed_while_changing_grids_it_is_not_indexed(city, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(Folder, "write_text", die)
        with pytest.raises(Killed):
            city.index("cases", "b")
    assert "units" not in city.query("cases").facts()
    with pytest.raises(InvalidInput):
        city.query("cases").count(["unit"])
    city.index("cases", "a")
    assert beginnings(city) == {"990"}


def test_a_layer_made_anew_is_not_taken_for_indexed(city, tmp_path, monkeypatch):
    city.delete("cases")
    city.delete("b")
    with monkeypatch.context() as patch:
        patch.setattr(EventLayer, "write_anew", die)
        with pytest.raises(Killed):
            load_events(city, tmp_path / "cases.csv")
    opened = stcloud.open(tmp_path / "city")
    assert "units" not in opened.query("cases").facts()
    moved = events(5, 1, shapely.total_bounds(quads(3, 3)[0]))
    moved["x"] += 1
    moved.to_csv(tmp_path / "moved.csv", index=False)
    load_events(opened, tmp_path / "moved.csv")
    rows = opened.query("cases").to_pandas()
    at = np.array([one.value // 1000 for one in rows["st_time"]])
    located = opened.grid("a").locate(rows["st_x"].to_numpy(), rows["st_y"].to_numpy(), at).to_pylist()
    assert [one if isinstance(one, str) else None for one in rows["st_unit"]] == located


def test_a_grid_that_is_no_grid_any_more_blocks_nothing(city, tmp_path):
    city.delete("a")
    load_grid(city, "a", tmp_path / "a.gpkg", GRID.replace("[grid]\n", ""))
    assert "units" not in city.query("cases").facts()
    assert city.index("cases", "b").changed > 0
    assert beginnings(city) == {"999"}


def test_a_damaged_mark_says_nothing(city, tmp_path):
    (tmp_path / "city" / "index" / "cases.json").write_text('{"grid"')
    assert len(city.query("cases").rows()) == 60
    city.index("cases", "b")
    assert beginnings(city) == {"999"}


@pytest.mark.costly
@pytest.mark.parametrize("name", ["start_us", "codes", "edges", "ids"])
def test_a_damaged_index_is_made_anew(city, tmp_path, name):
    wanted = city.query("cases").restated("2021").count(["unit"]).to_records()
    (file,) = (tmp_path / "city" / "index" / "a").glob(f"*/{name}.npy")
    np.save(file, np.load(file)[:-2])
    opened = stcloud.open(tmp_path / "city")
    assert opened.query("cases").restated("2021").count(["unit"]).to_records() == wanted


def test_a_cell_that_is_no_area_holds_nothing(city, tmp_path):
    shapes, codes = quads(3, 3)
    shapes = list(shapes)
    shapes[4] = shapely.LineString([(500_000, 3_380_000), (500_010, 3_380_000)])
    grid_of(shapes, codes).to_file(tmp_path / "line.gpkg")
    load_grid(city, "a", tmp_path / "line.gpkg", day="2021-01-01")
    middle = shapely.centroid(quads(3, 3)[0][4])
    found = city.grid("a")
    assert found.locate([middle.x], [middle.y]).to_pylist() == [None]
    assert found.check().counts["no-polygon"] == 1


def test_a_word_that_is_no_part_of_a_code_is_told_as_such(city):
    for word in ("unit:foo", "unit:"):
        with pytest.raises(InvalidInput) as told:
            city.query("cases").count([word])
        assert told.value.kind == "unknown-group"


def test_a_period_before_the_year_1_is_refused(city, tmp_path):
    with pytest.raises(InvalidInput) as told:
        load_grid(city, "a", tmp_path / "a.gpkg", day="0001-01-01")
    assert told.value.kind == "out-of-range"
