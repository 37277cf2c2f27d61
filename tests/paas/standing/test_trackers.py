"""Trackers find what loops over all windows and all readings find, and any order of arrival gives the same."""

import math
from dataclasses import replace

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.paas.standing.counted import CountTracker
from stcloud.paas.standing.groupfold import GroupFold
from stcloud.paas.standing.incident import Incident, Sample, followed
from stcloud.paas.standing.lasting import LastingTracker, Terms
from stcloud.testing.drawnreadings import MINUTE_US, STEP_US, frames, rules
from stcloud.testing.episodes import slow_episodes
from stcloud.testing.examples import examples
from stcloud.testing.standing import LoggedRow, slow_counts

FAR = 2**60
NAMES = ("from_us", "to_us", "peak", "peak_us", "rows", "last_us")
TIMES = st.lists(st.integers(0, 60), max_size=14)


def sample(time, level=1.0, key="k"):
    return Sample(time, key, level, math.nan, math.nan)


def named(incidents):
    return [{name: getattr(each, name) for name in NAMES} for each in incidents]


@settings(deadline=None, max_examples=examples(300))
@given(TIMES, st.integers(1, 12), st.integers(1, 4), st.integers(0, 3), st.integers(0, 9))
def test_oracle_of_windows(times, within, least, lower, quiet):
    lasting = max(1, least - lower)
    tracker = CountTracker(within, least, lasting, quiet)
    actual = [each.ended(FAR) for each in followed(tracker, map(sample, sorted(times)))]
    slow = slow_counts(within, least, lasting, quiet)([LoggedRow("k", "g", time, 1.0, 0) for time in times])
    assert named(actual) == named([replace(each, to_us=each.ends_us) for each in slow])


@settings(deadline=None, max_examples=examples(60))
@given(TIMES, st.integers(1, 12))
def test_windows_are_those_of_pandas(times, within):
    series = pd.Series(1, index=pd.to_datetime(sorted(times), unit="s"))
    most = series.rolling(f"{within}s", closed="right").count().max() if times else 0
    tracker = CountTracker(within, 1, 1, FAR)
    found = followed(tracker, map(sample, sorted(times)))
    assert max((each.peak for each in found), default=0) == most


@settings(deadline=None, max_examples=examples(300))
@given(frames(), rules())
def test_episodes(frame, rule):
    """Readings one by one give the episodes that a loop over all of them gives."""
    terms = Terms(
        rule.sign, rule.threshold, rule.release, rule.least_us, 0, STEP_US, STEP_US + rule.gap_us, credited=True,
        silent=False,
    )  # fmt: skip
    for station, unsorted in frame.groupby("station"):
        rows = unsorted.sort_values("time_us")
        levels = rows["value"].where(rows["flag"] == 0)
        samples = [sample(*each) for each in zip(rows["time_us"].tolist(), levels.tolist(), strict=True)]
        actual = followed(LastingTracker(terms), samples)
        expected = [each for each in slow_episodes(frame, rule, STEP_US) if each["station"] == station]
        assert [(each.from_us, each.to_us, each.peak, each.peak_us, each.rows) for each in actual] == [
            (
                each["from_us"],
                None if each["is_open"] else each["to_us"],
                each["peak"],
                each["peak_us"],
                each["readings"],
            )
            for each in expected
        ]


@settings(deadline=None, max_examples=examples(100))
@given(st.permutations(range(40)), st.sets(st.integers(0, 39)), st.integers(1, 4), st.booleans())
def test_order_of_arrival(order, withdrawn, least, counts):
    levels = {time: float(time % 7 > 2) for time in range(40)}
    tracker = (
        CountTracker(5, least, least, 2)
        if counts
        else LastingTracker(Terms(1, 0.5, None, least, 1, None, None, credited=False, silent=True))
    )
    fold = GroupFold(tracker.copied())
    for time in order:
        fold.change((), [sample(time, levels[time], str(time))])
    fold.change([(time, str(time)) for time in withdrawn], ())
    kept = [sample(time, levels[time], str(time)) for time in range(40) if time not in withdrawn]
    expected = followed(tracker, kept)
    assert fold.incidents(-1) == expected
    fold.trim(25)
    assert fold.incidents(-1) == [each for each in expected if each in fold.incidents(-1)]
    assert fold.incidents(-1)[-1:] == expected[-1:]


def test_state_does_not_grow():
    tracker = LastingTracker(Terms(1, 0.5, None, MINUTE_US, 0, None, None, credited=False, silent=True))
    for time in range(1000):
        tracker.feed(sample(time * MINUTE_US))
    assert len(str(tracker.state())) < 400
    counted = CountTracker(10, 2, 2, 0)
    for time in range(1000):
        counted.feed(sample(time))
    assert len(counted.state()["window"]) == 10


def test_an_incident_ends_when_time_has_come():
    open_one = Incident(0, None, 0, 0, 5, 1.0, 0, 1, math.nan, math.nan)
    assert open_one.ended(4).to_us is None
    assert open_one.ended(5).to_us == 5
