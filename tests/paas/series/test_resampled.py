"""Results of bins: pandas is the oracle of values, the standard library of the hours that a day has."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stcloud.daas.definition.series import read_completeness
from stcloud.errors import InvalidInput
from stcloud.paas.series.resampled import read_every, read_methods, resampled, stated_completeness
from stcloud.paas.series.wantedtime import WantedTime
from stcloud.testing.readings import readings_from
from stcloud.time import When, Zone

HOUR = 3_600_000_000
NOW = 2_000_000_000_000_000
MOST = read_completeness("18 of 24")
METHODS = ("mean", "max", "min", "sum", "count", "median", "p90")
DAYS = {"Pacific/Auckland": ("2024-04-06", "2024-09-28"), "Asia/Shanghai": ("2024-01-01", "2024-12-30")}
AFTER = {"Pacific/Auckland": ("2024-04-09", "2024-10-01"), "Asia/Shanghai": ("2024-01-04", "2025-01-02")}
VALUES = st.one_of(
    st.just(float("nan")), st.floats(-50, 1000, allow_nan=False).map(lambda value: round(value, 3))
)


def of_pandas(values, method):
    if method == "p90":
        return values.quantile(0.9)
    return getattr(values, method)()


def day_hours(name, day):
    begin, end = (
        datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(name)).timestamp()
        for text in (day, str((datetime.fromisoformat(day) + timedelta(days=1)).date()))
    )
    return round((end - begin) / 3600)


@given(
    st.sampled_from(sorted(DAYS)),
    st.integers(0, 1),
    st.sampled_from([None, "18 of 24", "24 of 24"]),
    st.data(),
)
def test_results_are_those_of_the_citys_days(name, which, demand, data):
    """Law of completeness: a result is that of the good values of its bin where there are enough, else none."""
    zone, day = Zone(name), DAYS[name][which]
    start = When.of(day, zone=zone).spans.parts[0].start_us
    stations = data.draw(st.lists(st.sampled_from("abc"), min_size=1, unique=True))
    rows = [
        (station, start + at * HOUR, {"x": value})
        for station in stations
        for at, value in data.draw(st.dictionaries(st.integers(0, 75), VALUES, min_size=1)).items()
    ]
    complete = None if demand is None else read_completeness(demand)
    wanted = WantedTime((When.of(f"{day}/{AFTER[name][which]}", zone=zone),), NOW)
    inside = [row for row in rows if wanted.spans.contains(np.array([row[1]]))[0]]
    result = resampled(readings_from(inside, ["x"]), read_every("1d"), METHODS, complete, wanted, zone)

    frame = pd.DataFrame(
        [(one, at, values["x"]) for one, at, values in inside], columns=["station", "at", "x"]
    )
    frame["day"] = (
        pd.to_datetime(frame["at"], unit="us", utc=True).dt.tz_convert(name).dt.strftime("%Y-%m-%d")
    )
    frame = frame[frame["x"] >= 0]  # negative ones are flagged
    days = [str((datetime.fromisoformat(day) + timedelta(days=at)).date()) for at in range(3)]
    assert result.labels.tolist() == days
    assert result.expected.tolist() == [day_hours(name, one) for one in days]
    for row, station in enumerate(result.stations):
        for column, label in enumerate(days):
            values = frame[(frame["station"] == station) & (frame["day"] == label)]["x"]
            needed = 1 if demand is None else -(-int(demand.split()[0]) * day_hours(name, label) // 24)
            enough = len(values) >= needed
            assert result.counts["x"][row, column] == len(values)
            assert result.flags["x"][row, column] == (0 if enough else 1 if len(values) else 2)
            for method in METHODS:
                value = result.results["x"][method][row, column]
                if method == "count":
                    assert value == len(values)
                elif enough:
                    assert value == pytest.approx(of_pandas(values, method), rel=1e-9, abs=1e-9)
                else:
                    assert np.isnan(value)


def test_days_when_the_clock_is_set_have_23_and_25_hours():
    zone = Zone("Pacific/Auckland")
    wanted = WantedTime((When.of("2024-04-07", "2024-09-29", zone=zone),), NOW)
    starts = [span.start_us for span in wanted.spans.parts]
    hours = [25, 23]
    rows = [
        ("a", start + at * HOUR, {"x": 1.0})
        for start, many in zip(starts, hours, strict=True)
        for at in range(many)
    ]
    result = resampled(
        readings_from(rows, ["x"]), read_every("1d"), ("sum",), read_completeness("24 of 24"), wanted, zone
    )
    sums = {
        label: value
        for label, value in zip(result.labels, result.results["x"]["sum"][0], strict=True)
        if value > 0
    }
    assert sums == {"2024-04-07": 25.0, "2024-09-29": 23.0}


def test_only_the_hours_that_are_asked_for_are_expected():
    zone = Zone("Asia/Shanghai")
    wanted = WantedTime((When.of("2024-01-01/2024-01-03", hours="07:00-09:00", zone=zone),), NOW)
    start = wanted.spans.parts[0].start_us
    rows = [("a", start + at * HOUR, {"x": float(at)}) for at in (7, 8, 31)]
    result = resampled(
        readings_from(rows, ["x"]), read_every("1d"), ("mean",), read_completeness("18 of 24"), wanted, zone
    )
    assert result.expected.tolist() == [2, 2]
    assert result.flags["x"].tolist() == [[0, 1]]


def test_a_bin_that_the_time_cuts_is_expected_whole():
    zone = Zone("Asia/Shanghai")
    wanted = WantedTime((When.of("2024-01-01T12:00/2024-01-02", zone=zone),), NOW)
    start = wanted.spans.parts[0].start_us
    rows = [("a", start + at * HOUR, {"x": 1.0}) for at in range(12)]
    result = resampled(
        readings_from(rows, ["x"]), read_every("1d"), ("mean",), read_completeness("18 of 24"), wanted, zone
    )
    assert (result.expected.tolist(), result.flags["x"].tolist()) == ([24], [[1]])


def test_no_reading_gives_no_result():
    zone = Zone("UTC")
    for wanted in (WantedTime((), NOW), WantedTime((When.of("2024-01-01", zone=zone),), NOW)):
        result = resampled(readings_from([], ["x"]), read_every("1h"), ("mean",), None, wanted, zone)
        assert result.to_arrow().num_rows == 0


def test_what_cannot_be_meant_is_refused():
    readings = readings_from([("a", at * 24 * HOUR, {"x": 1.0}) for at in range(9)], ["x"], 24 * HOUR)
    refusals = {
        "step-too-long": lambda: resampled(
            readings, read_every("1h"), ("mean",), None, WantedTime((), NOW), Zone("UTC")
        ),
        "unknown-method": lambda: read_methods("mean|mode"),
        "unreadable-completeness": lambda: stated_completeness("most", None),
    }
    for kind, refused in refusals.items():
        with pytest.raises(InvalidInput) as caught:
            refused()
        assert caught.value.kind == kind
    with pytest.raises(InvalidInput, match="no method 'mode' makes one value of several; use mean"):
        read_methods("mean|mode")
    with pytest.raises(InvalidInput, match="no method ''"):
        read_methods("")
    with pytest.raises(InvalidInput, match=r"'most' states no completeness: write e.g. 18 of 24, or any"):
        stated_completeness("most", None)
    assert stated_completeness("any", read_completeness("1 of 2")) is None


def test_methods_are_named_in_any_way():
    assert (
        read_methods("mean|max, p90")
        == read_methods(["mean", "max", "p90", "mean"])
        == ("mean", "max", "p90")
    )
