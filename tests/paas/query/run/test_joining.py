"""Events joined to a layer as it was at their own time, through a city; against pandas and shapely."""

from __future__ import annotations

import geopandas
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import shapely

import stcloud
from stcloud.errors import InvalidInput, NotFound
from stcloud.paas.query.plan.plan import Rows
from stcloud.paas.query.run import joining
from stcloud.paas.query.run.inquiry import Inquiry
from stcloud.testing.cases import AREAS, CRS, EVENTS, events

DAYS = ("2020-01-01", "2021-01-01", "2022-01-01")


def state(number):
    """Four squares that move a little each year; one of them is not there in the second."""
    west = 500_000 + 40 * number
    shapes = [shapely.box(west + 150 * at, 3_380_000, west + 150 * at + 180, 3_380_300) for at in range(4)]
    frame = geopandas.GeoDataFrame({"name": list("abcd"), "year": number}, geometry=shapes, crs=CRS)
    return frame if number != 1 else frame[frame["name"] != "c"]


@pytest.fixture(scope="module")
def rows():
    found = events(300, 7, (500_000, 3_380_000, 500_700, 3_380_300))
    found.loc[::40, ["x", "y"]] = np.nan
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("joined")


@pytest.fixture(scope="module")
def city(folder, rows):
    found = stcloud.create(folder / "city", crs=CRS, zone="Asia/Shanghai")
    rows.to_csv(folder / "cases.csv", index=False)
    found.load("cases", folder / "cases.csv", definition=stcloud.Definition.from_toml(EVENTS, name="cases"))
    for number, day in enumerate(DAYS):
        state(number).to_file(folder / f"{day}.gpkg")
        definition = stcloud.Definition.from_toml(AREAS, name="areas")
        found.load("areas", folder / f"{day}.gpkg", definition=definition, valid_from=day)
    return found


def there(time, at=None):
    """Oracle: the areas at an instant."""
    time = pd.Timestamp(at, tz="Asia/Shanghai") if at else pd.Timestamp(time)
    states = [number for number, day in enumerate(DAYS) if time >= pd.Timestamp(day, tz="Asia/Shanghai")]
    return state(states[-1]) if states else state(0).iloc[:0]


def expected(rows, how, at=None):
    pairs = set()
    for row in rows.itertuples():
        areas = there(row.at, at)
        if np.isnan(row.x) or not len(areas):
            pairs.add((row.id, None))
            continue
        metres = shapely.distance(areas.geometry.to_numpy(), shapely.Point(row.x, row.y))
        near = sorted(zip(metres, areas["name"], strict=True))
        chosen = {
            "intersects": [name for metre, name in near if metre == 0],
            "within": sorted(name for metre, name in near if metre == 0)[:1],
            "within 20 m": [name for metre, name in near if metre <= 20],
            "nearest 2 within 200 m": [name for metre, name in near if metre <= 200][:2],
        }[how]
        pairs |= {(row.id, name) for name in chosen} or {(row.id, None)}
    return pairs


@pytest.mark.costly
@pytest.mark.parametrize("at", [None, "2021-06-01"])
@pytest.mark.parametrize("how", ["intersects", "within", "within 20 m", "nearest 2 within 200 m"])
def test_events_meet_the_layer_of_their_own_time(city, rows, how, at):
    """Law: an event's partners are those that a plain join with the layer as of the event's time gives."""
    found = city.query("cases").join("areas", how, at=at).to_records()
    assert {(row["st_key"], row["areas_key"]) for row in found} == expected(rows, how, at)
    assert all(row["areas_key"] == row["areas_name"] for row in found)
    assert ("areas_distance_m" in found[0]) == how.startswith(("within 20", "nearest"))


def test_inner_leaves_out_events_without_a_partner(city, rows):
    found = city.query("cases").join("areas", "within 20 m", inner=True).to_records()
    assert {(row["st_key"], row["areas_key"]) for row in found} == {
        pair for pair in expected(rows, "within 20 m") if pair[1] is not None
    }


def test_features_are_taken_as_they_were_known(city):
    first = city.layer("areas").loads[0].recorded_at_us
    answer = city.query("cases").join("areas", "within", at="2022-06-01", known_at=first)
    years = {row["areas_year"] for row in answer.to_records() if row["areas_key"]}
    assert {str(year) for year in years} == {"0"}
    assert "known at" in answer.facts["join"]


