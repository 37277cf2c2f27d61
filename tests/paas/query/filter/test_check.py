"""What is wrong with a filter is said when it is written, in one line."""

from __future__ import annotations

import pickle
from typing import Any

import pyarrow as pa
import pytest

from stcloud.daas.table.schema import Attribute
from stcloud.errors import InvalidInput, NotFound, StcloudError, Unsupported
from stcloud.paas.query.filter import FUNCTIONS, Checker, Names, evaluate, parse_filter
from stcloud.time import Zone

KINDS = {"note": "text", "n": "number", "i": "integer", "ok": "boolean", "day": "date", "done": "instant"}
ATTRIBUTES = {name: Attribute(name, f"{name}_", kind) for name, kind in KINDS.items()}
EVENTS, FEATURES = Names.of_events(ATTRIBUTES), Names.of_features(ATTRIBUTES)


def check(what: Any, names: Names = EVENTS, **rest: Any) -> Any:
    return Checker(names, Zone("Asia/Shanghai"), **rest).condition(parse_filter(what))


@pytest.mark.parametrize(
    ("what", "kind", "said"),
    [
        ("n = 'a'", "wrong-type", "with a text; 'n' is a number: write a number without quotes"),
        ("note = 16", "wrong-type", "'note' is a text: write a text as '16'"),
        ("note = 1234567", "wrong-type", "'note' is a text: write a text as '1234567'"),
        ("note IN ('a', 2.5)", "wrong-type", "'note' is a text: write a text as '2.5'"),
        ("done > '2024'", "wrong-type", "'done' is an instant: write an instant as TIMESTAMP('2024-03-01"),
        ("'a' = n", "wrong-type", "with a number; 'n' is a number: write a number without quotes"),
        ("n", "wrong-type", "is a number, not a condition"),
        ("NOT note", "wrong-type", "is a text, not a condition"),
        ("note + 1 = 2", "wrong-type", "'+' needs two numbers, found text and integer"),
        ("i = 9007199254740993", "inexact-number", "whole numbers are exact up to 2^53"),
        ("n = 1e400", "inexact-number", "may have been rounded"),
        ("day = DATE('2024-02-30')", "impossible-date", "'2024-02-30' is no day"),
        ("done = TIMESTAMP('2024-02-30T00:00:00Z')", "impossible-date", "is no instant"),
        ("day = done", "wrong-type", "a column of days cannot be compared with an instant"),
        (r"note LIKE 'a\b'", "bad-pattern", "has a backslash before nothing to escape"),
        ("note LIKE note", "wrong-type", "LIKE compares a text with a pattern"),
        ("n LIKE 'a'", "wrong-type", "LIKE compares a text with a pattern"),
        ("casei(n) = 'a'", "wrong-type", "casei takes text, found number"),
        ("length(note, note) = 1", "wrong-type", "length takes text, found text, text"),
        ("abs(note) = 1", "wrong-type", "abs takes number, found text"),
        ("year(note) = 1", "wrong-type", "year takes date or instant, found text"),
        ("a_equals(list(note, note), ('a'))", "wrong-type", "the second argument of list is written"),
        ("a_equals(list(note, ''), ('a'))", "wrong-type", "the separator of list is empty"),
        ("a_equals(note, ('a'))", "wrong-type", "a_equals compares array, found text"),
        ("a_equals(('a', geometry), ('a'))", "wrong-type", "a geometry cannot be an element of an array"),
        ("(1, 2) = (1, 2)", "wrong-type", "'=' cannot compare an array; use a_equals"),
        ("geometry = geometry", "wrong-type", "'=' cannot compare a geometry; use s_equals"),
        ("s_within(note, POINT(1 2))", "wrong-type", "s_within compares geometry, found text"),
        ("s_within(geometry, BBOX(1, 2, 3))", "unreadable-geometry", "a box of 3 numbers is none"),
        ("s_within(geometry, BBOX(1, 3, 2, 3))", "empty-area", "has no inside"),
        ("s_within(geometry, POLYGON((0 0, 1 1, 1 0, 0 1, 0 0)))", "invalid-area", "Self-intersection"),
        ("s_within(geometry, POINT(200 0))", "lon-lat-out-of-range", "give lon first"),
        ("s_within(geometry, POINT EMPTY)", "unreadable-filter", "the filter is not CQL2"),
        ("note IS", "unreadable-filter", "the filter is not CQL2 near character"),
        ("NOT (" * 70 + "ok" + ")" * 70, "unreadable-filter", "nested more than 60 deep"),
        ("(" * 300 + "ok" + ")" * 300, "unreadable-filter", "nested more than 60 deep"),
        ({"op": "=", "args": [1, 2, 3]}, "wrong-type", "'=' takes 2 arguments, found 3"),
        ({"op": "in", "args": [{"property": "n"}, []]}, "wrong-type", "IN is followed by values"),
        ({"op": "t_after", "args": [{"property": "done"}, {"interval": ["2024-01-01"]}]}, "wrong-type", "found 1"),
        (
            {"op": "s_within", "args": [{"property": "geometry"}, {"type": "Polygon", "coordinates": []}]},
            "unreadable-geometry", "the Polygon is empty",
        ),
    ],
)  # fmt: skip
def test_a_fault_is_told_in_one_line(what: Any, kind: str, said: str) -> None:
    with pytest.raises(InvalidInput) as error:
        check(what, city="EPSG:4548")
    assert error.value.kind == kind
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_a_function_that_is_not_known_is_refused_with_those_that_are() -> None:
    with pytest.raises(
        Unsupported, match=r"no function or operator 'lenght'.*did you mean 'length'"
    ) as error:
        check("lenght(note) = 1")
    assert error.value.kind == "unsupported-operator"
    with pytest.raises(Unsupported) as error:
        check("avg(n) < 4")
    assert all(name in str(error.value) for name in FUNCTIONS)
    with pytest.raises(Unsupported, match=r"cannot hold the value null.*IS NULL"):
        check("note = NULL")


