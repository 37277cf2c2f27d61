"""Series of a city, from what its user has: files of stations and readings, corrections, a purge, a renaming."""

import pytest

import stcloud
from stcloud.errors import NotFound
from stcloud.testing.readings import SHANGHAI, WIDE, series_city

STATIONS = "a,117.1,31.9\nb,117.2,31.9\n"


def write(folder, name, text):
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


@pytest.fixture
def folder(tmp_path):
    return tmp_path


@pytest.fixture
def city(folder):
    clock = iter(range(1_480_600_000_000_000, 1_490_000_000_000_000, 3_600_000_000))
    with series_city(folder / "city", SHANGHAI, STATIONS, clock=lambda: next(clock)) as made:
        yield made


def test_from_files_to_results(city, folder):
    definition = write(folder, "air.toml", WIDE)
    hours = [f"a,2016-12-01 {hour:02}:00,{hour},{hour * 100}" for hour in range(20)]
    first = city.load(
        "air", write(folder, "1.csv", "station,time,PM2.5,CO\n" + "\n".join(hours)), definition=definition
    )
    city.load("air", write(folder, "2.csv", "station,time,PM2.5,CO\na,2016-12-01 00:00,100,0\n"))
    day = city.series("air").when("2016-12-01").resample("1d", "mean|count")
    assert day.to_arrow().to_pylist()[0]["PM2.5_mean"] == (190 + 100) / 20
    before = city.series("air").known_at(first.recorded_at_us).when("2016-12-01").resample("1d", "mean")
    assert before.to_pandas()["PM2.5_mean"].tolist() == [190 / 20]
    assert "18 of 24" in repr(day)
    gaps = city.series("air").when("2016-12-01").values("CO").gaps().to_records()
    assert [(gap["from"].hour, gap["steps"]) for gap in gaps] == [(20, 4)]
    late = city.series("air").lateness().to_records()[0]
    assert late["max_h"] > late["min_h"]


def test_a_purged_reading_is_nowhere(city, folder):
    definition = write(folder, "air.toml", WIDE)
    text = "station,time,PM2.5,CO\na,2016-11-01,1,1\na,2016-12-01,2,1\n"
    done = city.load("air", write(folder, "1.csv", text), definition=definition)
    city.purge("air", before="2016-11-15")
    assert city.series("air").values("PM2.5").to_pandas()["PM2.5"].tolist() == [2.0]
    with pytest.raises(NotFound, match="was purged"):
        city.series("air").known_at(done.recorded_at_us).readings()


def test_a_column_that_comes_later_is_no_value_before(city, folder):
    definition = write(folder, "air.toml", WIDE.replace('CO = { unit = "mg/m3", from = "ug/m3" }', ""))
    city.load("air", write(folder, "1.csv", "station,time,PM2.5\na,2016-11-01,1\n"), definition=definition)
    assert list(city.series("air").readings().values) == ["PM2.5"]


def test_a_city_that_is_opened_again_gives_the_same(city, folder):
    definition = write(folder, "air.toml", WIDE)
    city.load(
        "air", write(folder, "1.csv", "station,time,PM2.5,CO\na,2016-11-01,1,1\n"), definition=definition
    )
    table = city.series("air").to_arrow()
    with stcloud.open(folder / "city") as again:
        assert again.series("air").to_arrow().equals(table)


def test_an_unknown_layer_is_named(city):
    with pytest.raises(NotFound, match="no layer 'aire'"):
        city.series("aire")
