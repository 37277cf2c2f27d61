"""What two areas share is looked at piece by piece."""

import numpy as np
import shapely

from stcloud.index.sharedarea import Areas
from stcloud.paas.conflict.conflictrules import SliverClause
from stcloud.paas.conflict.exclusion import shared_of


def shared(one, other, **tolerance):
    areas = [Areas.of(np.array([shape], object)) for shape in (one, other)]
    return shared_of(*areas, np.array([0]), np.array([0]), SliverClause(**tolerance))


def test_pieces_that_are_slivers_are_counted():
    comb = shapely.box(0, 0, 30, 5).difference(shapely.box(10, 1, 20, 5))
    other = shapely.box(0, 4.95, 30, 9).union(shapely.box(22, 2, 30, 9))
    found = shared(comb, other, area_m2=1.0)
    assert (found.slivers[0], round(found.sliver_m2[0], 9)) == (1, 0.5)
    assert round(found.area_m2[0], 9) == round(8 * 3 + 2 * 0.05, 9)
    found = shared(comb, other, area_m2=0.0)
    assert (found.slivers[0], round(found.area_m2[0], 9)) == (0, 24.6)


def test_narrow_pieces_are_slivers():
    strip = shapely.box(0, 0, 100, 0.25)
    found = shared(strip, shapely.box(0, 0, 100, 10), area_m2=1.0, width_m=0.3)
    assert (found.exists[0], found.slivers[0], found.sliver_m2[0]) == (False, 1, 25.0)
    assert shared(strip, shapely.box(0, 0, 100, 10), width_m=0.2).area_m2[0] == 25.0


def test_rounding_is_touching():
    found = shared(shapely.box(0, 0, 10, 10), shapely.box(10 - 1e-9, 0, 20, 10), area_m2=0.0)
    assert (found.exists[0], found.slivers[0]) == (False, 0)
