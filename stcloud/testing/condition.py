"""Hypothesis strategies of conditions of every conformance class of CQL2, and rows to ask them of.

Tested by `tests/paas/query/filter/test_law.py`.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa
import shapely
from hypothesis import strategies as st

from stcloud.daas.table.schema import Attribute
from stcloud.testing.chronology import OPEN, Lasting

__all__ = ["ATTRIBUTES", "OPERATORS", "condition", "conditions", "rows", "table"]

Json = Any
_Drawn = st.SearchStrategy[Json]

_KINDS = {
    "id": "text", "note": "text", "tags": "text", "n": "number", "m": "number", "i": "integer", "ok": "boolean",
    "day": "date", "other_day": "date", "done": "instant", "begun": "instant",
}  # fmt: skip
ATTRIBUTES: Mapping[str, Attribute] = {name: Attribute(name, name, kind) for name, kind in _KINDS.items()}
"""Columns that conditions are drawn over."""

_TEXTS = (
    "Straße", "STRASSE", "strasse", "Οδος", "ΟΔΟΣ", "débárquér", "debarquer", "Beyonce\u0301", "Beyoncé", "が", "か",
    "İstanbul", "ﬁ", "a%b", "a_b", "back\\slash", "路灯", "🚲 lane", "two\nlines", "", " a ;b;; c",
    "a;b", "b;a;a", "c",
)  # fmt: skip
_NUMBERS = (0, 1, 2, 3, -1, -5, 7, 0.5, 2.5, -1.5, 0.1, 1e9)
_DAYS = ("1900-01-01", "1969-12-31", "2024-02-29", "2024-03-09", "2024-03-10", "2024-03-11", "2024-11-03")
_MINUTES = (-1440, -60, -1, 0, 1, 60, 180, 1380, 1440, 1500)
_MIDNIGHT = datetime(2024, 3, 10, 5, tzinfo=UTC)  # in New York, on the day that its clock is put forward

_COMPARE = ("=", "<>", "<", "<=", ">", ">=")
_ARITHMETIC = ("+", "-", "*", "/", "^", "%", "div")
_SPELLINGS = ("casei", "accenti", "lower", "upper")
_PAIRS = ("t_after", "t_before", "t_disjoint", "t_equals", "t_intersects")
_INTERVALS = (
    "t_contains", "t_during", "t_finishedBy", "t_finishes", "t_meets", "t_metBy", "t_overlappedBy", "t_overlaps",
    "t_startedBy", "t_starts",
)  # fmt: skip
_SPATIAL = (
    "s_contains", "s_crosses", "s_disjoint", "s_equals", "s_intersects", "s_overlaps", "s_touches", "s_within",
)  # fmt: skip
_ARRAY = ("a_containedBy", "a_contains", "a_equals", "a_overlaps")
OPERATORS = (
    *_COMPARE, "like", "in", "between", "isNull", *_ARITHMETIC, *_PAIRS, *_INTERVALS, *_SPATIAL, *_ARRAY,
    *_SPELLINGS, "length", "list", "abs", "floor", "ceil", "round", "year", "month", "day", "buffer",
    "seconds", "minutes", "hours", "days",
)  # fmt: skip
"""All operators and functions but for AND, OR and NOT."""


@st.composite
def conditions(draw: st.DrawFn, *, depth: int = 2) -> Json:
    """Draw a condition.

    Parameters
    ----------
    depth
        How deep conditions are nested.
    """
    form = draw(st.sampled_from(["leaf", "leaf", "and", "or", "not", "isNull"] if depth else ["leaf"]))
    inner = conditions(depth=depth - 1)
    match form:
        case "and" | "or":
            return _op(form, *draw(st.lists(inner, min_size=2, max_size=3)))
        case "not" | "isNull":
            return _op(form, draw(inner if form == "not" else st.one_of(inner, _values())))
    return draw(st.sampled_from(OPERATORS).flatmap(condition))


def condition(operator: str) -> _Drawn:
    """Draw a condition of one operator or function."""
    if operator in _COMPARE:
        kinds = st.sampled_from([_numbers(), _texts(), _dates(), _instants(), st.booleans()])
        return kinds.flatmap(lambda values: _two(operator, values))
    if operator in _ARITHMETIC:
        return _compared(_two(operator, _numbers(1)), _numbers(1))
    if operator in _SPATIAL:
        return _two(operator, _places())
    if operator in _ARRAY:
        return _two(operator, _arrays())
    if operator in _PAIRS:
        return _two(operator, st.one_of(_intervals(), _intervals(), _instants(), _dates()))
    return _two(operator, _intervals()) if operator in _INTERVALS else _OTHERS[operator](operator)


def _op(name: str, *arguments: Json) -> Json:
    return {"op": name, "args": list(arguments)}


def _called(name: str, *values: _Drawn) -> _Drawn:
    return st.tuples(*values).map(lambda drawn: _op(name, *drawn))


def _two(name: str, values: _Drawn) -> _Drawn:
    return _called(name, values, values)


def _compared(left: _Drawn, right: _Drawn) -> _Drawn:
    return st.sampled_from(_COMPARE).flatmap(lambda sign: _called(sign, left, right))


def _named(*names: str) -> _Drawn:
    return st.sampled_from(names).map(lambda name: {"property": name})


def _values() -> _Drawn:
    return st.one_of(_named("geometry", "period", "note", "day", "n"), _texts(), _arrays(), _numbers())


def _numbers(depth: int = 2) -> _Drawn:
    plain = st.one_of(_named("n", "m", "i"), st.sampled_from(_NUMBERS))
    if not depth:
        return plain
    inner = _numbers(depth - 1)
    return st.one_of(plain, plain, st.sampled_from(_ARITHMETIC).flatmap(lambda name: _two(name, inner)))


def _texts(depth: int = 2) -> _Drawn:
    plain = st.one_of(_named("note", "tags", "id"), st.sampled_from(_TEXTS))
    if not depth:
        return plain
    inner = _texts(depth - 1)
    return st.one_of(plain, st.sampled_from(_SPELLINGS).flatmap(lambda name: _called(name, inner)))


def _patterns() -> _Drawn:
    return st.sampled_from(("%", "s%", "%SS%", "_e%", "deb%", "a\\%b", "%\\\\%", "%\n%", "路_", "", "%é"))


def _spelled(name: str) -> _Drawn:
    """Draw texts that are spelled in another way: compared, looked for, fitted to a pattern."""
    text = _called(name, _texts(1))
    several = st.lists(text, min_size=1, max_size=3)
    like = _called("like", text, st.one_of(_patterns(), _called(name, _patterns())))
    return st.one_of(
        _compared(text, text), like, _called("in", text, several), _called("between", text, text, text)
    )


def _dates() -> _Drawn:
    return st.one_of(_named("day", "other_day"), st.sampled_from(_DAYS).map(lambda day: {"date": day}))


def _written_instants(*, local: bool = False) -> st.SearchStrategy[str]:
    """Draw instants in UTC; `local` ones stand on the city's clock."""
    at = st.sampled_from(_MINUTES).map(lambda minutes: _MIDNIGHT + timedelta(minutes=minutes))
    return at.map(lambda at: at.isoformat().replace("+00:00", "" if local else "Z"))


