"""Rules of walks: what cannot be walked is refused in one line."""

import math

import pytest

from stcloud.errors import InvalidInput
from stcloud.paas.reach.walkrules import WalkRules


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({"minutes": 0}, "bad-minutes"), ({"minutes": -1}, "bad-minutes"), ({"minutes": math.nan}, "bad-minutes"),
        ({"minutes": 1441}, "bad-minutes"), ({"speed": 0}, "bad-speed"), ({"speed": -1.2}, "bad-speed"),
        ({"speed": math.inf}, "bad-speed"), ({"speed": math.nan}, "bad-speed"), ({"snap": "far"}, "unknown-distance"),
        ({"snap": -1}, "invalid-distance"), ({"snap": "2000 km"}, "invalid-distance"),
    ],
)  # fmt: skip
def test_what_nobody_walks_is_refused(options, kind):
    with pytest.raises(InvalidInput) as refused:
        WalkRules.of(**options)
    assert refused.value.kind == kind


def test_rules_are_described():
    facts = WalkRules.of(10, 1.5, crossings=True, snap="50 m").described()
    assert facts["walk"] == "at most 10 min at 1.5 m/s"
    assert facts["snapped"] == "at most 50 m to a street"
    assert facts["joined"] == "where lines meet or cross"
