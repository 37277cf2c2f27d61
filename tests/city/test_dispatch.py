"""Dispatch help of a log in a city: duplicates and responsibility, each with its source, as they were known."""

import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely

import stcloud
from stcloud.city.dispatch import PlaceTime, cell_at
from stcloud.city.placelayers import LayerRoles
from stcloud.errors import InvalidInput, NotFound
from stcloud.testing.cases import CRS, GRID, grid_of
from stcloud.testing.hands import Hands
from stcloud.testing.town import quads

HEAD = "kind,edition,code,condition,filing,limit_kind,limit_value,closing,department,valid_from,valid_to,source\n"
CONDITIONS = HEAD + "component,2026,01002,rocks,It rocks,work_day,2,It lies flat,water,2020-01-01,,Handbook\n"
PARTIES = GRID + "responsibleParty = { optional = true }\n"


@pytest.fixture(scope="module")
def shapes_and_codes():
    return quads(4, 4)


@pytest.fixture
def clock():
    return Hands("2026-09-10T09:00+08:00")


@pytest.fixture
def city(tmp_path, clock, shapes_and_codes):
    """A grid of 16 cells, duty grids that changed in August, and a component, east of Greenwich by 8 hours."""
    stcloud.create(tmp_path / "city", crs=CRS, zone="Asia/Shanghai", calendar="CN").close()
    with stcloud.open(tmp_path / "city", clock=clock) as opened:
        shapes, codes = shapes_and_codes
        cells = grid_of(shapes, codes).assign(responsibleParty=[f"party {code[-3:]}" for code in codes])
        cells.to_file(tmp_path / "cells.gpkg")
        definition = stcloud.Definition.from_toml(PARTIES, name="cells")
        opened.load("cells", tmp_path / "cells.gpkg", definition=definition, valid_from="2026-01-01")
        for since, duty in (("2026-01-01", "East"), ("2026-08-01", "West")):
            frame = pd.DataFrame({"duty": duty, "unit": codes, "collector": f"{duty} c1"})
            opened.load("patrols", frame, definition="duty-grids", valid_from=since)
        point = shapely.centroid(shapes[0])
        covers = geopandas.GeoDataFrame(
            {"id": ["K1"], "ZGBMDM": ["11"], "ZGBMMC": ["Water board"]}, geometry=[point], crs=CRS
        )  # fmt: skip
        opened.load("covers", covers, key="id", valid_from="2026-01-01")
        yield opened


@pytest.fixture
def place(shapes_and_codes):
    return lonlat(shapely.centroid(shapes_and_codes[0][0]))


def lonlat(point):
    (there,) = geopandas.GeoSeries([point], crs=CRS).to_crs("EPSG:4326")
    return there.x, there.y


@pytest.fixture
def cases(city, clock, place):
    with city.cases("desk", create="urban-management") as opened:
        opened.add_rule("conditions", CONDITIONS)
        fields = {"source": "collector", "kind": "component", "class": "01002", "component": "K1"}
        opened.open(number="A", at=place, actor="c", role="collector", fields=fields)
        clock.pass_hours(1)
        opened.act("A", "file", actor="o", role="operator", fields={"condition": "rocks"})
        yield opened


def test_departments_of_a_case_come_from_condition_component_and_cell_in_this_order(cases, shapes_and_codes):
    code = shapes_and_codes[1][0]
    answer = cases.responsible("A", layers={"components": "covers"})
    assert [(each.part, each.department, each.name) for each in answer.departments] == [
        ("handling", "water", None), ("supervising", "11", "Water board"),
        ("responsible", f"party {code[-3:]}", None),
    ]  # fmt: skip
    assert [each.source.split(" (")[0] for each in answer.departments] == [
        "filing condition rocks of component 01002", "component K1 of layer covers",
        f"cell {code} of layer cells",
    ]  # fmt: skip
    assert answer.department == "water"
    assert [(duty.duty, duty.collector, duty.unit) for duty in answer.duties] == [("West", "West c1", code)]
    assert answer.reasons == ()


