"""A unit grid at a glance: its versions and areas count cells as plain rows do."""

from collections import Counter

import geopandas
import numpy as np
import pytest
import shapely

import stcloud
from stcloud.city.gridoverview import grid_overview
from stcloud.errors import InvalidInput
from stcloud.testing.cases import CRS, GRID, grid_of
from stcloud.testing.town import quads
from stcloud.time import instant_us


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    folder = tmp_path_factory.mktemp("overview")
    shapes, codes = quads(4, 4)
    definition = stcloud.Definition.from_toml(GRID, name="grid.toml")
    with stcloud.create(folder / "city", crs=CRS, zone="Asia/Shanghai") as made:
        for day, kept in (("2020-01-01", slice(None)), ("2023-05-01", slice(3, None))):
            grid_of(shapes[kept], codes[kept]).to_file(folder / f"{day}.gpkg")
            made.load("cells", folder / f"{day}.gpkg", definition=definition, valid_from=day)
        code = str(codes[5])[:12]
        area = geopandas.GeoDataFrame({"code": [code], "name": ["North"]}, geometry=[shapely.box(116, 31, 117, 32)],
                                      crs="EPSG:4326")  # fmt: skip
        made.load("communities", area, key="code", valid_from="2020-01-01")
        yield made, [str(each) for each in codes]


@pytest.mark.parametrize(
    ("day", "gone"), [("2019-12-31", 16), ("2020-01-01", 0), ("2023-05-01", 3), ("2030-01-01", 3)]
)
def test_the_cells_of_the_areas_of_one_kind_add_up(city, day, gone):
    made, codes = city
    at_us = instant_us(day, made.configuration.zone)
    seen = grid_overview(made, "cells", at_us)
    there = codes[gone:]
    assert seen.cells == len(there)
    for kind, length in {"district": 6, "street": 9, "community": 12}.items():
        counted = {area.code: area.cells for area in seen.areas if area.kind == kind}
        assert counted == dict(Counter(code[:length] for code in there))
    named = {area.code: area.name for area in seen.areas if area.name}
    assert named == ({} if gone == 16 else {codes[5][:12]: "North"})


def test_the_cells_of_a_version_are_those_that_are_valid_at_its_instant(city):
    made, _ = city
    seen = grid_overview(made, "cells", 0)
    days = [np.datetime64(version.from_us, "us").astype(str)[:16] for version in seen.versions]
    assert days == ["2019-12-31T16:00", "2023-04-30T16:00"]
    for version in seen.versions:
        assert version.cells == len(made.query("cells").as_of(version.from_us).rows())
    with pytest.raises(InvalidInput) as refused:
        grid_overview(made, "communities", 0)
    assert refused.value.kind == "not-a-grid"
