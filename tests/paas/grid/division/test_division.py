import dataclasses

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.errors import InvalidInput
from stcloud.paas.grid.division import PRESETS, Earlier, divide
from stcloud.paas.grid.numbering import centres, standard_order
from stcloud.testing.examples import examples
from stcloud.testing.town import Town, town

SIDE_M = 1_000
SQUARE = np.array([shapely.box(0, 0, 1000, 400)])
CODE = np.array(["420106001001"])
NO_STREETS = np.array([], dtype=object)
seeds = st.integers(0, 10_000)
few = settings(deadline=None, max_examples=examples(4))


def made(one: Town, **more):
    return divide(
        one.communities, one.community_codes, one.streets, one.buildings, one.components, one.water, **more
    )


def as_earlier(division, retired=()):
    """The cells of a division; those with some codes have ended."""
    return Earlier(division.cells, division.codes, np.isin(division.codes, np.array(retired, dtype=str)))


def same(one, other):
    assert one.codes.tolist() == other.codes.tolist()
    assert (shapely.to_wkb(one.cells) == shapely.to_wkb(other.cells)).all()


@few
@given(seeds)
def test_the_cells_of_a_community_tile_it(seed):
    """The cells of a community tile it; none crosses it; the report says so."""
    one = town(SIDE_M, seed)
    division = made(one)
    assert shapely.is_valid(division.cells).all()
    assert set(shapely.get_type_id(division.cells)) == {shapely.GeometryType.POLYGON}
    assert division.communities.tolist() == [code[:12] for code in division.codes.tolist()]
    for code, community in zip(one.community_codes, one.communities, strict=True):
        cells = division.cells[division.communities == code]
        assert shapely.area(shapely.difference(cells, community)).sum() < 5e-7 * community.area
        assert shapely.area(cells).sum() == pytest.approx(community.area, rel=5e-7)
        assert shapely.union_all(cells).area == pytest.approx(community.area, rel=5e-7)
    assert max(division.quality.crossing, division.quality.uncovered) < 5e-7


@few
@given(seeds, seeds, st.integers(2, 3))
def test_equal_inputs_give_equal_cells(seed, shuffle, workers):
    """Shuffled inputs, reversed lines and any number of workers give the same cells, bit for bit."""
    one, shuffled = town(SIDE_M, seed), np.random.default_rng(shuffle).permutation
    order = shuffled(len(one.communities))
    other = dataclasses.replace(
        one, communities=shapely.reverse(one.communities[order]), community_codes=one.community_codes[order],
        streets=shapely.reverse(shuffled(one.streets)), buildings=shapely.reverse(shuffled(one.buildings)),
        components=shuffled(one.components), water=shuffled(one.water),
    )  # fmt: skip
    same(made(one), made(other, workers=workers))


@few
@given(seeds)
def test_codes_are_given_in_the_standard_order(seed):
    """Codes number the cells of each community from 001 in the standard order, without a gap."""
    division = made(town(SIDE_M, seed))
    order = standard_order(*centres(division.cells), division.communities)
    assert order.tolist() == list(range(len(division.cells)))
    for code in np.unique(division.communities):
        numbers = [int(one[12:]) for one in division.codes[division.communities == code]]
        assert numbers == list(range(1, len(numbers) + 1))


@few
@given(seeds)
def test_dividing_again_changes_nothing(seed):
    """A second division of the same ground keeps every code, retires none, records no predecessor."""
    one = town(SIDE_M, seed)
    first = made(one)
    again = made(one, previous=as_earlier(first))
    same(first, again)
    assert again.retired == ()
    assert set(again.predecessors) == {()}


@few
@given(seeds, st.data())
def test_a_new_street_keeps_the_codes_of_unchanged_cells(seed, data):
    """Unchanged cells keep codes, the others are retired, codes are never used again, ground has predecessors."""
    one = town(SIDE_M, seed)
    first = made(one)
    chosen = data.draw(st.integers(0, len(first.cells) - 1))
    west, south, east, north = first.cells[chosen].bounds
    street = shapely.LineString([(west - 60, (south + north) / 2), (east + 60, (south + north) / 2 + 5)])
    streets = np.append(one.streets, street)
    ended = first.codes[:2].tolist() if chosen > 1 else []
    second = made(dataclasses.replace(one, streets=streets), previous=as_earlier(first, ended))
    before = dict(zip(first.codes.tolist(), first.cells, strict=True))
    assert not set(ended) & set(second.codes.tolist())
    for code, cell, earlier in zip(second.codes.tolist(), second.cells, second.predecessors, strict=True):
        if code in before:
            assert shapely.symmetric_difference(cell, before[code]).area < 2e-3 * cell.length
            assert earlier == ()
        else:
            assert sum(cell.intersection(before[one]).area for one in earlier) > 0 or ended
    assert set(second.retired) == set(before) - set(second.codes.tolist()) - set(ended)
    assert len(set(second.codes.tolist())) == len(second.codes)
    assert len(set(second.codes.tolist()) & set(before)) > len(before) / 2


