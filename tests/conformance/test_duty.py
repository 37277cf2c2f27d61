"""Duty grids: an event belongs to whoever had its cell at the event's own time."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd
import pytest
import shapely

import stcloud
from stcloud.errors import InvalidInput, NotFound
from stcloud.testing.cases import CRS, EVENTS, GRID, events, grid_of
from stcloud.testing.town import quads

PERIODS = (("2020-01-01", "2021-01-01"), ("2021-01-01", None))


@pytest.fixture(scope="module")
def shapes_and_codes():
    return quads(4, 4)


@pytest.fixture(scope="module")
def members(shapes_and_codes):
    """Who has which cell in which of two years; cells with several duty grids, and with none."""
    chance, rows = np.random.default_rng(4), []
    for year in range(2):
        rows += [
            {"duty": duty, "unit": code, "year": year}
            for code in shapes_and_codes[1]
            for duty in ("A", "B", "C")
            if chance.random() < 0.4
        ]
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def folder(tmp_path_factory, shapes_and_codes, members):
    found = tmp_path_factory.mktemp("duty")
    city = stcloud.create(found / "city", crs=CRS, zone="Asia/Shanghai")
    grid_of(*shapes_and_codes).to_file(found / "cells.gpkg")
    grid = stcloud.Definition.from_toml(GRID, name="cells")
    city.load("cells", found / "cells.gpkg", definition=grid, valid_from="2019-01-01")
    rows = events(400, 3, shapely.total_bounds(shapes_and_codes[0]))
    rows.to_csv(found / "cases.csv", index=False)
    city.load("cases", found / "cases.csv", definition=stcloud.Definition.from_toml(EVENTS, name="cases"))
    for year, (since, _) in enumerate(PERIODS):
        part = members[members["year"] == year].drop(columns="year")
        part.to_csv(found / f"patrols_{year}.csv", index=False)
        told = city.load("patrols", found / f"patrols_{year}.csv", definition="duty-grids", valid_from=since)
        assert (told.rejected, told.unplaced) == (0, 0)
    return found / "city"


@pytest.fixture(scope="module")
def on_duty(folder, members):
    """Oracle: who had the cell of each event at its time; a pair of event and duty grid a row."""
    rows = stcloud.open(folder).query("cases").to_pandas()[["st_key", "st_time", "st_unit"]]
    found = []
    for row in rows.itertuples():
        for one in members.itertuples():
            since, until = (
                None if day is None else pd.Timestamp(day, tz="Asia/Shanghai") for day in PERIODS[one.year]
            )
            if one.unit == row.st_unit and row.st_time >= since and (until is None or row.st_time < until):
                found.append((row.st_key, one.duty))
    return len(rows), found


def engines(folder, sail):
    return stcloud.open(folder), stcloud.open(folder, engine=sail)


def test_counts_by_duty_grid_count_an_event_for_each(folder, on_duty, sail):
    """Law: an event counts for every duty grid that had its cell at its own time, or for none."""
    total, pairs = on_duty
    wanted = Counter(duty for _, duty in pairs)
    wanted[None] = total - len({key for key, _ in pairs})
    for city in engines(folder, sail):
        found = city.query("cases").count(["duty:patrols"]).to_records()
        assert {row["duty_patrols"]: row["count"] for row in found} == wanted


@pytest.mark.parametrize("asked", [("A",), ("B",), ("A", "C"), ("A", "B", "C")])
def test_where_duty_gives_each_event_once(folder, on_duty, asked, sail):
    keys = sorted({key for key, duty in on_duty[1] if duty in asked})
    for city in engines(folder, sail):
        found = city.query("cases").where(*(f"duty:patrols:{one}" for one in asked)).to_pandas()
        assert sorted(found["st_key"]) == keys


def test_duty_grids_within_a_place(folder, on_duty, shapes_and_codes):
    area = stcloud.Area(shapely.box(*shapely.total_bounds(shapes_and_codes[0][:2])), CRS)
    city = stcloud.open(folder)
    inside = set(city.query("cases").where(area).to_pandas()["st_key"])
    found = city.query("cases").where(area).where("duty:patrols:A").to_pandas()["st_key"]
    assert sorted(found) == sorted({key for key, duty in on_duty[1] if duty == "A" and key in inside})


def test_units_and_duty_grids_are_united_with_other_places(folder, on_duty, shapes_and_codes):
    """Law: and, or, not of places are those of sets of events; events outside of the grid are in no unit."""
    asked, code = stcloud.open(folder).query("cases"), shapes_and_codes[1][0]
    west = stcloud.Area(shapely.box(*shapely.total_bounds(shapes_and_codes[0][:2])), CRS)

    def keys(*places):
        return set(asked.where(*places).to_pandas()["st_key"])

    rows = asked.to_pandas()
    every, unit = set(rows["st_key"]), set(rows["st_key"][rows["st_unit"] == code])
    duty = {name: {key for key, duty in on_duty[1] if duty == name} for name in "ABC"}
    inside = keys(west)
    assert unit
    assert inside - unit
    assert keys(f"unit:{code}", "duty:patrols:A", west) == unit | duty["A"] | inside
    assert keys(f"unit:{code} or duty:patrols:A") == unit | duty["A"]
    assert keys("duty:patrols:A and duty:patrols:B") == duty["A"] & duty["B"]
    assert keys("not duty:patrols:A") == every - duty["A"]
    assert keys(f"(duty:patrols:A or duty:patrols:C) and not unit:{code}") == (duty["A"] | duty["C"]) - unit
    restated = asked.restated("2020-06-01")
    one = set(restated.where("duty:patrols:A").to_pandas()["st_key"])
    assert set(restated.where("not duty:patrols:A").to_pandas()["st_key"]) == every - one != every - duty["A"]


def test_who_was_asked_for_must_be_there(folder):
    asked = stcloud.open(folder).query("cases")
    with pytest.raises(NotFound) as told:
        asked.where("duty:patrols:Z").count()
    assert told.value.kind == "unknown-duty"
    for place, kind in (("duty:cells:A", "not-duties"), ("duty:patrols", "unknown-where")):
        with pytest.raises(InvalidInput) as refused:
            asked.where(place)
        assert refused.value.kind == kind
    with pytest.raises(NotFound):
        asked.count(["duty:nothing"])


def test_a_layer_without_a_place_has_no_columns_that_tell_it():
    text = 'id = "a"\nkind = "feature"\nkey = ["k"]\n[space]\nnone = true\nlon = "a"\nlat = "b"\n'
    with pytest.raises(stcloud.errors.InvalidDefinition):
        stcloud.Definition.from_toml(text, name="a")
    text = EVENTS.replace('x = "x"\ny = "y"\ncrs = "EPSG:4547"', "none = true")
    with pytest.raises(stcloud.errors.InvalidDefinition):
        stcloud.Definition.from_toml(text, name="a")


UNITS = {
    "by unit": lambda asked: asked.count(["unit"]),
    "by community and month": lambda asked: asked.count(["community", "month"]),
    "in a unit": lambda asked: asked.where("unit:990101001001").rows(),
    "restated": lambda asked: asked.restated("2020-06-01").count(["unit"]),
    "restated in a unit": lambda asked: asked.restated("2020-06-01").where("unit:990101001001003").rows(),
    "in a unit or on duty": lambda asked: asked.where(
        "unit:990101001001003", "duty:patrols:A and duty:patrols:B"
    ).rows(),
    "neither": lambda asked: asked.where("not (unit:990101001001003 or duty:patrols:A)").rows(),
    "restated on duty": lambda asked: asked.restated("2020-06-01").where("not duty:patrols:A").rows(),
    "restated in a place": lambda asked: asked.restated("2020-06-01").where(
        stcloud.Area(shapely.box(500000, 3380000, 500210, 3380150), CRS)
    ).count(["unit", "duty:patrols"]),
}  # fmt: skip


@pytest.mark.costly
@pytest.mark.parametrize("question", UNITS)
def test_engines_answer_of_units_alike(question, folder, duckdb, duckdb_by_sql, sail):
    one, *others = (
        UNITS[question](stcloud.open(folder, engine=engine).query("cases"))
        for engine in (duckdb, duckdb_by_sql, sail)
    )
    assert len(one) > 0
    for other in others:
        assert one.to_records() == other.to_records()


def test_a_cell_given_twice_counts_once_and_no_cell_is_nobodys(folder, tmp_path, shapes_and_codes, duckdb):
    """Rows may repeat a cell, or name none: an event still counts once for a duty grid."""
    city, code = stcloud.open(folder, engine=duckdb), shapes_and_codes[1][0]
    text = 'id = "d"\nkind = "feature"\nkey = ["id"]\n[space]\nnone = true\n[duty]\n'
    file = tmp_path / "twice.csv"
    file.write_text(f"id,duty,unit\n1,A,{code}\n2,A,{code}\n3,A,\n4,,{code}\n")
    definition = stcloud.Definition.from_toml(text, name="d")
    city.load("twice", file, definition=definition, valid_from="2019-01-01", max_rejected=2)
    there = len(city.query("cases").where(f"unit:{code}").rows())
    counted = {
        row["duty_twice"]: row["count"] for row in city.query("cases").count(["duty:twice"]).to_records()
    }
    assert counted["A"] == there == len(city.query("cases").where("duty:twice:A").rows())
    assert set(counted) == {"A", None}