def _instants() -> _Drawn:
    return st.one_of(
        _named("done", "begun", "time"),
        st.booleans().flatmap(_either_clock).map(lambda at: {"timestamp": at}),
    )


def _either_clock(local: bool) -> st.SearchStrategy[str]:  # noqa: FBT001
    return _written_instants(local=local)


def _intervals() -> _Drawn:
    """Draw the row's period, and intervals between days and instants, written and of columns, some of them open."""
    written = st.booleans().flatmap(lambda local: _two_in_order(_written_instants(local=local)))
    days = _two_in_order(st.sampled_from(_DAYS))
    either = st.one_of(written, days)
    opened = either.flatmap(lambda ends: st.sampled_from([["..", ends[1]], [ends[0], ".."], ["..", ".."]]))
    named = st.tuples(_named("begun", "day"), _named("done", "other_day", "time")).map(list)
    mixed = st.tuples(named, either).flatmap(
        lambda two: st.sampled_from([[two[0][0], ".."], ["..", two[0][1]], [two[0][0], two[1][1]]])
    )
    ends = st.one_of(written, days, opened, named, named, mixed)
    return st.one_of(_named("period"), ends.map(lambda two: {"interval": two}))


def _two_in_order(values: st.SearchStrategy[str]) -> st.SearchStrategy[list[str]]:
    return st.tuples(values, values).map(sorted)


