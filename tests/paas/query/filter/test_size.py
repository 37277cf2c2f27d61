"""What is larger or deeper than a parser survives is refused by its bound, at once; what is not is answered."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pyarrow as pa
import pytest

from stcloud.daas.table.schema import Attribute
from stcloud.errors import InvalidInput
from stcloud.paas.query.filter import Checker, Names, evaluate, in_sql, parse_filter
from stcloud.paas.query.filter import check as room
from stcloud.time import Zone

DEEP = "is nested more than 60 deep"
NAMED = {"property": "n"}
SHAPE = "S_INTERSECTS(geometry, {})"


def nested(op, depth):
    tree = {"op": "=", "args": [NAMED, 1]}
    for _ in range(depth):
        tree = {"op": op, "args": [tree, *([1] if op == "+" else [])]}
    return tree


TOO_MUCH = {
    "not": ("not " * 20_000 + "n = 1", DEEP),
    "not, a few": ("not " * 61 + "n = 1", DEEP),
    "minus": ("-" * 20_000 + "n = 1", DEEP),
    "minus, spaced": ("- " * 20_000 + "n = 1", DEEP),
    "minus in a list": ("n in (1, " + "- " * 20_000 + "1)", DEEP),
    "not in brackets": ("not (" * 20_000 + "n = 1" + ")" * 20_000, DEEP),
    "brackets": ("(" * 20_000 + "n = 1" + ")" * 20_000, DEEP),
    "brackets that do not close": ("(" * 20_000 + "n = 1", DEEP),
    "functions": ("abs(" * 20_000 + "n" + ")" * 20_000 + " = 1", DEEP),
    "arrays": ("A_EQUALS(n, " + "(" * 20_000 + "1" + ")" * 20_000 + ")", DEEP),
    "collections": (SHAPE.format("GEOMETRYCOLLECTION(" * 20_000 + "POINT(1 2)" + ")" * 20_000), DEEP),
    "and": (" and ".join(["n = 1"] * 20_000), "joins more than 2,000 conditions"),
    "or": (" or ".join(["n = 1"] * 20_000), "joins more than 2,000 conditions"),
    "and, or": (" and n = 2 or ".join(["n = 1"] * 20_000), "joins more than 2,000 conditions"),
    "sum": ("+".join(["n"] * 300) + " = 1", "more than 59 operators in a row"),
    "long sum": ("+".join(["n"] * 20_000) + " = 1", "more than 59 operators in a row"),
    "power": ("^".join(["n"] * 20_000) + " = 1", "more than 59 operators in a row"),
    "differences of numbers": ("n" + " -1" * 20_000 + " = 1", "more than 59 operators in a row"),
    "differences called a point": ("POINT(1" + " -1" * 20_000 + ")", "more than 59 operators in a row"),
    "comparisons": ("=".join(["n"] * 20_000), "more than 59 operators in a row"),
    "a million values": ("n in (" + ",".join(["1"] * 1_000_000) + ")", "has more than"),
    "a million texts": ("note in (" + ",".join(["'ab'"] * 1_000_000) + ")", "more than"),
    "a million vertices": (SHAPE.format("POLYGON((" + ",".join(["1 1"] * 1_000_000) + "))"), "has more than"),
    "JSON, deep": (nested("not", 20_000), DEEP),
    "JSON, a deep sum": (nested("+", 100), DEEP),
    "JSON, very wide": ({"op": "and", "args": [nested("not", 0)] * 2001}, "joins more than 2,000 conditions"),
    "JSON text, deep": ('{"op": "not", "args": [' * 20_000 + "true" + "]}" * 20_000, DEEP),
    "JSON, a million values": ({"op": "in", "args": [NAMED, [1] * 1_000_000]}, "has more than"),
    "JSON, a million vertices": (
        {"op": "s_within", "args": [{"type": "LineString", "coordinates": [[1, 2]] * 1_000_000}, NAMED]},
        "has more than 50,000",
    ),
    "a million words": ("a " * 1_000_000, "has more than 400,000 words"),
    "JSON, coordinates deep": (
        '{"op": "s_intersects", "args": [{"property": "geometry"}, {"type": "Polygon", "coordinates": '
        + "[" * 20_000 + "]" * 20_000 + "}]}", DEEP,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TOO_MUCH)
def test_too_much_is_refused_with_its_bound(name):
    what, said = TOO_MUCH[name]
    with pytest.raises(InvalidInput, match=said) as error:
        parse_filter(what)
    assert error.value.kind == "unreadable-filter"
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 400


@pytest.mark.parametrize(
    "what",
    [
        "not " * 50 + "n = 1",
        "(" * 100 + "n = 1" + ")" * 100,
        " or ".join(["n = 1"] * 2000),
        "+".join(["n"] * 50) + " = 1",
        SHAPE.format("POLYGON((" + ",".join(["-117.123456 -31.1"] * 20_000) + "))"),
        "note = '" + "((((not - and " * 1000 + "'",
        "n in (" + ",".join(f"-{n}" for n in range(20_000)) + ")",
        " or ".join(f"(n = {n} and n + 1 > {n} - 1)" for n in range(500)),
    ],
)
def test_what_is_large_but_not_too_large_is_read(what):
    assert parse_filter(what)


@pytest.mark.parametrize(
    "asked", [{"op": "=", "args": [NAMED, datetime(2024, 3, 1)]}, {1: 2}, {"op": {1, 2}}]
)
def test_a_mapping_that_is_no_json_is_refused_in_a_line(asked):
    with pytest.raises(InvalidInput) as error:
        parse_filter(asked)
    assert error.value.kind == "unreadable-filter"


KINDS = {"note": "text", "n": "number", "i": "integer", "day": "date", "at": "instant", "ok": "boolean"}
MANY = {
    "note": [f"'{letter}{number}'" for letter in "ab" for number in range(50)] + ["'é'"],
    "casei(note)": [f"'{letter}{number}'" for letter in "ab" for number in range(50)],
    "n": [str(number / 2) for number in range(100)],
    "i": [str(number) for number in range(100)],
    "i ": [str(number / 2) for number in range(100)],
    "n + 1": [str(number) for number in range(100)],
    "day": [f"DATE('2024-0{month}-{day:02d}')" for month in (3, 4, 5) for day in range(1, 29)],
    "at": [f"TIMESTAMP('2024-03-{day:02d}T{hour:02d}:00:00')" for day in range(1, 29) for hour in (0, 7, 12)],
    "at ": [f"DATE('2024-0{month}-{day:02d}')" for month in (3, 4, 5) for day in range(1, 29)],
    "ok": ["TRUE"] * 100,
    "year(day)": [str(year) for year in range(1971, 2071)],
}


def table():
    """A null, what is in the lists, and what is not."""
    return pa.record_batch({
        "note": pa.array([None, "a1", "A1", "zz", "é"]),
        "n": pa.array([None, 1.0, -0.0, 49.75, float("nan")], pa.float64()),
        "i": pa.array([None, 0, 7, 2**53 + 1, -1], pa.int64()),
        "day": pa.array([None, date(2024, 3, 1), date(2024, 5, 28), date(2024, 6, 1), date(1970, 1, 1)]),
        "at": pa.array(
            [None, datetime(2024, 3, 1, 7, tzinfo=UTC), datetime(2024, 2, 29, 16, tzinfo=UTC),
             datetime(2024, 3, 5, 4, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC)], pa.timestamp("us", "UTC"),
        ),
        "ok": pa.array([None, True, False, True, False]),
    })  # fmt: skip


@pytest.mark.parametrize("form", ["{} IN ({})", "NOT {} IN ({})", "{} NOT IN ({})"])
@pytest.mark.parametrize("sought", MANY)
def test_many_values_are_looked_up_as_few_are_compared(sought, form, monkeypatch):
    """Law: whether values are looked up or compared one by one, what is kept is the same; null is unknown."""
    names = Names({name: Attribute(name, name, kind) for name, kind in KINDS.items()})
    tree = parse_filter(form.format(sought, ", ".join(MANY[sought])))
    looked_up = Checker(names, Zone("Asia/Shanghai")).condition(tree)
    monkeypatch.setattr(room, "_FEW", 1000)
    compared = Checker(names, Zone("Asia/Shanghai")).condition(tree)
    assert in_sql(looked_up) < in_sql(compared) or "(" in sought
    found = evaluate(looked_up, table()).to_pylist()
    assert found == evaluate(compared, table()).to_pylist()
    assert {True, False} <= set(found)
    assert found[0] is None
