"""Few rows are counted in memory as SQL counts any number of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
import shapely
import sqlglot
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import stcloud
from stcloud.errors import InvalidInput
from stcloud.iaas.engine.duck import Duck
from stcloud.iaas.engine.model import Sql, Tell
from stcloud.paas.query.run.measuring import read_summary
from stcloud.paas.query.sql.binder import instant
from stcloud.testing.cases import CRS, EVENTS, GRID, grid_of
from stcloud.testing.examples import examples
from stcloud.testing.town import quads
from stcloud.time import DayRun

COLUMNED = (
    EVENTS
    + """
[columns]
kind = { type = "text" }
floors = { type = "integer" }
open = { type = "boolean" }
day = { type = "date" }
done = { type = "instant" }
"""
)
GROUPS = (
    "cell:100m",
    "cell:250m",
    "cell:500m",
    "cell:1km",
    "week",
    "hour",
    "month",
    "weekday",
    "kind",
    "floors",
    "open",
    "day",
    "done",
)
GROUPS += ("unit", "district")
RUNS = (DayRun(2, 1), DayRun(7, 3), DayRun(28, -40), DayRun(100_000, 19_790))
TIMES = ("2024", "2024-W10", "2024-03-05T07:00/2024-07", "../2024-03-09")
FILTERS = ("floors > 2", "kind = 'a' OR day IS NULL", "open = TRUE", "CASEI(kind) = 'b'")
SHAPES, CODES = quads(4, 4)
START = datetime(2024, 3, 1, tzinfo=UTC)
"""Statements know the wall clock of times that files hold only: of March."""


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    """Two loads, the second of which corrects the first, so that not all rows were always believed."""
    folder = tmp_path_factory.mktemp("tally")
    made = stcloud.create(folder / "city", crs=CRS, zone="Asia/Shanghai")
    grid_of(SHAPES, CODES).to_file(folder / "cells.gpkg")
    made.load(
        "cells",
        folder / "cells.gpkg",
        definition=stcloud.Definition.from_toml(GRID, name="cells"),
        valid_from="2019-01-01",
    )
    west, south, *_ = shapely.total_bounds(SHAPES)
    rows = pa.table({"id": ["1", "2"], "at": ["2024-03-05T08:00:00+08:00"] * 2, "x": [west + 9.0] * 2,
                     "y": [south + 9.0] * 2, "kind": ["a", "b"], "floors": ["1", "2"], "open": ["true"] * 2,
                     "day": ["2024-03-05"] * 2, "done": ["2024-03-06T08:00:00+08:00"] * 2})  # fmt: skip
    for at, day in enumerate(("2024-03-05", "2024-03-07")):
        path = folder / f"{at}.csv"
        rows.set_column(1, "at", pa.array([f"{day}T08:00:00+08:00"] * 2)).to_pandas().to_csv(
            path, index=False
        )
        made.load("cases", path, definition=stcloud.Definition.from_toml(COLUMNED, name="cases"))
    return made


@pytest.fixture(scope="module")
def duck():
    engine = Duck()
    yield engine
    engine.close()


def moment(chance, first=START, minutes=19 * 24 * 60):
    return first + timedelta(minutes=chance.randrange(minutes))


def value(field, chance, now):
    """A value of a column; of instants that are recorded some before ``now`` and some after."""
    if field.name == "st_cell":
        return chance.randrange(10**10, 10**10 + 300) * 100
    if field.name.startswith("st_recorded"):
        return None if field.nullable and chance.random() < 0.5 else now + timedelta(chance.randrange(-1, 2))
    if field.name != "st_time" and chance.random() < 0.2:
        return None
    if field.name == "st_unit":
        return chance.choice(CODES)
    kinds = {
        pa.string(): lambda: chance.choice(["a", "b", "B", "ä", ""]), pa.int64(): lambda: chance.randrange(-2, 4),
        pa.bool_(): lambda: chance.random() < 0.5, pa.float64(): chance.random,
        pa.date32(): lambda: moment(chance).date(), pa.timestamp("us", "UTC"): lambda: moment(chance),
    }  # fmt: skip
    return kinds[field.type]()


@settings(max_examples=examples(40), deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_few_rows_are_counted_as_sql_counts_them(city, duck, data):
    """Law: what is counted in memory is what SQL tells of the same rows."""
    by = data.draw(st.lists(st.sampled_from(GROUPS), unique=True, max_size=4))
    asked = city.query("cases").where("bbox:113,30,115,31")
    for time in data.draw(st.lists(st.sampled_from(TIMES), max_size=2)):
        asked = asked.when(time, weekdays=data.draw(st.sampled_from([None, "mon-wed"])))
    asked = asked.what(*data.draw(st.lists(st.sampled_from(FILTERS), max_size=2)))
    if data.draw(st.booleans()):
        asked = asked.where(f"unit:{CODES[0]}", f"unit:{CODES[8]}")
    if data.draw(st.booleans()):
        asked = asked.known_at(city.layer("cases").loads[0].recorded_at_us)
    found = asked.inquiry()
    goal = read_summary(found, ["count", "per_km2"], by, None)
    runs = data.draw(st.lists(st.sampled_from(RUNS), unique=True, max_size=1))
    compiled = found.compiled(replace(goal, by=(*runs, *goal.by)))
    tell = compiled.stages[-1]
    assert isinstance(tell, Tell)
    schema = pa.schema([city.layer("cases").snapshot.schema.field(name) for name in compiled.columns])
    chance, now = data.draw(st.randoms(use_true_random=False)), instant(found.known_us)
    drawn = [{one.name: value(one, chance, now) for one in schema} for _ in range(100)]
    rows = pa.Table.from_pylist(drawn[: data.draw(st.sampled_from([0, 1, 100]))], schema)
    given_rows = Sql(sqlglot.parse_one("SELECT * FROM rows"))
    told = duck.run([given_rows, tell.query()], {"rows": rows}).read_all()
    assert tell.function(rows).to_pylist() == told.to_pylist()


def test_a_year_without_a_calendar_is_refused_wherever_it_is(tmp_path):
    """An event in the box of the place, but not in the place, is asked for its day as any other."""
    city = stcloud.create(tmp_path / "city", crs=CRS, zone="Asia/Shanghai", calendar="CN")
    west, south, *_ = shapely.total_bounds(SHAPES)
    lines = ["id,at,x,y", f"1,2024-03-05T08:00:00+08:00,{west + 10},{south + 10}"]
    lines.append(f"2,1700-03-05T08:00:00+08:00,{west + 95},{south + 95}")
    (tmp_path / "cases.csv").write_text("\n".join(lines))
    city.load("cases", tmp_path / "cases.csv", definition=stcloud.Definition.from_toml(EVENTS, name="cases"))
    corner = shapely.Polygon([(west, south), (west + 100, south), (west, south + 100)])
    assert city.query("cases").where(corner, crs=CRS).count().to_records() == [{"count": 1}]
    working = city.query("cases").when(days="working")
    for query in (working, working.where(corner, crs=CRS)):
        with pytest.raises(InvalidInput) as caught:
            query.count()
        assert caught.value.kind == "unknown-year"