def _shapes() -> st.SearchStrategy[shapely.Geometry]:
    return st.integers(0, 10_000).map(lambda seed: _shape(random.Random(seed)))  # noqa: S311


def _places() -> _Drawn:
    written = _shapes().map(shapely.geometry.mapping).map(_listed)
    corner = st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(1, 3), st.integers(1, 3))
    boxes = corner.map(lambda at: {"bbox": [at[0], at[1], at[0] + at[2], at[1] + at[3]]})
    return st.one_of(_named("geometry"), _named("geometry"), written, boxes)


def _listed(value: Any) -> Any:
    """Return GeoJSON with lists for tuples, as JSON has it."""
    if isinstance(value, Mapping):
        return {name: _listed(item) for name, item in value.items()}
    return [_listed(item) for item in value] if isinstance(value, tuple | list) else value


def _listed_texts() -> _Drawn:
    return _named("tags", "note").map(lambda column: _op("list", column, ";"))


def _arrays() -> _Drawn:
    element = st.one_of(
        st.sampled_from(("a", "b", "c", True, 1, 2.5)), _named("note", "i", "ok", "day"),
        st.sampled_from(_DAYS).map(lambda day: {"date": day}),
    )  # fmt: skip
    written = st.lists(st.sampled_from(("a", "b", "c", 1, True)), min_size=1, max_size=3)
    several = st.lists(element, min_size=1, max_size=3)
    return st.one_of(_listed_texts(), written, several, st.just([["a"], "b"]))


def _buffered(name: str) -> _Drawn:
    wide = _called(name, _places(), st.sampled_from((0.5, 1)))
    relations = st.sampled_from(("s_intersects", "s_within", "s_disjoint"))
    return relations.flatmap(lambda relation: _called(relation, _places(), wide))


def _lapse(name: str) -> _Drawn:
    """Draw comparisons of a difference of times, in a unit or by itself, with a number."""
    lapses = st.sampled_from([_dates(), _instants()]).flatmap(lambda times: _two("-", times))
    return _compared(st.one_of(_called(name, lapses), lapses), st.sampled_from((0, 1, 24, -0.5, 3600)))


_TIME_PARTS = st.sampled_from((1900, 1969, 2024, 2, 3, 9, 10, 11, 29))
_OTHERS: Mapping[str, Callable[[str], _Drawn]] = {
    **dict.fromkeys(_SPELLINGS, _spelled),
    **dict.fromkeys(
        ("abs", "floor", "ceil", "round"), lambda name: _compared(_called(name, _numbers(1)), _numbers(0))
    ),
    **dict.fromkeys(
        ("year", "month", "day"),
        lambda name: _compared(_called(name, st.one_of(_dates(), _instants())), _TIME_PARTS),
    ),
    **dict.fromkeys(("seconds", "minutes", "hours", "days"), _lapse),
    "length": lambda name: _compared(_called(name, _texts(1)), st.integers(0, 8)),
    "list": lambda _: st.sampled_from(_ARRAY).flatmap(lambda name: _two(name, _listed_texts())),
    "buffer": _buffered,
    "like": lambda name: _called(name, _texts(), _patterns()),
    "in": lambda name: _called(name, _texts(), st.lists(_texts(), min_size=1, max_size=3)),
    "between": lambda name: st.sampled_from([_numbers(), _texts(), _dates(), _instants()]).flatmap(
        lambda values: _called(name, values, values, values)
    ),
    "isNull": lambda name: _called(name, _values()),
}