def test_what_cannot_be_joined_is_told(city):
    asked = city.query("cases")
    with pytest.raises(NotFound):
        asked.join("nothing")
    with pytest.raises(InvalidInput) as told:
        asked.join("cases")
    assert told.value.kind == "not-features"
    with pytest.raises(InvalidInput):
        asked.join("areas", "around")


def test_join_on_the_command_line(run, city, folder):
    told = run(
        "join", folder / "city", "cases", "areas", "--how", "nearest within 50 m", "--inner", "-f", "csv"
    )
    assert told.code == 0
    assert "areas_distance_m" in told.out.splitlines()[0]
    assert run("join", folder / "city", "cases", "areas", "--how", "over there").code == 2


@pytest.mark.parametrize("inner", [False, True])
def test_rows_that_stream_are_those_of_the_answer(city, monkeypatch, inner):
    """However few events are joined at a time, and however many rows they give."""
    whole = city.query("cases").join("areas", "within 100 m", inner=inner).table
    monkeypatch.setattr(joining, "_FIRST_EVENTS", 7)
    monkeypatch.setattr(joining, "_MOST_ROWS", 20)
    monkeypatch.setattr(joining, "_BATCH_ROWS", 9)
    reader = city.query("cases").join_batches("areas", "within 100 m", inner=inner)
    batches = list(reader)
    assert pa.Table.from_batches(batches, reader.schema).equals(whole)
    assert len(batches) > len(whole) / 9
    assert max(batch.num_rows for batch in batches) <= 9


def test_events_are_taken_as_rows_are(city, monkeypatch):
    monkeypatch.setattr(joining, "_FIRST_EVENTS", 10)
    monkeypatch.setattr(joining, "_MOST_EVENTS", 10)
    asked = city.query("cases").joining("areas")
    batches, taken = list(asked.inquiry.rows(Rows())), []

    def slices(self, goal):
        for at in range(0, batches[0].num_rows, 10):
            taken.append(at)
            yield batches[0].slice(at, 10)

    monkeypatch.setattr(Inquiry, "rows", slices)
    reader = asked.reader()
    assert not taken
    reader.read_next_batch()
    assert len(taken) == 1
    reader.read_all()
    assert len(taken) == batches[0].num_rows / 10


def test_a_question_for_no_event_has_the_columns_of_any(city):
    none = city.query("cases").when("1990").join("areas", "nearest within 5 m")
    some = city.query("cases").join("areas", "nearest within 5 m")
    assert len(none) == 0
    assert none.table.schema.equals(some.table.schema)
    assert none.facts == {**some.facts, "when": none.facts["when"]}


@pytest.mark.parametrize("form", ["csv", "json", "ndjson", "geojson", "parquet", "gpkg", "table"])
def test_the_command_writes_all_rows_in_every_format(run, city, tmp_path, form, folder):
    answer = city.query("cases").join("areas", "within 20 m")
    file = tmp_path / f"rows.{form}"
    told = run("join", folder / "city", "cases", "areas", "--how", "within 20 m", "-f", form, "-o", file)
    assert told.code == 0, told.err
    assert "join within 20 m areas" in told.err
    if form == "table":
        assert f"{len(answer):,} rows" in told.err
        return
    if form in ("csv", "json", "ndjson"):
        lines = {"csv": pd.read_csv, "json": pd.read_json}.get(
            form, lambda one: pd.read_json(one, lines=True)
        )
        frame = lines(file)
    else:
        frame = geopandas.read_parquet(file) if form == "parquet" else geopandas.read_file(file)
        shapes = geopandas.GeoSeries(answer.geometry(), crs=CRS).to_crs(frame.crs)
        assert shapes.geom_equals_exact(frame.geometry, 1e-6).sum() == (~frame.geometry.isna()).sum() > 0
        frame = frame.drop(columns="geometry")
    expected = answer.to_pandas()
    assert list(frame.columns) == list(expected.columns)
    for name in ("st_key", "areas_key", "areas_name"):
        assert frame[name].fillna("").tolist() == expected[name].fillna("").tolist()


@pytest.mark.parametrize("how", ["within 1000000000 m", "within 1e300 m", "nearest within 1000.1 km"])
def test_a_distance_beyond_any_city_is_refused_at_once(city, how):
    with pytest.raises(InvalidInput, match="farther than 1,000 km") as error:
        city.query("cases").join("areas", how)
    assert error.value.kind == "invalid-distance"
