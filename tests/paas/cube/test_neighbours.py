"""CellNeighbours: cells that are near, each to the other, and each to itself."""

import math

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.errors import InvalidInput
from stcloud.paas.cube.neighbours import CellNeighbours
from stcloud.testing.examples import examples
from tests.paas.cube.conftest import near_of

POINTS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=20)


@given(POINTS, st.sampled_from([0, 100, 141.5, 200, 300]))
@settings(deadline=None, max_examples=examples(60))
def test_a_distance_is_between_centres_and_inclusive(points, distance_m):
    """Law: j is near i if and only if their centres are at most the distance apart."""
    x, y = np.array(points, float).T * 100
    near = near_of(CellNeighbours.within(x, y, distance_m))
    for i, mine in near.items():
        assert mine == {j for j in near if math.hypot(x[i] - x[j], y[i] - y[j]) <= distance_m}


def test_of_many_cells_the_same_are_near():
    """Many cells are searched by another tree."""
    x, y = (part.ravel() * 100.0 + 5e6 for part in np.meshgrid(np.arange(100), np.arange(80)))
    near = CellNeighbours.within(x, y, 300)
    for cell in range(0, len(x), 97):
        mine = near.cell[near.start[cell] : near.start[cell + 1]]
        assert mine.tolist() == np.flatnonzero(np.hypot(x - x[cell], y - y[cell]) <= 300).tolist()
    assert np.diff(near.start).max() == 29


@given(POINTS, st.integers(1, 5))
@settings(deadline=None, max_examples=examples(60))
def test_the_nearest_are_taken_with_all_that_are_as_near(points, count):
    x, y = np.array(points, float).T * 100
    near = near_of(CellNeighbours.nearest(x, y, count))
    for i, mine in near.items():
        far = sorted(math.hypot(x[i] - x[j], y[i] - y[j]) for j in near)
        last = far[min(count, len(far) - 1)]
        assert mine == {j for j in near if math.hypot(x[i] - x[j], y[i] - y[j]) <= last}


def test_a_distance_is_met_exactly_far_from_the_origin():
    x = 500_000.1 + np.arange(4) * 100.0
    assert near_of(CellNeighbours.within(x, np.full(4, 3_380_000.3), 100))[1] == {0, 1, 2}


def test_cells_that_share_a_side_or_a_corner_touch():
    squares = [shapely.box(x, y, x + 1, y + 1) for y in range(2) for x in range(3)]
    near = near_of(CellNeighbours.touching([*squares, shapely.box(9, 9, 10, 10), None]))
    assert near[0] == {0, 1, 3, 4}
    assert near[1] == {0, 1, 2, 3, 4, 5}
    assert near[6] == {6}
    assert near[7] == {7}


def test_a_cell_without_a_place_is_near_itself_alone():
    x, y = np.array([0.0, np.nan, 50.0]), np.zeros(3)
    assert near_of(CellNeighbours.within(x, y, 100)) == {0: {0, 2}, 1: {1}, 2: {0, 2}}
    assert near_of(CellNeighbours.nearest(x, y, 1)) == {0: {0, 2}, 1: {1}, 2: {0, 2}}


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (lambda: CellNeighbours.within([0.0], [0.0], -1), "bad-distance"),
        (lambda: CellNeighbours.within([0.0], [0.0], math.nan), "bad-distance"),
        (lambda: CellNeighbours.nearest([0.0], [0.0], 0), "bad-count"),
    ],
)
def test_what_is_no_neighbourhood_is_refused(make, kind):
    with pytest.raises(InvalidInput) as caught:
        make()
    assert caught.value.kind == kind
