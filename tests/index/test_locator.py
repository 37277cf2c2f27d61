"""Which cell: laws, and what fractions and shapely say."""

import dataclasses
import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.errors import FormatError, InvalidInput
from stcloud.index import Locator, digest_of
from stcloud.testing.examples import examples

SIDE = 6
whole = st.integers(0, SIDE)


def edges_of(cell):
    """Both ends of each edge of all rings, as fractions."""
    for part in getattr(cell, "geoms", [cell]):
        for ring in [part.exterior, *part.interiors] if not part.is_empty else []:
            at = [(Fraction(x), Fraction(y)) for x, y in ring.coords]
            yield from itertools.pairwise(at)


def holds(cell, x, y):
    """Half-open: the place east, and north by much less, is inside by the even-odd rule."""
    x, y, odd = Fraction(x), Fraction(y), False
    for (x1, y1), (x2, y2) in edges_of(cell):
        if (y1 <= y) != (y2 <= y):
            odd ^= x1 + (y - y1) / (y2 - y1) * (x2 - x1) <= x
    return odd


def touches(cell, x, y):
    """Whether the point is on the boundary."""
    x, y = Fraction(x), Fraction(y)
    return any(
        (x2 - x1) * (y - y1) == (y2 - y1) * (x - x1)
        and min(x1, x2) <= x <= max(x1, x2)
        and min(y1, y2) <= y <= max(y1, y2)
        for (x1, y1), (x2, y2) in edges_of(cell)
    )


@st.composite
def coverages(draw):
    """Triangles that leave no gap in a square, some of them united; so cells have parts, and holes."""
    inner = draw(st.lists(st.tuples(whole, whole), min_size=1, max_size=9))
    corners = [(0, 0), (0, SIDE), (SIDE, 0), (SIDE, SIDE)]
    triangles = shapely.get_parts(shapely.delaunay_triangles(shapely.MultiPoint(corners + inner)))
    owner = draw(st.lists(st.integers(0, 4), min_size=len(triangles), max_size=len(triangles)))
    cells = [shapely.coverage_union_all(triangles[np.array(owner) == one]) for one in sorted(set(owner))]
    return [draw(st.sampled_from([one, one.reverse(), one.normalize()])) for one in cells]


@st.composite
def polygons(draw):
    """Any areas, valid or not: they overlap."""
    ring = st.lists(st.tuples(whole, whole), min_size=3, max_size=7)
    shape = st.builds(shapely.Polygon, ring, st.lists(ring, max_size=1)) | st.lists(
        ring.map(shapely.Polygon), max_size=3
    ).map(shapely.MultiPolygon)
    return draw(st.lists(shape | st.none(), min_size=1, max_size=5))


def places():
    """All whole and half coordinates, one step beyond the square too; with NaN and infinity."""
    steps = np.arange(-1, SIDE + 1.5, 0.5)
    x, y = (one.ravel() for one in np.meshgrid(steps, steps))
    return np.append(x, [math.nan, 1.0, math.inf, 1.0]), np.append(y, [1.0, math.nan, 1.0, -math.inf])


def expected(cells, closed):
    return [
        (at, row)
        for at, (x, y) in enumerate(zip(*places(), strict=True))
        for row, cell in enumerate(cells)
        if math.isfinite(x)
        and math.isfinite(y)
        and cell is not None
        and (holds(cell, x, y) or (closed and touches(cell, x, y)))
    ]


def listed(pairs):
    return list(zip(*(one.tolist() for one in pairs), strict=True))


@settings(deadline=None, max_examples=examples(60))
@given(coverages(), st.sampled_from([None, 0.3, 1.0, 20.0]))
def test_every_point_of_a_coverage_is_in_exactly_one_cell(cells, bin_m):
    x, y = places()
    points, rows = Locator.of(cells, range(len(cells)), bin_m=bin_m).pairs(x, y)
    covered = (x >= 0) & (x < SIDE) & (y >= 0) & (y < SIDE)
    assert points.tolist() == np.flatnonzero(covered).tolist()
    found = Locator.of(cells, range(len(cells)), bin_m=bin_m).locate(x, y)
    assert found[covered].tolist() == rows.tolist()
    assert (found[~covered] == -1).all()


@settings(deadline=None, max_examples=examples(25))
@given(coverages() | polygons(), st.sampled_from([None, 0.3, 1.0, 20.0]), st.booleans())
def test_pairs_are_what_fractions_say(cells, bin_m, closed):
    locator = Locator.of(cells, range(len(cells)), bin_m=bin_m)
    assert listed(locator.pairs(*places(), closed=closed)) == expected(cells, closed)


@settings(deadline=None, max_examples=examples(60))
@given(polygons())
def test_locate_gives_the_least_row_of_the_pairs(cells):
    locator = Locator.of(cells, range(len(cells)))
    points, rows = locator.pairs(*places())
    least = np.full(len(places()[0]), -1)
    least[points[::-1]] = rows[::-1]
    assert locator.locate(*places()).tolist() == least.tolist()


