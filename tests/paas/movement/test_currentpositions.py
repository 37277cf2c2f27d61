"""Positions that change one by one, against a plain dictionary."""

import builtins
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.errors import InvalidInput, MissingExtra
from stcloud.paas.movement import CurrentPositions
from stcloud.testing.examples import examples

METRE = st.integers(-20, 20).map(float)
CHANGE = st.tuples(st.sampled_from("abcdefgh"), METRE, METRE, st.integers(0, 9) | st.none())


@settings(max_examples=examples(200))
@given(st.lists(CHANGE, max_size=40), METRE, METRE, st.integers(1, 4), st.sets(st.sampled_from("abcdefgh")))
def test_the_nearest_are_those_of_a_plain_search(changes, x, y, n, free):
    """Law of the nearest: by distance, then name, among those that are asked for, whatever order fixes came in."""
    positions, model = CurrentPositions(), {}
    for mover, px, py, at in changes:
        if at is None:
            assert positions.remove(mover) == (model.pop(mover, None) is not None)
        else:
            newer = mover not in model or model[mover][2] <= at
            assert positions.update(mover, px, py, at) == newer
            if newer:
                model[mover] = (px, py, at)
    assert len(positions) == len(model)
    assert [each.mover for each in positions] == sorted(model)
    order = sorted((math.hypot(px - x, py - y), mover) for mover, (px, py, _) in model.items())
    expected = [(mover, far) for far, mover in order]
    assert [(each.mover, each.distance_m) for each in positions.nearest(x, y, n)] == expected[:n]
    chosen = [pair for pair in expected if pair[0] in free]
    assert [(each.mover, each.distance_m) for each in positions.nearest(x, y, n, free=free)] == chosen[:n]
    asked = positions.nearest(x, y, n, free=lambda mover: mover in free, within_m=10.0, since_us=5)
    near = [pair for pair in chosen if pair[1] <= 10.0 and model[pair[0]][2] >= 5]
    assert [(each.mover, each.distance_m) for each in asked] == near[:n]


def test_a_mover_is_somewhere():
    positions = CurrentPositions()
    with pytest.raises(InvalidInput) as nowhere:
        positions.update("a", math.nan, 0.0, 1)
    assert nowhere.value.kind == "not-finite"
    assert positions.of("a") is None
    positions.update("a", 1.0, 2.0, 3)
    assert (positions.of("a").x, positions.of("a").distance_m) == (1.0, None)


def test_without_rtree_it_says_what_is_needed(monkeypatch):
    real = builtins.__import__

    def missing(name, *rest):
        if name.startswith("rtree"):
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(MissingExtra) as needed:
        CurrentPositions()
    assert needed.value.kind == "rtree-needed"


def test_who_is_free_is_sought_as_far_as_it_takes():
    positions = CurrentPositions()
    for number in range(40):
        positions.update(f"{number:02}", float(number), 0.0, 1)
    assert [each.mover for each in positions.nearest(0.0, 0.0, 2, free={"37", "39", "38"})] == ["37", "38"]
    assert positions.nearest(0.0, 0.0, free=()) == []
