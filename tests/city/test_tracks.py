"""Tracks of a city: narrowed, answered, pinned; what is wrong is said in one line."""

import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely

import stcloud
from stcloud.errors import InvalidInput, NotFound

CRS = "EPSG:4548"
X, Y = 500_000.0, 3_500_000.0


def frame(mover, minutes, metres, prefix=""):
    at = pd.Timestamp("2024-03-01T08:00") + pd.to_timedelta(minutes, unit="min")
    return pd.DataFrame(
        {"id": [f"{prefix}{mover}{number}" for number in range(len(minutes))], "car": mover,
         "at": at.strftime("%Y-%m-%d %H:%M:%S"), "x": [X + metre for metre in metres], "y": Y}
    )  # fmt: skip


WAYS = {"key": "id", "time": "at", "x": "x", "y": "y", "crs": CRS, "mover": "car"}


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    made = stcloud.create(tmp_path_factory.mktemp("tracks") / "city", crs=CRS, zone="Asia/Shanghai")
    rows = [
        frame("a", [0, 5, 10], [0, 300, 600]),
        frame("b", [0, 5, 10], [600, 300, 0]),
        frame("c", [0], [900]),
    ]
    made.load("cars", pd.concat(rows), **WAYS)
    made.load("bikes", frame("a", [0, 10], [600, 0], "k"), **WAYS)
    made.load("calls", frame("a", [0], [0]).drop(columns="car"), **{**WAYS, "mover": None})
    yield made
    made.close()


def test_a_question_is_a_value(city):
    tracks = city.tracks("cars")
    narrowed = tracks.during("2024-03-01").movers("a")
    assert tracks == city.tracks("cars")
    assert narrowed != tracks
    assert narrowed.tracks().table["mover"].to_pylist() == ["a"]
    assert narrowed.facts()["movers"] == "a"
    with pytest.raises(InvalidInput) as twice:
        narrowed.movers("b")
    assert twice.value.kind == "asked-twice"
    assert tracks.what("car = 'b'").fixes().movers.to_pylist() == ["b"]


def test_what_has_no_movers_is_refused(city):
    with pytest.raises(InvalidInput) as refused:
        city.tracks("calls")
    assert refused.value.kind == "no-mover"
    with pytest.raises(NotFound):
        city.tracks("car")


def test_as_of_holds_fixes_until_then(city):
    assert len(city.tracks("cars").as_of("2024-03-01T08:05").fixes()) == 5
    first_us = city.layer("cars").loads[0].recorded_at_us
    assert len(city.tracks("cars").as_of(known_at=first_us - 1).fixes()) == 0
    assert len(city.tracks("cars").as_of("2024-03-01T08:00", known_at=first_us).fixes()) == 3


def test_who_was_near_whom_in_five_minutes(city):
    """``a`` and ``b`` pass each other at 08:05 at 1 m/s each: within 60 m for a minute."""
    a = city.tracks("cars").movers("a")
    (row,) = a.meetings(within="60 m").to_records()
    assert (row["mover"], row["other"], row["duration_s"], row["least_m"]) == ("a", "b", 60.0, 0.0)
    assert str(row["from"])[:19] == "2024-03-01 08:04:30"
    (cut,) = a.meetings(within="60 m", during="2024-03-01T08:05/2024-03-01T08:10").to_records()
    assert (str(cut["from"])[:19], str(cut["to"])[:19]) == ("2024-03-01 08:05:00", "2024-03-01 08:05:30")
    assert len(a.meetings(within="60 m", during="2024-03-01T08:06/2024-03-01T08:10")) == 0
    assert len(a.meetings(within="60 m", lasting="2 min")) == 0
    assert len(city.tracks("cars").meetings(within="60 m")) == 1  # each pair once
    for during in ("2024/..", "../2024"):
        with pytest.raises(InvalidInput) as open_end:
            a.meetings(during=during)
        assert open_end.value.kind == "one-span"


def test_movers_of_two_layers_meet_whatever_they_are_called(city):
    found = city.tracks("cars").movers("a").meetings(city.tracks("bikes"), "60 m")
    assert [(row["mover"], row["other"]) for row in found] == [("a", "a")]
    assert {name for name, _ in found.pin.layers} == {"cars", "bikes"}


