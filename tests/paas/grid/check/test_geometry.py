"""Cells by themselves: broken polygons and unsuitable areas are found, and nothing else."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.testing.examples import examples

ROWS = st.integers(0, 119)
SMALL = settings(deadline=None, max_examples=examples(20))


@given(ROWS, st.integers(0, 3), st.floats(0.1, 0.9))
@SMALL
def test_a_spike_makes_a_polygon_invalid(clean, row, corner, share):
    points = shapely.get_coordinates(clean.cells[row])
    middle = points[:4].mean(axis=0)
    spike = [points[corner] * (1 - share) + middle * share, points[corner]]
    cell = shapely.Polygon(np.insert(points, corner + 1, spike, axis=0))
    (fault,) = clean.check(clean.changed(**{f"r{row}": cell})).faults
    assert (fault.kind, fault.rows) == ("invalid-polygon", (row,))


@given(ROWS)
@SMALL
def test_an_outline_that_crosses_itself_is_found_with_what_follows(clean, row):
    points = shapely.get_coordinates(clean.cells[row])[[0, 2, 1, 3]]
    report = clean.check(clean.changed(**{f"r{row}": shapely.Polygon(points)}), least_m2=0)
    assert report.counts["invalid-polygon"] == 1
    assert report.counts["gap"] == 2


@given(ROWS, st.data())
@SMALL
def test_a_cell_of_two_parts_is_found(clean, row, data):
    apart = ~shapely.intersects(clean.cells, clean.cells[row])
    inside = [one for one in np.flatnonzero(apart).tolist() if clean.community(one) == clean.community(row)]
    other = data.draw(st.sampled_from(inside))
    cells = clean.changed(**{f"r{row}": shapely.MultiPolygon([clean.cells[row], clean.cells[other]])})
    report = clean.check(np.delete(cells, other), np.delete(clean.codes, other), most_m2=50_000)
    (fault,) = report.faults
    assert (fault.kind, fault.codes) == ("multi-part", (clean.codes[row],))


@given(ROWS)
@SMALL
def test_a_cell_as_a_collection_of_one_is_clean(clean, row):
    assert clean.check(clean.changed(**{f"r{row}": shapely.MultiPolygon([clean.cells[row]])})).is_clean


@pytest.mark.parametrize(
    "nothing", [None, shapely.Polygon(), shapely.Point(1, 2), shapely.LineString([(0, 0), (1, 1)])]
)
def test_a_cell_without_a_polygon_is_found_and_leaves_a_gap(clean, nothing):
    report = clean.check(clean.changed(r77=nothing))
    assert report.counts == {"no-polygon": 1, "gap": 1}
    assert report.faults[0].rows == (77,)


@given(st.floats(5_000, 10_000), st.floats(10_000, 16_000))
@SMALL
def test_areas_out_of_bounds_are_just_those(clean, least, most):
    areas = shapely.area(clean.cells)
    report = clean.check(least_m2=least, most_m2=most)
    for kind, out in (("small-cell", areas < least), ("large-cell", areas > most)):
        found = {fault.rows[0] for fault in report.faults if fault.kind == kind}
        assert found == set(np.flatnonzero(out).tolist())
    assert report.is_sound
