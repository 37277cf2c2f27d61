"""Tracks, segments, stops and trips as rows, against pandas and plain rules."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.paas.movement.motionrules import StopRule, TripRule
from stcloud.paas.movement.tracktable import (
    runs_of_trips,
    segments_table,
    stops_table,
    tracks_table,
    trips_table,
)
from stcloud.testing.examples import examples
from stcloud.testing.movers import SECOND, fixes_of, runs_of_stops, tracks_of, worlds
from stcloud.time import Zone

ZONE = Zone("Pacific/Auckland")


@settings(max_examples=examples(150))
@given(worlds(20))
def test_segments_are_those_of_pandas(rows):
    """Law of segments: from each fix of a track to the next; no speed where no time passes."""
    frame = pd.DataFrame(rows, columns=["mover", "at", "x", "y"]).sort_values(["mover", "at"], kind="stable")
    step = frame.groupby("mover")[["at", "x", "y"]].diff().dropna()
    table = segments_table(fixes_of(rows), ZONE).to_pandas()
    assert table["length_m"].tolist() == pytest.approx(np.hypot(step["x"], step["y"]).tolist())
    assert table["duration_s"].tolist() == (step["at"] / SECOND).tolist()
    still = step["at"].to_numpy() == 0
    assert table["speed_mps"].isna().tolist() == still.tolist()
    moving = table["length_m"][~still] / table["duration_s"][~still]
    assert table["speed_mps"][~still].tolist() == pytest.approx(moving.tolist())
    assert not np.isinf(table["speed_mps"].dropna()).any()
    assert shapely.length(shapely.from_wkb(table["st_geom"].to_numpy())).tolist() == pytest.approx(
        table["length_m"].tolist()
    )


@settings(max_examples=examples(150))
@given(worlds(20))
def test_a_track_is_the_sum_of_its_segments(rows):
    fixes = fixes_of(rows)
    table, segments = tracks_table(fixes, ZONE).to_pandas(), segments_table(fixes, ZONE).to_pandas()
    sums = segments.groupby("mover")[["length_m", "duration_s"]].sum()
    sizes = pd.DataFrame(rows, columns=["mover", "at", "x", "y"]).groupby("mover").size()
    assert table["fixes"].tolist() == sizes.tolist()
    for row in table.itertuples():
        expected = sums.loc[row.mover] if row.mover in sums.index else {"length_m": 0.0, "duration_s": 0.0}
        assert row.length_m == pytest.approx(expected["length_m"])
        assert row.duration_s == expected["duration_s"]
        shape = shapely.from_wkb(row.st_geom)
        assert shape.geom_type == ("Point" if row.fixes == 1 else "LineString")
        assert shape.length == pytest.approx(row.length_m)


RULE = st.tuples(st.sampled_from([1.0, 50.0, 100.0]), st.integers(1, 15), st.integers(1, 20))


@settings(max_examples=examples(200))
@given(worlds(20), RULE)
def test_each_segment_is_in_one_trip_or_stop_or_is_a_silence(rows, rule):
    """Law of trips: each segment of a track is in one trip, in one stop, or a silence."""
    within_m, dwell, gap = rule[0], rule[1] * 20 * SECOND, rule[2] * 20 * SECOND
    fixes = fixes_of(rows)
    track, first, last = runs_of_trips(fixes, TripRule(gap, StopRule(within_m, dwell)))
    in_trip = [
        at for one, other in zip(first.tolist(), last.tolist(), strict=True) for at in range(one, other)
    ]
    expected, starts = set(), fixes.starts.tolist()
    for start, of_mover in zip(starts, tracks_of(rows).values(), strict=False):
        stopped = {at for one, other in runs_of_stops(of_mover, within_m, dwell) for at in range(one, other)}
        expected |= {
            start + at
            for at in range(len(of_mover) - 1)
            if at not in stopped and of_mover[at + 1][1] - of_mover[at][1] <= gap
        }
    assert sorted(in_trip) == sorted(expected)
    assert all(
        fixes.track[one] == fixes.track[other] == at
        for at, one, other in zip(track, first, last, strict=True)
    )
    ends = set(last.tolist())
    for one, other in itertools.pairwise(first.tolist()):
        between = [end for end in ends if one < end <= other]
        assert between  # the next trip begins after the one before has ended
    joined = [at for at in first.tolist() if at in ends]
    assert joined == []  # two trips that share a fix would be one


def test_stops_and_trips_as_rows():
    rows = [("a", at * 60 * SECOND, x, 0.0) for at, x in enumerate((0, 10, 0, 500, 1000, 1010, 990))]
    stops = stops_table(fixes_of(rows), StopRule(50.0, 120 * SECOND), ZONE).to_pylist()
    assert [(row["fixes"], row["duration_s"], row["st_x"]) for row in stops] == [
        (3, 120.0, pytest.approx(10 / 3)), (3, 120.0, 1000.0)
    ]  # fmt: skip
    trips = trips_table(
        fixes_of(rows), TripRule(600 * SECOND, StopRule(50.0, 120 * SECOND)), ZONE
    ).to_pylist()
    assert [(row["fixes"], row["length_m"], row["duration_s"]) for row in trips] == [(3, 1000.0, 120.0)]
    for gap, count in ((60, 1), (59, 0)):  # a segment as long as the gap is no silence
        assert len(trips_table(fixes_of(rows), TripRule(gap * SECOND, None), ZONE)) == count


def test_two_fixes_of_one_instant_have_no_speed():
    table = segments_table(fixes_of([("a", 0, 0.0, 0.0), ("a", 0, 9.0, 0.0), ("a", SECOND, 9.0, 2.0)]), ZONE)
    assert table["speed_mps"].to_pylist() == [None, 2.0]
    assert table["length_m"].to_pylist() == [9.0, 2.0]


def test_nothing_gives_empty_tables_with_the_same_columns():
    some, none = fixes_of([("a", 0, 0.0, 0.0), ("a", 1, 1.0, 0.0)]), fixes_of([])
    for table in (tracks_table, segments_table):
        assert table(none, ZONE).schema.names == table(some, ZONE).schema.names
    assert (
        len(stops_table(none, StopRule(1.0, 1), ZONE)) == len(trips_table(none, TripRule(1, None), ZONE)) == 0
    )


@pytest.mark.thorough
@settings(max_examples=examples(100))
@given(st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)), min_size=2, max_size=2))
def test_a_length_is_the_euclidean_one(places):
    (x, y), (to_x, to_y) = places
    fixes = fixes_of([("a", 0, x, y), ("a", 1, to_x, to_y)])
    assert tracks_table(fixes, ZONE)["length_m"][0].as_py() == pytest.approx(math.dist((x, y), (to_x, to_y)))
