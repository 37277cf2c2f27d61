"""A page of few rows is given in memory as SQL gives any number of them."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import stcloud
from stcloud.iaas.engine.duck import Duck
from stcloud.iaas.engine.model import Tell
from stcloud.paas.query.plan.plan import Rows
from stcloud.testing.cases import CRS
from stcloud.testing.examples import examples

LAYER = """
id = "events"
kind = "event"
key = ["id"]
[time]
column = "time"
[space]
lon = "lon"
lat = "lat"
[columns]
kind = { type = "text" }
floors = { type = "integer" }
"""
FILTERS = (None, "kind = 'a'", "kind <> 'b' OR floors IS NULL", "floors > 2")
PLACES = (None, "bbox:114.0,30.55,114.05,30.65", "near:114.02,30.6:1500m")
TIMES = (None, "2024-03-05/2024-03-20", "2024-03-09T23:00/..")


@pytest.fixture(scope="module")
def engines(tmp_path_factory):
    """The same city, once with rows in memory, once by SQL."""
    folder = tmp_path_factory.mktemp("rows") / "city"
    city = stcloud.create(folder, crs=CRS, zone="Pacific/Auckland")
    definition = stcloud.Definition.from_toml(LAYER, name="events")
    rows = [
        {
            "id": f"{'é' if number % 7 == 0 else 'k'}{number * 7919 % 1000:03}",
            "time": f"2024-03-{number % 28 + 1:02}T{number % 5:02}:00:00",
            "lon": 114.0 + number % 30 / 500,
            "lat": 30.55 + number % 37 / 300,
            "kind": [None, "a", "b"][number % 3],
            "floors": None if number % 4 == 0 else number % 6,
        }
        for number in range(400)
    ]
    city.load("events", rows, definition=definition)
    city.close()
    with stcloud.open(folder) as few, stcloud.open(folder, engine=Duck(small_rows=0)) as many:
        yield few, many


def narrowed(city, what, where, when):
    query = city.query("events")
    query = query if what is None else query.what(what)
    query = query if where is None else query.where(where)
    return query if when is None else query.when(when)


@settings(max_examples=examples(12), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(FILTERS), st.sampled_from(PLACES), st.sampled_from(TIMES), st.sampled_from((7, 64, 401))
)
def test_rows_in_memory_are_those_of_sql(engines, what, where, when, limit):
    """Page after page, with ties of time and keys beyond ASCII."""
    pages, counted = [], []
    for city in engines:
        query, after, tables, matched = narrowed(city, what, where, when), None, [], set()
        while True:
            answer = query.rows(limit, after=after)
            tables.append(answer.table)
            matched.add(answer.matched)
            after = answer.next
            if after is None:
                break
        pages.append(pa.concat_tables(tables))
        counted.append(matched)
    assert pages[0].equals(pages[1])
    assert pages[0].num_rows == narrowed(engines[0], what, where, when).count().to_records()[0]["count"]
    assert counted[0] == {pages[0].num_rows}, "each page knows how many rows there are on all"
    assert counted[1] <= {None, pages[0].num_rows}


def test_rows_of_few_are_given_in_memory_and_ordered_ones_by_sql(engines):
    inquiry = engines[0].query("events").where(PLACES[1]).inquiry()
    assert isinstance(inquiry.compiled(Rows(5)).stages[-1], Tell)
    ordered = engines[0].query("events").where(PLACES[1]).rows(5, order="-floors")
    again = engines[1].query("events").where(PLACES[1]).rows(5, order="-floors")
    assert ordered.table.equals(again.table)
