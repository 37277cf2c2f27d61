"""Explanations tell what is read, what is looked at closely, and what is done with groups."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from stcloud.errors import InvalidInput
from stcloud.testing.whereabouts import Happening, Version, built

EAST, NORTH = 500_000, 3_500_000
FIRST = datetime(2024, 3, 1, tzinfo=UTC)
EVENTS = [Happening(EAST + 10.0 * step, NORTH + 5.0, FIRST + step * timedelta(days=2)) for step in range(60)]
AREA = f"wkt:POLYGON(({EAST + 150} {NORTH - 150}, {EAST + 150} {NORTH + 350}, {EAST + 410} {NORTH + 350}, {EAST + 410} {NORTH - 150}, {EAST + 150} {NORTH - 150}))"  # fmt: skip  # noqa: E501


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    return built(tmp_path_factory.mktemp("explained"), {"areas": [Version("a", FIRST, None, None)]}, EVENTS)


def test_rows_of_edge_cells_are_refined(city):
    """Cells of 100 m: two lie within, two are crossed by the area's sides; June's file begins beyond it."""
    told = city.query("cases").where(AREA, crs="EPSG:4548").explain(by=[])
    assert told.refined == ((20, 16),)
    assert "rows in them: 20 inner, 16 edge, refined" in str(told)
    assert told.to_dict()["refined"] == [{"inner": 20, "edge": 16}]
    assert city.query("cases").explain(by=[]).refined == ()


def test_order_limit_and_having_are_told(city):
    rows = city.query("cases").explain(order=["-id"], limit=3)
    assert rows.plan[-1] == "rows by -id, at most 3"
    groups = city.query("cases").explain(["month"], order=["-count"], limit=2, having="count > 1")
    assert groups.plan[-4:] == ("count by month", "having count > 1", "groups by -count", "at most 2 groups")
    with pytest.raises(InvalidInput, match="no such field"):
        city.query("cases").explain(order=["nothing"])


@pytest.mark.parametrize(
    "text",
    [
        "time >= DATE('2024-06-01')",
        "T_AFTER(time, DATE('2024-05-31'))",
        "time = TIMESTAMP('2024-06-01T00:00:00Z')",
    ],
)
def test_conditions_on_time_choose_files(city, text):
    """The events lie in four months, a file each."""
    everything, asked = city.query("cases"), city.query("cases").what(text)
    assert (everything.explain().files[0], asked.explain().files[0]) == (4, 1)
    assert len(asked.rows()) == len([one for one in everything.rows().to_records() if kept(one, text)])


def kept(row, text):
    first = datetime(2024, 6, 1, tzinfo=row["st_time"].tzinfo)
    if "TIMESTAMP" in text:
        return row["st_time"] == datetime(2024, 6, 1, tzinfo=UTC)
    return row["st_time"] >= first
