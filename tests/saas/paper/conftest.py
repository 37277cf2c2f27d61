"""A town far from UTC with two months of calls, their kinds, their ends, and its communities."""

import numpy as np
import pandas as pd
import pytest
from shapely import box

import stcloud

CRS, ZONE = "EPSG:2193", "Pacific/Auckland"
WEST, SOUTH, SIDE_M = 1_750_000.0, 5_430_000.0, 2_000.0
KINDS = ["noise", "<script>alert(1)</script>", "refuse & more"]


def calls(days=60, seed=3):
    """Calls of May and June 2024: more in the south-west, and many there on the last days."""
    chance = np.random.default_rng(seed)
    rows = []
    for day in range(days):
        opened = pd.Timestamp("2024-05-01") + pd.Timedelta(days=day)
        for number in range(8 + (25 if day > days - 8 else 0)):
            near = number % 3 == 0 or number > 8
            x, y = chance.uniform(10, 390 if near else SIDE_M - 10, 2)
            at = opened + pd.Timedelta(minutes=int(chance.integers(0, 1440)))
            closed = None if number % 7 == 0 else at + pd.Timedelta(hours=float(chance.gamma(2, 9)))
            rows.append((at, closed, WEST + x, SOUTH + y, KINDS[number % 3]))
    frame = pd.DataFrame(rows, columns=["at", "closed", "x", "y", "kind"])
    frame["id"] = range(len(frame))
    frame.loc[0, ["x", "y"]] = np.nan
    return frame


def communities():
    import geopandas

    half = SIDE_M / 2
    squares = [
        box(WEST + half * at, SOUTH + half * up, WEST + half * (at + 1), SOUTH + half * (up + 1))
        for at in (0, 1) for up in (0, 1)
    ]  # fmt: skip
    names = ["Harbour", "Hill <b>", "蓝塘", "Mill"]
    return geopandas.GeoDataFrame({"code": list("abcd"), "name": names}, geometry=squares, crs=CRS)


@pytest.fixture(scope="session")
def paper_folder(tmp_path_factory):
    """A folder with the town and a question; whoever loads more into it asks by its pin."""
    folder = tmp_path_factory.mktemp("paper")
    stcloud.create(folder / "town", crs=CRS, zone=ZONE, name="Town <i>").close()
    with stcloud.open(folder / "town") as city:
        city.load("calls", calls(), key="id", time="at", x="x", y="y", crs=CRS)
        city.load("communities", communities(), key="code", valid_from="2020-01-01")
    (folder / "june.toml").write_text('layer = "calls"\nwhen = "2024-06"\n')
    return folder


@pytest.fixture
def paper_city(paper_folder):
    with stcloud.open(paper_folder / "town") as city:
        yield city
