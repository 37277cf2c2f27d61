"""A town far from UTC with a year of calls: one square kilometre has far more of them than all others."""

import numpy as np
import pandas as pd
import pytest
import shapely

import stcloud

ZONE, CRS = "Pacific/Auckland", "EPSG:2193"
WEST, SOUTH, CELL_M, ACROSS = 1_750_000.0, 5_430_000.0, 1000.0, 9


def calls():
    """Calls of 2024: each month one or two in each square kilometre, and twenty in the one of the middle."""
    rows = []
    chance = np.random.default_rng(11)
    for month in range(1, 13):
        for column in range(ACROSS):
            for row in range(ACROSS):
                count = 20 if (column, row) == (4, 4) else int(chance.integers(1, 3))
                for _ in range(count):
                    x, y = (part * CELL_M + chance.uniform(1, CELL_M - 1) for part in (column, row))
                    rows.append(
                        (f"2024-{month:02}-{chance.integers(1, 29):02} {chance.integers(0, 24):02}:30", x, y)
                    )
    frame = pd.DataFrame(rows, columns=["at", "x", "y"])
    frame["x"] += WEST
    frame["y"] += SOUTH
    frame["id"] = range(len(frame))
    frame["kind"] = chance.choice(["noise", "refuse"], len(frame))
    frame["cost"] = chance.integers(1, 50, len(frame))
    frame.loc[0, ["x", "y"]] = np.nan
    return frame


@pytest.fixture(scope="module")
def calls_town(tmp_path_factory):
    """Make the town."""
    folder = tmp_path_factory.mktemp("calls")
    stcloud.create(folder / "town", crs=CRS, zone=ZONE).close()
    with stcloud.open(folder / "town") as city:
        city.load("calls", calls(), key="id", time="at", x="x", y="y", crs=CRS)
    return folder / "town"


@pytest.fixture(scope="module")
def square():
    """Return the nine square kilometres in the middle."""
    edges = WEST + 3.5 * CELL_M, SOUTH + 3.5 * CELL_M, WEST + 5.5 * CELL_M, SOUTH + 5.5 * CELL_M
    return shapely.box(*edges)
