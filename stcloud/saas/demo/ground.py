"""The ground of Alderport, a harbour town that does not exist: blocks, streets, communities.

Tested by `tests/saas/demo/test_ground.py`.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from stcloud.space import LONLAT, project

__all__ = ["CRS", "StreetPlan", "feature", "lonlat"]

CRS = "EPSG:32651"
"""UTM zone 51 N: the town lies in the open sea."""

_ORIGIN = (499_250.0, 3_320_000.0)
_BLOCK_M = (150.0, 140.0)
_JITTER_M = 22.0
_COLUMNS, _ROWS = (0, 3, 6, 8, 10), (0, 3, 5, 8)
"""Lines of streets that are main roads: communities end there."""

_ROADS = (
    "Quay Road", "Net Lane", "Anchor Lane", "Harbour Road", "Smithy Lane", "Station Road", "Garden Lane",
    "Kiln Lane", "Ridge Road",
)  # fmt: skip
_STREETS = (
    "West Road", "Well Lane", "Chapel Lane", "Bridge Street", "School Lane", "Clock Lane", "Market Street",
    "Rope Lane", "Mill Street", "Ferry Lane", "East Road",
)  # fmt: skip
_DISTRICTS = ("Harbour", "Middle Town", "Upper Town")
_COMMUNITIES = (
    ("Lighthouse", "Old Quay", "Fish Market", "Ropewalk"),
    ("Northgate", "Town Hall", "Station", "Millpond"),
    ("Hilltop", "Orchard", "Brickworks", "Meadow"),
)
_DIVISION = "999102"
_PARK = {("road", 6, 8), ("road", 6, 9), ("street", 9, 5), ("street", 9, 6)}
"""Pieces of lanes that are not there, as (kind, line, place along it): Meadow has a park."""

_CLOSED_LANES = 8

Floats = NDArray[np.float64]
Piece = tuple[str, int, int]


@dataclass(frozen=True, eq=False)
class StreetPlan:
    """Streets and communities, in metres of `CRS`.

    Parameters
    ----------
    seed
        The same seed gives the same ground.
    """

    seed: int

    @cached_property
    def nodes(self) -> Floats:
        """Crossings ``(row, column, 2)``, from south to north and from west to east."""
        chance = np.random.default_rng([self.seed, 1])
        rows, columns = len(_ROADS), len(_STREETS)
        at = np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), axis=-1) * np.array(_BLOCK_M)
        nodes: Floats = np.round(at + _ORIGIN + chance.uniform(-_JITTER_M, _JITTER_M, at.shape), 2)
        return nodes

    @cached_property
    def gaps(self) -> frozenset[Piece]:
        """Pieces of lanes that are not there."""
        chance = np.random.default_rng([self.seed, 2])
        lanes = sorted(
            {("road", line, at) for line in range(len(_ROADS)) if line not in _ROWS for at in range(10)}
            | {
                ("street", line, at)
                for line in range(len(_STREETS))
                if line not in _COLUMNS
                for at in range(8)
            }
        )
        drawn = chance.choice(len(lanes), _CLOSED_LANES, replace=False)
        return frozenset(_PARK | {lanes[number] for number in drawn.tolist()})

    @cached_property
    def streets(self) -> list[tuple[str, str, shapely.LineString]]:
        """Names, classes and lines; a lane with a gap comes in several lines."""
        return [
            (name, "main" if number in main else "lane", shapely.LineString(way[run]))
            for kind, names, main, ways in (
                ("road", _ROADS, _ROWS, self.nodes),
                ("street", _STREETS, _COLUMNS, self.nodes.swapaxes(0, 1)),
            )
            for number, (name, way) in enumerate(zip(names, ways, strict=True))
            for run in self._runs(kind, number, len(way) - 1)
        ]

    @cached_property
    def communities(self) -> list[dict[str, Any]]:
        """Code, name, district, inhabitants and area of each; ``blocks`` are the places of its blocks."""
        chance = np.random.default_rng([self.seed, 3])
        communities = []
        for row, (south, north) in enumerate(itertools.pairwise(_ROWS)):
            for column, (west, east) in enumerate(itertools.pairwise(_COLUMNS)):
                blocks = list(itertools.product(range(south, north), range(west, east)))
                communities.append(
                    {
                        "code": f"{_DIVISION}{row + 1:03d}{column + 1:03d}",
                        "name": _COMMUNITIES[row][column],
                        "district": _DISTRICTS[row],
                        "population": int(chance.integers(120, 320)) * len(blocks),
                        "area": shapely.union_all([self.block(*block) for block in blocks]),
                        "blocks": blocks,
                    }
                )
        return communities

    def block(self, row: int, column: int) -> shapely.Polygon:
        """Return a block between four crossings."""
        corners = [(0, 0), (0, 1), (1, 1), (1, 0)]
        return shapely.Polygon([self.nodes[row + up, column + right] for up, right in corners])

    def inside(self, block: tuple[int, int], share: Floats) -> Floats:
        """Return places ``(n, 2)`` in a block; shares ``(n, 2)`` say how far to the east and to the north."""
        row, column = block
        east, north = share[:, :1], share[:, 1:]
        at = self.nodes[row : row + 2, column : column + 2]
        south = at[0, 0] * (1 - east) + at[0, 1] * east
        across: Floats = south * (1 - north) + (at[1, 0] * (1 - east) + at[1, 1] * east) * north
        return across

    def _runs(self, kind: str, line: int, pieces: int) -> list[slice]:
        there = [(kind, line, at) not in self.gaps for at in range(pieces)]
        runs, start = [], None
        for at, is_there in enumerate([*there, False]):
            if is_there and start is None:
                start = at
            elif not is_there and start is not None:
                runs.append(slice(start, at + 1))
                start = None
        return runs


def lonlat(xy: Floats) -> Floats:
    """Return places ``(n, 2)`` in degrees, to a millimetre."""
    lon, lat = project(xy[:, 0], xy[:, 1], CRS, LONLAT)
    degrees: Floats = np.column_stack((lon, lat)).astype(np.float64).round(8)
    return degrees


def feature(shape: shapely.Geometry, **properties: Any) -> dict[str, Any]:
    """Return a GeoJSON feature in degrees."""
    turned = shapely.transform(shape, lonlat)
    return {"type": "Feature", "properties": properties, "geometry": shapely.geometry.mapping(turned)}
