"""Gaps, overlaps and slivers: each that is planted is found, and nothing else."""

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from stcloud.paas.grid.check.boundary import _mixed, boundary_edges, edges_prove_no_overlap
from stcloud.testing.examples import examples
from stcloud.testing.town import noisy, quads

ROWS = st.integers(0, 119)
SIDES = st.integers(0, 3)
SMALL = settings(
    deadline=None, max_examples=examples(25), suppress_health_check=[HealthCheck.filter_too_much]
)


def planted(report):
    return [fault for fault in report.faults if fault.kind != "small-cell"]


@given(ROWS, st.floats(0.01, 30), st.booleans())
@SMALL
def test_a_hole_in_a_cell_is_the_only_gap(clean, row, radius, with_communities):
    hole = clean.cells[row].centroid.buffer(radius)
    report = clean.check(
        clean.changed(**{f"r{row}": clean.cells[row] - hole}), with_communities=with_communities
    )
    (fault,) = planted(report)
    assert fault.kind == ("gap" if 2 * hole.area / hole.length >= 1 else "gap-sliver")
    assert fault.codes == (clean.codes[row],)
    assert fault.area_m2 == pytest.approx(hole.area, rel=0.01, abs=1e-6)
    assert hole.buffer(0.01).covers(fault.where)


@given(ROWS, SIDES, st.floats(0.01, 20))
@SMALL
def test_a_gap_at_an_edge_names_the_cells_around(clean, row, side, radius):
    middle, other = clean.beside(row)[side]
    cell = clean.cells[row] - middle.buffer(radius)
    (fault,) = planted(clean.check(clean.changed(**{f"r{row}": cell})))
    assert fault.kind.startswith("gap")
    assert set(fault.rows) == {row, other} - {None}
    assert fault.area_m2 == pytest.approx(clean.cells[row].area - cell.area, rel=0.01, abs=1e-6)


@given(ROWS, SIDES, st.floats(0.01, 20))
@SMALL
def test_without_communities_enclosed_gaps_are_found_and_open_ones_are_not(clean, row, side, radius):
    middle, other = clean.beside(row)[side]
    cell = clean.cells[row] - middle.buffer(radius)
    found = planted(clean.check(clean.changed(**{f"r{row}": cell}), with_communities=False))
    assert len(found) == (other is not None)


@given(ROWS, SIDES, st.floats(0.01, 20), st.booleans())
@SMALL
def test_an_overlap_is_the_only_fault_and_has_its_area(clean, row, side, radius, with_communities):
    middle, other = clean.beside(row)[side]
    assume(other is not None and clean.community(row) == clean.community(other))
    shared = middle.buffer(radius) & clean.cells[other]
    report = clean.check(
        clean.changed(**{f"r{row}": clean.cells[row] | middle.buffer(radius)}),
        with_communities=with_communities,
    )
    (fault,) = report.faults
    assert fault.kind == ("overlap" if 2 * shared.area / shared.length >= 1 else "overlap-sliver")
    assert fault.codes == tuple(sorted((clean.codes[row], clean.codes[other])))
    assert fault.area_m2 == pytest.approx(shared.area, rel=0.01, abs=1e-6)


@given(ROWS, st.floats(1, 40))
@SMALL
def test_a_cell_inside_another_overlaps_it(clean, row, radius):
    cells = np.append(clean.cells, clean.cells[row].centroid.buffer(radius))
    codes = np.append(clean.codes, clean.community(row) + "999")
    (fault,) = (one for one in clean.check(cells, codes).faults if one.kind.startswith("overlap"))
    assert set(fault.rows) == {row, len(clean.cells)}


def test_the_same_grid_twice_overlaps_everywhere(clean):
    codes = np.array([code[:12] + f"{int(code[12:]) + 50:03d}" for code in clean.codes], object)
    cells, codes = np.tile(clean.cells[:40], 2), np.concatenate((clean.codes[:40], codes[:40]))
    report = clean.check(cells, codes, with_communities=False)
    assert report.counts["overlap"] == 40


@given(st.integers(0, 99), st.floats(0.0001, 0.02))
@settings(deadline=None, max_examples=examples(8), suppress_health_check=[HealthCheck.filter_too_much])
def test_noise_below_the_tolerance_is_none(clean, seed, tolerance_m):
    chance = np.random.default_rng(seed)
    corners = shapely.get_coordinates(clean.cells).reshape(-1, 5, 2)[:, :4]
    cells = shapely.polygons(corners + chance.uniform(-0.7, 0.7, corners.shape) * tolerance_m)
    assert clean.check(cells, tolerance_m=tolerance_m).is_clean
    assert clean.check(cells, tolerance_m=tolerance_m, with_communities=False).is_clean
    assert not clean.check(cells, tolerance_m=tolerance_m / 10).is_sound


