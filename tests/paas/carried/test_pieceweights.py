"""Pieces by weights, compared with a double loop: points, lines and areas; borders have one side."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.errors import InvalidInput
from stcloud.paas.carried import pieces_by_weight, pieces_of_areas
from stcloud.testing.examples import examples
from tests.paas.carried.partitions import SIDE, partitions

WITHIN = st.integers(0, SIDE - 1).map(lambda number: number + 0.5)  # on no border
SIZE = st.integers(1, 8)
PLACES = st.lists(
    st.one_of(
        st.builds(shapely.Point, WITHIN, WITHIN),
        st.builds(lambda x, y, w, h: shapely.box(x, y, x + w, y + h), WITHIN, WITHIN, SIZE, SIZE),
        st.builds(
            lambda x, y, w, h: shapely.LineString([(x, y), (x + w, y + h)]), WITHIN, WITHIN, SIZE, SIZE
        ),
    ),
    max_size=8,
)


def amount(place, area):
    """How much of a place lies in an area."""
    if place.geom_type == "Point":
        return float(area.contains(place))
    common = place.intersection(area)
    return common.area / place.area if place.area else common.length / place.length


@given(partitions("s", gaps=True), partitions("t", gaps=True), PLACES, st.data())
@settings(max_examples=examples(80))
def test_shares_are_those_of_a_double_loop(sources, targets, places, data):
    weights = np.array(
        data.draw(st.lists(st.integers(0, 5), min_size=len(places), max_size=len(places))), float
    )
    pieces = pieces_of_areas(*sources, *targets)
    weighed = pieces_by_weight(pieces, sources[0], targets[0], np.array(places, object), weights)
    every = shapely.union_all(targets[0])
    for at, source in enumerate(sources[0]):
        of = {}
        for target in np.flatnonzero(pieces.source == at):
            number = pieces.target[target]
            area = source.intersection(targets[0][number]) if number >= 0 else source.difference(every)
            of[target] = sum(
                weight * amount(place, area) for place, weight in zip(places, weights, strict=True)
            )
        total = sum(of.values())
        if total < 1e-6:
            continue
        for piece, weight in of.items():
            assert weighed.share[piece] == pytest.approx(weight / total, abs=1e-6)
        assert sources[1][at] not in weighed.by_area
    for key in weighed.by_area:
        of_source = pieces.source == sources[1].index(key)
        assert weighed.share[of_source].tolist() == pieces.share[of_source].tolist()


def test_a_point_on_a_border_is_in_the_first_piece_by_keys():
    sources = np.array([shapely.box(0, 0, 10, 10), shapely.box(10, 0, 20, 10)], object)
    targets = np.array([shapely.box(10, 0, 20, 5), shapely.box(0, 0, 10, 10)], object)
    pieces = pieces_of_areas(sources, ["b", "a"], targets, ["x", "y"])
    places = np.array([shapely.Point(10, 5), shapely.Point(15, 8), None, shapely.Point(50, 50)], object)
    weighed = pieces_by_weight(pieces, sources, targets, places, np.array([1.0, 3.0, 5.0, 7.0]))
    shares = dict(
        zip(zip(pieces.source.tolist(), pieces.target.tolist(), strict=True), weighed.share, strict=True)
    )
    assert shares == {(1, 0): 0.25, (1, -1): 0.75, (0, 1): 1.0}
    assert weighed.by_area == ("b",)


def test_of_two_pieces_on_a_border_the_key_of_the_source_counts_first():
    west, east = shapely.box(0, 0, 10, 10), shapely.box(10, 0, 20, 10)
    areas = np.array([west, east], object)
    pieces = pieces_of_areas(areas, ["b", "a"], areas, ["x", "y"])
    point = np.array([shapely.Point(10, 5)], object)
    weighed = pieces_by_weight(pieces, areas, areas, point, np.array([1.0]))
    assert weighed.by_area == ("b",)  # the point is in a and y, not in b and x


def test_a_negative_weight_is_refused():
    areas = np.array([shapely.box(0, 0, 1, 1)], object)
    pieces = pieces_of_areas(areas, ["a"], areas, ["b"])
    with pytest.raises(InvalidInput) as refused:
        pieces_by_weight(pieces, areas, areas, np.array([shapely.Point(0, 0)], object), np.array([-1.0]))
    assert refused.value.kind == "negative-weight"
