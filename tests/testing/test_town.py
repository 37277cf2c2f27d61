"""The invented town keeps what its docstrings promise."""

import hashlib

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.paas.grid.numbering import centres, standard_order
from stcloud.testing.examples import examples
from stcloud.testing.town import noisy, quads, town

ORIGIN = (500_000.0, 3_380_000.0)


@pytest.fixture(scope="module")
def small():
    return town(3_000)


def digest(place):
    parts = (place.communities, place.streets, place.buildings, place.components, place.water)
    told = hashlib.sha256(b"".join(b"".join(shapely.to_wkb(part)) for part in parts))
    told.update(" ".join([*place.community_codes, *place.street_kinds]).encode())
    return told.hexdigest()


def test_equal_arguments_give_equal_towns(small):
    assert digest(town(3_000)) == digest(small)
    assert digest(town(3_000, seed=8)) != digest(small)


@given(st.integers(0, 10_000), st.sampled_from([1_000, 1_770.0, 2_500]))
@settings(deadline=None, max_examples=examples(8))
def test_communities_tile_the_square(seed, side_m):
    place = town(side_m, seed)
    whole = shapely.coverage_union_all(place.communities)
    assert shapely.coverage_is_valid(place.communities)
    assert shapely.is_valid(place.communities).all()
    assert (shapely.get_type_id(place.communities) == shapely.GeometryType.POLYGON).all()
    square = shapely.box(*ORIGIN, *np.add(ORIGIN, side_m))
    assert shapely.equals(whole, square)
    assert shapely.area(place.communities).sum() == pytest.approx(side_m**2, abs=1e-3)


def test_codes_are_12_digits_and_none_repeats(small):
    codes = small.community_codes.tolist()
    assert all(len(one) == 12 and one.isdigit() for one in codes)
    assert len(set(codes)) == len(codes) == len(small.communities)
    assert len({one[:9] for one in codes}) > 1


@pytest.mark.thorough
def test_a_town_has_several_districts_of_several_streets():
    codes = town(8_000).community_codes
    assert len(np.unique([one[:6] for one in codes])) > 1
    assert (
        min(len({one[:9] for one in codes if one.startswith(six)}) for six in {one[:6] for one in codes}) > 1
    )


def test_buildings_touch_neither_each_other_nor_streets_nor_water(small):
    assert shapely.is_valid(small.buildings).all()
    tree = shapely.STRtree(small.buildings)
    first, second = tree.query(small.buildings, predicate="intersects")
    assert (first == second).all()
    assert not tree.query(small.streets, predicate="intersects").size
    assert not tree.query(small.water, predicate="intersects").size
    assert 100 < np.median(shapely.area(small.buildings)) < 900


def test_few_buildings_cross_a_community(small):
    lines = shapely.boundary(small.communities)
    crossed = shapely.STRtree(small.buildings).query(lines, predicate="intersects")[1]
    assert 0 < len(np.unique(crossed)) < 0.01 * len(small.buildings)


def test_as_much_of_everything_as_a_city_has(small):
    assert len(small.components) == 18_000
    assert 6.5 < shapely.length(small.streets).sum() / 9_000 < 11
    assert 500 < len(small.buildings) / 9 < 900
    square = shapely.box(*ORIGIN, *np.add(ORIGIN, 3_000))
    for part in (small.streets, small.buildings, small.components, small.water):
        assert shapely.covers(square, part).all()


def test_boundaries_follow_streets_in_part(small):
    lines = shapely.coverage_union_all(small.communities).boundary
    inner = shapely.union_all(shapely.boundary(small.communities)).difference(lines)
    on_streets = inner.intersection(shapely.union_all(small.streets)).length / inner.length
    assert 0.3 < on_streets < 0.8


def test_coordinates_are_whole_millimetres(small):
    for part in (small.communities, small.streets, small.buildings, small.components, small.water):
        at = shapely.get_coordinates(part) * 1_000
        assert np.abs(at - np.round(at)).max() < 1e-5


@given(st.integers(1, 70), st.integers(1, 70), st.integers(0, 99), st.sampled_from([0, 0.2, 0.29]))
@settings(deadline=None, max_examples=examples(15))
def test_quads_are_a_clean_grid_in_standard_order(nx, ny, seed, jitter):
    cells, codes = quads(nx, ny, seed, jitter)
    assert shapely.is_valid(cells).all()
    assert shapely.coverage_is_valid(cells)
    assert shapely.area(cells).sum() == pytest.approx(nx * ny * 10_000)
    assert len(np.unique(codes)) == nx * ny
    assert (np.char.str_len(codes) == 15).all()
    community = np.array([one[:12] for one in codes])
    assert np.unique(community, return_counts=True)[1].max() <= 900
    assert (codes[standard_order(*centres(cells), community)] == np.sort(codes)).all()


@given(st.integers(1, 20), st.integers(1, 20), st.integers(4, 60), st.integers(0, 99))
@settings(deadline=None, max_examples=examples(15))
def test_noisy_cells_stay_seamless(nx, ny, vertices, seed):
    cells, _ = quads(nx, ny, seed)
    bent = noisy(cells, vertices, seed)
    assert shapely.is_valid(bent).all()
    assert shapely.coverage_is_valid(bent)
    assert shapely.area(bent).sum() == pytest.approx(nx * ny * 10_000, abs=1e-3)
    assert (shapely.get_num_coordinates(bent) == 4 * max(1, vertices // 4) + 1).all()


def test_noise_shows_inside():
    cells, _ = quads(3, 3)
    assert not shapely.equals(noisy(cells)[4], cells[4])


def test_what_cannot_be_made_is_refused():
    with pytest.raises(ValueError, match="too small"):
        town(900)
    with pytest.raises(ValueError, match="jitter"):
        quads(2, 2, jitter=0.4)
