"""The lattice: every point in exactly one cell, edges to the last bit, and where it starts."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.errors import InvalidInput
from stcloud.space import LONLAT, NO_CELL, Lattice, Level, children, level_of, parent, project, read_crs
from stcloud.space.lattice import MAX_BOX_CELLS
from stcloud.testing.examples import examples
from stcloud.testing.space import cell_ids, lattices, levels, points

PLAIN = Lattice("EPSG:32618", (0, 0))


def slow_cell(lattice, x, y, level):
    """The oracle: exact fractions and digits as text."""
    n = (level.digits - 1) // 2
    column = math.floor((Fraction(x) - lattice.origin[0]) / level.side_m)
    row = math.floor((Fraction(y) - lattice.origin[1]) / level.side_m)
    pairs = zip(f"{column:0{n}d}", f"{row:0{n}d}", strict=True)
    return int("1" + "".join(c + r for c, r in pairs))


@given(st.data(), lattices(), levels())
@settings(deadline=None, max_examples=examples(300))
def test_cell_is_decided_exactly(data, lattice, level):
    x, y = data.draw(points(lattice))
    assert lattice.cells(x, y, level) == slow_cell(lattice, x, y, level)


@given(st.data(), lattices(), levels())
@settings(deadline=None, max_examples=examples(200))
def test_every_point_is_in_exactly_one_cell(data, lattice, level):
    x, y = data.draw(points(lattice))
    cell = int(lattice.cells(x, y, level))
    xmin, ymin, xmax, ymax = lattice.bounds(cell)
    assert xmin <= x < xmax
    assert ymin <= y < ymax
    assert level_of(cell) is level
    assert [int(c) for c in lattice.cells_of_box(x, y, x, y, level)] == [cell]


@given(st.data(), lattices(), levels(coarsest=Level.KM100))
@settings(deadline=None, max_examples=examples(200))
def test_parent_of_a_points_cell_is_the_points_parent_cell(data, lattice, level):
    x, y = data.draw(points(lattice))
    assert parent(int(lattice.cells(x, y, level))) == lattice.cells(x, y, Level(level - 2))


@given(cell_ids(), lattices())
@settings(deadline=None, max_examples=examples(200))
def test_centre_of_a_cell_is_in_the_cell(cell, lattice):
    assert lattice.cells(*lattice.centres(cell), level_of(cell)) == cell


@given(cell_ids(finest=Level.M100), lattices())
@settings(deadline=None, max_examples=examples(40))
def test_children_tile_their_parent(cell, lattice):
    xmin, ymin, xmax, ymax = lattice.bounds(children(cell))
    assert (xmin.min(), ymin.min(), xmax.max(), ymax.max()) == lattice.bounds(cell)
    assert len(set(zip(xmin, ymin, strict=True))) == 100
    assert ((xmax - xmin) * (ymax - ymin)).sum() == lattice.polygon(cell).area


@pytest.mark.parametrize("lattice", [PLAIN, Lattice("EPSG:4528", (36_000_000, -1_000_000))])
@pytest.mark.parametrize("level", list(Level))
@pytest.mark.parametrize("k", [1, 3, 7])
def test_edges_are_decided_to_the_last_bit(lattice, level, k):
    edge = np.array([float(start + k * level.side_m) for start in lattice.origin])
    before, after = np.nextafter(edge, -np.inf), np.nextafter(edge, np.inf)
    on = int(lattice.cells(*edge, level))
    assert lattice.cells(*after, level) == on
    assert on - int(lattice.cells(before[0], edge[1], level)) == 10
    assert on - int(lattice.cells(edge[0], before[1], level)) == 1


def test_a_hair_below_zero_is_below_zero():
    lattice = Lattice("EPSG:32618", (-1_000_000, -1_000_000))
    cells = lattice.cells([-5e-324, -1e-20, -0.0, 0.0, 5e-324], 0.0)
    assert (np.diff(cells) != 0).tolist() == [False, True, False, False]


def test_worked_example():
    cell = int(PLAIN.cells(583_960.0, 4_507_351.0, Level.M100))
    assert cell == 1_04_55_80_37_93
    assert [int(b) for b in PLAIN.bounds(cell)] == [583_900, 4_507_300, 584_000, 4_507_400]


def test_missing_coordinates_have_no_cell():
    cells = PLAIN.cells([[np.nan, 5.0], [5.0, np.nan]], [[5.0, np.nan], [5.0, np.nan]], Level.M100)
    assert cells.tolist() == [[NO_CELL, NO_CELL], [10_000_000_000, NO_CELL]]
    assert PLAIN.cells([], []).shape == (0,)
    assert PLAIN.cells([], []).dtype == np.int64


@pytest.mark.parametrize("value", [-1e-9, 1e7, 1e300, np.inf, -np.inf])
def test_first_point_outside_is_named(value):
    x = np.full(70_000, 5.0)
    x[66_000:] = value
    x[65_999] = np.nan
    for first, second in ((x, 5.0), (5.0, x)):
        with pytest.raises(InvalidInput, match="point 66000 at") as caught:
            PLAIN.cells(first, second)
        assert (caught.value.kind, caught.value.context["position"]) == ("outside-lattice", 66_000)


def test_contains_is_half_open():
    last = np.nextafter(1e7, 0)
    mask = PLAIN.contains([0.0, last, 1e7, 5.0, np.nan, -5e-324], [0.0, last, 0.0, -1.0, 0.0, 0.0])
    assert mask.tolist() == [True, True, False, False, False, False]
    assert PLAIN.cells(last, last) == 1_999_999_999_999


@given(st.data(), levels(coarsest=Level.KM1, finest=Level.M100))
@settings(deadline=None, max_examples=examples(60))
def test_cells_of_a_box_are_those_of_its_points(data, level):
    side = level.side_m
    corners = st.integers(0, 30 * 4).map(lambda quarter: 500_000 + quarter * side / 4)
    (xmin, xmax), (ymin, ymax) = (sorted(data.draw(st.tuples(corners, corners))) for _ in "xy")
    x = np.unique([*np.arange(xmin, xmax, side / 4), xmax])
    y = np.unique([*np.arange(ymin, ymax, side / 4), ymax])
    expected = np.unique(PLAIN.cells(*np.meshgrid(x, y), level))
    assert PLAIN.cells_of_box(xmin, ymin, xmax, ymax, level).tolist() == expected.tolist()


def test_box_is_cut_to_the_square():
    assert PLAIN.cells_of_box(-1e9, -1e9, 1e9, 1e9, Level.KM1000).size == 100
    assert PLAIN.cells_of_box(-20, -20, -1, 5, Level.KM1000).size == 0
    assert PLAIN.cells_of_box(1e7, 0, 2e7, 5, Level.KM1000).size == 0


@pytest.mark.parametrize(
    ("box", "kind"),
    [
        ((1, 0, 0, 1), "invalid-box"),
        ((0, 0, math.nan, 1), "invalid-box"),
        ((0, 0, 1e6, 1e6), "too-many-cells"),
    ],
)
def test_boxes_that_are_refused(box, kind):
    with pytest.raises(InvalidInput) as caught:
        PLAIN.cells_of_box(*box, Level.M10)
    assert caught.value.kind == kind
    assert MAX_BOX_CELLS < 1e10


@pytest.mark.parametrize(
    ("crs", "origin"),
    [
        ("EPSG:4528", (36_000_000, -1_000_000)),
        ("EPSG:4549", (-4_000_000, -1_000_000)),
        ("EPSG:32618", (-4_000_000, -1_000_000)),
        ("EPSG:32718", (-4_000_000, 1_000_000)),
        ("EPSG:5070", (-5_000_000, -3_000_000)),
        ("EPSG:3460", (-3_000_000, -1_000_000)),
        ("+proj=tmerc +lon_0=120 +x_0=40500000 +datum=WGS84", (36_000_000, -1_000_000)),
        ("+proj=utm +zone=18 +south +datum=WGS84", (-4_000_000, 1_000_000)),
    ],
)
def test_origin_of_a_crs(crs, origin):
    lattice = Lattice.for_crs(crs)
    assert lattice == Lattice(crs, origin)
    assert lattice == Lattice.for_crs(crs)


@pytest.mark.parametrize("base", [32600, 32700])
@pytest.mark.parametrize("zone", [1, 18, 31, 60])
def test_utm_lattices_reach_across_the_equator(base, zone):
    crs = f"EPSG:{base + zone}"
    middle = 6 * zone - 183
    lat = np.array([-5.0, 0.0, 5.0, 70.0 if base == 32600 else -70.0])
    assert Lattice.for_crs(crs).contains(*project(np.full(4, middle), lat, LONLAT, crs)).all()


@pytest.mark.parametrize("code", [*range(4513, 4555), 27700, 2154, 2326, 2193, 3035, 31370, 5514])
def test_lattice_holds_the_area_its_crs_is_made_for(code):
    crs = f"EPSG:{code}"
    area = read_crs(crs).area_of_use
    lon, lat = np.meshgrid(np.linspace(area.west, area.east, 5), np.linspace(area.south, area.north, 5))
    assert Lattice.for_crs(crs).contains(*project(lon, lat, LONLAT, crs)).all()


@pytest.mark.parametrize(
    ("crs", "origin", "kind"),
    [
        ("EPSG:32618", (500_000, 0), "invalid-origin"),
        ("EPSG:32618", (0, math.nan), "invalid-origin"),
        ("EPSG:4326", (0, 0), "metric-crs-needed"),
    ],
)
def test_lattice_is_born_valid(crs, origin, kind):
    with pytest.raises(InvalidInput) as caught:
        Lattice(crs, origin)
    assert caught.value.kind == kind
