"""Every operator of every conformance class of CQL2, tested where it is true of one row and false of another.

Tested by `tests/conformance/test_standard.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from stcloud.testing.question import Question

__all__ = ["CLASSES", "CRS", "standard"]

CRS = "EPSG:4548"
"""The city's: geometry is written in it."""

_PERIOD = "INTERVAL('2024-03-10T05:00:00Z', '2024-03-10T11:00:00Z')"
_BOX = "POLYGON((500000 3500000, 500300 3500000, 500300 3500300, 500000 3500300, 500000 3500000))"
_LINE = "LINESTRING(499000 3500150, 501000 3500150)"
_EDGES, _SPANS = "edges", "spans"

CLASSES: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "basic-cql2": (
        _EDGES,
        {
            "=": "n = 7", "<>": "n <> 7", "<": "n < 7", "<=": "n <= 7", ">": "n > 7", ">=": "n >= 7",
            "IS NULL": "done IS NULL", "IS NOT NULL": "geometry IS NOT NULL", "AND": "n > 1 AND m > 1",
            "OR": "n > 8 OR m > 8", "NOT": "NOT ok", "DATE": "day >= DATE('2024-03-05')",
            "TIMESTAMP": "time > TIMESTAMP('2024-03-02T00:00:00Z')",
        },
    ),
    "advanced-comparison-operators": (
        _EDGES, {"LIKE": r"note LIKE '%\%'", "BETWEEN": "n BETWEEN 1 AND 9", "IN": "note IN ('ab', 'A', 'x')"},
    ),
    "case-insensitive-comparison": (
        _EDGES,
        {
            "CASEI": "CASEI(note) = CASEI('AB')", "CASEI in LIKE": "CASEI(note) LIKE CASEI('%LINES')",
            "CASEI in IN": "CASEI(note) IN (CASEI('FI'), CASEI('É'))",
        },
    ),
    "accent-insensitive-comparison": (
        _EDGES, {"ACCENTI": "ACCENTI(note) = ACCENTI('è')", "both": "CASEI(ACCENTI(note)) IN (CASEI(ACCENTI('Ê')))"},
    ),
    "basic-spatial-functions": (
        _EDGES,
        {
            "S_INTERSECTS point": "S_INTERSECTS(geometry, POINT(500100 3500100))",
            "S_INTERSECTS box": "S_INTERSECTS(geometry, BBOX(500000, 3500000, 500300, 3500300))",
        },
    ),
    "basic-spatial-functions-plus": (
        _EDGES,
        {
            "LINESTRING": f"S_INTERSECTS(geometry, {_LINE})", "POLYGON": f"S_INTERSECTS(geometry, {_BOX})",
            "MULTIPOINT": "S_INTERSECTS(geometry, MULTIPOINT((500000 3500000), (500150 3500150)))",
            "MULTILINESTRING": "S_INTERSECTS(geometry, MULTILINESTRING((500000 3500000, 500000 3500300)))",
            "MULTIPOLYGON": "S_INTERSECTS(geometry, MULTIPOLYGON(((500000 3500000, 500300 3500000, 500000 3500300, "
            "500000 3500000))))",
            "GEOMETRYCOLLECTION": f"S_INTERSECTS(geometry, GEOMETRYCOLLECTION(POINT(510000 3510000), {_LINE}))",
        },
    ),
    "spatial-functions": (
        _EDGES,
        {
            "S_CONTAINS": "S_CONTAINS(geometry, POINT(500100 3500100))",
            "S_CROSSES": f"S_CROSSES({_LINE}, buffer(geometry, 60))",
            "S_DISJOINT": f"S_DISJOINT(geometry, {_BOX})",
            "S_EQUALS": "S_EQUALS(POINT(500150 3500150), geometry)",
            "S_INTERSECTS": f"NOT S_INTERSECTS(geometry, {_BOX})",
            "S_OVERLAPS": f"S_OVERLAPS(buffer(geometry, 60), {_BOX})",
            "S_TOUCHES": f"S_TOUCHES(geometry, {_BOX})",
            "S_WITHIN": f"S_WITHIN(geometry, {_BOX}) AND n > 0",
        },
    ),
    "temporal-functions": (
        _SPANS,
        {
            **{
                f"{name} instant": f"{name}(time, TIMESTAMP('2024-03-10T05:00:00Z'))"
                for name in ("T_AFTER", "T_BEFORE", "T_DISJOINT", "T_EQUALS", "T_INTERSECTS")
            },
            **{
                f"{name} day": f"{name}(time, DATE('2024-03-10'))"
                for name in ("T_AFTER", "T_BEFORE", "T_DISJOINT", "T_EQUALS", "T_INTERSECTS")
            },
            **{
                f"{name} days": f"{name}(INTERVAL(first_day, last_day), INTERVAL('2024-03-09', '2024-03-10'))"
                for name in ("T_EQUALS", "T_INTERSECTS", "T_MEETS")
            },
            "T_DURING days": "T_DURING(INTERVAL(first_day, last_day), INTERVAL('2024-03-08', '2024-03-12'))",
            **{
                f"{name} interval": f"{name}(period, {_PERIOD})"
                for name in (
                    "T_AFTER", "T_BEFORE", "T_CONTAINS", "T_DISJOINT", "T_DURING", "T_EQUALS", "T_FINISHEDBY",
                    "T_FINISHES", "T_INTERSECTS", "T_MEETS", "T_METBY", "T_OVERLAPPEDBY", "T_OVERLAPS",
                    "T_STARTEDBY", "T_STARTS",
                )
            },
            "open": "T_STARTS(INTERVAL(time, '2024-03-10T06:00:00Z'), INTERVAL('2024-03-10T05:00:00Z', '..'))",
            "open end": "T_INTERSECTS(time, INTERVAL('2024-03-10T06:00:00Z', '..'))",
            "open start": "T_AFTER(time, INTERVAL('..', '2024-03-10T06:00:00Z'))",
            "open days": "T_INTERSECTS(first_day, INTERVAL('..', '2024-03-09'))",
            "open days of columns": "T_OVERLAPS(INTERVAL(first_day, last_day), INTERVAL('2024-03-09', '..'))",
            "mixed": "T_INTERSECTS(INTERVAL(first_day, last_day), period)",
        },
    ),
    "array-functions": (
        _SPANS,
        {
            name: f"{name}(list(tags, ';'), ('a', 'b'))"
            for name in ("A_EQUALS", "A_CONTAINS", "A_CONTAINEDBY", "A_OVERLAPS")
        } | {"columns": "A_OVERLAPS((tags, 'b'), list(tags, ';'))"},
    ),
    "property-property": (
        _EDGES, {"two columns": "n = m", "value first": "1 < n", "two values": "n > 0 AND 1 < 2"},
    ),
    "functions": (
        _EDGES,
        {
            "length": "length(note) > 5", "lower": "lower(note) = 'ab'", "upper": "upper(note) = 'AB'",
            "abs": "abs(n) = 1.5", "floor": "floor(n) = 2", "ceil": "ceil(n) = 3", "round": "round(m) = -3",
            "year": "year(time) = 2024", "month": "month(day) = 3", "day": "day(time) = 4",
            "buffer": "S_WITHIN(geometry, buffer(POINT(500150 3500150), 80))",
        },
    ),
    "arithmetic": (
        _EDGES,
        {
            "+": "n + m > 20", "-": "n - m = 0", "*": "n * 2 >= 20", "/": "n / 2 = 4", "^": "n ^ 2 = 81",
            "%": "i % 3 = 1", "div": "i div 4 = 2",
        },
    ),
}  # fmt: skip
"""Conformance class: the scene to ask, and a condition for each operator."""


def standard() -> Iterator[Question]:
    """Give a question for each operator of each class."""
    for name, (scene, cases) in CLASSES.items():
        for operator, what in cases.items():
            yield Question(f"cql2 {name}: {operator}", scene, what=(what,), what_crs=CRS)
