"""A question about a series: a value that narrows, and what it refuses, each in one line."""

import math

import pytest
import shapely

from stcloud.errors import InvalidInput, NotFound, StcloudError
from stcloud.testing.readings import AUCKLAND, WIDE, series_city

STATIONS = "a,174.70,-36.80\nb,174.80,-36.90\nc,174.90,-36.80\n"
READINGS = "station,time,PM2.5,CO\n" + "".join(
    f"{station},2024-04-07T{hour:02}:00+12:00,{hour},{hour}\n" for station in "abc" for hour in range(24)
)


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    folder = tmp_path_factory.mktemp("akarana")
    with series_city(folder / "city", AUCKLAND, STATIONS) as made:
        (folder / "air.toml").write_text(WIDE, encoding="utf-8")
        (folder / "air.csv").write_text(READINGS, encoding="utf-8")
        made.load("air", folder / "air.csv", definition=folder / "air.toml")
        moved = folder / "moved.csv"
        moved.write_text("station,lon,lat\na,174.80,-36.90\n", encoding="utf-8")
        made.load("sensors", moved, mode="changes", valid_from="2024-04-07T12:00+12:00")
        yield made


def test_each_method_returns_another_question(city):
    whole = city.series("air")
    assert len(whole.at("a").readings()) == 24
    assert len(whole.when("2024-04-07", hours="00:00-06:00").readings()) == 3 * 6
    assert len(whole.readings()) == 72
    assert list(whole.values("CO").readings().values) == ["CO"]


def test_a_place_keeps_readings_of_stations_as_they_were(city):
    near_b = city.series("air").where("near:174.80,-36.90:1km").readings()
    assert near_b.stations == ("a", "b")
    counts = dict(zip(near_b.stations, (near_b.starts[1:] - near_b.starts[:-1]).tolist(), strict=True))
    assert counts == {"a": 12, "b": 24}  # a moved there at noon
    assert city.series("air").where(shapely.box(174.85, -36.85, 174.95, -36.75)).readings().stations == ("c",)
    assert not len(city.series("air").where("near:170.0,-40.0:1km").readings())


def test_a_station_is_expected_only_while_it_is_in_the_place(city):
    day = city.series("air").values("PM2.5").when("2024-04-07")  # of 25 hours: the first one has no reading
    everywhere = {(gap["station"], gap["steps"]) for gap in day.gaps()}
    assert everywhere == {("a", 1), ("b", 1), ("c", 1)}
    assert {(gap["station"], gap["steps"]) for gap in day.where("near:174.80,-36.90:1km").gaps()} == {
        ("b", 1)
    }


def test_the_nearest_station_is_that_of_then(city):
    series, place = city.series("air").values("PM2.5"), (174.701, -36.80)
    morning = series.value_at(place, "2024-04-07T06:00+12:00")["PM2.5"]
    evening = series.value_at(shapely.Point(place), "2024-04-07T18:00+12:00")["PM2.5"]
    assert (morning.stations[0].station, morning.value) == ("a", 6.0)
    assert evening.stations[0].distance_m > 10_000  # a moved away, to the place of b
    assert evening.stations[0].station == "a"  # of two that are as near, that with the smaller key
    assert "nearest station as it was then" in repr(morning)


def test_the_pin_names_readings_and_stations(city):
    series = city.series("air")
    pin = series.gaps().pin
    assert [name for name, _ in pin.layers] == ["air", "sensors"]
    assert len(series.known_at(pin).readings()) == 72
    assert series.known_at(pin.text).resample().to_arrow().equals(series.resample().to_arrow())


def test_weights_fall_with_distance(city):
    series = city.series("air").values("PM2.5")
    made = series.value_at("174.80,-36.85", "2024-04-07T06:00+12:00", method="idw", power=1.5)["PM2.5"]
    weights = {part.station: part.weight for part in made.stations}
    far = {part.station: part.distance_m for part in made.stations}
    assert weights["b"] / weights["a"] == pytest.approx((far["a"] / far["b"]) ** 1.5)
    few = series.value_at("174.80,-36.85", "2024-04-07T06:00+12:00", method="idw", max_distance_m=6000)[
        "PM2.5"
    ]
    assert [part.station for part in few.stations] == ["b"]
    none = series.value_at("174.80,-36.85", "2031-01-01")["PM2.5"]
    assert math.isnan(none.value)


@pytest.mark.parametrize(
    ("ask", "kind", "says"),
    [
        (lambda series: series.at("z").readings(), "unknown-station", "series 'air' has no station 'z'"),
        (lambda series: series.at("aa").readings(), "unknown-station", "has no station 'aa'"),
        (lambda series: series.values("PM25"), "unknown-value", "series 'air' measures no 'PM25'; did you mean"),
        (lambda series: series.at("a").at("b"), "asked-twice", "stations were named twice"),
        (lambda series: series.values("CO").values("CO"), "asked-twice", "values were named twice"),
        (lambda series: series.value_at("here", "2024"), "bad-place", "'here' is no place near the city"),
        (lambda series: series.value_at((174.8, 95.0), "2024-04-07"), "bad-place", "is no place near the city"),
        (lambda series: series.value_at((174.8, -36.8), "2024-04-07", within="soon"), "no-tolerance", "'soon' is no"),
        (lambda series: series.where("sensors:zz").readings(), "unknown-feature", "no feature 'zz'"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused_in_one_line(city, ask, kind, says):
    with pytest.raises(StcloudError) as caught:
        ask(city.series("air"))
    assert caught.value.kind == kind
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_series_without_stations_has_no_places(tmp_path):
    with series_city(tmp_path / "city", AUCKLAND) as city:
        (tmp_path / "air.toml").write_text(WIDE.replace('stations = "sensors"\n', ""), encoding="utf-8")
        (tmp_path / "air.csv").write_text(READINGS, encoding="utf-8")
        city.load("air", tmp_path / "air.csv", definition=tmp_path / "air.toml")
        series = city.series("air")
        with pytest.raises(InvalidInput, match="names no layer of stations, which have the places") as caught:
            series.where("near:174.80,-36.90:1km")
        assert caught.value.kind == "no-stations"
        with pytest.raises(InvalidInput, match="names no layer of stations"):
            series.value_at((174.8, -36.8), "2024-04-07")
        assert "lon" not in series.to_xarray()
        assert len(series.gaps()) == 0


def test_a_named_layer_of_stations_that_is_not_there_is_missed_only_where_it_is_needed(tmp_path):
    with series_city(tmp_path / "city", AUCKLAND) as city:
        (tmp_path / "air.toml").write_text(WIDE, encoding="utf-8")
        (tmp_path / "air.csv").write_text(READINGS, encoding="utf-8")
        city.load("air", tmp_path / "air.csv", definition=tmp_path / "air.toml")
        assert city.series("air").to_xarray().sizes["time"] == 24
        with pytest.raises(NotFound, match="no layer 'sensors'"):
            city.series("air").value_at((174.8, -36.8), "2024-04-07")
