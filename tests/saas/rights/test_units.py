"""Units of events are those of the grid that may be read: there are none without all of it."""

import pandas as pd
import pytest
import shapely

import stcloud
from stcloud.errors import StcloudError
from stcloud.saas.rights.permits import Permits
from stcloud.saas.rights.policy import Policy
from stcloud.saas.rights.principal import Principal
from stcloud.testing.cases import CRS, EVENTS, GRID, events, grid_of
from stcloud.testing.town import quads

RULE = "[[allow]]\nwho = {who!r}\ndo = 'read'\nlayers = {layer!r}\n{more}\n"


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    folder = tmp_path_factory.mktemp("units")
    shapes, codes = quads(4, 4)
    grid_of(shapes, codes).to_file(folder / "cells.gpkg")
    rows = events(40, 0, shapely.total_bounds(shapes))
    with stcloud.create(folder / "city", crs=CRS, zone="Asia/Shanghai") as made:
        made.load("cells", folder / "cells.gpkg", definition=read(GRID), valid_from="2020-01-01")
        made.load("cases", pd.DataFrame(rows), definition=read(EVENTS))
        made.index("cases")
        yield made


def read(text):
    return stcloud.Definition.from_toml(text, name="definition.toml")


def seen_by(who, city, place):
    first = city.query("cells").as_of("2024").rows().table["st_key"][0].as_py()
    text = "".join(RULE.format(who=who, layer="cases", more="") for who in ("none", "part", "all"))
    text += RULE.format(who="part", layer="cells", more=f"""what = "key = '{first}'" """)
    text += RULE.format(who="all", layer="cells", more="")
    return Permits(city, Policy.from_toml(text, name="policy.toml"), place).city_for(Principal(who))


@pytest.mark.parametrize("who", ["none", "part"])
def test_without_all_of_the_grid_events_have_no_units(city, who, tmp_path):
    seen = seen_by(who, city, tmp_path)
    assert "st_unit" not in seen.query("cases").rows().table.schema.names
    with pytest.raises(StcloudError, match="not indexed"):
        seen.query("cases").count(by=["unit"])
    with pytest.raises(StcloudError, match="not indexed"):
        seen.query("cases").where("unit:").count()
    assert len(seen.query("cases").rows()) == len(city.query("cases").rows())


def test_with_all_of_the_grid_units_are_those_of_the_city(city, tmp_path):
    shown, expected = (
        some.query("cases").count(by=["unit"]).table for some in (seen_by("all", city, tmp_path), city)
    )
    assert shown.equals(expected)
