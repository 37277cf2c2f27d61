"""Temporal operators where intervals touch, and as the standard's own test suite expects them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pyarrow as pa
import pytest

from stcloud.daas.table.schema import Attribute
from stcloud.errors import InvalidInput, StcloudError
from stcloud.paas.query.filter import Checker, Names, evaluate, parse_filter
from stcloud.time import Zone

KINDS = {"a": "instant", "b": "instant", "day": "date", "last": "date", "text": "text"}
NAMES = Names({name: Attribute(name, name, kind) for name, kind in KINDS.items()})
ZONE = Zone("America/New_York")


def told(what: str, **row: Any) -> bool | None:
    node = Checker(NAMES, ZONE).condition(parse_filter(what))
    schema = pa.schema([one.field for one in NAMES.attributes.values()])
    found = evaluate(node, pa.RecordBatch.from_pylist([dict.fromkeys(KINDS) | row], schema))
    return found.as_py() if isinstance(found, pa.Scalar) else found[0].as_py()


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


SPAN = "INTERVAL('2024-03-01T10:00:00Z', '2024-03-01T12:00:00Z')"
NOON = at("2024-03-01T12:00:00+00:00")
TEN = at("2024-03-01T10:00:00+00:00")


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        # Intervals that meet share no instant, and are neither before nor after one another.
        ("T_MEETS", True), ("T_BEFORE", False), ("T_DISJOINT", True), ("T_INTERSECTS", False), ("T_OVERLAPS", False),
    ],
)  # fmt: skip
def test_intervals_that_meet(what: str, expected: bool) -> None:
    assert told(f"{what}({SPAN}, INTERVAL(a, '..'))", a=NOON) is expected
    turned = {"T_MEETS": "T_METBY", "T_BEFORE": "T_AFTER", "T_OVERLAPS": "T_OVERLAPPEDBY"}.get(what, what)
    assert told(f"{turned}(INTERVAL(a, '..'), {SPAN})", a=NOON) is expected


@pytest.mark.parametrize(
    ("instant", "true"),
    [
        (TEN, {"T_INTERSECTS"}),
        (NOON, {"T_AFTER", "T_DISJOINT"}),
        (at("2024-03-01T11:59:59.999999+00:00"), {"T_INTERSECTS"}),
        (at("2024-03-01T09:59:59.999999+00:00"), {"T_BEFORE", "T_DISJOINT"}),
    ],
)
def test_an_instant_at_the_ends_of_an_interval(instant: datetime, true: set[str]) -> None:
    """Its start is inside, its end outside: what happens then is after it."""
    names = ("T_AFTER", "T_BEFORE", "T_DISJOINT", "T_EQUALS", "T_INTERSECTS")
    assert {name for name in names if told(f"{name}(a, {SPAN})", a=instant)} == true
    turned = {"T_AFTER": "T_BEFORE", "T_BEFORE": "T_AFTER"}
    assert {turned.get(name, name) for name in names if told(f"{name}({SPAN}, a)", a=instant)} == true


@pytest.mark.parametrize(
    ("instant", "true"),
    [
        ("2024-03-10T04:59:59.999999Z", {"T_BEFORE", "T_DISJOINT"}),
        ("2024-03-10T05:00:00Z", {"T_INTERSECTS", "T_EQUALS"}),
        ("2024-03-11T03:59:59.999999Z", {"T_INTERSECTS", "T_EQUALS"}),  # the day has 23 hours
        ("2024-03-11T04:00:00Z", {"T_AFTER", "T_DISJOINT"}),
    ],
)
def test_a_day_lasts_until_the_next_on_the_citys_clock(instant: str, true: set[str]) -> None:
    names = ("T_AFTER", "T_BEFORE", "T_DISJOINT", "T_EQUALS", "T_INTERSECTS")
    row = {"a": at(instant), "day": date(2024, 3, 10)}
    for day in ("DATE('2024-03-10')", "day"):
        assert {name for name in names if told(f"{name}(a, {day})", **row)} == true


def test_the_last_day_of_an_interval_of_days_is_inside() -> None:
    march = "INTERVAL('2024-03-01', '2024-03-31')"
    assert told(f"T_INTERSECTS(a, {march})", a=at("2024-04-01T03:59:59Z")) is True
    assert told(f"T_INTERSECTS(a, {march})", a=at("2024-04-01T04:00:00Z")) is False
    assert told(f"T_AFTER(a, {march})", a=at("2024-04-01T04:00:00Z")) is True
    assert told(f"T_INTERSECTS(day, {march})", day=date(2024, 3, 31)) is True
    assert told(
        f"T_EQUALS({march}, INTERVAL(a, b))", a=at("2024-03-01T05:00:00Z"), b=at("2024-04-01T04:00:00Z")
    )


def test_days_among_themselves_are_closed_as_the_standard_has_them() -> None:
    first, second = "INTERVAL('2024-01-01', '2024-01-05')", "INTERVAL('2024-01-05', '2024-01-09')"
    assert told(f"T_MEETS({first}, {second})") is True
    assert told(f"T_INTERSECTS({first}, {second})") is True
    assert told("T_EQUALS(day, INTERVAL('2024-01-05', '2024-01-05'))", day=date(2024, 1, 5)) is True
    assert told(f"T_BEFORE({first}, DATE('2024-01-06'))") is True


def test_an_interval_that_ends_where_it_begins_is_an_instant() -> None:
    row = {"a": TEN, "b": TEN}
    assert told("T_EQUALS(a, INTERVAL('2024-03-01T10:00:00Z', '2024-03-01T10:00:00Z'))", **row) is True
    assert (
        told("T_EQUALS(INTERVAL(a, b), INTERVAL('2024-03-01T10:00:00Z', '2024-03-01T10:00:00Z'))", **row)
        is True
    )
    assert told(f"T_STARTS(INTERVAL(a, b), {SPAN})", **row) is True
    assert told(f"T_MEETS(INTERVAL(a, b), {SPAN})", **row) is False


@pytest.mark.parametrize("row", [{"a": NOON}, {"b": NOON}, {}, {"a": NOON, "b": TEN}])
def test_what_has_no_bound_or_ends_before_it_begins_is_unknown(row: dict[str, datetime]) -> None:
    for what in ("T_INTERSECTS", "T_DISJOINT", "NOT T_BEFORE", "T_CONTAINS"):
        assert told(f"{what}(INTERVAL(a, b), {SPAN})", **row) is None


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("T_DURING(a, INTERVAL(a, b))", "t_during compares intervals, found instant"),
        ("T_MEETS(DATE('2024-01-01'), INTERVAL(a, b))", "t_meets compares intervals, found date"),
        ("T_AFTER(text, DATE('2024-01-01'))", "t_after compares times, found text"),
        ("T_AFTER(a, '2024-01-01')", "t_after compares times, found text"),
        ("T_AFTER(a, INTERVAL(text, b))", "bounded by days or instants, not by text"),
        ("T_AFTER(a, INTERVAL('2024-02-01', '2024-01-01'))", "there is no time"),
        ("T_AFTER(a, INTERVAL('2024-02-30', '..'))", "'2024-02-30' is no day"),
        ("T_AFTER(a, INTERVAL('yesterday at noon', '..'))", "'yesterday at noon' is no instant"),
        ("INTERVAL(a, b) = INTERVAL(a, b)", "'=' cannot compare an interval; use t_equals"),
    ],
)
def test_what_is_no_time_is_refused_in_one_line(what: str, said: str) -> None:
    with pytest.raises(StcloudError, match=said) as error:
        told(what)
    assert "\n" not in str(error.value)
    assert isinstance(error.value, InvalidInput)


# The three places of the standard's test data that have times, as its expected numbers tell them.
PLACES = [
    {"day": date(2021, 4, 16), "a": at("2021-04-16T10:15:59Z"), "b": at("2022-04-16T10:16:06Z")},
    {"day": date(2022, 4, 16), "a": at("2022-04-16T10:13:19Z"), "b": at("2023-04-16T10:15:10Z")},
    {"day": date(2023, 4, 16), "a": at("2022-04-16T10:15:10Z"), "b": at("2022-04-16T10:16:06Z")},
    {},
]
SUITE = {
    "t_after(day,date('2022-04-16'))": 1, "t_before(day,date('2022-04-16'))": 1,
    "t_disjoint(day,date('2022-04-16'))": 2, "t_equals(day,date('2022-04-16'))": 1,
    "t_intersects(day,date('2022-04-16'))": 1, "t_after(day,interval('2022-01-01','2022-12-31'))": 1,
    "t_before(day,interval('2022-01-01','2022-12-31'))": 1, "t_disjoint(day,interval('2022-01-01','2022-12-31'))": 2,
    "t_equals(day,interval('2022-01-01','2022-12-31'))": 0, "t_equals(day,interval('2022-04-16','2022-04-16'))": 1,
    "t_intersects(day,interval('2022-01-01','2022-12-31'))": 1,
    "t_after(a,timestamp('2022-04-16T10:13:19Z'))": 1, "t_before(a,timestamp('2022-04-16T10:13:19Z'))": 1,
    "t_disjoint(a,timestamp('2022-04-16T10:13:19Z'))": 2, "t_equals(a,timestamp('2022-04-16T10:13:19Z'))": 1,
    "t_intersects(a,timestamp('2022-04-16T10:13:19Z'))": 1,
    "t_after(a,interval('2022-01-01T00:00:00Z','2022-12-31T23:59:59Z'))": 0,
    "t_before(a,interval('2022-01-01T00:00:00Z','2022-12-31T23:59:59Z'))": 1,
    "t_disjoint(a,interval('2022-01-01T00:00:00Z','2022-12-31T23:59:59Z'))": 1,
    "t_equals(a,interval('2022-01-01T00:00:00Z','2022-12-31T23:59:59Z'))": 0,
    "t_intersects(a,interval('2022-01-01T00:00:00Z','2022-12-31T23:59:59Z'))": 2,
    "t_after(interval(a,b),interval('..','2022-04-16T10:13:19Z'))": 1,
    "t_before(interval(a,b),interval('2023-01-01T00:00:00Z','..'))": 2,
    "t_disjoint(interval(a,b),interval('2022-04-16T10:13:19Z','2022-04-16T10:15:09Z'))": 1,
    "t_equals(interval(a,b),interval('2021-04-16T10:15:59Z','2022-04-16T10:16:06Z'))": 1,
    "t_intersects(interval(a,b),interval('2022-04-16T10:13:19Z','2022-04-16T10:15:09Z'))": 2,
    "T_CONTAINS(interval(a,b),interval('2022-04-16T10:13:19Z','2022-04-16T10:15:10Z'))": 1,
    "T_DURING(interval(a,b),interval('2022-01-01T00:00:00Z','2022-12-31T23:59:59Z'))": 1,
    "T_FINISHES(interval(a,b),interval('2022-04-16T10:13:19Z','2022-04-16T10:16:06Z'))": 1,
    "T_FINISHEDBY(interval(a,b),interval('2022-04-16T10:13:19Z','2022-04-16T10:16:06Z'))": 1,
    "T_MEETS(interval(a,b),interval('2022-04-16T10:13:19Z','2022-04-16T10:15:10Z'))": 0,
    "T_METBY(interval(a,b),interval('2022-04-16T10:13:19Z','2022-04-16T10:15:10Z'))": 1,
    "T_OVERLAPPEDBY(interval(a,b),interval('2020-04-16T10:13:19Z','2022-04-16T10:15:10Z'))": 2,
    "T_OVERLAPS(interval(a,b),interval('2022-04-16T10:13:19Z','2023-04-16T10:15:10Z'))": 1,
    "T_STARTEDBY(interval(a,b),interval('2022-04-16T10:13:19Z','2022-04-16T10:15:10Z'))": 1,
    "T_STARTS(interval(a,b),interval('2022-04-16T10:13:19Z','2022-04-16T10:15:10Z'))": 0,
}  # fmt: skip


@pytest.mark.parametrize("what", SUITE)
def test_the_standards_own_suite_counts_as_many(what: str) -> None:
    assert sum(told(what, **row) is True for row in PLACES) == SUITE[what]
