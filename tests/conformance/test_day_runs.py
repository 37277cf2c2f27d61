"""Every engine groups by runs of days as dates are counted: events by their time, features by their beginning."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pyarrow as pa
import pytest
import shapely

import stcloud
from stcloud.paas.query.compile.summary import measures_in
from stcloud.paas.query.plan.label import labelled
from stcloud.paas.query.plan.plan import Summary
from stcloud.paas.query.run.measuring import read_summary
from stcloud.paas.query.spec.query import Query
from stcloud.testing.measures import MEASURES, Row
from stcloud.testing.scenes import typed_events
from stcloud.time import Bin, Binning, DayRun, Zone

ZONE = ZoneInfo("America/New_York")
EAST, NORTH = 500_000, 3_500_000
MEASURED = ("count", "sum(n)", "median(m)", "quantile(m, 0.25)", "p90(done - at)", "distinct(note)")
RUNS = (
    DayRun(1, 0), DayRun(7, 3), DayRun(7, -4), DayRun(28, 19_800), DayRun(365, -30_000), DayRun(800_000, 5),
    DayRun(3_652_059, 3_000_000), DayRun(3_652_059, -3_652_059),
)  # fmt: skip
ENGINES = ("duckdb", "duckdb_by_sql", "sail")
FEATURES = """
id = "works"
kind = "feature"
key = ["k"]
[space]
column = "wkt"
crs = "EPSG:4548"
[valid]
from = "since"
to = "until"
"""


@dataclass(frozen=True)
class Made:
    """A city in a folder, the rows of its events, and when its features began."""

    folder: Path
    events: list[Row]
    begun: list[datetime]


def moments(chance: Random) -> list[datetime]:
    """Return instants around changes of the clock and around midnights, and some of other centuries."""
    changes = [datetime(2024, 3, 10, 7, tzinfo=UTC), datetime(2024, 11, 3, 6, tzinfo=UTC)]
    near = [
        change + timedelta(minutes=chance.randrange(-3000, 3000)) for change in changes for _ in range(60)
    ]
    midnights = [
        datetime(2024, month, day, tzinfo=ZONE) + timedelta(microseconds=by)
        for month, day in ((1, 1), (2, 29), (3, 10), (3, 11), (11, 3), (11, 4))
        for by in (-1, 0, 1)
    ]
    far = [datetime(year, 5, 17, 3, 30, tzinfo=UTC) for year in (1700, 1883, 1940, 1969, 1970, 2100)]
    return [*near, *midnights, *far]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Make a city far from UTC."""
    folder, chance = tmp_path_factory.mktemp("runs"), Random(5)
    city = stcloud.create(folder / "city", crs="EPSG:4548", zone="America/New_York")
    rows: list[dict[str, Any]] = [
        {
            "id": f"{number:03}", "at": at.astimezone(UTC), "x": EAST + chance.randrange(2000), "y": NORTH + 5,
            "note": chance.choice(["a", "b", None]), "n": chance.choice([0.1, 0.2, -3.5, None]),
            "m": chance.choice([1.0, 2.5, 7.0, None]),
            "done": at.astimezone(UTC) + timedelta(minutes=chance.randrange(9000)),
        }
        for number, at in enumerate(moments(chance))
    ]  # fmt: skip
    texts = [row | {name: row[name].isoformat() for name in ("at", "done")} for row in rows]
    frame = pd.DataFrame(texts).assign(i="", ok="", day="")
    frame.to_csv(folder / "marks.csv", index=False)
    city.load("marks", folder / "marks.csv", definition=typed_events("EPSG:4548"))
    begun = moments(chance)
    works = pd.DataFrame(
        {
            "k": range(len(begun)),
            "wkt": f"POINT ({EAST} {NORTH})",
            "since": [at.isoformat() for at in begun],
            "until": "",
        }
    )
    works.to_csv(folder / "works.csv", index=False)
    definition = stcloud.Definition.from_toml(FEATURES, name="works")
    city.load("works", folder / "works.csv", definition=definition, mode="changes")
    return Made(folder / "city", rows, begun)


def number_of(at: datetime, run: DayRun) -> int:
    """Return the bin of an instant, counted by dates."""
    return math.floor(((at.astimezone(ZONE).date() - date(1970, 1, 1)).days - run.phase) / run.days)


def alike(value: float | None, expected: float | None) -> bool:
    if value is None or expected is None:
        return value is expected
    return math.isclose(value, expected, rel_tol=1e-9, abs_tol=1e-9)


