"""Units asked for with a pin: the grid is taken as it was known then, also where it was corrected since."""

from __future__ import annotations

import shutil

import pandas as pd
import pytest
import shapely

import stcloud
from stcloud.iaas.engine.duck import Duck
from stcloud.testing.cases import EVENTS, GRID, grid_of

CRS, ZONE = "EPSG:32618", "America/New_York"
SOUTH, NORTH = "320582110152001", "320582110152002"
DUTIES = """
id = "duties"
kind = "feature"
key = ["number"]
[space]
none = true
[duty]
grid = "duty"
unit = "cell"
[columns]
number = {}
duty = {}
cell = {}
"""
HOUR_US = 3_600_000_000
LOADED_US = 1_717_243_200_000_000


class Clock:
    """Tells what it is set to."""

    us = LOADED_US

    def __call__(self) -> int:
        return self.us


def load_grid(city, folder, edge):
    """Load two cells whose common edge lies at a height."""
    west, east = 500_000, 500_100
    shapes = [shapely.box(west, 4_500_000, east, edge), shapely.box(west, edge, east, 4_500_100)]
    grid_of(shapes, [SOUTH, NORTH]).set_crs(CRS, allow_override=True).to_file(folder / f"{edge}.gpkg")
    definition = stcloud.Definition.from_toml(GRID.replace("EPSG:4547", CRS), name="cells")
    city.load("cells", folder / f"{edge}.gpkg", definition=definition, valid_from="2024-03-10")


def load_duties(city, folder, cell):
    """Give the one duty grid a cell."""
    pd.DataFrame({"number": ["1"], "duty": ["d1"], "cell": [cell]}).to_csv(
        folder / f"{cell}.csv", index=False
    )
    definition = stcloud.Definition.from_toml(DUTIES, name="duties")
    city.load("duties", folder / f"{cell}.csv", definition=definition, valid_from="2024-03-10")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A grid whose cells meet at height 40, then events at 10, 50, 90 and 95, on and before the grid's first day."""
    clock, folder = Clock(), tmp_path_factory.mktemp("model")
    stcloud.create(folder / "city", crs=CRS, zone=ZONE)
    city = stcloud.open(folder / "city", clock=clock)
    load_grid(city, folder, 4_500_040)
    clock.us += HOUR_US
    load_duties(city, folder, SOUTH)
    clock.us += HOUR_US
    heights = [4_500_010.0, 4_500_050.0, 4_500_090.0, 4_500_095.0]
    times = ["2024-03-10 00:00", "2024-03-09 23:59:59", "2024-03-10T05:00:00Z"]
    at = [times[0]] * 4 + [*times, times[2]]
    frame = pd.DataFrame({"id": range(8), "at": at, "x": 500_050.0, "y": heights * 2})
    frame.to_csv(folder / "cases.csv", index=False)
    definition = stcloud.Definition.from_toml(EVENTS.replace("EPSG:4547", CRS), name="cases")
    city.load("cases", folder / "cases.csv", definition=definition)
    return folder


@pytest.fixture(params=[1_000_000, 0], ids=["in memory", "by SQL"])
def city(request, model, tmp_path):
    """A copy of the city, an hour after its last load."""
    shutil.copytree(model, tmp_path, dirs_exist_ok=True)
    clock = Clock()
    clock.us += 3 * HOUR_US
    city = stcloud.open(tmp_path / "city", clock=clock, engine=Duck(small_rows=request.param))
    return city, clock, tmp_path


def correct(city, clock, folder):
    """Move the edge to 60: the events at 50 lie in the other cell; and give the duty grid the other cell."""
    load_grid(city, folder, 4_500_060)
    load_duties(city, folder, NORTH)
    clock.us += HOUR_US


ASKED = {
    "count": lambda query: query.count(by=["unit"]),
    "count by prefix and cell": lambda query: query.count(by=["community", "unit", "cell:10m"]),
    "where": lambda query: query.where(f"unit:{NORTH}").rows(),
    "not where": lambda query: query.where(f"not unit:{NORTH}").count(),
    "rows": lambda query: query.rows(),
    "restated": lambda query: query.restated("2024-06-01").count(by=["unit"]),
    "restated where": lambda query: query.restated("2024-06-01").where(f"unit:{SOUTH}").count(),
    "rate": lambda query: query.measure("per_km2", by=["unit"]),
    "duty": lambda query: query.where("duty:duties:d1").rows(),
    "duties": lambda query: query.count(by=["duty:duties"]),
}


@pytest.mark.costly
@pytest.mark.parametrize("name", ASKED)
def test_a_pinned_question_by_unit_is_answered_as_before_a_correction(city, name):
    city, clock, folder = city
    ask = ASKED[name]
    before, at = ask(city.query("cases")), clock.us - 1
    pin = before.pin
    correct(city, clock, folder)
    after = ask(city.query("cases"))
    for known in (pin, at):
        again = ask(city.query("cases").known_at(known))
        assert again.table.equals(before.table)
    again = ask(city.query("cases").known_at(pin))
    assert again.facts["units"] == before.facts["units"]
    assert again.pin == pin
    assert not after.table.equals(before.table)
    assert after.facts["units"] != before.facts["units"]


def test_a_pin_later_than_the_correction_is_served_by_the_index(city):
    city, clock, folder = city
    correct(city, clock, folder)
    query = city.query("cases").known_at(clock.us)
    assert "re-stated" not in str(query.explain())
    assert query.count(by=["unit"]).table.equals(city.query("cases").count(by=["unit"]).table)


def test_before_the_grid_was_known_no_event_has_a_unit(tmp_path):
    clock = Clock()
    stcloud.create(tmp_path / "city", crs=CRS, zone=ZONE)
    city = stcloud.open(tmp_path / "city", clock=clock)
    frame = pd.DataFrame({"id": ["early"], "at": ["2024-03-11 12:00"], "x": [500_050.0], "y": [4_500_010.0]})
    frame.to_csv(tmp_path / "early.csv", index=False)
    definition = stcloud.Definition.from_toml(EVENTS.replace("EPSG:4547", CRS), name="cases")
    city.load("cases", tmp_path / "early.csv", definition=definition)
    clock.us += HOUR_US
    pin = city.query("cases").count().pin
    load_grid(city, tmp_path, 4_500_040)
    city.index("cases")
    assert city.query("cases").known_at(pin).count().table["count"].to_pylist() == [1]
    assert city.query("cases").count(by=["unit"]).table["unit"].to_pylist() == [SOUTH]
    early = city.query("cases").known_at(LOADED_US + HOUR_US // 2)
    assert early.count(by=["unit"]).table["unit"].to_pylist() == [None]
    assert early.rows().table["st_unit"].to_pylist() == [None]


EXPLAINED = {
    "duty": (lambda query: query.where("duty:duties:d1").explain(), ("duties",)),
    "duties": (lambda query: query.explain(by=["duty:duties"]), ("duties",)),
    "restated": (lambda query: query.restated("2024-06-01").explain(by=["unit"]), ("cells",)),
    "pinned": (lambda query: query.known_at(LOADED_US + 3 * HOUR_US - 1).explain(by=["unit"]), ("cells",)),
    "as indexed": (lambda query: query.explain(by=["unit"]), ()),
}


@pytest.mark.parametrize("name", EXPLAINED)
def test_an_explanation_of_units_reads_no_row(request, city, name):
    """It names the layers that a run reads first: the grid only where events are located anew."""
    city, clock, folder = city
    correct(city, clock, folder)
    query = city.query("cases")
    request.getfixturevalue("no_rows")
    explain, layers = EXPLAINED[name]
    assert explain(query).layers == layers