def test_who_is_nearest_now(city):
    place = city.tracks("cars").current("2024-03-01T08:10").to_geopandas("OGC:CRS84").geometry[1]
    near = city.tracks("cars").nearest(place, 2, at="2024-03-01T08:10")
    assert near.table["mover"].to_pylist() == ["b", "a"]
    assert near.table["distance_m"].to_pylist() == pytest.approx([0.0, 600.0], abs=0.01)
    assert near.table["age_s"].to_pylist() == [0.0, 0.0]
    assert len(city.tracks("cars").nearest(place, 9, at="2024-03-01T08:10", within="100 m")) == 1
    assert len(city.tracks("cars").current("2024-03-01T08:10", max_age="5 min")) == 2
    positions = city.tracks("cars").positions("2024-03-01T08:10")
    assert [each.mover for each in positions.nearest(X, Y, 3)] == ["b", "a", "c"]
    assert [each.mover for each in positions.nearest(X, Y, 1, free={"a", "c"})] == ["a"]
    with pytest.raises(InvalidInput) as nowhere:
        city.tracks("cars").nearest("somewhere")
    assert nowhere.value.kind == "bad-place"


def test_the_last_fix_of_a_mover_must_fulfil_the_conditions(city):
    """Law of the present: who has left the place is not there, although an earlier fix was."""
    box = (X - 10, Y - 10, X + 10, Y + 10)
    there = city.tracks("cars").where(box, crs=CRS)
    assert there.current("2024-03-01T08:10").table["mover"].to_pylist() == ["b"]
    assert there.current("2024-03-01T08:04").table["mover"].to_pylist() == ["a"]


def test_frames_have_lines_and_instants(city):
    whole = city.tracks("cars").to_geopandas(times=True)
    assert whole.crs == CRS
    assert whole.geometry.geom_type.tolist() == ["LineString", "LineString", "Point"]
    assert [len(times) for times in whole["times"]] == [3, 3, 1]
    assert whole["times"][0][0] == np.datetime64("2024-03-01T00:00")
    assert not whole.drop(columns=["geometry", "times"]).isna().any().any()
    assert city.tracks("cars").to_pandas()["length_m"].tolist() == [600.0, 600.0, 0.0]
    assert shapely.get_num_points(whole.geometry.to_numpy()[:2]).tolist() == [3, 3]


def test_a_pinned_answer_stays(city):
    before = city.tracks("cars").tracks()
    city.load("cars", frame("d", [0, 1], [0, 1]))
    assert len(city.tracks("cars").tracks()) == 4
    again = city.tracks("cars").known_at(before.pin).tracks()
    assert again.table.equals(before.table)


@pytest.mark.parametrize("crs", [None, "EPSG:4326"])
def test_measured_lines_are_the_lines_with_instants(city, tmp_path, crs):
    tracks = city.tracks("cars")
    plain, measured = (tracks.to_geopandas(crs, times=True, measured=measured) for measured in (False, True))
    assert measured.crs == plain.crs
    assert shapely.get_coordinates(measured.geometry) == pytest.approx(
        shapely.get_coordinates(plain.geometry)
    )
    seconds = shapely.get_coordinates(measured.geometry, include_m=True)[:, 2]
    assert seconds.tolist() == (np.concatenate(list(plain["times"])).astype(np.int64) / 1e6).tolist()
    assert seconds[0] == 1_709_251_200  # 08:00 in Shanghai
    measured.drop(columns="times").to_parquet(tmp_path / "tracks.parquet")
    assert shapely.has_m(geopandas.read_parquet(tmp_path / "tracks.parquet").geometry).all()
    assert len(tracks.when(weekdays="sun").to_geopandas(crs, measured=True)) == 0


def test_who_passes_a_place(city):
    tracks = city.tracks("cars")
    place = tracks.movers("a").current("2024-03-01T08:10").to_geopandas("OGC:CRS84").geometry[0]
    rows = tracks.passes(place, within="60 m", during="2024-03-01T08:00/2024-03-01T08:20").to_records()
    assert [(row["mover"], row["duration_s"], round(row["least_m"])) for row in rows] == [
        ("a", 60, 0),
        ("b", 60, 0),
    ]
    assert len(tracks.passes(place, within="60 m", lasting="2 min")) == 0
    with pytest.raises(InvalidInput) as refused:
        tracks.passes("nowhere")
    assert refused.value.kind == "bad-place"
