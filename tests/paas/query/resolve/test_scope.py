"""Where and when events may be: never less than where and when they are."""

import math

import pytest

from stcloud.paas.query.join import read_how
from stcloud.paas.query.resolve.scope import Scope


@pytest.mark.parametrize(
    ("how", "far"),
    [("within", 0), ("intersects", 0), ("within 20 m", 20), ("nearest 3 within 1 km", 1000)],
)
def test_partners_are_within_reach(how, far):
    west, south, east, north = Scope(0, 9, (1.0, 2.0, 3.0, 4.0)).reach(read_how(how))
    assert (west, south) == pytest.approx((1 - far, 2 - far), abs=0.01)
    assert (east, north) == pytest.approx((3 + far, 4 + far), abs=0.01)
    assert west < 1 - far
    assert east > 3 + far


def test_the_nearest_may_be_anywhere():
    assert Scope(0, 9, (1.0, 2.0, 3.0, 4.0)).reach(read_how("nearest")) is None
    assert Scope(0, 9).reach(read_how("within 5 m")) is None


def test_an_instant_asked_for_is_the_span_of_the_features_unless_there_is_no_event():
    assert Scope(0, 9).at(None) == Scope(0, 9)
    assert Scope(0, 9).at(50) == Scope(50, 51)
    assert Scope(0, 0).at(50).empty
    assert Scope(0, 9, (1.0, 0.0, 0.0, 1.0)).empty
    assert not Scope(0, 9, (-math.inf, 0.0, 0.0, 0.0)).empty
