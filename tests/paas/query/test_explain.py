"""Explanations tell what is read, what is looked at closely, and what is done with groups."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import shapely

from stcloud.errors import InvalidInput
from stcloud.testing.feature_places import Happening, Version, built

EAST, NORTH = 500_000, 3_500_000
FIRST = datetime(2024, 3, 1, tzinfo=UTC)
EVENTS = [Happening(EAST + 10.0 * step, NORTH + 5.0, FIRST + step * timedelta(days=2)) for step in range(60)]
AREA = f"wkt:POLYGON(({EAST + 150} {NORTH - 150}, {EAST + 150} {NORTH + 350}, {EAST + 410} {NORTH + 350}, {EAST + 410} {NORTH - 150}, {EAST + 150} {NORTH - 150}))"  # fmt: skip  # noqa: E501

LONLAT_AROUND = (110, 20, 130, 45)


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    return built(
        tmp_path_factory.mktemp("explained"),
        {"areas": [Version("a", FIRST, None, shapely.box(EAST, NORTH, EAST + 200, NORTH + 50))]},
        EVENTS,
    )


def test_rows_to_test_are_bounded_by_row_groups(city):
    """April's row group lies in cells of which some are at the edge: each of its rows may have to be tested."""
    explanation = city.query("cases").where(AREA, crs="EPSG:4548").explain(by=[])
    settled, tested = explanation.refined[0]
    assert settled + tested == explanation.rows[0]
    assert f"rows to test: at most {tested}; {settled} lie in inner cells" in str(explanation)
    assert explanation.to_dict()["refined"] == [{"settled": settled, "tested": tested}]
    whole = f"bbox:{','.join(map(str, LONLAT_AROUND))}"
    assert city.query("cases").where(whole).explain(by=[]).refined == ((60, 0),)
    assert city.query("cases").explain(by=[]).refined == ()


NAMING = (
    "areas:a",
    "near:areas:a:20m",
    "near:areas:50m",
    "areas:a@2024-03-05",
    "areas:a or cell:145",
    "not areas:a",
)


@pytest.mark.parametrize("layer", ["cases", "areas"])
@pytest.mark.parametrize("place", NAMING)
def test_an_explanation_reads_no_row(city, no_rows, layer, place):
    """It resolves by logs and footers, and names the layers that a run would read."""
    query = city.query(layer).where(place)
    query = query.when("2024-03") if layer == "areas" else query
    explanation = query.explain(by=["in:areas"])
    assert explanation.layers == ("areas",)
    assert "reads first: areas" in str(explanation)
    assert query.explain(order=["-st_key"]).plan[0] == f"scan {layer}"


RUNS = {
    "what is believed": lambda city: city.query("cases").where("areas:a").inquiry().resolved(),
    "named": lambda city: city.query("cases").where("areas:a").rows(),
    "near": lambda city: city.query("cases").where("near:areas:50m").count(),
    "grouped": lambda city: city.query("cases").count(by=["in:areas"]),
    "features": lambda city: city.query("areas").when("2024-03").rows(),
    "as of": lambda city: city.layer("areas").as_of("2024-03-05"),
}


@pytest.mark.parametrize("name", RUNS)
def test_rows_cannot_be_read_where_the_fixture_forbids_it(city, no_rows, name):
    """Else the test above would prove nothing."""
    with pytest.raises(AssertionError, match="a row was read"):
        RUNS[name](city)


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
