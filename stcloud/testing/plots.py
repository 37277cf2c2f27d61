"""Buildings, components and water of an invented town. Tested by `tests/testing/test_town.py`."""

from __future__ import annotations

import numpy as np
import shapely

from stcloud.testing.layout import Chance, Floats, Ints, Layout
from stcloud.testing.roads import Geometries

__all__ = ["buildings", "components", "ponds", "river"]

_SETBACK_M, _CLEAR_M = 9.0, 4.0
_PER_KM2 = 2_000


def river(layout: Layout, chance: Chance) -> shapely.Polygon:
    """Draw a river from the west side to the east side, 60 to 110 m wide."""
    side = layout.side_m
    u = np.linspace(0, side, max(8, round(side / 40)))
    phase, width = chance.uniform(0, 2 * np.pi, 3), chance.uniform(30, 40) + 15 * np.sin(u / 1_300)
    middle = side * (0.4 + 0.05 * np.sin(u / 1_700 + phase[0]) + 0.02 * np.sin(u / 600 + phase[1]))
    banks = [layout.bend(np.stack((u, middle + turn * width), axis=-1)) for turn in (-1, 1)]
    return shapely.Polygon(np.concatenate((banks[0], banks[1][::-1])))


def ponds(layout: Layout, streets: Geometries, chance: Chance) -> Geometries:
    """Draw ponds of 15 to 60 m where there is room between streets, about one per 2 km²."""
    count = round(2e-6 * layout.side_m**2)
    middle = layout.bend(chance.uniform(0.02, 0.98, (count, 1, 2)) * layout.side_m)
    angle = np.linspace(0, 2 * np.pi, 25)[:-1]
    radius = chance.uniform(15, 60, (count, 1)) * (
        1 + 0.2 * np.sin(3 * angle + chance.uniform(0, 6, (count, 1)))
    )
    shore = middle + radius[..., None] * np.stack((np.cos(angle), np.sin(angle)), axis=-1)
    drawn = np.asarray(shapely.polygons(np.round(shore, 3)))
    return drawn[_free(drawn, shapely.STRtree(streets), 5.0)]


def buildings(layout: Layout, streets: Geometries, water: Geometries, chance: Chance) -> Geometries:
    """Draw buildings in plots of blocks, turned as the streets are; those that would touch something are left out."""
    column, row, at, size = _plots(layout, chance)
    middle = layout.place(column, row, *at.T)
    ahead = layout.place(column, row, at[:, 0] + 0.01, at[:, 1]) - middle
    east = ahead / np.hypot(*ahead.T)[:, None]
    north = np.stack((-east[:, 1], east[:, 0]), axis=-1)
    count = len(middle)
    corner = chance.uniform(0.0, 0.45, (count, 2)) * size  # of an L; the south-east of a rectangle
    half, angled = size / 2, chance.random(count) < 0.25
    x = np.stack(
        (
            -half[:, 0],
            half[:, 0] - corner[:, 0],
            half[:, 0] - corner[:, 0],
            half[:, 0],
            half[:, 0],
            -half[:, 0],
        )
    )
    y = np.stack(
        (
            -half[:, 1],
            -half[:, 1],
            corner[:, 1] - half[:, 1],
            corner[:, 1] - half[:, 1],
            half[:, 1],
            half[:, 1],
        )
    )
    x[1:3, ~angled], y[2:4, ~angled] = half[~angled, 0], -half[~angled, 1]
    shape = np.round(middle[:, None] + x.T[..., None] * east[:, None] + y.T[..., None] * north[:, None], 3)
    drawn = np.empty(count, object)
    drawn[angled] = shapely.polygons(shape[angled])
    drawn[~angled] = shapely.polygons(shape[~angled][:, [0, 1, 4, 5]])
    drawn = drawn[
        _free(drawn, shapely.STRtree(streets), _CLEAR_M) & _free(drawn, shapely.STRtree(water), 1.0)
    ]
    first, second = shapely.STRtree(drawn).query(drawn, predicate="intersects")
    return np.delete(drawn, np.unique(second[second > first]))


