"""Rules of movement are read, refused and shown in one line."""

from datetime import timedelta

import pytest

from stcloud.errors import InvalidInput
from stcloud.paas.movement.motionrules import (
    MeetingRule,
    StopRule,
    TripRule,
    lapse_text,
    read_lapse,
    read_metres,
)


@pytest.mark.parametrize("text", ["", "5", "min", "-5 min", "0s", "5 weeks", "1.5 h", "1000000d"])
def test_what_is_no_length_of_time_is_refused(text):
    with pytest.raises(InvalidInput, match="no length of time") as refused:
        read_lapse(text)
    assert refused.value.kind == "unreadable-lapse"


def test_lengths_of_time_are_read_and_shown():
    assert [read_lapse(text) for text in ("30s", "5 min", "1h", "1 d")] == [30e6, 300e6, 3600e6, 86400e6]
    assert read_lapse(timedelta(milliseconds=1)) == 1000
    assert [lapse_text(us) for us in (86_400_000_000, 5_400_000_000, 0)] == ["1 d", "90 min", "0 s"]


@pytest.mark.parametrize("given", ["50", "m", -1, float("nan"), "2000 km"])
def test_what_is_no_distance_is_refused(given):
    with pytest.raises(InvalidInput) as refused:
        read_metres(given)
    assert refused.value.kind in ("unknown-distance", "invalid-distance")


def test_half_a_stop_is_refused():
    for distance, dwell in (("50 m", None), (None, "5 min")):
        with pytest.raises(InvalidInput) as refused:
            TripRule.of("10 min", distance, dwell)
        assert refused.value.kind == "half-a-stop"


def test_rules_say_what_they_are():
    assert str(TripRule.of("10 min", None, None)) == "between silences of more than 10 min"
    assert str(StopRule.of(50, "5 min", "1h")) == (
        "within 50 m of the first fix for 5 min or longer, without a gap of more than 1 h"
    )
    assert str(MeetingRule.of("50 m", "2min", "10min")) == (
        "within 50 m for 2 min or longer, straight between fixes of at most 10 min"
    )
