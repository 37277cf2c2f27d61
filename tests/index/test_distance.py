"""Distances and counts: what a search takes, and what it refuses."""

import math

import pytest

from stcloud.errors import InvalidInput
from stcloud.index.distance import check_bounded, check_count, check_metres


@pytest.mark.parametrize("metres", [0, 20, 0.5, 1e12])
def test_a_distance_comes_back_as_a_float(metres):
    for check in (check_metres, check_bounded):
        assert check(metres) == metres
        assert isinstance(check(metres), float)


def test_infinity_is_a_distance_but_no_bound():
    assert check_metres(math.inf) == math.inf
    with pytest.raises(InvalidInput) as caught:
        check_bounded(math.inf)
    assert caught.value.kind == "invalid-distance"


@pytest.mark.parametrize("metres", [-1, -1e-9, -math.inf, math.nan])
def test_what_is_no_distance_is_refused(metres):
    for check in (check_metres, check_bounded):
        with pytest.raises(InvalidInput) as caught:
            check(metres)
        assert caught.value.kind == "invalid-distance"
        assert caught.value.hint


def test_a_count_is_one_or_more():
    assert [check_count(count) for count in (1, 2, 10**9)] == [1, 2, 10**9]
    for count in (0, -1):
        with pytest.raises(InvalidInput) as caught:
            check_count(count)
        assert caught.value.kind == "invalid-count"