def _plots(layout: Layout, chance: Chance) -> tuple[Ints, Ints, Floats, Floats]:
    """Divide blocks into plots: column, row, middle (fractions of a superblock) and size (metres) of a building."""
    across = layout.across
    ends = np.concatenate(
        (np.zeros((across, across, 2, 1)), layout.cuts, np.ones((across, across, 2, 1))), axis=-1
    )
    i, j, a, b = (
        axis.ravel() for axis in np.indices((across, across, ends.shape[-1] - 1, ends.shape[-1] - 1))
    )
    start = np.stack((ends[i, j, 0, a], ends[i, j, 1, b]), axis=-1)
    stop = np.stack((ends[i, j, 0, a + 1], ends[i, j, 1, b + 1]), axis=-1)
    block_m = layout.size(i, j)
    room = (stop - start) * block_m - 2 * _SETBACK_M
    large = chance.random(len(i)) < 0.03
    pitch = np.where(large[:, None], 120.0, chance.uniform(21.5, 35, (len(i), 2)))
    plots = np.where((room > 18).all(axis=1)[:, None], np.maximum(1, np.floor(room / pitch)), 0).astype(int)
    plots[chance.random(len(i)) < 0.05] = 0  # parks
    count = plots.prod(axis=1)
    block = np.repeat(np.arange(len(i)), count)
    within = np.arange(len(block)) - np.repeat(np.cumsum(count) - count, count)
    place = np.stack(
        (within % np.maximum(plots[block, 0], 1), within // np.maximum(plots[block, 0], 1)), axis=-1
    )
    inner = ((place > 0) & (place < plots[block] - 1)).all(axis=1)
    kept = chance.random(len(block)) < np.where(inner, 0.75, 0.96)
    block, place = block[kept], place[kept]
    plot = room[block] / plots[block]
    size = np.minimum(plot * chance.uniform(0.5, 0.88, plot.shape), 110)
    middle = (place + 0.5) * plot + (plot - size) * chance.uniform(-0.3, 0.3, plot.shape) + _SETBACK_M
    return i[block], j[block], start[block] + middle / block_m[block], size


def components(layout: Layout, streets: Geometries, houses: Geometries, chance: Chance) -> Geometries:
    """Strew points: three in four along streets, more along some than others; the rest near buildings."""
    count = round(_PER_KM2 * layout.side_m**2 / 1e6)
    along = chance.binomial(count, 0.75) if len(houses) else count
    weight = shapely.length(streets) * chance.gamma(1.2, 1.0, len(streets))
    which = streets[np.sort(chance.choice(len(streets), along, p=weight / weight.sum()))]
    at = chance.uniform(0, 1, along) * shapely.length(which)
    here, next_ = (
        shapely.get_coordinates(shapely.line_interpolate_point(which, at + far)) for far in (0, -0.5)
    )
    side = chance.uniform(2.5, 9, along) * np.where(chance.random(along) < 0.5, -1, 1)
    way = here - next_
    way /= np.maximum(np.hypot(*way.T), 1e-9)[:, None]
    beside = here + side[:, None] * np.stack((-way[:, 1], way[:, 0]), axis=-1)
    middle = shapely.get_coordinates(shapely.centroid(houses))
    crowd = chance.gamma(0.5, 1.0, len(houses))
    near = (
        chance.choice(len(houses), count - along, p=crowd / crowd.sum()) if len(houses) else np.empty(0, int)
    )
    strewn = middle[near] + chance.normal(0, 14, (len(near), 2))
    low = np.array(layout.origin)
    points = np.clip(np.concatenate((beside, strewn)), low + 0.001, low + layout.side_m - 0.001)
    return np.asarray(shapely.points(np.round(points, 3)))


def _free(
    shapes: Geometries, tree: shapely.STRtree, distance_m: float
) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Return a mask of shapes that stay away from all of a tree."""
    free = np.ones(len(shapes), np.bool_)
    free[tree.query(shapes, predicate="dwithin", distance=distance_m)[0]] = False
    return free
