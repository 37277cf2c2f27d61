"""Detection finds what a loop over rows finds, and every choice that it makes is stated here."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

from stcloud.errors import InvalidInput, NotFound
from stcloud.paas.episode import EpisodeRule, detect_episodes
from stcloud.testing.drawnreadings import MINUTE_US, STEP_US, frames, readings_of, rules
from stcloud.testing.episodes import slow_episodes
from stcloud.testing.examples import examples

H = STEP_US
NAN = float("nan")


def rule(**more):
    document = {"id": "smog", "layer": "air", "value": "PM2.5", "above": 115.0, "for": "3h", "gap": "1h"}
    return EpisodeRule.model_validate(document | more)


def hourly(*values, station="Mill", start=0, flags=None):
    rows = [
        (station, (start + hour) * H, value, (flags or {}).get(hour, 2 if value != value else 0))
        for hour, value in enumerate(values)
        if value is not None
    ]
    return pd.DataFrame(rows, columns=["station", "time_us", "value", "flag"])


def described(frame, made):
    """Return episodes as the oracle gives them."""
    episodes = detect_episodes(readings_of(frame), made)
    return [
        {
            "station": episodes.stations[episodes.station[i]],
            **{
                name: getattr(episodes, name)[i].item()
                for name in ("from_us", "to_us", "is_open", "peak", "peak_us", "mean", "readings", "missing")
            },
        }
        for i in range(len(episodes))
    ]


def hours(frame, made):
    """Return when episodes are, in hours, and whether they are open."""
    return [(each["from_us"] / H, each["to_us"] / H, each["is_open"]) for each in described(frame, made)]


@settings(deadline=None, max_examples=examples(1000))
@given(frames(), rules())
def test_oracle(frame, made):
    expected = slow_episodes(frame, made, STEP_US)
    actual = described(frame, made)
    assert [each.pop("mean") for each in actual] == pytest.approx([each.pop("mean") for each in expected])
    assert actual == expected


@settings(deadline=None, max_examples=examples(300))
@given(frames(), rules())
def test_each_station_for_itself(frame, made):
    alone = [
        each for station in sorted(frame["station"].unique())
        for each in described(frame[frame["station"] == station], made)
    ]  # fmt: skip
    assert described(frame, made) == alone


def test_an_episode_has_all_that_is_known_of_it():
    frame = hourly(50, 116, 120, None, 130, 130, NAN, 118, 50)
    assert described(frame, rule()) == [
        {"station": "Mill", "from_us": 1 * H, "to_us": 8 * H, "is_open": False, "peak": 130.0, "peak_us": 4 * H,
         "mean": pytest.approx((116 + 120 + 130 + 130 + 118) / 5), "readings": 5, "missing": 2},
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((116, 116, 50), []),  # two hours are less than three
        ((116, 116, 116, 50), [(0, 3, False)]),
        ((115, 116, 116, 116, 115), [(1, 4, False)]),  # what equals the threshold is not beyond it
        ((116, 50, 116, 116, 50), []),  # a dip under the threshold is no gap
    ],
)
def test_how_long(values, expected):
    assert hours(hourly(*values), rule()) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((116, 116, 116, None, 116, 50), [(0, 5, False)]),
        ((116, 116, 116, None, None, 116, 50), [(0, 3, False)]),
        ((116, 116, None, 116, 50), [(0, 4, False)]),  # what was bridged counts as time
        ((116, 116, 116, None, 50), [(0, 3, False)]),  # nothing says that the missing hour belongs to it
    ],
)
def test_gaps(values, expected):
    assert hours(hourly(*values), rule()) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((116, 116, 116, 80, 75, 74), [(0, 5, False)]),  # 75 does not end it, 74 does
        ((116, 116, 80, 116, 80, 80, 74), []),  # three hours beyond the threshold, not three hours in all
        ((116, 80, 116, 116, 116, 80, 74), [(2, 6, False)]),  # it begins with the stretch that is long enough
        ((116, 116, 116, 80, 116, 116, 116, 74), [(0, 7, False)]),  # and has the later ones
    ],
)
def test_hysteresis(values, expected):
    assert hours(hourly(*values), rule(ends_below=75.0)) == expected


@pytest.mark.parametrize(
    ("values", "is_open"),
    [
        ((116, 116, 116), True),
        ((116, 116, 116, NAN), True),
        ((116, 116, 116, NAN, NAN), False),  # missing for longer than a gap may be
        ((116, 116, 116, 50), False),
    ],
)
def test_an_episode_is_open_until_something_ends_it(values, is_open):
    assert hours(hourly(*values), rule()) == [(0, 3, is_open)]


def test_the_silence_of_a_station_ends_nothing():
    silent, other = hourly(116, 116, 116), hourly(*[20] * 40, station="Park")
    assert hours(pd.concat([silent, other]), rule()) == [(0, 3, True)]


@pytest.mark.parametrize("flag", [1, 2])
def test_implausible_readings_are_missing(flag):
    frame = hourly(116, 116, 9_999, 116, 50, flags={2: flag})
    (episode,) = described(frame, rule())
    assert (episode["peak"], episode["readings"], episode["missing"]) == (116.0, 3, 1)


def test_a_reading_stands_no_longer_than_until_the_next():
    frame = hourly(116, 116, 116)
    early = pd.DataFrame([("Mill", 2 * H + 30 * MINUTE_US, 50.0, 0)], columns=frame.columns)
    assert hours(pd.concat([frame, early]), rule()) == []
    assert hours(pd.concat([frame, early]), rule(**{"for": "150min"})) == [(0, 2.5, False)]


def test_low_values():
    frame = hourly(0, -11, -15, -12, -7, -4)
    cold = rule(above=None, below=-10.0, ends_above=-5.0)
    (episode,) = described(frame, cold)
    assert (episode["from_us"] / H, episode["to_us"] / H, episode["peak"]) == (1, 5, -15.0)


def test_no_readings_no_episodes():
    empty = hourly()
    assert described(empty.astype({"time_us": "int64", "value": "float64", "flag": "int64"}), rule()) == []
    assert described(hourly(NAN, NAN), rule()) == []


def test_a_value_that_there_is_not_is_refused_with_the_nearest():
    with pytest.raises(NotFound, match="no value 'PM25'") as caught:
        detect_episodes(readings_of(hourly(1)), rule(value="PM25"))
    assert caught.value.kind == "unknown-column"


def test_a_step_is_needed():
    irregular = replace(readings_of(hourly(116, 116, 116, 50)), step_us=None)
    with pytest.raises(InvalidInput, match="how long a reading") as caught:
        detect_episodes(irregular, rule())
    assert caught.value.kind == "no-step"
    assert np.array_equal(detect_episodes(irregular, rule(step="1h")).to_us, [3 * H])
