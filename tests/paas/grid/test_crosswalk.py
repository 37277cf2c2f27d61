"""Crosswalks: areas are those of shapely, shares sum to one, and no mass is lost."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.errors import InvalidInput
from stcloud.index.coverage import box_areas
from stcloud.paas.grid.crosswalk import crosswalk, crosswalk_versions
from stcloud.space import Lattice, Level
from stcloud.testing.examples import examples

ORIGIN = (39_000_000, 4_000_000)  # a zone-prefixed CRS: coordinates leave few digits for the metres
LATTICE = Lattice("EPSG:4527", ORIGIN)


def quads(columns, rows, seed, *, at=(0.0, 0.0), shaken=30.0):
    """Tile a block with quads of about 100 m whose inner corners are shaken."""
    shift = np.random.default_rng(seed).uniform(-shaken, shaken, (2, columns + 1, rows + 1))
    shift[:, [0, -1], :] = 0
    shift[:, :, [0, -1]] = 0
    x, y = np.meshgrid(np.arange(columns + 1) * 100.0, np.arange(rows + 1) * 100.0, indexing="ij")
    p = np.stack([x + shift[0] + ORIGIN[0] + at[0], y + shift[1] + ORIGIN[1] + at[1]], axis=-1)
    return shapely.polygons(
        np.stack([p[:-1, :-1], p[1:, :-1], p[1:, 1:], p[:-1, 1:]], axis=2).reshape(-1, 4, 2)
    )


def names(units, mark="u"):
    return np.array([f"{mark}{at:03}" for at in range(len(units))], object)


@st.composite
def areas(draw):
    """A valid area with corners, edges and holes where rows and columns may meet them."""
    points = st.tuples(*[st.one_of(st.integers(0, 60).map(lambda v: v * 10.0), st.floats(0, 600))] * 2)
    around = [
        shapely.MultiPoint(draw(st.lists(points, min_size=4, max_size=9))).convex_hull for _ in range(3)
    ]
    moved = [shapely.transform(one, lambda xy: xy + np.array(ORIGIN, float)) for one in around]
    whole = shapely.difference(shapely.union(moved[0], moved[1]), shapely.buffer(moved[2], -20))
    parts = [one for one in shapely.get_parts(whole) if one.geom_type == "Polygon" and one.area > 1]
    return (
        shapely.MultiPolygon(parts)
        if len(parts) > 1
        else (parts[0] if parts else shapely.box(*ORIGIN, *np.add(ORIGIN, 7)))
    )


@given(areas(), st.sampled_from([Level.M10, Level.M100, Level.KM1]), st.booleans())
@settings(deadline=None, max_examples=examples(60))
def test_pieces_have_the_areas_that_shapely_says(area, level, turned):
    """Law: the area in each square is that of the intersection, whichever way rings run."""
    shape = shapely.reverse(area) if turned else area
    _, x, y, found = box_areas(np.array([shape], object), ORIGIN, level.side_m)
    xmin, ymin, xmax, ymax = area.bounds
    cells = LATTICE.cells_of_box(xmin, ymin, xmax, ymax, level)
    squares = shapely.box(*LATTICE.bounds(cells))
    expected = dict(zip(cells.tolist(), shapely.area(shapely.intersection(area, squares)), strict=True))
    got = dict(zip(LATTICE.cells(x, y, level).tolist(), found, strict=True))
    assert set(got) <= set(expected)
    for cell, square_m2 in expected.items():
        assert got.get(cell, 0.0) == pytest.approx(square_m2, abs=1e-4)
    assert found.sum() == pytest.approx(area.area, abs=1e-4)


@given(st.integers(0, 10**6), st.sampled_from([Level.M10, Level.M100]), st.floats(0, 99))
@settings(deadline=None, max_examples=examples(25))
def test_shares_of_a_cell_sum_to_one(seed, level, shift):
    """Law: the pieces of a cell, with the row for what is outside, make up the cell."""
    units = quads(3, 2, seed, at=(shift, shift / 2))
    table = crosswalk(units, names(units), LATTICE, level)
    for side, own, whole in (
        ("left", table.left, table.left_area_m2),
        ("right", table.right, table.right_area_m2),
    ):
        some = own >= 0
        np.testing.assert_allclose(np.bincount(own[some], table.shares(side)[some]), 1, rtol=1e-12)
        np.testing.assert_allclose(np.bincount(own[some], table.area_m2[some]), whole, rtol=1e-8)
        assert np.isnan(table.shares(side)[~some]).all()
    assert (table.area_m2 > 0).all()


@given(st.integers(0, 10**6), st.just(0.0) | st.floats(1, 99))
@settings(deadline=None, max_examples=examples(25))
def test_mass_is_conserved(seed, shift):
    """Law: what is re-stated and what is outside is what there was; fully covered cells lose nothing."""
    units = quads(4, 3, seed, at=(shift, shift))
    table = crosswalk(units, names(units), LATTICE, Level.M100)
    values = np.random.default_rng(seed).uniform(0, 1000, len(units))
    there = table.restate(values, to="right")
    assert there.outside == 0
    assert there.values.sum() == pytest.approx(values.sum(), rel=1e-9)
    back = table.restate(there.values, to="left")
    assert back.values.sum() + back.outside == pytest.approx(values.sum(), rel=1e-9)
    assert (back.outside > 0) == (shift > 0)


def test_values_follow_area():
    units = [shapely.box(*np.add(ORIGIN * 2, box)) for box in ((0, 0, 150, 100), (150, 0, 200, 100))]
    table = crosswalk(units, ["a", "b"], LATTICE, Level.M100)
    assert table.restate([6, 1], to="right").values.tolist() == pytest.approx([4, 3])
    assert table.restate([4, 2], to="left").values.tolist() == pytest.approx([5, 1])
    assert table.restate([4, 2], to="left").keys.tolist() == ["a", "b"]


def test_a_cell_that_the_table_lacks_is_outside():
    table = crosswalk([shapely.box(*np.add(ORIGIN * 2, (0, 0, 100, 100)))], ["a"], LATTICE, Level.M100)
    (cell,) = table.right_keys
    told = table.restate([3, 4, 5], to="left", keys=[cell, cell + 1, cell])
    assert (told.values.tolist(), told.outside) == ([8.0], 4.0)


def test_what_is_outside_has_a_row_of_its_own():
    table = crosswalk([shapely.box(*np.add(ORIGIN * 2, (25, 0, 100, 100)))], ["a"], LATTICE, Level.M100)
    rows = table.to_arrow().to_pylist()
    (cell,) = table.right_keys.tolist()
    assert rows == [
        {"unit": "a", "cell": cell, "area_m2": 7500.0, "share_of_unit": 1.0, "share_of_cell": 0.75},
        {"unit": None, "cell": cell, "area_m2": 2500.0, "share_of_unit": None, "share_of_cell": 0.25},
    ]


def test_a_point_of_contact_is_no_piece():
    table = crosswalk([shapely.box(*np.add(ORIGIN * 2, (100, 100, 200, 200)))], ["a"], LATTICE, Level.M100)
    assert (len(table.right_keys), table.area_m2.tolist()) == (1, [10_000.0])


def test_no_units_make_an_empty_table():
    table = crosswalk([], [], LATTICE, Level.M100)
    assert table.to_arrow().num_rows == 0
    assert table.restate([], to="right").values.size == 0
    assert table.restate([2], to="left", keys=[10_000_000_000]).outside == 2


@given(st.integers(0, 10**6), st.integers(0, 10**6))
@settings(deadline=None, max_examples=examples(15))
def test_versions_are_a_crosswalk_too(one, other):
    """Law: each pair's piece is their intersection, and mass is conserved in both directions."""
    old, new = quads(3, 3, one), quads(3, 3, other)
    table = crosswalk_versions(old, names(old), new, names(new, "v"))
    got = {
        (a, b): m2 for a, b, m2 in zip(table.left.tolist(), table.right.tolist(), table.area_m2, strict=True)
    }
    for a, left in enumerate(old):
        for b, right in enumerate(new):
            assert got.pop((a, b), 0) == pytest.approx(left.intersection(right).area, abs=1e-3)
    assert got == {}
    for to in ("left", "right"):
        told = table.restate(np.arange(9), to=to)
        assert told.values.sum() == pytest.approx(36, rel=1e-9)
        assert told.outside == 0


