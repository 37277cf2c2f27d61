"""Law: a plan that is written and read is the same plan; it holds what is wanted, and nothing that was read."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import numpy as np
import pytest
import shapely

from stcloud.errors import InvalidInput, StcloudError, Unsupported
from stcloud.paas.query.plan.plan import Summary
from stcloud.paas.query.spec.plan_json import read_plan, write_plan
from stcloud.testing.feature_places import Happening, Version, built
from stcloud.time import Binning, DayRun

EAST, NORTH = 500_000, 3_500_000
FIRST = datetime(2024, 3, 1, tzinfo=UTC)
SQUARE = shapely.box(117.0, 31.6, 117.1, 31.7)

QUERIES = {
    "all": lambda city: city.query("cases").plan(),
    "filter": lambda city: (
        city.query("cases").what("id = '3' AND time > TIMESTAMP('2024-03-01T12:00:00')").plan()
    ),
    "filter of a place": lambda city: (
        city.query("cases").what("S_INTERSECTS(geometry, BBOX(117, 31, 118, 32))").plan()
    ),
    "area": lambda city: city.query("cases").where(SQUARE, "cell:144550000").plan(by=[]),
    "places": lambda city: (
        city.query("cases").where("areas:a or not (near:117,31.6:5km and near:areas:20m)").plan()
    ),
    "at an instant": lambda city: (
        city.query("cases").where("near:areas:a:1km@2024-03-05").plan(by=["in:areas"])
    ),
    "times": lambda city: (
        city.query("cases")
        .when("2024-03", "2024-05/..", weekdays="mon-fri", hours="22:00-02:00", months="3-5")
        .plan()
    ),
    "working": lambda city: city.query("cases").when("2024", days="working", calendar="CN").plan(by=["week"]),
    "measures": lambda city: city.query("cases").plan(["cell:1km", "month", "id"], "count", "p90(x / 2)"),
    "blocks": lambda city: city.query("cases").where("cell:54455000000").plan(["cell:500m", "cell:250m"]),
    "order": lambda city: city.query("cases").known_at("2024-05-01").plan(order=["-id"], limit=3),
    "runs of days": lambda city: city.query("cases").inquiry().plan(Summary((DayRun(28, 3),))),
    "other runs of days": lambda city: city.query("cases").inquiry().plan(Summary((DayRun(28, 4),))),
    "features": lambda city: city.query("areas").as_of(FIRST).where("near:areas:a:10m").plan(),
    "period": lambda city: city.query("areas").when("2024-03", relation="during").plan(by=["in:areas.k"]),
}


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    events = [Happening(EAST + 10.0 * step, NORTH + 5.0, FIRST) for step in range(3)]
    area = shapely.box(EAST, NORTH, EAST + 200, NORTH + 50)
    return built(tmp_path_factory.mktemp("plans"), {"areas": [Version("a", FIRST, None, area)]}, events)


@pytest.mark.parametrize("name", QUERIES)
def test_a_plan_that_is_written_and_read_is_the_same(city, name):
    plan, again = QUERIES[name](city), QUERIES[name](city)
    read = read_plan(write_plan(plan), city.query(plan[0].layer).subject)
    assert read == plan == again
    assert hash(read) == hash(plan)
    assert str(read) == str(plan)
    assert write_plan(read) == write_plan(plan)


def test_a_citys_own_working_days_are_read_back(city):
    text = write_plan(QUERIES["working"](city))
    own = '"own": {"is": "CityDays", "days": [[20876, true, "notice 9"]], "years": [2027]}'
    assert text.count('"own": null') == 1
    written = text.replace('"own": null', own)
    assert write_plan(read_plan(written, city.query("cases").inquiry().subject)) == written


def test_plans_of_other_queries_differ(city):
    plans = [make(city) for make in QUERIES.values()]
    assert len(set(plans)) == len(plans)


def test_a_large_geometry_is_run_and_not_written(city):
    angle = np.linspace(0, 2 * np.pi, 70_000)
    circle = shapely.Polygon(np.column_stack([117 + 0.5 * np.cos(angle), 31.6 + 0.5 * np.sin(angle)]))
    query = city.query("cases").where(circle)
    assert len(query.count()) == 1
    with pytest.raises(Unsupported, match="can be run, not written") as error:
        write_plan(query.plan())
    assert error.value.kind == "large-geometry"


def test_a_plan_of_a_later_version_is_refused(city):
    document = json.loads(write_plan(city.query("cases").plan()))
    with pytest.raises(InvalidInput, match="version 99"):
        read_plan(json.dumps(document | {"version": 99}), city.query("cases").subject)


HOSTILE = (
    "", "[]", "{}", "nothing", '{"version": 1}', '{"version": 1, "steps": [{"is": "os.system", "command": "true"}]}',
    '{"version": 1, "steps": [{"is": "Path", "path": "x"}]}', '{"version": 1, "steps": [{"is": "Scan"}]}',
    '{"version": 1, "steps": [{"is": "geometry", "wkb": "00"}]}', '{"version": 1, "steps": ' + "[" * 100_000,
    '{"version": 1, "steps": [{"is": "Zone", "name": "../../etc/passwd"}]}',
    '{"version": 1, "steps": [{"is": "DayRun", "days": 0, "phase": 0}]}',
    '{"version": 1, "steps": [{"is": "DayRun", "days": "7", "phase": 0}]}',
)  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_what_is_no_plan_is_refused(city, text):
    with pytest.raises(StcloudError) as error:
        read_plan(text, city.query("cases").subject)
    assert error.value.kind in ("unreadable-plan", "unknown-step", "unknown-zone")


def test_formulas_of_places_are_written_by_the_names_they_always_had(city):
    """Plans that were written before stay readable, also by what reads them elsewhere."""
    plan = city.query("cases").where("(areas:a and not near:areas:b:5m) or near:117,31.6:5km").plan()
    names = {step["is"] for step in nested(json.loads(write_plan(plan))["steps"])}
    assert {"Every", "Some", "Not"} <= names
    assert not names & {"And", "Or"}


def nested(value):
    """Yield each object of a document."""
    if isinstance(value, dict):
        yield value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from nested(part)


def test_only_bins_of_time_are_taken_for_such(city):
    """What is grouped by is recognised by what it offers."""
    plan = city.query("cases").plan(["cell:1km", "cell:250m", "id", "in:areas", "month", "hour-of-day"])
    assert [isinstance(by, Binning) for by in plan[-1].by] == [False] * 4 + [True] * 2