@settings(deadline=None, max_examples=examples(40))
@given(polygons(), st.randoms(use_true_random=False))
def test_ring_start_and_direction_change_nothing(cells, chance):
    def turned(ring):
        at = np.asarray(ring.coords)[:-1]
        at = np.roll(at, chance.randrange(len(at)), axis=0)
        return at[:: chance.choice([1, -1])]

    def redrawn(cell):
        if cell is None or cell.is_empty:
            return cell
        parts = [
            shapely.Polygon(turned(one.exterior), [turned(hole) for hole in one.interiors])
            for one in getattr(cell, "geoms", [cell])
        ]
        chance.shuffle(parts)
        return shapely.MultiPolygon(parts)

    again = [redrawn(one) for one in cells]
    ids = range(len(cells))
    for closed in (False, True):
        ours, theirs = (
            listed(Locator.of(one, ids).pairs(*places(), closed=closed)) for one in (cells, again)
        )
        assert ours == theirs


@settings(deadline=None, max_examples=examples(40))
@given(coverages())
def test_the_cell_of_a_representative_point_is_the_cell(cells):
    inside = shapely.point_on_surface(cells)
    found = Locator.of(cells, range(len(cells))).locate(shapely.get_x(inside), shapely.get_y(inside))
    assert found.tolist() == list(range(len(cells)))


def test_random_points_are_where_shapely_says(jitter):
    chance = np.random.default_rng(1)
    cells = jitter(12, chance, bends=7)
    x, y = chance.uniform(571_250, 572_550, 20_000), chance.uniform(4_488_250, 4_489_550, 20_000)
    points, rows = shapely.STRtree(cells).query(shapely.points(x, y), predicate="within")
    expected = np.full(len(x), -1)
    expected[points] = rows
    assert Locator.of(cells, np.arange(len(cells))).locate(x, y).tolist() == expected.tolist()


def test_a_cell_of_many_vertices_and_holes_is_where_shapely_says():
    chance = np.random.default_rng(2)
    angle = np.sort(chance.uniform(0, 2 * np.pi, 100_000))
    reach = 5000 + 40 * np.cumsum(chance.normal(size=angle.size)) / np.sqrt(angle.size) ** 0.5
    shell = np.column_stack([reach * np.cos(angle), reach * np.sin(angle)])
    holes = [shapely.Point(one).buffer(150, quad_segs=200).exterior.coords for one in ((0, 0), (900, 200))]
    cell = shapely.Polygon(shell, holes)
    x, y = chance.uniform(-6000, 6000, (2, 100_000))
    shapely.prepare(cell)
    for bin_m in (None, 4000.0):
        found = Locator.of([cell], [0], bin_m=bin_m).locate(x, y)
        assert ((found == 0) == shapely.contains_xy(cell, x, y)).all()


def test_vertices_and_points_on_edges_of_a_city_are_in_exactly_one_cell(jitter):
    chance = np.random.default_rng(3)
    cells = jitter(9, chance, bends=3, origin=(38_571_300.0, 4_488_300.0))
    at = shapely.get_coordinates(cells)
    between = (at[1:] + at[:-1]) / 2
    x, y = np.concatenate([at, between, np.nextafter(at, np.inf)]).T
    locator = Locator.of(cells, np.arange(len(cells)))
    points, rows = locator.pairs(x, y)
    expected = [
        (at, row) for at, row in listed(locator.pairs(x, y, closed=True)) if holds(cells[row], x[at], y[at])
    ]
    assert listed((points, rows)) == expected
    inside = (abs(x - 38_571_750) < 445) & (abs(y - 4_488_750) < 445)
    assert np.bincount(points, minlength=len(x))[inside].tolist() == [1] * inside.sum()


def test_order_and_workers_change_nothing(jitter):
    chance = np.random.default_rng(4)
    cells = jitter(30, chance)
    x, y = chance.uniform(571_000, 574_500, 200_000), chance.uniform(4_488_000, 4_491_500, 200_000)
    locator = Locator.of(cells, np.arange(len(cells)))
    found = locator.locate(x, y, workers=1)
    assert found.tolist() == locator.locate(x, y, workers=3).tolist()
    order = np.argsort(found, kind="stable")
    assert found[order].tolist() == locator.locate(x[order], y[order]).tolist()
    points, rows = locator.pairs(x, y, workers=3)
    assert points.tolist() == np.flatnonzero(found >= 0).tolist()
    assert rows.tolist() == found[found >= 0].tolist()


