import itertools

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.paas.grid.division.cost import cells_cost
from stcloud.paas.grid.division.cut import best_cut, detour
from stcloud.paas.grid.division.ground import PlotIndex
from stcloud.paas.grid.division.preset import PRESETS
from stcloud.testing.examples import examples

TARGET_M2, WEIGHTS = 10_000.0, (0.35, 6.0, 0.5, 2.0)
NOTHING = np.array([], dtype=object)
few = settings(deadline=None, max_examples=examples(25))


def star(radii):
    angles = np.linspace(0, 2 * np.pi, len(radii), endpoint=False)
    return shapely.Polygon(np.array(radii)[:, None] * np.column_stack((np.cos(angles), np.sin(angles))))


def cut(place, buildings=NOTHING, weight=3.0):
    """The cheapest cut of a polygon around the origin: its line, its cost."""
    (plot,) = PlotIndex.of(buildings, NOTHING).plots(np.array([place]))
    at = shapely.get_coordinates(place)[:-1] - plot.origin
    x, y = np.ascontiguousarray(at[:, 0]), np.ascontiguousarray(at[:, 1])
    i, _, way, cost, _ = best_cut(x, y, np.arange(len(x)), TARGET_M2, WEIGHTS, plot.obstacles(at), weight)
    return (shapely.LineString(way + plot.origin) if i >= 0 else None), cost


@few
@given(st.lists(st.floats(60, 160), min_size=5, max_size=14))
def test_no_chord_inside_is_cheaper(radii):
    """The cut found is the cheapest of all chords that lie inside, by a slow search with a geometry library."""
    place = star(radii)
    best = np.inf
    for p, q in itertools.combinations(shapely.get_coordinates(place)[:-1], 2):
        chord = shapely.LineString([p, q])
        parts = shapely.get_parts(shapely.polygonize([shapely.node(place.boundary | chord)]))
        inside = chord.interpolate(0.5, normalized=True).within(place) and place.buffer(1e-6).covers(chord)
        if inside and len(parts) == 2 and min(one.area for one in parts) >= 0.4 * TARGET_M2:
            best = min(best, sum(cells_cost(one.area, one.length, TARGET_M2, WEIGHTS)[0] for one in parts))
    line, cost = cut(place)
    assert np.isclose(cost, best, rtol=1e-6)
    assert line is None or place.buffer(1e-6).covers(line)


@few
@given(st.floats(-30, 30), st.floats(-30, 30), st.floats(5, 25), st.floats(5, 25))
def test_a_cut_goes_around_a_building(x, y, wide, high):
    """A building in a wide place is not parted."""
    place = shapely.segmentize(shapely.box(-100, -50, 100, 50), 10)
    building = shapely.box(x - wide, y - high, x + wide, y + high)
    line, _ = cut(place, np.array([building]), weight=50.0)
    assert line is not None
    assert not line.intersects(building.buffer(-0.11))


def test_a_way_follows_the_wall_that_buildings_share():
    """Between two houses that touch, the way goes along their wall."""
    houses = np.array([shapely.box(-20, -10, 2, 10), shapely.box(2, -10, 30, 10)])
    (plot,) = PlotIndex.of(houses, NOTHING).plots(np.array([shapely.box(-50, -50, 50, 50)]))
    at = np.array([(0.0, -40.0), (0.0, 40.0)]) - plot.origin
    way, parted = detour(*at[0], *at[1], plot.obstacles(np.array([(-50.0, -50.0), (50.0, 50.0)])))
    assert parted == 0
    assert (way + plot.origin).tolist() == [[0, -40], [2, -10], [2, 10], [0, 40]]


def test_a_place_too_small_to_cut_has_no_cut():
    """Both parts must be of some size."""
    assert cut(shapely.box(-40, -40, 40, 40))[0] is None


def test_presets_tell_their_name():
    """A preset is found under the name it bears."""
    assert all(name == one.name for name, one in PRESETS.items())
