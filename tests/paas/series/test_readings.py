"""Readings as arrays: in order, whichever way rows are put in order, and taken by masks."""

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from stcloud.paas.series.reader import reading_order
from stcloud.paas.series.readings import table_of
from stcloud.testing.readings import readings_from
from stcloud.time import Zone

HOUR = 3_600_000_000
ROWS = st.sets(st.tuples(st.integers(0, 3), st.integers(-50, 50)), min_size=1)


@given(ROWS, st.randoms(), st.sampled_from([None, HOUR, 7 * HOUR, 1]))
def test_rows_are_in_order_of_station_and_time(rows, random, step_us):
    given_rows = sorted(rows)
    random.shuffle(given_rows)
    codes = np.array([station for station, _ in given_rows], np.int32)
    times = np.array([at * HOUR for _, at in given_rows], np.int64)
    order = reading_order(codes, times, 4, step_us)
    assert [(codes[at], times[at] // HOUR) for at in order] == sorted(rows)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 9)), min_size=1, unique=True), st.data())
def test_a_mask_keeps_its_rows_and_their_stations(rows, data):
    readings = readings_from([(station, at, {"x": float(at)}) for station, at in rows], ["x"])
    mask = np.array(data.draw(st.lists(st.booleans(), min_size=len(rows), max_size=len(rows))))
    kept = readings.taken(mask)
    names = [readings.stations[station] for station in readings.station[mask].tolist()]
    assert [kept.stations[station] for station in kept.station.tolist()] == names
    assert kept.stations == tuple(sorted(set(names)))
    assert kept.time_us.tolist() == readings.time_us[mask].tolist()
    assert kept.values["x"].tolist() == readings.values["x"][mask].tolist()
    assert np.diff(kept.starts).sum() == len(kept)


def test_a_table_has_nulls_and_words():
    readings = readings_from([("a", 0, {"x": 1.0}), ("a", HOUR, {}), ("b", 0, {"x": -1.0})], ["x"])
    table = table_of(readings, Zone("Asia/Shanghai"))
    assert table.schema.field("time").type == pa.timestamp("us", "Asia/Shanghai")
    assert table["x"].to_pylist() == [1.0, None, -1.0]
    assert table["x_flag"].to_pylist() == ["good", "missing", "implausible"]
    assert table["station"].to_pylist() == ["a", "a", "b"]
