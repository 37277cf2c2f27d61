"""Cubes are asked for by what people have: steps by either name, a place, one measure as a bare text."""

import numpy as np
import pandas as pd
import pytest
import shapely

import stcloud
from stcloud.errors import InvalidInput, NotFound

ZONE, CRS = "Pacific/Auckland", "EPSG:2193"
WEST, SOUTH = 1_750_000.0, 5_430_000.0


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    """Calls of 2024: each hour one, along a diagonal of 3 km."""
    folder = tmp_path_factory.mktemp("cubes")
    at = pd.date_range("2023-12-31T11:00Z", periods=366 * 24, freq="1h")
    along = np.arange(len(at)) % 300 * 10.0
    frame = pd.DataFrame({"id": range(len(at)), "at": at, "x": WEST + along, "y": SOUTH + along, "cost": 2})
    stcloud.create(folder / "town", crs=CRS, zone=ZONE).close()
    with stcloud.open(folder / "town") as opened:
        opened.load("calls", frame, key="id", time="at", x="x", y="y", crs=CRS)
        yield opened


@pytest.fixture(scope="module")
def calls(city):
    return city.query("calls").when("2024")


def same(cube, other):
    assert cube.labels == other.labels
    assert cube.cells.names.equals(other.cells.names)
    assert (cube.at == other.at).all()
    for name, measure in cube.measures.items():
        np.testing.assert_array_equal(measure.values, other.measures[name].values)


def test_a_cube_of_a_question_has_cells_of_100_m_and_weeks(calls):
    cube = calls.cube()
    assert (cube.cells.noun, cube.every, cube.labels[0]) == ("cell_100m", "1W", "2024-W01")
    assert int(cube.dense().sum()) + sum(cube.leftovers.values()) == 366 * 24


@pytest.mark.parametrize(
    ("word", "step"), [("month", "1M"), ("week", "1W"), ("quarter", "1Q"), ("day", "1D")]
)
def test_names_of_groups_are_steps_too(calls, word, step):
    same(calls.cube("1km", word), calls.cube("1km", step))


def test_days_count_back_from_the_end_of_the_time(calls):
    cube = calls.cube("1km", "28D")
    assert cube.zone.iso(int(cube.edges_us[-1])) == "2025-01-01T00:00+13:00"


def test_one_name_needs_no_list(calls):
    same(calls.cube("1km", "1Q", measures="sum(cost)"), calls.cube("1km", "1Q", measures=["sum(cost)"]))
    assert calls.cube("1km", "1Y", by="cost").dims == ("time", "cell", "cost")


def test_an_extent_is_a_place_in_any_form(city, calls):
    box = shapely.box(WEST, SOUTH, WEST + 2_500, SOUTH + 2_500)
    cube = calls.cube("1km", "1M", extent=box, crs=CRS)
    bounds = cube.cells.x.min(), cube.cells.x.max(), cube.cells.y.min(), cube.cells.y.max()
    assert bounds == (WEST + 500, WEST + 2_500, SOUTH + 500, SOUTH + 2_500)
    same(cube, calls.cube("1km", "1M", extent=stcloud.Area(box, CRS)))
    assert cube.leftovers["outside"] == 0
    (first,) = calls.cube("1km", "1M", extent=int(cube.cells.names[0].as_py())).cells.names.to_pylist()[:1]
    assert first <= cube.cells.names[0].as_py()


def test_partial_steps_are_kept_where_they_are_wanted(city):
    query = city.query("calls").when("2024-02-10/2024-03-20")
    assert query.cube("1km", "month", partial="flag").whole.tolist() == [False, False]
    with pytest.raises(InvalidInput, match="no whole step"):
        query.cube("1km", "month")


def test_a_former_cube_is_refreshed(city, calls):
    former = calls.cube("1km", "1Q")
    same(calls.cube("1km", "1Q", former=former), former)
    with pytest.raises(InvalidInput) as caught:
        calls.cube("1km", "1M", former=former)
    assert caught.value.kind == "other-cube"


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        ({"every": "fortnight"}, "unknown-step"),
        ({"partial": "some"}, "unknown-partial"),
        ({"cell": "cost"}, "no-cells"),
        ({"cell": "3m"}, "unknown-level"),
        ({"by": ["cost", "cost"]}, "repeated-group"),
        ({"measures": ["count", "count"]}, "repeated-group"),
        ({"measures": ["a = count", "a = sum(cost)"]}, "repeated-group"),
        ({"measures": "time = count"}, "repeated-group"),
        ({"extent": "nowhere"}, "unknown-where"),
        ({"measures": "sum(cots)"}, "unknown-column"),
    ],
)
def test_what_cannot_be_is_refused(calls, arguments, kind):
    with pytest.raises((InvalidInput, NotFound)) as caught:
        calls.cube(**arguments)
    assert caught.value.kind == kind