def test_a_duty_grid_is_that_of_the_instant(cases):
    answer = cases.responsible(lonlat_of(cases), "01002", kind="component", at="2026-07-31T23:59")
    assert [duty.duty for duty in answer.duties] == ["East"]
    answer = cases.responsible(lonlat_of(cases), "01002", kind="component", at="2026-08-01T00:00")
    assert [duty.duty for duty in answer.duties] == ["West"]


def lonlat_of(cases):
    values = cases.state("A").values
    return values["lon"], values["lat"]


def test_what_is_not_known_is_said_and_nothing_is_guessed(cases):
    answer = cases.responsible("A")
    assert [each.part for each in answer.departments] == ["handling", "responsible"]
    assert answer.reasons == ("the city has no layer of components",)
    fields = {"source": "hotline"}
    cases.open(number="B", actor="o", role="operator", fields=fields)
    answer = cases.responsible("B")
    assert answer.departments == answer.duties == ()
    assert answer.reasons == (
        "no class is given: filing conditions name departments by class", "the case names no component",
        "where the case is, is not known",
    )  # fmt: skip
    answer = cases.responsible((113.0, 25.0), "01003")
    assert answer.departments == ()
    assert "no cell of layer cells contained the place then" in answer.reasons
    with pytest.raises(InvalidInput) as refused:
        cases.responsible("A", layers={"component": "covers"})
    assert refused.value.kind == "unknown-role"
    with pytest.raises(NotFound) as refused:
        cases.responsible("A", layers={"components": "cover"})
    assert refused.value.kind == "unknown-layer"
    with pytest.raises(InvalidInput) as refused:
        cases.responsible("A", layers={"duty-grids": "covers"})
    assert refused.value.kind == "not-duties"


def test_a_case_keeps_its_department_when_the_conditions_change_later(cases, clock):
    clock.pass_hours(1)
    before = cases.zone.iso(clock.now_us)
    clock.pass_hours(1)
    cases.add_rule("conditions", CONDITIONS.replace(",water,", ",parks,"))
    place = lonlat_of(cases)
    assert cases.responsible("A").department == "water"
    assert cases.responsible(place, "01002").department == "parks"
    assert cases.responsible(place, "01002", known_at=before).department == "water"


def test_duplicates_of_a_case_are_given_with_score_and_why(cases, clock, place):
    clock.pass_hours(2)
    fields = {"source": "hotline", "kind": "component", "class": "0102"}
    cases.open(number="B", at=(place[0], place[1] + 0.0001), actor="o", role="operator", fields=fields)
    (duplicate,) = cases.duplicates("B")
    assert (duplicate.number, duplicate.state) == ("A", "filed")
    assert duplicate.distance_m == pytest.approx(11.1, abs=0.1)
    assert duplicate.hours == pytest.approx(3, abs=0.01)
    assert duplicate.why == (
        "class 01002 is the successor of 0102, 11.1 m away, reported 3.0 h before, not ended by then"
    )
    assert cases.duplicates("B", within_m=5) == []
    assert cases.duplicates("A", days=0.1) == []
    with pytest.raises(NotFound) as refused:
        cases.duplicates("B", at="2026-09-10T09:30")
    assert refused.value.kind == "unknown-case"


def test_the_cell_of_a_place_is_that_of_the_whole_grid(city, shapes_and_codes):
    chance, roles = np.random.default_rng(5), LayerRoles.of(city)
    west, south, east, north = shapely.total_bounds(shapes_and_codes[0])
    points = [
        shapely.Point(x, y)
        for x, y in zip(
            chance.uniform(west - 20, east + 20, 25), chance.uniform(south - 20, north + 20, 25), strict=True
        )
    ]
    grid, at_us = city.grid("cells"), 1_790_000_000_000_000
    units = grid.units()
    for point in points:
        cell, reason = cell_at(city, roles, PlaceTime(*lonlat(point), at_us, None))
        x, y = np.array([point.x]), np.array([point.y])
        expected = units.code_of(units.locate(x, y, at_us)).to_pylist()[0]
        assert (cell and cell.code) == expected
        assert bool(reason) == (expected is None)