def test_streets_become_edges_and_cells_are_near_the_target():
    """In a plain town the report reaches what it promises."""
    quality = made(town(1_500, 3)).quality
    assert quality.fitting > 0.97
    assert quality.streets_near > 0.9
    assert quality.streets_beside > 0.96
    assert quality.compactness > 0.7
    assert quality.compactness_low > 0.6
    assert quality.loose < 0.02
    assert quality.buildings_cut < 0.003
    assert {one.reason for one in quality.misfits} <= {"small-community", "edges-kept", "no-good-cut"}


def test_areas_follow_the_component_load():
    """With the same ground, the load is shared out more evenly than by area alone."""
    one = town(2_000, 5)
    balanced, plain = made(one).quality, made(one, preset=PRESETS["area-only"]).quality
    assert balanced.load_variation < 0.9 * plain.load_variation


def test_a_community_without_codes_left_gets_larger_cells():
    """Codes are 999, those of ended cells too: what does not fit is merged, and the report says where."""
    ended = 990
    past = Earlier(
        np.array([shapely.box(-100, 0, -90, 10)] * ended),
        np.array([f"{CODE[0]}{n:03d}" for n in range(1, ended + 1)]), np.ones(ended, dtype=bool),
    )  # fmt: skip
    division = divide(SQUARE, CODE, NO_STREETS, previous=past)
    assert division.codes.tolist() == [f"{CODE[0]}{n}" for n in range(991, 1000)]
    assert division.thinned == (CODE[0],)
    assert shapely.area(division.cells).sum() == pytest.approx(400_000)
    assert {one.reason for one in division.quality.misfits} <= {"codes"}


def test_a_community_with_no_code_at_all_is_refused():
    """codes-exhausted."""
    past = Earlier(
        np.array([shapely.box(-100, 0, -90, 10)] * 999), np.array([f"{CODE[0]}{n:03d}" for n in range(1, 1000)]),
        np.ones(999, dtype=bool),
    )  # fmt: skip
    with pytest.raises(InvalidInput) as error:
        divide(SQUARE, CODE, NO_STREETS, previous=past)
    assert error.value.kind == "codes-exhausted"
    assert CODE[0] in str(error.value)


def test_ground_around_a_pond_and_an_exclave_are_divided():
    """Holes and parts of a community are no obstacle."""
    pond = shapely.Point(300, 200).buffer(80)
    place = shapely.MultiPolygon([shapely.box(0, 0, 1000, 400).difference(shapely.box(700, 100, 850, 250)),
                                  shapely.box(2000, 0, 2060, 60)])  # fmt: skip
    division = divide(np.array([place]), CODE, NO_STREETS, water=np.array([pond]))
    assert shapely.area(division.cells).sum() == pytest.approx(place.area, rel=5e-7)
    assert shapely.is_valid(division.cells).all()
    assert [one.reason for one in division.quality.misfits] == ["small-community"]


@pytest.mark.parametrize(
    ("communities", "codes"),
    [
        (SQUARE, np.array(["42010600100"])),
        (SQUARE, np.array([], dtype=str)),
        (np.append(SQUARE, shapely.box(500, 0, 1500, 400)), np.array(["420106001001", "420106001002"])),
        (np.append(SQUARE, shapely.box(1000, 0, 1500, 400)), np.array(["420106001001", "420106001001"])),
        (np.array([shapely.Polygon([(0, 0), (9, 9), (9, 0), (0, 9)])]), CODE),
    ],
)
def test_bad_communities_are_refused(communities, codes):
    """bad-communities."""
    with pytest.raises(InvalidInput) as error:
        divide(communities, codes, NO_STREETS)
    assert error.value.kind == "bad-communities"


def test_a_target_area_that_is_none_is_refused():
    """bad-target-area."""
    with pytest.raises(InvalidInput) as error:
        divide(SQUARE, CODE, NO_STREETS, target_area_m2=0)
    assert error.value.kind == "bad-target-area"