@given(ROWS, st.integers(0, 99), st.floats(0.02, 5))
@settings(deadline=None, max_examples=examples(8), suppress_health_check=[HealthCheck.filter_too_much])
def test_a_fault_is_found_among_noise(clean, row, seed, radius):
    chance = np.random.default_rng(seed)
    corners = shapely.get_coordinates(clean.cells).reshape(-1, 5, 2)[:, :4]
    cells = shapely.polygons(corners + chance.uniform(-0.0007, 0.0007, corners.shape))
    cells[row] -= cells[row].centroid.buffer(radius)
    (fault,) = planted(clean.check(cells))
    assert fault.kind.startswith("gap")
    assert fault.rows == (row,)


@given(ROWS, SIDES, st.floats(0.0001, 0.0009))
@SMALL
def test_a_sliver_thinner_than_the_tolerance_is_none(clean, row, side, radius):
    middle, _ = clean.beside(row)[side]
    assert clean.check(clean.changed(**{f"r{row}": clean.cells[row] - middle.buffer(radius)})).is_clean


def test_vertices_on_one_side_only_are_no_fault(clean):
    cells = clean.cells.copy()
    row = 50
    corners = shapely.get_coordinates(cells[row])
    middle = (corners[0] + corners[1]) / 2
    cells[row] = shapely.Polygon(np.insert(corners, 1, middle, axis=0))
    assert clean.check(cells).is_clean


BOXES = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(1, 4), st.integers(1, 4), st.booleans()),
    min_size=1, max_size=8,
)  # fmt: skip


@given(BOXES)
@settings(deadline=None, max_examples=examples(300), suppress_health_check=[HealthCheck.filter_too_much])
def test_edges_prove_no_overlap_only_where_there_is_none(boxes):
    shapes = np.array([shapely.box(x, y, x + w, y + h, ccw=ccw) for x, y, w, h, ccw in boxes], object)
    a, b = np.triu_indices(len(shapes), 1)
    overlap = bool((shapely.area(shapely.intersection(shapes[a], shapes[b])) > 0).any())
    if edges_prove_no_overlap(shapes):
        assert not overlap


@given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 99), st.integers(4, 40), st.randoms())
@settings(deadline=None, max_examples=examples(25), suppress_health_check=[HealthCheck.filter_too_much])
def test_edges_prove_it_of_a_clean_grid_with_cells_left_out(nx, ny, seed, vertices, random):
    cells = noisy(quads(nx, ny, seed)[0], vertices, seed)
    kept = np.array([cell if random.random() < 0.5 else cell.reverse() for cell in cells], object)
    kept = kept[[random.random() < 0.8 for _ in kept]]
    assert edges_prove_no_overlap(kept)


def test_the_boundary_of_two_cells_is_what_they_do_not_share():
    edges, most = boundary_edges(
        np.array([shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1, ccw=False)], object)
    )
    assert most == 1
    assert shapely.line_merge(shapely.multilinestrings(edges)).length == 6
    assert len(edges) == 6


def test_a_hole_that_a_cell_fills_is_no_boundary():
    ring, plug = shapely.box(0, 0, 3, 3) - shapely.box(1, 1, 2, 2), shapely.box(1, 1, 2, 2)
    assert len(boundary_edges(np.array([ring, plug], object))[0]) == 4
    assert edges_prove_no_overlap(np.array([ring, plug], object))
    assert not edges_prove_no_overlap(np.array([ring, plug, plug], object))
    assert not edges_prove_no_overlap(np.array([shapely.box(0, 0, 3, 3), plug], object))


def test_edges_of_round_numbers_are_told_apart():
    """Two cells one upon the other, of round numbers: no edge may be taken for another."""
    for side in (1, 2, 4, 64, 1000):
        for ccw in (True, False):
            assert not edges_prove_no_overlap(np.array([shapely.box(0, 0, side, side, ccw=ccw)] * 2, object))
    x, y = np.meshgrid(np.arange(300.0), np.arange(300.0))
    assert len(np.unique(_mixed(np.stack([x.ravel(), y.ravel()], axis=1)))) == x.size