def rows(seed: int, *, points: bool, count: int = 30) -> list[dict[str, Any]]:
    """Make rows of Python values: of columns, and of ``key``, ``time``, ``period`` and ``geometry``; some are null.

    Parameters
    ----------
    seed
        Decides what they are.
    points
        Places are points, as events have them; else shapes of all kinds.
    count
        How many.
    """
    chance = random.Random(seed)  # noqa: S311
    return [_row(chance, f"k{number:02}", points=points) for number in range(count)]


def _row(chance: random.Random, key: str, *, points: bool) -> dict[str, Any]:
    def maybe(value: Any) -> Any:
        return None if chance.random() < 0.15 else value

    def at() -> datetime:
        return _MIDNIGHT + timedelta(minutes=chance.choice(_MINUTES))

    time = at()
    point = shapely.Point(chance.randint(0, 4), chance.randint(0, 4))
    row: dict[str, Any] = {name: maybe(chance.choice(_TEXTS)) for name in ("note", "tags")}
    row |= {name: maybe(float(chance.choice(_NUMBERS))) for name in ("n", "m")}
    row |= {name: maybe(date.fromisoformat(chance.choice(_DAYS))) for name in ("day", "other_day")}
    row |= {name: maybe(at()) for name in ("done", "begun")}
    row |= {"i": maybe(chance.choice((0, 1, 2, -5, 9007199254740993))), "ok": maybe(chance.random() < 0.5)}
    row |= {"time": time, "period": Lasting(time, maybe(max(at(), time)) or OPEN)}
    return row | {"geometry": maybe(point if points else _shape(chance)), "id": key, "key": key}


def _shape(chance: random.Random) -> shapely.Geometry:
    """Return a shape on a coarse grid, so that shapes touch, cross and overlap."""
    x, y = chance.randint(0, 4), chance.randint(0, 4)
    wide, high = chance.randint(1, 3), chance.randint(1, 3)
    box = shapely.box(x, y, x + wide, y + high)
    line = shapely.LineString([(x, y), (x + wide, y), (x + wide, y + high)])
    kinds = {
        "point": shapely.Point(x, y),
        "points": shapely.MultiPoint([(x, y), (x + wide, y)]),
        "line": line,
        "lines": shapely.MultiLineString([line, shapely.LineString([(y, x), (y + 1, x + 1)])]),
        "box": box,
        "ring": shapely.box(x, y, x + 3, y + 3) - shapely.box(x + 1, y + 1, x + 2, y + 2),
        "boxes": shapely.MultiPolygon([box, shapely.box(10, 0, 10 + wide, 1)]),
        "all": shapely.GeometryCollection([box, line, shapely.Point(y, x)]),
    }
    return kinds[chance.choice(sorted(kinds))]


def table(drawn: list[dict[str, Any]], *, points: bool) -> pa.RecordBatch:
    """Return drawn rows as they are stored: events where they are points, else features."""
    stored = {
        attribute.stored: pa.array([row[name] for row in drawn], attribute.field.type)
        for name, attribute in ATTRIBUTES.items()
    }
    times = [[row["period"].start for row in drawn], [_or_none(row["period"].end) for row in drawn]]
    names = ("st_time", "st_time_to") if points else ("st_valid_from", "st_valid_to")
    for name, values in zip(names, times, strict=True):
        stored[name] = pa.array(values, pa.timestamp("us", "UTC"))
    shapes = [row["geometry"] for row in drawn]
    if points:
        stored["st_x"] = pa.array([shape and shape.x for shape in shapes], pa.float64())
        stored["st_y"] = pa.array([shape and shape.y for shape in shapes], pa.float64())
    else:
        stored["st_geom"] = pa.array([shape and shapely.to_wkb(shape) for shape in shapes], pa.binary())
    return pa.RecordBatch.from_pydict(stored | {"st_key": pa.array([row["key"] for row in drawn])})


def _or_none(end: Any) -> Any:
    return None if end == OPEN else end
