"""Law: the rows of a group are as many as its count, and its measures are those of these rows."""

from __future__ import annotations

import itertools
from collections import defaultdict
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import stcloud
from stcloud.errors import StcloudError
from stcloud.iaas.engine.model import Engine
from stcloud.paas.query import Query
from stcloud.paas.query.parse.groupvalue import group_text
from stcloud.testing.cases import AREAS as NAMED_AREAS
from stcloud.testing.cases import CRS, EVENTS, GRID, grid_of
from stcloud.testing.examples import examples, spread
from stcloud.testing.town import quads

ZONE = "Pacific/Auckland"
TWICE = pd.Timestamp("2024-04-06T13:30", tz="UTC")  # half past two, which the clock shows twice
COLUMNS = """
[columns]
note = { type = "text", optional = true }
n = { type = "integer", optional = true }
size = { type = "number", optional = true }
ok = { type = "boolean", optional = true }
seen = { type = "instant", optional = true }
"""
AREAS = NAMED_AREAS + 'side = { type = "integer" }\n'
BYS = (
    ["hour"], ["day"], ["week"], ["month"], ["quarter"], ["year"], ["weekday", "hour-of-day"], ["cell:100m"],
    ["cell:250m"], ["cell:1km"], ["unit"], ["street"], ["duty:patrols"], ["in:areas"], ["in:areas.side"], ["note"],
    ["n"], ["size"], ["ok"], ["seen"], ["week", "note"], ["duty:patrols", "ok"], ["in:areas", "month"],
)  # fmt: skip


@pytest.fixture(scope="module")
def events() -> pd.DataFrame:
    """Events on corners and borders of areas, outside of all, without a place, and in an hour that comes twice."""
    chance, count = np.random.default_rng(5), 90
    shapes, _ = quads(4, 4)
    west, south, east, north = shapely.total_bounds(shapes)
    at = pd.Timestamp("2024-03-25", tz="UTC") + pd.to_timedelta(chance.integers(0, 40 * 1440, count), "min")
    at = at.where(np.arange(count) % 9 > 0, TWICE + pd.to_timedelta(chance.integers(-90, 90, count), "min"))
    x = chance.choice(np.linspace(west - 100, east + 100, 9), count)
    y = chance.choice(np.linspace(south - 100, north + 100, 9), count)
    placed = chance.random(count) < 0.9
    return pd.DataFrame({
        "id": [f"e{number}" for number in range(count)], "at": [one.isoformat() for one in at],
        "x": np.where(placed, x, np.nan), "y": np.where(placed, y, np.nan),
        "note": chance.choice(["a=b", '"quoted"', "none", "北", None], count),
        "n": pd.array(chance.choice([1, -2, 3, None], count), "Int64"),
        "size": chance.choice([0.1, 2.0, -1.5, np.nan], count),
        "ok": chance.choice(["true", "false", None], count),
        "seen": chance.choice(["2024-04-01T00:30:00+00:00", "2024-04-07T02:30:00.25+12:00", None], count),
    })  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, events: pd.DataFrame) -> Path:
    root = tmp_path_factory.mktemp("groups")
    city = stcloud.create(root / "city", crs=CRS, zone=ZONE)
    shapes, codes = quads(4, 4)
    grid_of(shapes, codes).to_file(root / "cells.gpkg")
    city.load("cells", root / "cells.gpkg", definition=stcloud.Definition.from_toml(GRID, name="cells"),
              valid_from="2019-01-01")  # fmt: skip
    events.to_csv(root / "cases.csv", index=False)
    city.load(
        "cases", root / "cases.csv", definition=stcloud.Definition.from_toml(EVENTS + COLUMNS, name="cases")
    )
    chance = np.random.default_rng(4)
    rows = [(duty, code) for code in codes[:12] for duty in "AB" if chance.random() < 0.6]
    pd.DataFrame(rows, columns=["duty", "unit"]).to_csv(root / "patrols.csv", index=False)
    city.load("patrols", root / "patrols.csv", definition="duty-grids", valid_from="2024-04-01")
    west, south, east, north = shapely.total_bounds(shapes)
    edges = np.linspace(west, east, 4)
    boxes = [shapely.box(a, south, b, north) for a, b in itertools.pairwise(edges)]
    frame = geopandas.GeoDataFrame({"name": ["c", "b", "a"], "side": [1, 1, 2]}, geometry=boxes, crs=CRS)
    definition = stcloud.Definition.from_toml(AREAS, name="areas")
    for since, names in (("2019-01-01", ["c", "b", "a"]), ("2024-04-10", ["b", "c", "a"])):
        frame.assign(name=names).to_file(root / f"{since}.gpkg")
        city.load("areas", root / f"{since}.gpkg", definition=definition, valid_from=since)
    return root / "city"


