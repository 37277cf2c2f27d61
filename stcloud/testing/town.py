"""An invented town in a metric plane, the same for the same seed, to divide and to measure with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from stcloud.testing.layout import Layout
from stcloud.testing.mosaic import noisy, quads
from stcloud.testing.plots import buildings, components, ponds, river
from stcloud.testing.roads import Edges, Geometries, communities, lanes

__all__ = ["Town", "noisy", "quads", "town"]

_BRIDGE_SHARE, _BRIDGE_M = 0.6, 180.0


@dataclass(frozen=True, slots=True, eq=False)
class Town:
    """What a town has. Everything lies in one metric plane, coordinates in whole millimetres.

    Parameters
    ----------
    side_m, seed, origin
        What it was made from: side of its square and south-west corner, metres.
    communities, community_codes
        Polygons that tile the square and share their vertices, about 4 per km²; 12 digits each: 6 of an invented
        district, 3 of the street (sub-district), 3 of the community. From north to south, west to east.
    streets, street_kinds
        LineStrings, about 9 km per km², not noded; ``arterial``, ``collector`` or ``lane``.
    buildings
        Polygons, about 700 per km², that touch neither each other nor a street nor water.
    components
        Points, 2,000 per km².
    water
        Polygons: a river first, then ponds.
    """

    side_m: float
    seed: int
    origin: tuple[float, float]
    communities: Geometries
    community_codes: NDArray[np.str_]
    streets: Geometries
    street_kinds: NDArray[np.str_]
    buildings: Geometries
    components: Geometries
    water: Geometries


def town(
    side_m: float = 10_000, seed: int = 7, origin: tuple[float, float] = (500_000.0, 3_380_000.0)
) -> Town:
    """Invent a town.

    Its streets have what a division must bear: boundaries that follow a street and such as do not, double
    carriageways, dead ends, ends that miss a street by a little, a river with few bridges.

    Parameters
    ----------
    side_m
        Side of the square, metres; 1,000 or more.
    seed
        Another seed is another town.
    origin
        South-west corner, metres.

    Returns
    -------
    The town.

    Notes
    -----
    Equal arguments give equal towns, bit for bit. Time and memory grow with the area, about 2 s for 100 km².

    Examples
    --------
    >>> small = town(1_000)
    >>> round(shapely.area(small.communities).sum()), len(small.components)
    (1000000, 2000)
    """
    if side_m < 1_000:
        raise ValueError(f"a town of {side_m:g} m is too small; give 1000 or more")
    plan, road, mass, strewn = (np.random.default_rng([seed, part]) for part in range(4))
    layout = Layout.draw(side_m, origin, plan)
    edges = Edges(layout, road)
    whole, codes = communities(edges, road)
    stream = river(layout, plan)
    streets, kinds = _streets(edges, stream, road)
    water = np.concatenate(([stream], ponds(layout, streets, mass)))
    houses = buildings(layout, streets, water, mass)
    points = components(layout, streets, houses, strewn)
    return Town(side_m, seed, origin, whole, codes, streets, kinds, houses, points, water)


def _streets(
    edges: Edges, stream: shapely.Polygon, chance: np.random.Generator
) -> tuple[Geometries, NDArray[np.str_]]:
    """Gather the streets; they end at the river but for bridges."""
    on_edges, kinds = edges.streets()
    inside = lanes(edges.layout, chance)
    streets, kind = np.concatenate((on_edges, inside)), np.array(kinds + ["lane"] * len(inside))
    shapely.prepare(stream)
    wet = shapely.intersects(stream, streets)
    bridge = (kind == "arterial") & (chance.random(len(kind)) < _BRIDGE_SHARE)
    wet &= ~(bridge & (shapely.length(shapely.intersection(streets, stream)) < _BRIDGE_M))
    dry, source = shapely.get_parts(shapely.difference(streets[wet], stream), return_index=True)
    long = shapely.length(dry) > 1.0
    dry = shapely.transform(dry[long], lambda at: np.round(at, 3))
    return np.concatenate((streets[~wet], dry)), np.concatenate((kind[~wet], kind[wet][source[long]]))
