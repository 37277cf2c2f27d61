import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.paas.grid.division.cell import closed
from stcloud.paas.grid.division.ground import PlotIndex
from stcloud.paas.grid.division.ring import keyhole, measures
from stcloud.testing.examples import examples

NOTHING = np.array([], dtype=object)
few = settings(deadline=None, max_examples=examples(30))


def keyholed(place, buildings=NOTHING):
    (plot,) = PlotIndex.of(buildings, NOTHING).plots(np.array([place]))
    return keyhole(place, plot, 10.0)


@few
@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), max_size=5, unique=True))
def test_a_keyhole_closes_again(spots):
    """A polygon with holes becomes one ring; without its slits the ring is the polygon again."""
    holes = [shapely.box(x * 30 + 5, y * 30 + 5, x * 30 + 25, y * 30 + 20) for x, y in spots]
    place = shapely.segmentize(shapely.box(0, 0, 270, 270).difference(shapely.union_all(holes)), 10)
    (again,), owner = closed([keyholed(place)])
    assert again.equals(place)
    assert owner.tolist() == [0]


def test_a_slit_goes_around_a_building():
    """The shortest slit would part a building; another one is taken."""
    place = shapely.segmentize(shapely.box(0, 0, 300, 300).difference(shapely.box(40, 100, 90, 150)), 10)
    building = shapely.box(10, 80, 30, 170)
    ring = keyholed(place, np.array([building]))
    assert not shapely.LineString(ring).intersects(building.buffer(-0.2))
    assert measures(ring)[0] == place.area


def test_a_ring_that_touches_itself_is_two_polygons():
    """No cell is left with two parts that meet in a point."""
    ring = np.array([(0, 0), (1, 0), (1, 1), (2, 1), (2, 2), (1, 2), (1, 1), (0, 1), (0, 0)], dtype=float)
    polygons, owner = closed([ring])
    assert sorted(one.wkt for one in shapely.normalize(polygons)) == sorted(
        one.wkt for one in shapely.normalize([shapely.box(0, 0, 1, 1), shapely.box(1, 1, 2, 2)])
    )
    assert owner.tolist() == [0, 0]


def test_a_hole_may_touch_the_outline():
    """A hole that meets the outline in a point is joined to it elsewhere."""
    place = shapely.segmentize(shapely.Polygon(
        [(0, 0), (100, 0), (200, 0), (200, 100), (0, 100)], [[(100, 0), (120, 40), (80, 40)]]
    ), 10)  # fmt: skip
    (again,), _ = closed([keyholed(place)])
    assert again.equals(place)
