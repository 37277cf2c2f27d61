"""Stations as they were: which readings a version of their station holds."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stcloud.paas.series.stations import Stations
from stcloud.testing.readings import readings_from

VERSIONS = st.lists(st.tuples(st.sampled_from("abd"), st.integers(0, 9), st.integers(1, 9)), max_size=5)


@given(VERSIONS, st.sets(st.tuples(st.sampled_from("abc"), st.integers(0, 15)), min_size=1))
def test_a_reading_is_held_by_a_version_of_its_time(versions, rows):
    readings = readings_from([(station, at, {"x": 1.0}) for station, at in rows], ["x"])
    keys = np.array([key for key, _, _ in versions], object)
    start = np.array([start for _, start, _ in versions], np.int64)
    end = start + np.array([length for _, _, length in versions], np.int64)
    nowhere = np.full(len(keys), np.nan)
    held = Stations(keys, start, end, nowhere, nowhere).hold(
        readings.stations, readings.station, readings.time_us
    )
    expected = [
        any(key == station and since <= at < since + length for key, since, length in versions)
        for station, at in sorted(rows)
    ]
    assert held.tolist() == expected
