"""A patrol that crosses cells of a grid, of which two become one while it is on its way."""

import pandas as pd
import pytest
import shapely

import stcloud
from stcloud.testing.cases import AREAS, CRS, GRID, grid_of

WEST, SOUTH = 500_000.0, 3_500_000.0
CODES = ["350203001001001", "350203001001002", "350203001001003", "350203001001004"]
MERGED = "350203001001005"


def squares(*columns):
    return [shapely.box(WEST + 100 * one, SOUTH, WEST + 100 * end, SOUTH + 100) for one, end in columns]


@pytest.fixture(scope="package")
def patrol_town(tmp_path_factory):
    """Make the city: from 10:00:50 on the second and third cell are one; a patrol is then in the second one."""
    folder = tmp_path_factory.mktemp("patrol")
    city = stcloud.create(folder / "city", crs=CRS, zone="Asia/Shanghai")
    definition = stcloud.Definition.from_toml(GRID, name="cells")
    before = grid_of(squares((0, 1), (1, 2), (2, 3), (3, 4)), CODES)
    after = grid_of(squares((0, 1), (1, 3), (3, 4)), [CODES[0], MERGED, CODES[3]])
    city.load("cells", before, definition=definition, valid_from="2020-01-01")
    city.load("cells", after, valid_from="2024-03-01T10:00:50")
    areas = after[:2].rename(columns={"gridCode": "name"}).assign(name=["west", "middle"])
    city.load(
        "areas", areas, definition=stcloud.Definition.from_toml(AREAS, name="areas"), valid_from="2020-01-01"
    )
    at = pd.Timestamp("2024-03-01T09:58:20") + pd.to_timedelta([0, 200, 400, 1200, 1300], unit="s")
    rows = pd.DataFrame(
        {"id": range(5), "who": "p1", "at": at.strftime("%Y-%m-%d %H:%M:%S"),
         "x": [WEST, WEST + 200, WEST + 250, WEST + 50, WEST + 350], "y": SOUTH + 50}
    )  # fmt: skip
    city.load("patrols", rows, key="id", time="at", x="x", y="y", crs=CRS, mover="who")
    city.index("patrols", "cells")
    yield city
    city.close()