def test_a_text_in_double_quotes_is_told_from_a_column() -> None:
    with pytest.raises(NotFound, match="if it is no column, but a text, write it as 'high'"):
        check('note = "high"')


def test_names_that_are_not_known_are_told_with_the_nearest() -> None:
    with pytest.raises(
        NotFound, match=r"no column 'geometri'.*geometry, time, recorded, key.*did you mean 'geometry'"
    ):
        check("geometri IS NULL")
    with pytest.raises(NotFound, match="no column 'time'"):
        check("t_after(time, DATE('2024-01-01'))", FEATURES)
    with pytest.raises(NotFound, match="no column 'period'"):
        check("period IS NULL", EVENTS)


def test_an_own_column_wins_and_the_rows_own_is_reached_by_its_prefix() -> None:
    own = Names.of_events({**ATTRIBUTES, "time": Attribute("time", "time_", "text")})
    assert check("time = 'noon'", own).arguments[0].stored == "time_"
    assert check("st_time > TIMESTAMP('2024-01-01T00:00:00Z')", own).arguments[0].stored == "st_time"
    geometry = Names.of_events({"geometry": Attribute("geometry", "geometry_", "text")})
    with pytest.raises(StcloudError, match="s_intersects compares geometry, found text"):
        check("s_intersects(geometry, POINT(1 2))", geometry)
    assert check("s_intersects(st_geom, POINT(1 2))", geometry).kind == "boolean"


def test_operators_and_functions_are_read_in_any_case() -> None:
    for what in (
        "CaseI(note) = Casei('A')",
        "LENGTH(note) = 1",
        "T_dUrInG(INTERVAL(done, '..'), INTERVAL(done, '..'))",
    ):
        assert check(what).kind == "boolean"


def test_a_checked_filter_survives_pickling() -> None:
    whole = "casei(note) = 'a' OR s_within(geometry, BBOX(117, 31, 117.1, 31.1)) OR t_after(done, DATE('2024-01-01'))"
    node = check(whole, city="EPSG:4548")
    assert pickle.loads(pickle.dumps(node)) == node


@pytest.mark.parametrize(
    ("numbers", "crs", "inside"),
    [
        ([117.0, 31.0, 117.2, 31.2], None, True),
        ([117.0, 31.0, -5, 117.2, 31.2, 900], None, True),
        ([-180, -90, 180, 90], None, True),
        ([117.15, 31.0, 117.05, 31.2], None, False),  # nearly around the world, but not here
        ([500000, 3400000, 520000, 3500000], "EPSG:4548", True),
    ],
)
def test_boxes_are_of_degrees_unless_a_crs_is_stated(
    numbers: list[float], crs: str | None, inside: bool
) -> None:
    node = check(
        {"op": "s_intersects", "args": [{"property": "geometry"}, {"bbox": numbers}]},
        city="EPSG:4548",
        crs=crs,
    )
    spot = pa.RecordBatch.from_pydict({"st_x": [509547.0, None], "st_y": [3441000.0, None]})
    assert evaluate(node, spot).to_pylist() == [inside, None]


def test_what_a_city_cannot_show_of_a_shape_is_left_out() -> None:
    node = check("s_intersects(geometry, LINESTRING(-170 -80, 170 -80))", city="EPSG:4548")
    spot = pa.RecordBatch.from_pydict({"st_x": [509547.0, None], "st_y": [3441000.0, None]})
    assert evaluate(node, spot).to_pylist() == [False, None]