@pytest.mark.parametrize("ids", [[7, 8, 9], ["七", "b", ""], np.array(["a", "b", "c"], object)])
def test_arrays_come_back_from_disk_mapped(tmp_path, ids):
    cells = [shapely.box(0, 0, 10, 10), None, shapely.box(5, 5, 15, 15)]
    locator = Locator.of(cells, ids)
    for name, values in locator.arrays().items():
        np.save(tmp_path / f"{name}.npy", values)
    mapped = {one.stem: np.load(one, mmap_mode="r") for one in tmp_path.iterdir()}
    again = Locator.from_arrays(mapped)
    x, y = [1.0, 7.0, 12.0, 15.0], [1.0, 7.0, 12.0, 15.0]
    assert again.ids.tolist() == list(ids)
    assert again.digest == locator.digest == digest_of(cells, ids)
    assert listed(again.pairs(x, y)) == listed(locator.pairs(x, y)) == [(0, 0), (1, 0), (1, 2), (2, 2)]


def test_the_digest_tells_cells_and_ids_apart():
    one, other = shapely.box(0, 0, 1, 1), shapely.box(0, 0, 1, 2)
    hole = shapely.Polygon(shapely.box(0, 0, 9, 9).exterior, [shapely.box(1, 1, 2, 2).exterior])
    asked = [
        ([one, other], [1, 2]), ([other, one], [1, 2]), ([one, other], [2, 1]), ([one, other], ["1", "2"]),
        ([one, None], [1, 2]), ([None, one], [1, 2]), ([hole], [1]), ([], []),
    ]  # fmt: skip
    assert len({digest_of(*one) for one in asked}) == len(asked)
    assert digest_of([shapely.MultiPolygon([one])], [1]) == digest_of([one], [1])


@pytest.mark.parametrize(
    "cells", [[], [None], [shapely.Polygon()], [shapely.Polygon([(0, 0), (1, 0), (2, 0)])]]
)
def test_no_area_holds_no_point(cells):
    locator = Locator.of(cells, list(range(len(cells))))
    assert locator.locate([0.0, math.nan], [0.0, 0.0]).tolist() == [-1, -1]
    assert locator.locate([], []).tolist() == []


def test_cells_far_apart_and_of_every_size_need_few_bins():
    cells = [shapely.box(0, 0, 1, 1), shapely.box(9e5, 9e5, 1e6, 1e6), shapely.box(9e5, 0, 9e5 + 1e-5, 1e-5)]
    locator = Locator.of(cells, [0, 1, 2])
    assert len(locator.bins.labels) <= 2**18
    assert locator.locate([0.5, 9.5e5, 9e5, 5.0], [0.5, 9.5e5, 0.0, 5.0]).tolist() == [0, 1, 2, -1]


@pytest.mark.parametrize(
    ("kind", "call"),
    [
        ("not-an-area", lambda: Locator.of([shapely.box(0, 0, 1, 1), shapely.Point(0, 0)], [1, 2])),
        ("not-finite", lambda: Locator.of([shapely.Polygon([(0, 0), (1, math.inf), (1, 0)])], [1])),
        ("ids-differ", lambda: Locator.of([shapely.box(0, 0, 1, 1)], [1, 2])),
        ("invalid-ids", lambda: Locator.of([shapely.box(0, 0, 1, 1)], [1.5])),
        ("invalid-ids", lambda: Locator.of([shapely.box(0, 0, 1, 1)], [None])),
        ("invalid-bin", lambda: Locator.of([shapely.box(0, 0, 1, 1)], [1], bin_m=0.0)),
        ("points-differ", lambda: Locator.of([], []).locate([1.0], [1.0, 2.0])),
        ("points-differ", lambda: Locator.of([], []).locate(1.0, 1.0)),
    ],
)
def test_a_wrong_call_is_refused(kind, call):
    with pytest.raises(InvalidInput) as caught:
        call()
    assert caught.value.kind == kind


def test_a_damaged_index_is_refused():
    arrays = Locator.of([shapely.box(0, 0, 1, 1)], [1]).arrays()
    wrong = [
        ("unknown-index", {"layout": np.array([0])}), ("damaged-index", {"codes": np.empty(0, np.int32)}),
        ("damaged-index", {"edges": arrays["edges"] + 9}), ("damaged-index", {"ids": np.array([1, 2])}),
        ("damaged-index", {"xy": arrays["xy"].astype(np.float32)}),
    ]  # fmt: skip
    for kind, part in wrong:
        with pytest.raises(FormatError) as caught:
            Locator.from_arrays(arrays | part)
        assert caught.value.kind == kind
    with pytest.raises(FormatError):
        Locator.from_arrays({name: one for name, one in arrays.items() if name != "labels"})


def test_a_locator_cannot_be_changed():
    locator = Locator.of([shapely.box(0, 0, 1, 1)], [1])
    with pytest.raises(dataclasses.FrozenInstanceError):
        locator.ids = np.array([2])
    for name, values in locator.arrays().items():
        if name not in {"layout", "digest", "frame"}:
            assert not values.flags.writeable


def test_flat_rings_apart_hold_nothing() -> None:
    flat = shapely.Polygon([(0, 0), (0, 0), (0, 0)], [[(0, 1), (0, 1), (0, 1)]])
    assert Locator.of([flat], [1]).locate([0.0, 0.0], [0.0, 0.5]).tolist() == [-1, -1]