def summed(query: Query, by: Binning, measures: tuple[str, ...]) -> dict[int, tuple[Any, ...]]:
    """Return the measures of each bin, as an engine gives them."""
    inquiry = query.inquiry()
    goal: Summary = replace(read_summary(inquiry, measures, [], None), by=(by,))
    table = inquiry.run(goal).read_all()
    columns = [column.to_pylist() for column in (table.column(0), *measures_in(table, goal))]
    assert columns[0] == sorted(columns[0])
    return {group: tuple(values[: len(measures)]) for group, *values in zip(*columns, strict=True)}


@pytest.mark.parametrize("run", RUNS, ids=str)
@pytest.mark.parametrize("engine", ENGINES)
def test_measures_of_events_by_runs_of_days(
    engine: str, run: DayRun, made: Made, request: pytest.FixtureRequest
) -> None:
    groups = defaultdict(list)
    for row in made.events:
        groups[number_of(row["at"], run)].append(row)
    expected = {
        number: tuple(MEASURES[text][1](rows, None) for text in MEASURED) for number, rows in groups.items()
    }
    city = stcloud.open(made.folder, engine=request.getfixturevalue(engine))
    found = summed(city.query("marks"), run, MEASURED)
    assert found.keys() == expected.keys()
    for number, values in expected.items():
        assert all(alike(*pair) for pair in zip(found[number], values, strict=True)), (
            number,
            found[number],
            values,
        )


@pytest.mark.parametrize("run", RUNS, ids=str)
@pytest.mark.parametrize("engine", ENGINES)
def test_events_of_a_place_and_a_time_by_runs_of_days(
    engine: str, run: DayRun, made: Made, request: pytest.FixtureRequest
) -> None:
    """They are counted in memory where they are few."""
    low, high = (datetime(2024, month, day, tzinfo=ZONE) for month, day in ((3, 9), (11, 4)))
    expected: dict[int, int] = defaultdict(int)
    for row in made.events:
        if row["x"] < EAST + 1000 and low <= row["at"] < high:
            expected[number_of(row["at"], run)] += 1
    city = stcloud.open(made.folder, engine=request.getfixturevalue(engine))
    asked = city.query("marks").where(
        shapely.box(EAST - 1, NORTH, EAST + 999.5, NORTH + 1000), crs="EPSG:4548"
    )
    found = summed(asked.when("2024-03-09/2024-11-04"), run, ("count",))
    assert found == {number: (count,) for number, count in expected.items()}


@pytest.mark.parametrize("run", RUNS[:4], ids=str)
@pytest.mark.parametrize("engine", ENGINES)
def test_features_by_the_run_of_days_in_which_they_began(
    engine: str, run: DayRun, made: Made, request: pytest.FixtureRequest
) -> None:
    expected: dict[int, int] = defaultdict(int)
    for at in made.begun:
        if at < datetime(2025, 1, 1, tzinfo=ZONE):
            expected[number_of(at, run)] += 1
    city = stcloud.open(made.folder, engine=request.getfixturevalue(engine))
    found = summed(city.query("works").when("1600/2025"), run, ("count",))
    assert found == {number: (count,) for number, count in expected.items()}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("unit", [Bin.DAY, Bin.WEEK])
def test_days_and_weeks_are_runs_of_days(
    engine: str, unit: Bin, made: Made, request: pytest.FixtureRequest
) -> None:
    city = stcloud.open(made.folder, engine=request.getfixturevalue(engine))
    assert unit.run is not None
    for layer in (city.query("marks"), city.query("works").when("2024")):
        assert summed(layer, unit, ("count",)) == summed(layer, unit.run, ("count",))


@pytest.mark.parametrize("engine", ENGINES)
def test_features_by_several_bins_of_time_at_once(
    engine: str, made: Made, request: pytest.FixtureRequest
) -> None:
    weeks, hundreds = DayRun(7, 3), DayRun(100, 7)
    since = [at.astimezone(ZONE) for at in made.begun if at < datetime(2025, 1, 1, tzinfo=ZONE)]
    expected = Counter(
        (number_of(at, weeks), at.year * 12 + at.month - 1, number_of(at, hundreds)) for at in since
    )
    inquiry = (
        stcloud.open(made.folder, engine=request.getfixturevalue(engine))
        .query("works").when("1600/2025").inquiry()
    )  # fmt: skip
    table = inquiry.run(Summary((weeks, Bin.MONTH, hundreds))).read_all()
    *groups, counts = (column.to_pylist() for column in table.columns)
    assert dict(zip(zip(*groups, strict=True), counts, strict=True)) == expected


@pytest.mark.parametrize("run", RUNS[:4], ids=str)
def test_runs_of_days_are_shown_by_their_first_days(run: DayRun) -> None:
    numbers = [-1, 0, 40]
    first = [date(1970, 1, 1) + timedelta(days=number * run.days + run.phase) for number in numbers]
    shown = labelled(pa.chunked_array([numbers], pa.int64()), run, Zone(ZONE.key))
    assert shown.to_pylist() == [day.isoformat() for day in first]
