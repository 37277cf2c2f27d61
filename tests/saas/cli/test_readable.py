"""Tables for people: short instants, rounded numbers, no columns of stcloud's own, centres beside cells."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from stcloud.paas.query import Answer
from stcloud.saas.cli.readable import readable, short_instant, short_number
from stcloud.space import Lattice, Level

NEW_YORK = ZoneInfo("America/New_York")
LATTICE = Lattice("EPSG:32618", (0, 0))
AT = datetime(2024, 7, 4, 23, 5, 0, 250, tzinfo=NEW_YORK)


def answer(**columns):
    return Answer(pa.table(columns), LATTICE)


def lines(shown):
    return [[shown.text(value) for value in row.values()] for row in shown.rows()]


def test_own_columns_are_left_out_unless_all_are_wanted():
    rows = answer(st_key=["a"], st_time=pa.array([AT]), opened=pa.array([AT]), kind=["oak"], st_x=[1.0])
    assert readable(rows, str).names == ["opened", "kind"]
    assert readable(rows, str, every_column=True).names == rows.table.schema.names


def test_the_time_stays_where_no_other_column_has_one():
    assert readable(answer(st_key=["a"], st_time=pa.array([AT]), kind=["oak"]), str).names == [
        "st_time",
        "kind",
    ]
    features = answer(st_key=["a"], st_valid_from=pa.array([AT]), st_valid_to=pa.array([AT]), name=["park"])
    assert readable(features, str).names == ["st_valid_from", "st_valid_to", "name"]


def test_an_answer_of_own_columns_only_is_shown():
    assert readable(answer(st_key=["a"], st_x=[1.0]), str).names == ["st_key", "st_x"]


@pytest.mark.parametrize(
    ("instant", "text"),
    [
        (AT, "2024-07-04 23:05:00"),
        (AT.replace(microsecond=0), "2024-07-04 23:05"),
        (datetime(2024, 11, 3, 1, 30, tzinfo=NEW_YORK), "2024-11-03 01:30-04:00"),
        (datetime(2024, 11, 3, 1, 30, fold=1, tzinfo=NEW_YORK), "2024-11-03 01:30-05:00"),
        (datetime(2024, 11, 3, 2, 30, tzinfo=NEW_YORK), "2024-11-03 02:30"),
    ],
)
def test_instants_are_on_their_own_clock(instant, text):
    assert short_instant(instant) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [(0.3202044436, "0.3202"), (12345.6, "12346"), (9999.4, "9999"), (1234567.0, "1234567"), (2.0, "2"),
     (-0.5, "-0.5"), (1e-12, "1e-12"), (0.0, "0"), (float("nan"), ""), (float("inf"), "")],
)  # fmt: skip
def test_measures_have_four_digits_that_count(number, text):
    assert short_number(number) == text


def test_coordinates_of_rows_keep_six_decimals():
    shown = readable(answer(st_key=["a", "b"], lon=[-73.98512345678, 1e-7], n=[3, 4]), str)
    assert lines(shown) == [["-73.985123", "3"], ["1e-07", "4"]]


def test_a_cell_has_its_centre_in_degrees():
    cell = int(LATTICE.cells([583_960.0], [4_507_351.0], Level.M100)[0])
    counts = Answer(pa.table({"cell_100m": [cell, None], "count": [3, 1]}), LATTICE, groups=("cell_100m",))
    shown = readable(counts, str)
    assert shown.names == ["cell_100m", "lon", "lat", "count"]
    assert list(shown.rows()) == [
        {"cell_100m": cell, "lon": "-74.00611", "lat": "40.71279", "count": 3},
        {"cell_100m": None, "lon": None, "lat": None, "count": 1},
    ]


def test_a_column_that_is_called_as_a_centre_stays_what_it_is():
    cell = int(LATTICE.cells([583_960.0], [4_507_351.0], Level.M100)[0])
    counts = Answer(pa.table({"cell_100m": [cell], "lon": [2.0]}), LATTICE, groups=("cell_100m",))
    assert list(readable(counts, str).rows()) == [{"cell_100m": cell, "lon": 2.0}]


def test_a_cell_has_the_community_of_its_centre_where_one_is_known():
    cells = LATTICE.cells([583_960.0, 583_960.0, 0.0], [4_507_351.0, 4_508_351.0, 0.0], Level.M100).tolist()
    counts = pa.table({"cell_100m": [cells[0], None, cells[1], cells[2]], "count": [4, 3, 2, 1]})

    def communities(x, y):
        assert (x.tolist(), y.tolist()) == ([583_950.0] * 2, [4_507_350.0, 4_508_350.0])
        return pa.array([None, "999101001001"])

    answer = Answer(counts, LATTICE, groups=("cell_100m",), communities=communities)
    shown = readable(answer, str, most=3)
    assert shown.names == ["cell_100m", "lon", "lat", "community", "count"]
    assert [row["community"] for row in shown.rows()] == [None, None, "999101001001"]
    nowhere = Answer(counts, LATTICE, groups=("cell_100m",), communities=lambda x, _: pa.nulls(len(x)))
    assert "community" not in readable(nowhere, str).names
