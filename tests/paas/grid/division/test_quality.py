import numpy as np
import pytest
import shapely

from stcloud.paas.grid.division.quality import measured

COMMUNITY = np.array([shapely.box(0, 0, 200, 100)])
CELLS = np.array([shapely.box(0, 0, 100, 100), shapely.box(100, 0, 200, 100)])
NOTHING = np.array([], dtype=object)


def report(cells=CELLS, streets=(), buildings=NOTHING, components=NOTHING, single=None):
    lines = np.array([shapely.LineString(one) for one in streets], dtype=object)
    return measured(
        cells, np.zeros(len(cells), dtype=np.intp), COMMUNITY, target_m2=10_000, streets=lines,
        single=lines if single is None else single, lines=np.append(lines, shapely.boundary(COMMUNITY)),
        buildings=np.array(buildings, dtype=object), components=np.array(components, dtype=object),
    )  # fmt: skip


def test_squares_are_squares():
    """Two squares that tile: areas, shape, cover."""
    found = report()
    assert (found.count, found.mean_m2, found.fitting) == (2, 10_000, 1)
    assert found.compactness == pytest.approx(np.pi / 4)
    assert (found.loose, found.crossing, found.uncovered) == (0, 0, 0)
    assert np.isnan([found.streets_near, found.buildings_cut, found.load_variation]).all()


def test_streets_near_and_beside():
    """A street on an edge, one 10 m off, one far off but for its ends; not what lies outside or on the boundary."""
    found = report(streets=[
        [(100, 0), (100, 100)], [(110, 0), (110, 100)], [(50, 0), (50, 100)], [(300, 0), (300, 100)],
        [(0, 0), (200, 0)],
    ])  # fmt: skip
    assert found.streets_near == pytest.approx(1 / 3)
    assert found.streets_beside == pytest.approx((1 + 1 + 0.4) / 3)
    assert found.every_street_near == pytest.approx(3 / 5)


def test_collapsed_streets_count_as_given_only():
    """Of two carriageways the one that was kept is what must be an edge."""
    both = [[(100, 0), (100, 100)], [(108, 0), (108, 100)]]
    found = report(streets=both, single=np.array([shapely.LineString(both[0])]))
    assert (found.streets_near, found.every_street_near) == (1, pytest.approx(0.5))


def test_buildings_cut():
    """A building is cut by more than a decimetre on both sides, unless a street crosses it too, or it is large."""
    cut, street, grazed = (
        shapely.box(95, 10, 105, 20),
        shapely.box(95, 40, 110, 50),
        shapely.box(99.95, 70, 110, 80),
    )
    found = report(
        streets=[[(108, 30), (108, 60)]], buildings=[cut, street, grazed, shapely.box(60, 0, 140, 80)]
    )
    assert found.buildings_cut == pytest.approx(1 / 3)


def test_load_variation():
    """Three components in one cell and one in the other: deviation 1 of mean 2."""
    found = report(components=[shapely.Point(10, 10)] * 3 + [shapely.Point(150, 10)])
    assert found.load_variation == pytest.approx(0.5)


def test_gaps_overlaps_and_crossings_are_seen():
    """A hundredth missing; a hundredth double; a hundredth outside."""
    assert report(np.array([CELLS[0], shapely.box(102, 0, 200, 100)])).uncovered == pytest.approx(0.01)
    assert report(np.array([CELLS[0], shapely.box(98, 0, 200, 100)])).uncovered >= 0.01
    assert report(np.array([CELLS[0], shapely.box(100, 0, 202, 100)])).crossing == pytest.approx(0.01)
