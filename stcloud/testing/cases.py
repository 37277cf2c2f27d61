"""A small grid and events in it, for tests of what lies in which cell when.

Tested by `tests/paas/grid/test_index.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import geopandas
import numpy as np
import pandas as pd

__all__ = ["AREAS", "CRS", "EVENTS", "GRID", "events", "grid_of"]

CRS = "EPSG:4547"
GRID = """
id = "cells"
kind = "feature"
key = ["gridCode"]
[space]
column = "geometry"
encoding = "wkb"
crs = "EPSG:4547"
[grid]
[columns]
gridCode = {}
"""
AREAS = """
id = "areas"
kind = "feature"
key = ["name"]
[space]
column = "geometry"
encoding = "wkb"
crs = "EPSG:4547"
[columns]
name = {}
"""
"""Definition of a layer of features, by name, in the same CRS."""

EVENTS = """
id = "cases"
kind = "event"
key = ["id"]
[time]
column = "at"
[space]
x = "x"
y = "y"
crs = "EPSG:4547"
"""


def grid_of(shapes: Sequence[Any], codes: Sequence[str]) -> geopandas.GeoDataFrame:
    """Return cells as a frame that `GRID` reads."""
    return geopandas.GeoDataFrame({"gridCode": codes}, geometry=shapes, crs=CRS)


def events(count: int, seed: int, bounds: Sequence[float]) -> pd.DataFrame:
    """Return events that `EVENTS` reads, in and around a box, from October 2019 on for three years."""
    chance = np.random.default_rng(seed)
    west, south, east, north = bounds
    day = pd.Timestamp("2019-10-01", tz="Asia/Shanghai")
    return pd.DataFrame(
        {
            "id": [f"{seed}-{number}" for number in range(count)],
            "at": [
                (day + pd.Timedelta(hours=float(h))).isoformat() for h in chance.uniform(0, 26_000, count)
            ],
            "x": chance.uniform(west - 50, east + 50, count).round(3),
            "y": chance.uniform(south - 50, north + 50, count).round(3),
        }
    )
