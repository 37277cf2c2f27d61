"""Values of stations at events: columns, nulls, facts and pins, and what is refused in one line."""

from dataclasses import replace

import pyarrow as pa
import pytest

from stcloud.errors import StcloudError
from stcloud.testing.readings import AUCKLAND, WIDE, series_city

STATIONS = "a,174.70,-36.80\nb,174.80,-36.90\nsilent,174.705,-36.80\n"
"""The last one is of the layer of stations, and has no reading."""
READINGS = (
    "station,time,PM2.5,CO\na,2024-04-07T10:00+12:00,1,1000\na,2024-04-07T11:00+12:00,2,NA\n"
    "a,2024-04-07T12:00+12:00,NA,3000\nb,2024-04-07T10:00+12:00,2000,1\n"
)
CALLS = [
    {"id": "tie", "at": "2024-04-07T10:30+12:00", "lon": 174.70, "lat": -36.80},
    {"id": "late", "at": "2024-04-07T12:10+12:00", "lon": 174.71, "lat": -36.80},
    {"id": "other", "at": "2024-04-07T10:00+12:00", "lon": 174.81, "lat": -36.90},
    {"id": "far", "at": "2024-04-07T10:00+12:00", "lon": 175.90, "lat": -36.90},
    {"id": "never", "at": "2024-05-07T10:00+12:00", "lon": 174.70, "lat": -36.80},
    {"id": "nowhere", "at": "2024-04-07T10:00+12:00", "lon": None, "lat": None},
]


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    folder = tmp_path_factory.mktemp("akarana")
    with series_city(folder / "city", AUCKLAND, STATIONS) as made:
        (folder / "air.toml").write_text(WIDE, encoding="utf-8")
        (folder / "air.csv").write_text(READINGS, encoding="utf-8")
        made.load("air", folder / "air.csv", definition=folder / "air.toml")
        made.load("calls", CALLS, key="id", time="at", lon="lon", lat="lat")
        yield made


def joined(city, **keywords):
    return city.query("calls").join("air", **{"how": "nearest", "value": "PM2.5", **keywords})


def test_each_event_takes_the_nearest_reading_of_the_nearest_station(city):
    rows = {row["id"]: row for row in joined(city, how="nearest within 20 km")}
    assert {name: row["air_PM2.5"] for name, row in rows.items()} == {
        "tie": 1.0,  # 10:00 and 11:00 are as near: the earlier one
        "late": None,  # at 12:00 there is no value of it, and 11:00 is 70 minutes before
        "other": 2000.0,
        "far": None,
        "never": None,
        "nowhere": None,
    }
    assert {name: row["air_PM2.5_flag"] for name, row in rows.items() if row["air_PM2.5_flag"]} == {
        "tie": "good", "other": "implausible",
    }  # fmt: skip
    assert rows["never"]["air_station"] == "a"
    assert rows["far"]["air_station"] is None
    assert rows["other"]["air_distance_m"] == pytest.approx(891, abs=2)
    assert rows["tie"]["air_PM2.5_time"].isoformat() == "2024-04-07T10:00:00+12:00"


def test_a_station_without_any_reading_is_no_station_of_the_series(city):
    assert "silent" not in {row["air_station"] for row in joined(city)}
    near = city.series("air").value_at((174.705, -36.80), "2024-04-07T10:00+12:00")["PM2.5"]
    assert (near.value, [part.station for part in near.stations]) == (1.0, ["a"])
    before = city.layer("air").loads[0].recorded_at_us - 1
    assert {row["air_station"] for row in joined(city, known_at=before)} == {None}


def test_each_value_has_its_own_time_and_unit(city):
    rows = {row["id"]: row for row in joined(city, value=["PM2.5", "CO"], within="2h")}
    assert rows["late"]["air_PM2.5"] == 2.0
    assert (rows["late"]["air_CO"], rows["late"]["air_CO_time"].hour) == (3.0, 12)


def test_events_without_any_value_may_be_left_out(city):
    assert {row["id"] for row in joined(city, inner=True, how="nearest within 20 km")} == {"tie", "other"}
    assert {row["id"] for row in joined(city, inner=True, value=["PM2.5", "CO"])} >= {"tie", "late"}


def test_the_answer_says_how_and_is_pinned(city):
    answer = joined(city, within="30min")
    assert answer.facts["join"] == (
        "air of the nearest station as it was at each event's own time, the reading nearest in time within 30 min, "
        "of two the earlier"
    )
    assert [name for name, _ in answer.pin.layers] == ["air", "calls", "sensors"]
    again = city.query("calls").known_at(answer.pin).join("air", "nearest", value="PM2.5", within="30min")
    assert again.table.equals(answer.table)


def test_rows_may_be_streamed(city):
    reader = city.query("calls").join_batches("air", "nearest", value="PM2.5")
    assert reader.read_all().num_rows == len(CALLS)


def test_no_event_is_no_row(city):
    assert len(city.query("calls").when("2001").join("air", "nearest", value="PM2.5")) == 0


@pytest.mark.parametrize(
    ("keywords", "kind", "says"),
    [
        ({"how": "within"}, "series-how", "write 'nearest' or 'nearest within 5 km'"),
        ({"how": "nearest 2"}, "series-how", "'nearest 2' gives no value of a series"),
        (
            {"value": (), "within": "1h"},
            "no-value",
            "a series is joined for a value of it, and none is named",
        ),
        ({"value": "PM25"}, "unknown-value", "series 'air' measures no 'PM25'"),
        ({"within": "1 fortnight"}, "no-tolerance", "'1 fortnight' is no step: write e.g. 10min, 1h or 1d"),
        ({"at": "2024"}, "no-period", "readings are those nearest to each event's own time"),
        ({"layer": "sensors"}, "not-measured", "layer 'sensors' has no values that were measured"),
        ({"layer": "aire"}, "unknown-layer", "no layer 'aire'"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_one_line(city, keywords, kind, says):
    keywords = {"layer": "air", "how": "nearest", "value": "PM2.5", **keywords}
    with pytest.raises(StcloudError) as caught:
        city.query("calls").join(**keywords)
    assert caught.value.kind == kind
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("rows_at_once", [1, 3, 4, 100])
def test_events_are_given_values_in_pieces_of_the_size_that_is_wanted(city, rows_at_once):
    whole = city.query("calls").joining("air", "nearest", value="PM2.5")
    values = Pieces(rows_at_once)
    rows = whole.answer().table.select(whole.schema.names)
    batches = rows.to_batches(max_chunksize=2)
    pieces = replace(whole, events=lambda: iter(batches), values=values)
    assert pieces.reader().read_all()["number"].to_pylist() == list(range(len(rows)))
    sizes = [size for size in values.sizes if size]
    assert sum(sizes) == len(rows) == 6
    assert all(size >= min(rows_at_once, len(rows)) for size in sizes[:-1])
    assert max(sizes) <= rows_at_once + 1 or rows_at_once == 1


class Pieces:
    """Numbers events in the order in which they come, and keeps how many came at once."""

    deciding = ("number",)

    def __init__(self, rows_at_once):
        self.rows_at_once, self.sizes = rows_at_once, []

    def described(self):
        return "numbers"

    def columns(self, events):
        start = sum(self.sizes)
        self.sizes.append(len(events))
        return {"number": pa.array(range(start, start + len(events)), pa.int64())}
