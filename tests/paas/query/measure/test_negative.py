"""Durations below zero are counted beside the measure; durations of dates are whole days."""

import pytest

import stcloud
from stcloud.daas.definition import Definition
from stcloud.errors import InvalidInput

DEFINITION = """
id = "c"
kind = "event"
key = ["id"]
[time]
column = "t"
[space]
lon = "lon"
lat = "lat"
[columns]
closed = { type = "instant" }
a = { type = "date" }
b = { type = "date" }
"""
ROWS = (
    "1,2024-03-09T12:00,1900-01-01,2024-03-09,2024-03-11",
    "2,2024-03-09T12:00,2024-03-10T12:00,2024-03-09,2024-03-08",
    "3,2024-03-10T12:00,2024-03-10T13:00,2024-03-10,", "4,2024-03-10T12:00,,2024-03-10,2024-11-04",
)  # fmt: skip


@pytest.fixture
def events(tmp_path):
    city = stcloud.create(tmp_path / "city", crs="EPSG:32618", zone="America/New_York")
    file = tmp_path / "c.csv"
    file.write_text("id,t,closed,a,b,lon,lat\n" + "".join(f"{row},-73.98,40.75\n" for row in ROWS))
    city.load("c", file, definition=Definition.from_toml(DEFINITION, name="c"))
    return city.query("c")


def test_durations_below_zero_are_counted(events):
    found = events.measure("count", "mean(days(closed - t))", by=["day"]).to_records()
    assert [one["negative"] for one in found] == [1, 0]
    assert "negative" not in events.when("2024-03-10").measure("mean(days(closed - t))").to_records()[0]
    assert "negative" not in events.measure("count").to_records()[0]
    found = events.measure("mean(days(closed - t))", until="2024-04-01").to_records()
    assert (found[0]["open"], found[0]["negative"]) == (1, 1)


def test_they_are_compared_and_chosen_by(events):
    found = events.when("2024-03-10").measure("mean(closed - t)", compare="previous").to_records()
    assert (found[0]["negative"], found[0]["negative_before"]) == (0, 1)
    assert len(events.measure("mean(closed - t)", by=["day"], having="negative > 0").to_records()) == 1


def test_a_measure_of_that_name_is_refused(events):
    with pytest.raises(InvalidInput, match="twice"):
        events.measure("negative = mean(closed - t)")


def test_differences_of_dates_are_days(events):
    """2024-03-10 to 2024-11-04 are 239 days, in a year in which clocks change twice."""
    found = events.measure("max(days(b - a))", "min(hours(b - a))", "count(b - a)").to_records()
    assert list(found[0].values()) == [239, -24, 3, 1]


def test_of_dates_the_day_of_until_counts(events):
    found = events.measure("n = count(b - a)", "m = max(days(b - a))", until="2024-03-12T01:00").to_records()
    assert (found[0]["n"], found[0]["m"], found[0]["open"]) == (4, 2, 2)
    late = events.measure("m = max(days(b - a))", until="2024-03-12T23:00").to_records()
    assert late[0]["m"] == 2


def test_a_date_and_an_instant_have_no_difference(events):
    with pytest.raises(InvalidInput, match="two dates"):
        events.measure("max(days(b - t))")