def checked(
    query: Query, by: list[str], keys: str = "st_key", record: int | None = None
) -> list[frozenset[str]]:
    """Check the law of the groups of a question, or of one of them; return the keys of each."""
    measures = ["count"] if keys != "st_key" else ["count", "sum(n)", "mean(size)"]
    answer = query.measure(*measures, by=by)
    records = answer.to_records()
    rows = []
    for found in spread(records, 12) if record is None else records[record % max(len(records), 1) :][:1]:
        group = [group_text(*pair) for pair in zip(by, (found[name] for name in answer.groups), strict=True)]
        of_group = query.of_group(*group)
        (measured,) = of_group.measure(*measures).to_records()
        assert {name: found[name] for name in measured} == pytest.approx(measured, nan_ok=True), group
        frame = of_group.to_pandas()
        assert len(frame) == found["count"], group
        rows.append(frozenset(frame["st_key"]))
        assert of_group.facts()["group"].startswith(by[0])
    return rows


def labels(events: pd.DataFrame, by: str, folder: Path) -> pd.Series:
    """Oracle: the group of each event by pandas and shapely; of duty grids a tuple of them."""
    local = pd.to_datetime(events["at"]).dt.tz_convert(ZONE)
    if by in ("hour", "hour-of-day"):
        return local.map(
            lambda at: at.hour if by != "hour" else (at.floor("h", ambiguous=at.fold == 0), at.utcoffset())
        )
    if by in ("day", "week", "weekday", "year", "month", "quarter"):
        forms = {"day": "%F", "week": "%G-W%V", "weekday": "%u", "year": "%Y", "month": "%Y-%m"}
        return local.dt.strftime(forms[by]) if by in forms else local.dt.year * 4 + local.dt.quarter
    if by.startswith("cell:"):
        side = {"100m": 100, "250m": 250, "1km": 1000}[by[5:]]
        return (events["x"] // side).map(str) + (events["y"] // side).map(str)
    if by.startswith("in:"):
        return held(events, local, by.endswith(".side"))
    if by in ("unit", "street", "duty:patrols"):
        return of_units(by, folder).reindex(events["id"]).reset_index(drop=True)
    return events[by].map(lambda value: None if pd.isna(value) else str(value))


def held(events: pd.DataFrame, local: pd.Series, side: bool) -> pd.Series:
    west, south, east, north = shapely.total_bounds(quads(4, 4)[0])
    edges = np.linspace(west, east, 4)
    found = []
    for x, y, at in zip(events["x"], events["y"], local, strict=True):
        names = ["c", "b", "a"] if at < pd.Timestamp("2024-04-10", tz=ZONE) else ["b", "c", "a"]
        inside = [
            (name, number)
            for name, a, b, number in zip(names, edges[:-1], edges[1:], (1, 1, 2), strict=True)
            if a <= x <= b and south <= y <= north
        ]
        found.append(min(inside)[side] if inside else None)
    return pd.Series(found)


def of_units(by: str, folder: Path) -> pd.Series:
    """Oracle of units: their codes are those that rows have, which other tests compare with shapely."""
    rows = stcloud.open(folder).query("cases").to_pandas().set_index("st_key")
    codes, members = rows["st_unit"], pd.read_csv(folder.parent / "patrols.csv", dtype=str)
    if by != "duty:patrols":
        return codes.map(lambda code: None if pd.isna(code) else code[: {"unit": 15, "street": 9}[by]])
    duties = members.groupby("unit")["duty"].apply(lambda some: tuple(sorted(some)))
    since = pd.Timestamp("2024-04-01", tz=ZONE)
    return pd.Series(
        [duties.get(code) if at >= since else None for code, at in zip(codes, rows["st_time"], strict=True)],
        codes.index,
    )


def parted(events: pd.DataFrame, by: list[str], folder: Path) -> list[frozenset[str]]:
    """Oracle: the keys of each group; an event is in the group of each of its duty grids."""
    rows: dict[tuple[Any, ...], set[str]] = defaultdict(set)
    columns = [labels(events, one, folder) for one in by]
    for key, *values in zip(events["id"], *columns, strict=True):
        plain = [None if not isinstance(value, tuple) and pd.isna(value) else value for value in values]
        several = plain[0] if by[0].startswith("duty") and plain[0] is not None else (plain[0],)
        for first in several:
            rows[(first, *plain[1:])].add(key)
    return [frozenset(keys) for keys in rows.values()]


@pytest.mark.parametrize("by", BYS, ids="+".join)
def test_the_rows_of_a_group_are_as_many_as_its_count_and_its_measures_are_those_of_these_rows(
    by: list[str], folder: Path, events: pd.DataFrame
) -> None:
    query = stcloud.open(folder).query("cases")
    expected = parted(events, by, folder)
    assert len(expected) == len(query.count(by))
    assert set(checked(query, by)) <= set(expected)


NARROWED = {
    "when": lambda query: query.when("2024-04"),
    "where": lambda query: query.where("areas:b"),
    "what": lambda query: query.what("n > 0 OR casei(note) = 'none'"),
    "restated": lambda query: query.restated("2024-04-01"),
    "known": lambda query: query.known_at("2100-01-01"),
}


@settings(max_examples=examples(300), deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(BYS), st.sets(st.sampled_from(sorted(NARROWED))), st.integers(0, 99))
def test_a_group_of_a_narrowed_question(folder: Path, by: list[str], narrowed: set[str], record: int) -> None:
    query = stcloud.open(folder).query("cases")
    for name in sorted(narrowed):
        query = NARROWED[name](query)
    checked(query, by, record=record)


@pytest.mark.costly
@pytest.mark.parametrize("by", BYS, ids="+".join)
def test_engines_give_the_rows_of_a_group_alike(
    by: list[str], folder: Path, duckdb_by_sql: Engine, sail: Engine
) -> None:
    for engine, record in ((duckdb_by_sql, None), (sail, 1)):
        checked(stcloud.open(folder, engine=engine).query("cases"), by, record=record)


@pytest.mark.parametrize(
    "by", [["year"], ["day"], ["cell:1km"], ["in:cells"], ["side"], ["name", "side"]], ids="+".join
)
def test_features_of_a_group(by: list[str], folder: Path) -> None:
    query = stcloud.open(folder).query("areas").when("2024")
    assert sum(map(len, checked(query, by, keys="")))


def test_tiles_joins_cubes_and_saved_questions_are_of_the_group(folder: Path) -> None:
    city = stcloud.open(folder)
    query = city.query("cases").of_group("note=a=b", "ok=true")
    (count,) = query.count().to_records()
    assert count["count"] == len(query.rows()) == len(query.join("areas", "within"))
    placed = sum(row["st_cell"] is not None for row in query.rows().to_records())
    assert query.vector_tile(0, 0, 0, cluster="1km").count == placed
    cube = query.cube("1km", "1M", partial="keep").to_arrow()
    assert sum(cube["count"].to_pylist()) == placed
    question = stcloud.Question(layer="cases", group=["note=a=b", "ok=true"], count=True)
    again = stcloud.Question.from_json(question.to_json(), name="q")
    assert again == question
    assert city.ask(again).to_records() == [count]
    plan = query.plan("week")
    from stcloud.paas.query.spec.plan_json import read_plan, write_plan

    assert read_plan(write_plan(plan), query.subject) == plan


def test_a_group_of_bins_is_compared_with_the_bin_beside_it(folder: Path) -> None:
    query = stcloud.open(folder).query("cases").when("2024-04")
    for record in query.measure(by=["week", "ok"], compare="previous").to_records():
        of_group = query.of_group(group_text("week", record["week"]), group_text("ok", record["ok"]))
        (found,) = of_group.measure(compare="previous").to_records()
        assert (found["count"], found["count_before"]) == (record["count"], record["count_before"])


def test_why_a_row_is_in_a_group(folder: Path) -> None:
    query = stcloud.open(folder).query("cases").of_group("week=2024-W14", "in:areas=b")
    (row, *_) = query.rows().to_records()
    reason = query.why(row["st_key"])
    assert reason.found
    assert [(part.text, part.holds) for part in reason.conditions] == [
        ("of the group week 2024-W14", True), ("of the group in:areas b", True)
    ]  # fmt: skip
    assert "of the group week 2024-W14" in str(query.explain())


def test_a_group_reads_what_its_bounds_leave(folder: Path) -> None:
    query = stcloud.open(folder).query("cases")
    whole = query.explain().files[0]
    assert query.of_group("day=2024-03-26").explain().files[0] < whole
    assert query.of_group("cell:100m=1455555555555"[:-2]).explain().files[0] == 0


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("week", "unreadable-group"), ("=3", "unreadable-group"), ("week=2024-W60", "unreadable-group"),
        ("week=2024", "unreadable-group"), ("hour=2024-04-07T02:00+11:00", "unreadable-group"),
        ("weekday=8", "unreadable-group"), ("hour-of-day=x", "unreadable-group"), ("cell:1km=13", "unreadable-group"),
        ("n=2.5", "unreadable-group"), ("size=nan", "unreadable-group"), ("ok=yes", "unreadable-group"),
        ("seen=soon", "unreadable-group"), ("unit=99", "unreadable-group"), ('note="a', "unreadable-group"),
        ("nothing=3", "unknown-group"), ("in:areas=z", "unknown-feature"), ("duty:patrols=Z", "unknown-duty"),
    ],
)  # fmt: skip
def test_a_group_that_there_cannot_be_is_refused(text: str, kind: str, folder: Path) -> None:
    with pytest.raises(StcloudError) as refused:
        stcloud.open(folder).query("cases").of_group(text).count()
    assert refused.value.kind == kind
    assert "\n" not in str(refused.value)
