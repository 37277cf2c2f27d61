"""Lateness: recorded minus valid time, by pandas as oracle."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stcloud.paas.series.lateness import lateness_of
from stcloud.testing.readings import readings_from

HOUR = 3_600_000_000


@given(
    st.dictionaries(st.tuples(st.sampled_from("abc"), st.integers(0, 99)), st.integers(-5, 500), min_size=1)
)
def test_lateness_is_recorded_minus_valid_time(late):
    rows = sorted(late)
    readings = readings_from([(station, at * HOUR, {"x": 1.0}) for station, at in rows], ["x"])
    recorded = np.array([(at + late[station, at]) * HOUR for station, at in rows])
    table = lateness_of(replace(readings, recorded_us=recorded)).to_pandas().set_index("station")
    series = pd.Series([late[row] for row in rows]).groupby([station for station, _ in rows])
    assert table["readings"].to_dict() == series.count().to_dict()
    for name, quantile in (("min_h", 0), ("median_h", 0.5), ("p90_h", 0.9), ("max_h", 1)):
        assert table[name].to_dict() == pytest.approx(series.quantile(quantile).to_dict())


def test_no_reading_is_late():
    assert lateness_of(readings_from([], ["x"])).num_rows == 0
