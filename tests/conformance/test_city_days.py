"""Every engine takes the days that a city has published alike, as they were known, in joins and cubes too.

The oracle knows dates only. The city is 13 hours ahead of UTC in summer, and events lie around its midnights.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
import shapely

import stcloud
from stcloud.city.city import City
from stcloud.testing.almanac import is_working_day
from stcloud.testing.hands import Hands

ZONE = ZoneInfo("Pacific/Auckland")
EAST, NORTH = 1_750_050.0, 5_430_050.0
ENGINES = ("duckdb", "duckdb_by_sql", "sail")
FIRST = date(2024, 3, 20)
LISTS = (
    {date(2024, 3, 28): False, date(2024, 3, 29): True, date(2024, 4, 7): True},
    {date(2024, 4, 8): False, date(2024, 4, 9): False, date(2024, 4, 14): True},
)  # across Good Friday, and the day on which the clock is set back
AREAS = """
id = "areas"
kind = "feature"
key = ["k"]
[space]
column = "wkt"
crs = "EPSG:2193"
[valid]
from = "since"
"""


@dataclass(frozen=True)
class Made:
    """A city in a folder, its events by id, and the instants after each of its lists."""

    folder: Path
    events: dict[str, datetime]
    known_us: tuple[int, ...]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Make the city: events on each day, at its first and its last microsecond and between; an area around them."""
    folder, chance, clock = tmp_path_factory.mktemp("days"), Random(7), Hands("2024-06-01T00:00+12:00")
    stcloud.create(folder / "city", crs="EPSG:2193", zone="Pacific/Auckland", calendar="NZ").close()
    events = {}
    for at in range(30):
        day = FIRST + timedelta(days=at)
        start = datetime(day.year, day.month, day.day, tzinfo=ZONE)
        inside = start + timedelta(minutes=chance.randrange(1, 1380))
        for number, moment in enumerate(
            (start, inside, start.replace(hour=23, minute=59, second=59, microsecond=999_999))
        ):
            events[f"{at:02}-{number}"] = moment.astimezone(UTC)
    known = [clock()]
    with stcloud.open(folder / "city", clock=clock) as city:
        frame = pd.DataFrame({"id": list(events), "at": pd.to_datetime(list(events.values()), utc=True)})
        city.load("calls", frame.assign(x=EAST, y=NORTH), key="id", time="at", x="x", y="y", crs="EPSG:2193")
        square = shapely.box(EAST - 40, NORTH - 40, EAST + 40, NORTH + 40).wkt
        areas = pd.DataFrame({"k": ["a"], "wkt": [square], "since": ["2020-01-01"]})
        city.load(
            "areas", areas, definition=stcloud.Definition.from_toml(AREAS, name="areas"), mode="changes"
        )
        known[0] = clock()
        for own in LISTS:
            clock.pass_hours(1)
            lines = [f'["{day}", "{"working" if works else "free"}", "notice"]' for day, works in own.items()]
            (folder / "days.toml").write_text(f"days = [{', '.join(lines)}]", encoding="utf-8")
            city.calendar.publish(folder / "days.toml")
            known.append(clock())
    return Made(folder / "city", events, tuple(known))


def wanted(made: Made, known: int, kind: str) -> list[str]:
    """Return the events on such days, by plain dates."""
    own = {} if known == 0 else LISTS[known - 1]

    def works(at: datetime) -> bool:
        day = at.astimezone(ZONE).date()
        return own.get(day, is_working_day(day, "NZ"))

    return [name for name, at in made.events.items() if works(at) == (kind == "working")]


def opened(made: Made, name: str, request: pytest.FixtureRequest) -> City:
    return stcloud.open(made.folder, engine=request.getfixturevalue(name))


@pytest.mark.parametrize("kind", ["working", "free"])
@pytest.mark.parametrize("known", [0, 1, 2])
@pytest.mark.parametrize("engine", ENGINES)
def test_rows_and_counts_are_those_of_plain_dates(
    made: Made, engine: str, known: int, kind: str, request: pytest.FixtureRequest
) -> None:
    query = opened(made, engine, request).query("calls").when(days=kind).known_at(made.known_us[known])
    names = wanted(made, known, kind)
    assert query.rows().to_pandas()["st_key"].tolist() == names
    by_day = {row["day"]: row["count"] for row in query.count(by=["day"]).to_records()}
    assert by_day == Counter(made.events[name].astimezone(ZONE).date().isoformat() for name in names)
    again = opened(made, engine, request).query("calls").when(days=kind).known_at(query.count().pin)
    assert again.count().to_records() == [{"count": len(names)}]


@pytest.mark.parametrize("engine", ENGINES)
def test_joins_and_cubes_are_those_of_plain_dates(
    made: Made, engine: str, request: pytest.FixtureRequest
) -> None:
    city = opened(made, engine, request)
    for known, known_us in enumerate(made.known_us):
        query = city.query("calls").when("2024-03/2024-05", days="working").known_at(known_us)
        names = wanted(made, known, "working")
        joined = query.join("areas").to_pandas()
        assert joined["st_key"].tolist() == names
        assert set(joined["areas_key"]) == {"a"}
        cube = query.cube("1km", "1D")
        assert int(cube.measures["count"].values.sum()) == len(names)
        per_day = Counter(made.events[name].astimezone(ZONE).date().isoformat() for name in names)
        assert {cube.labels[step] for step in cube.at.tolist()} == set(per_day)


@pytest.mark.parametrize("known", [0, 1, 2])
def test_hot_spots_are_those_of_the_events_that_plain_dates_choose(made: Made, known: int) -> None:
    names = ", ".join(f"'{name}'" for name in wanted(made, known, "free"))
    extent = shapely.box(EAST - 2050, NORTH - 2050, EAST + 2050, NORTH + 2050)
    with stcloud.open(made.folder) as city:
        query = city.query("calls").when("2024-03-20/2024-04-17").known_at(made.known_us[known])
        chosen = [query.when(days="free"), query.what(f"id IN ({names})")]
        spots, plain = (
            each.cube("1km", "1D", extent=extent, crs="EPSG:2193").hotspots().z for each in chosen
        )
    np.testing.assert_array_equal(spots, plain)
    assert np.isfinite(spots).any()
