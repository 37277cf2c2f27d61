"""Covers, against all cells tried one by one."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.errors import InvalidInput
from stcloud.space import Cover, Lattice, Level, contains, cover, descendants
from stcloud.testing.examples import examples
from stcloud.testing.space import polygons

LATTICE = Lattice("EPSG:32618", (0, 0))
CITY = (583_960.0, 4_507_350.0)
AREAS = polygons(centre=CITY, radius=1_500.0)


def slow_cover(area, level):
    """The oracle: every cell of the bounds, one by one. Returns the inner and the edge cells."""
    xmin, ymin, xmax, ymax = area.bounds
    inner, edge = set(), set()
    for cell in LATTICE.cells_of_box(xmin - 1, ymin - 1, xmax, ymax, level).tolist():
        square = LATTICE.polygon(cell)
        if area.covers(square):
            inner.add(cell)
        elif area.intersects(square):
            edge.add(cell)
    return inner, edge


def expanded(cells, level):
    return [i for cell in cells.tolist() for i in range(*descendants(cell, level))]


@given(AREAS)
@settings(deadline=None, max_examples=examples(25))
def test_cover_has_the_inner_and_edge_cells_of_brute_force(area):
    found = cover(area, LATTICE)
    inner, edge = slow_cover(area, Level.M100)
    assert sorted(expanded(found.inner, Level.M100)) == sorted(inner)
    assert found.edge.tolist() == sorted(edge)


@given(AREAS, AREAS, st.integers(10, 400))
@settings(deadline=None, max_examples=examples(30))
def test_cover_holds_the_area_with_disjoint_cells(first, second, max_cells):
    far = shapely.affinity.translate(second, 9_000, 0)
    area = shapely.MultiPolygon([first, far])
    found = cover(area, LATTICE, max_cells=max_cells)
    inner = [LATTICE.polygon(int(cell)) for cell in found.inner]
    edge = [LATTICE.polygon(int(cell)) for cell in found.edge]
    assert shapely.union_all([*inner, *edge]).covers(area)
    assert all(area.covers(square) for square in inner)
    starts, stops, _ = found.ranges()
    assert (starts[1:] >= stops[:-1]).all()
    assert len(found.inner) + len(found.edge) <= max(max_cells, 16)


@given(AREAS, st.data())
@settings(deadline=None, max_examples=examples(60))
def test_point_is_in_the_area_if_in_an_inner_cell_and_not_if_in_no_cell(area, data):
    n = 50
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    x, y = (c + rng.integers(-1_600, 1_600, n) * 1.0 for c in CITY)
    starts, stops, inner = cover(area, LATTICE).ranges()
    place = np.searchsorted(starts, LATTICE.cells(x, y), side="right") - 1
    held = (place >= 0) & (LATTICE.cells(x, y) < stops[place])
    inside = contains(area, x, y)
    assert inside[held & inner[place]].all()
    assert not inside[~held].any()


def test_large_cells_inside():
    found = cover(shapely.box(*LATTICE.bounds(1045580)).buffer(50), LATTICE)
    assert found.inner.tolist() == [1045580]
    assert len(found.edge) == 4 * 100 + 4


def test_a_cell_covers_itself_and_its_neighbours_touch():
    found = cover(LATTICE.polygon(10455803793), LATTICE)
    assert found.inner.tolist() == [10455803793]
    assert len(found.edge) == 8


def test_hole_is_left_out():
    area = shapely.box(0, 0, 3_000, 3_000) - shapely.box(950, 950, 2_050, 2_050)
    found = cover(area, LATTICE)
    assert 100000011 not in found.inner
    assert 10000001155 not in expanded(found.inner, Level.M100)
    assert 10000001155 not in found.edge


def test_tiny_area_has_edge_cells_only():
    found = cover(shapely.Point(100, 100).buffer(0.01), LATTICE)
    assert found.inner.size == 0
    assert found.edge.tolist() == [10000000000, 10000000001, 10000000010, 10000000011]


def test_finer_edges_can_be_asked():
    area = shapely.Point(*CITY).buffer(300)
    found = cover(area, LATTICE, finest=Level.M10)
    inner, edge = slow_cover(area, Level.M10)
    assert sorted(expanded(found.inner, Level.M10)) == sorted(inner)
    assert found.edge.tolist() == sorted(edge)


def test_budget_leaves_edges_coarser():
    area = shapely.Point(*CITY).buffer(20_000)
    small, large = cover(area, LATTICE, max_cells=300), cover(area, LATTICE)
    assert len(small.inner) + len(small.edge) <= 300 < len(large.inner) + len(large.edge)
    assert len(str(small.edge[0])) < len(str(large.edge[0])) == Level.M100
    assert cover(area, LATTICE, max_cells=1).edge.size


def test_area_partly_or_wholly_outside_the_square():
    partly = cover(shapely.box(-500, -500, 50, 50), LATTICE)
    assert partly.edge.tolist() == [10000000000]
    wholly = cover(shapely.box(-500, -500, -50, -50), LATTICE)
    assert wholly.inner.size == wholly.edge.size == 0
    assert [part.size for part in wholly.ranges()] == [0, 0, 0]
    assert [part.size for part in wholly.merged_ranges(5)] == [0, 0]
    assert cover(shapely.Polygon(), LATTICE).edge.size == 0


def test_lines_cover_nothing():
    with pytest.raises(InvalidInput) as caught:
        cover(shapely.LineString([(0, 0), (5, 5)]), LATTICE)
    assert caught.value.kind == "not-an-area"


@given(AREAS)
@settings(deadline=None, max_examples=examples(30))
def test_ranges_hold_just_the_cover(area):
    found = cover(area, LATTICE)
    starts, stops, inner = found.ranges(Level.M100)
    kinds = {i: kind for a, b, kind in zip(starts, stops, inner, strict=True) for i in range(a, b)}
    assert {i for i, kind in kinds.items() if kind} == set(expanded(found.inner, Level.M100))
    assert {i for i, kind in kinds.items() if not kind} == set(found.edge.tolist())
    apart = (starts[1:] > stops[:-1]) | (inner[1:] != inner[:-1])
    assert apart.all()


@given(AREAS, st.integers(1, 12))
@settings(deadline=None, max_examples=examples(40))
def test_merged_ranges_hold_the_cover_and_close_the_smallest_gaps(area, max_ranges):
    found = cover(area, LATTICE)
    starts, stops, _ = found.ranges()
    low, high = found.merged_ranges(max_ranges)
    assert 1 <= len(low) <= max_ranges
    place = np.searchsorted(low, starts, side="right") - 1
    assert (stops <= high[place]).all()
    assert (low[1:] > high[:-1]).all()
    gaps = np.sort(starts[1:] - stops[:-1])
    wanted = gaps[gaps > 0][::-1][: max_ranges - 1]
    assert (low[1:] - high[:-1]).sum() == wanted.sum()


def test_ranges_at_a_level_too_coarse_and_too_few_are_refused():
    found = Cover(np.array([], np.int64), np.array([10000000000]))
    for call, kind in [
        (lambda: found.ranges(Level.KM1), "cell-too-fine"),
        (lambda: found.merged_ranges(0), "invalid-range-count"),
    ]:
        with pytest.raises(InvalidInput) as caught:
            call()
        assert caught.value.kind == kind


@given(AREAS)
@settings(deadline=None, max_examples=examples(40))
def test_edge_of_an_area_is_in_the_area(area):
    points = shapely.get_coordinates(area)
    assert contains(area, points[:, 0], points[:, 1]).all()


def test_contains_knows_holes_and_nan():
    area = shapely.box(0, 0, 10, 10) - shapely.box(4, 4, 6, 6)
    x, y = [4.0, 5.0, 10.0, 10.1, np.nan], [5.0, 5.0, 10.0, 5.0, 5.0]
    assert contains(area, x, y).tolist() == [True, False, True, False, False]
