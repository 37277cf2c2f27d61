"""Loads of readings: keys, times in several columns, long files, corrections, and what is not plausible."""

from pathlib import Path

import pytest

from stcloud.errors import InvalidInput, NotFound
from stcloud.testing.readings import AUCKLAND, LONG, SHANGHAI, WIDE, series_city

PARTS = WIDE.replace(
    'column = "time"',
    'columns = { year = "year", month = "month", day = "day", hour = "hour", minute = "minute" }',
)
STATIONS = "a,117.1,31.9\nb,117.2,31.9\n"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def city(tmp_path):
    with series_city(tmp_path / "city", SHANGHAI, STATIONS) as made:
        yield made


def load(city, text, definition=WIDE, **keywords):
    folder = Path.cwd()
    (folder / "air.toml").write_text(definition, encoding="utf-8")
    source = folder / "air.csv"
    source.write_text(text, encoding="utf-8")
    return city.load("air", source, definition=folder / "air.toml", max_rejected="100%", **keywords)


def rows(city):
    return city.query("air").rows().to_records()


def test_a_reading_is_keyed_by_station_and_instant_however_its_time_is_written(city):
    load(city, "station,time,PM2.5,CO\na,2016-12-01 08:00,5,300\n")
    again = load(city, "station,time,PM2.5,CO\na,2016-12-01T00:00Z,6,300\nb,2016-12-01 08:00,7,NA\n")
    assert again.counts["updated"] == 1
    assert [(row["st_key"], row["PM2.5"], row["CO"]) for row in rows(city)] == [
        ("a|2016-12-01T00:00:00Z", 6.0, 300.0),
        ("b|2016-12-01T00:00:00Z", 7.0, None),
    ]


def test_a_station_may_have_any_name(city):
    load(city, 'station,time,PM2.5,CO\na|b,2016-12-01,5,1\n"a\\",2016-12-01,6,1\n')
    assert len({row["st_key"] for row in rows(city)}) == 2
    assert city.series("air").readings().stations == ("a\\", "a|b")


def test_a_time_in_columns_is_read_or_its_field_is_named(city):
    text = "station,year,month,day,hour,minute,PM2.5,CO\n"
    lines = [
        "a,2016,2,29,23,59,1,1", "a,2016,2,30,1,0,2,1", "a,2015,2,29,1,0,3,1", "a,2016,13,1,1,0,4,1",
        "a,2016,1,1,25,0,5,1", "a,2016,1,1,1,60,6,1", "a,2016,1,1,x,0,7,1", "a,2016,1,,1,0,8,1",
        "a,02016,01.0,+1,00,05,9,1", ",2016,1,2,1,0,10,1",
    ]  # fmt: skip
    done = load(city, text + "\n".join(lines) + "\n", PARTS)
    faults = {
        (row["row"], row["field"], row["value"], row["reason"]) for row in city.rejected("air").to_pylist()
    }
    assert faults == {
        (2, "day", "30", "unreadable-date"), (3, "day", "29", "unreadable-date"),
        (4, "month", "13", "unreadable-date"), (5, "hour", "25", "unreadable-time"),
        (6, "minute", "60", "unreadable-time"), (7, "hour", "x", "not-an-integer"),
        (8, "day", None, "missing-time"), (10, "station", None, "missing-key"),
    }  # fmt: skip
    assert done.counts["accepted"] == 2
    assert [row["st_time"].isoformat() for row in rows(city)] == [
        "2016-01-01T00:05:00+08:00", "2016-02-29T23:59:00+08:00",
    ]  # fmt: skip
    assert "hour" not in rows(city)[0]  # it is in the time


def test_a_skipped_hour_moves_and_a_repeated_one_is_the_earlier(tmp_path):
    with series_city(tmp_path / "akarana", AUCKLAND) as city:
        text = "station,year,month,day,hour,minute,PM2.5,CO\n"
        done = load(city, text + "a,2024,9,29,2,30,1,1\na,2024,4,7,2,30,2,1\na,2024,4,7,4,0,3,1\n", PARTS)
        assert done.time_adjusted == 2
        assert [row["st_time"].isoformat() for row in rows(city)] == [
            "2024-04-07T02:30:00+13:00", "2024-04-07T04:00:00+12:00", "2024-09-29T03:30:00+13:00",
        ]  # fmt: skip


def test_a_long_file_gives_the_same_readings_as_a_wide_one(tmp_path):
    wide = "station,time,PM2.5,CO\na,2016-12-01 08:00,5,300\na,2016-12-01 09:00,NA,200\nb,2016-12-01 08:00,7,NA\n"
    long = (
        "station,time,pollutant,amount\nb,2016-12-01 08:00,PM2.5,7\na,2016-12-01 09:00,CO,200\n"
        "a,2016-12-01 08:00,PM2.5,5\na,2016-12-01 08:00,CO,300\na,2016-12-01 08:00,noise,55\n"
    )
    read = []
    for name, text, definition in (("wide", wide, WIDE), ("long", long, LONG)):
        with series_city(tmp_path / name, SHANGHAI) as city:
            load(city, text, definition)
            read.append(city.series("air").to_arrow().drop_columns(["recorded"]).to_pylist())
    assert read[0] == read[1]
    assert read[0][0]["CO"] == pytest.approx(0.3)  # mg/m3


def test_implausible_values_are_kept_and_counted_in_the_notes(city):
    done = load(city, "station,time,PM2.5,CO\na,2016-12-01,1001,1\na,2016-12-02,-1,1\na,2016-12-03,1000,1\n")
    assert done.counts["accepted"] == 3
    assert done.notes == ("PM2.5: 2 values outside 0 to 1000 ug/m3, kept and flagged in readings",)
    read = city.series("air").readings()
    assert read.values["PM2.5"].tolist() == [1001.0, -1.0, 1000.0]
    assert read.flags["PM2.5"].tolist() == [1, 1, 0]


def test_implausible_values_of_a_long_file_are_those_of_their_variable(city):
    text = "station,time,pollutant,amount\na,2016-12-01,PM2.5,1001\na,2016-12-01,CO,1001\n"
    assert load(city, text, LONG).notes == (
        "PM2.5: 1 value outside 0 to 1000 ug/m3, kept and flagged in readings",
    )


def test_readings_are_deleted_by_station_and_time(city):
    load(city, "station,time,PM2.5,CO\na,2016-12-01,5,1\nb,2016-12-01,6,1\n")
    gone = load(city, "station,time\na,2016-12-01T00:00+08:00\n", mode="delete")
    assert gone.counts["updated"] == 1
    assert city.series("air").readings().stations == ("b",)


def test_a_reading_that_comes_again_in_other_words_is_known(city):
    load(city, "station,time,PM2.5,CO\na,2016-12-01,5,1\n")
    again = load(city, "station,time,PM2.5,CO\na,2016-12-01 00:00:00,5.0,1\n")
    assert again.counts["unchanged"] == 1


@pytest.mark.parametrize(
    ("text", "error", "says"),
    [
        (
            "station,time,CO\na,2016-12-01,1\n",
            NotFound,
            "has no column 'PM2.5', which definition 'air' needs",
        ),
        ("station,when,PM2.5,CO\na,2016-12-01,1,1\n", NotFound, "has no column 'time'"),
    ],
)
def test_a_file_that_lacks_a_column_is_refused(city, text, error, says):
    with pytest.raises(error, match=says):
        load(city, text)


def test_a_layer_that_is_no_series_gives_no_readings(city):
    with pytest.raises(InvalidInput, match=r"layer 'sensors' has no readings: its definition has no table"):
        city.series("sensors")
