"""Carried totals: mass is conserved, bounds hold, and what is known exactly stays exact."""

from math import fsum

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.errors import InvalidInput
from stcloud.paas.carried import carry_values, pieces_by_weight, pieces_of_areas
from stcloud.testing.examples import examples
from tests.paas.carried.partitions import SIDE, partitions

TOTALS = st.one_of(st.just(np.nan), st.integers(-1000, 1000).map(float), st.floats(-1e9, 1e9))


def known(values):
    return [float(value) for value in values if not np.isnan(value)]


@given(partitions("s", gaps=True), partitions("t", gaps=True), st.data())
@settings(max_examples=examples(80))
def test_mass_is_conserved(sources, targets, data):
    totals = np.array(data.draw(st.lists(TOTALS, min_size=len(sources[1]), max_size=len(sources[1]))))
    carried = carry_values(pieces_of_areas(*sources, *targets), totals)
    parts = [*known(carried.values), *known(carried.outside), carried.withheld]
    magnitude = fsum(map(abs, known(totals)))
    assert fsum(parts) == pytest.approx(fsum(known(totals)), abs=1e-9 * magnitude)
    assert carried.total == fsum(known(totals))


@given(partitions("s", gaps=True), partitions("t", gaps=True), st.data())
@settings(max_examples=examples(60))
def test_values_are_those_of_a_double_loop(sources, targets, data):
    totals = np.array(
        data.draw(st.lists(st.integers(0, 1000), min_size=len(sources[1]), max_size=len(sources[1]))), float
    )
    carried = carry_values(pieces_of_areas(*sources, *targets), totals)
    for at, target in enumerate(targets[0]):
        value = least = most = partial = 0.0
        met = False
        for source, total in zip(sources[0], totals, strict=True):
            share = source.intersection(target).area / source.area
            if share > 1e-9:
                met = True
                value += share * total
                least += total if share > 1 - 1e-9 else 0
                most += total
                partial += 0 if share > 1 - 1e-9 else share * total
        if not met:
            assert np.isnan(
                [carried.values[at], carried.least[at], carried.most[at], carried.carried[at]]
            ).all()
            continue
        assert (carried.values[at], carried.least[at], carried.most[at]) == pytest.approx(
            (value, least, most)
        )
        if value:
            assert carried.carried[at] == pytest.approx(partial / value)
        else:
            assert np.isnan(carried.carried[at])


@given(partitions("s"), partitions("t", gaps=True), st.data())
@settings(max_examples=examples(60))
def test_bounds_hold(sources, targets, data):
    """However people live within the areas that they were counted by, the truth lies between the bounds."""
    spot = st.tuples(st.integers(0, SIDE - 1), st.integers(0, SIDE - 1))
    people = [shapely.Point(x + 0.5, y + 0.5) for x, y in data.draw(st.lists(spot, max_size=30))]
    totals = np.array([sum(source.contains(person) for person in people) for source in sources[0]], float)
    pieces = pieces_of_areas(*sources, *targets)
    truth = np.array([sum(target.contains(person) for person in people) for target in targets[0]], float)
    where, ones = np.array(people, object), np.ones(len(people))
    lives = pieces_by_weight(pieces, sources[0], targets[0], where, ones)
    for each in (
        carry_values(pieces, totals),
        carry_values(pieces, totals, whole=True),
        carry_values(lives, totals),
    ):
        assert (each.least - 1e-9 <= truth).all()
        assert (truth <= each.most + 1e-9).all()
        assert (each.least - 1e-9 <= each.values).all()
        assert (each.values <= each.most + 1e-9).all()
    np.testing.assert_allclose(
        each.values, truth, atol=1e-6
    )  # weights that are the people themselves find them


@given(partitions("s"), st.data())
@settings(max_examples=examples(40))
def test_carrying_to_the_same_areas_changes_nothing(sources, data):
    totals = np.array(
        data.draw(st.lists(st.floats(-1e9, 1e9), min_size=len(sources[1]), max_size=len(sources[1])))
    )
    carried = carry_values(pieces_of_areas(*sources, *sources), totals)
    assert carried.values.tolist() == totals.tolist()
    assert carried.least.tolist() == carried.most.tolist() == totals.tolist()
    assert known(carried.carried) == [0.0] * int((totals != 0).sum())
    assert carried.outside.tolist() == [0.0] * len(totals)


@given(partitions("s", gaps=True), partitions("t", gaps=True), st.data())
@settings(max_examples=examples(60))
def test_whole_numbers_stay_whole(sources, targets, data):
    totals = np.array(
        data.draw(st.lists(st.integers(0, 1000), min_size=len(sources[1]), max_size=len(sources[1]))), float
    )
    carried = carry_values(pieces_of_areas(*sources, *targets), totals, whole=True)
    parts = [*known(carried.values), *known(carried.outside)]
    assert fsum(parts) == fsum(totals)
    assert all(part == int(part) for part in parts)


def test_a_target_with_a_part_of_an_unknown_total_has_no_value():
    sources = [shapely.box(0, 0, 10, 10), shapely.box(10, 0, 20, 10)]
    targets = [shapely.box(0, 0, 5, 10), shapely.box(5, 0, 15, 10)]
    pieces = pieces_of_areas(sources, ["a", "b"], targets, ["x", "y"])
    carried = carry_values(pieces, np.array([10.0, np.nan]))
    assert carried.lacking == ((), ("b",))
    assert (carried.values[0], carried.withheld) == (5, 5)
    assert np.isnan([carried.values[1], carried.outside[1]]).all()


@pytest.mark.parametrize(("total", "kind"), [(1.5, "not-whole"), (np.inf, "not-finite")])
def test_totals_that_cannot_be_carried_are_refused(total, kind):
    areas = [shapely.box(0, 0, 1, 1)]
    with pytest.raises(InvalidInput) as refused:
        carry_values(pieces_of_areas(areas, ["a"], areas, ["b"]), np.array([total]), whole=True)
    assert refused.value.kind == kind