def test_cells_that_did_not_change_keep_their_values():
    old = quads(3, 3, 1)
    new = np.append(old[[1, 0, *range(2, 7)]], shapely.union(old[7], old[8]))
    table = crosswalk_versions(old, names(old), new, names(new, "v"))
    told = table.restate(np.arange(9) * 10, to="right")
    assert told.values.tolist() == [10, 0, 20, 30, 40, 50, 60, 150]
    assert told.outside == 0


def test_a_part_of_town_that_the_new_grid_lacks_is_outside():
    old, new = quads(2, 1, 0, shaken=0), quads(1, 1, 0, shaken=0)
    told = crosswalk_versions(old, ["a", "b"], new, ["c"]).restate([3, 4], to="right")
    assert (told.values.tolist(), told.outside) == ([3.0], 4.0)


def refused(kind, *arguments):
    with pytest.raises(InvalidInput) as error:
        crosswalk(*arguments, LATTICE, Level.M100)
    assert error.value.kind == kind


def test_what_makes_no_sense_is_refused():
    box = shapely.box(*ORIGIN, *np.add(ORIGIN, 100))
    refused("unequal-lengths", [box], ["a", "b"])
    refused("duplicate-code", [box, box], ["a", "a"])
    refused("overlapping-cells", [box, box], ["a", "b"])
    refused("not-an-area", [box.exterior], ["a"])
    refused("not-an-area", [shapely.Polygon()], ["a"])
    refused("not-an-area", [None], ["a"])
    refused("outside-lattice", [shapely.box(0, 0, 10, 10)], ["a"])
    refused("too-many-cells", [shapely.box(*ORIGIN, *np.add(ORIGIN, 900_000))], ["a"])
    with pytest.raises(InvalidInput) as error:
        crosswalk([box], ["a"], LATTICE, Level.M100).restate([1, 2], to="right")
    assert error.value.kind == "unequal-lengths"


def test_millimetres_of_overlap_are_no_fault_and_make_no_mass():
    units = [shapely.box(*np.add(ORIGIN * 2, box)) for box in ((0, 0, 50.001, 100), (50, 0, 100, 100))]
    table = crosswalk(units, ["a", "b"], LATTICE, Level.M100)
    assert table.restate([7], to="left").values.sum() == pytest.approx(7, rel=1e-12)
