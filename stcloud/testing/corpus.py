"""The corpus: named questions about the scenes, for any engine and the oracle to answer alike.

Tested by `tests/conformance/test_engines.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import shapely

from stcloud.testing.measures import MEASURES
from stcloud.testing.question import Places, Question, Times
from stcloud.testing.standard import standard

__all__ = ["corpus"]

CITY = "EPSG:4548"

# In the city's metres: a square with a hole, a triangle whose long side runs through lattice corners, two far apart.
SQUARE = shapely.box(500_000, 3_500_000, 500_300, 3_500_300)
RING = SQUARE.difference(shapely.box(500_100, 3_500_100, 500_200, 3_500_200))
TRIANGLE = shapely.Polygon([(500_000, 3_500_000), (500_400, 3_500_000), (500_000, 3_500_400)])
APART = shapely.MultiPolygon(
    [shapely.box(499_900, 3_499_900, 500_000, 3_500_000), shapely.box(510_000, 3_510_000, 510_010, 3_510_010)]
)

# In degrees: a star with a hole over the district's middle, and a place in the sea.
STAR = shapely.Polygon(
    [
        (117.01, 31.90),
        (117.03, 31.893),
        (117.035, 31.875),
        (117.045, 31.895),
        (117.065, 31.90),
        (117.045, 31.91),
        (117.035, 31.93),
        (117.028, 31.91),
    ],
    [[(117.03, 31.9), (117.04, 31.9), (117.04, 31.907), (117.03, 31.907)]],
)
SEA = shapely.box(118.2, 30.9, 118.3, 31.0)
BOX, BESIDE = "bbox:117.02,31.89,117.05,31.91", "bbox:117.04,31.9,117.06,31.92"


_NIGHTS = (
    "2024-03-10",
    "2024-03-10T01:30/2024-03-10T03:30",
    "2024-11-03T01",
    "2024-11-03T01:30/..",
    "2024-10-06T02",
    "2024-04-07",
    "1986-01-01",
    "1920",
)


def corpus() -> tuple[Question, ...]:
    """Return the questions, each with a name of its own."""
    return (
        *_filters(), *standard(), *_places(), *_times(), *_beliefs(), *_groups(), *_nights(), *_together(),
        *_refined(),
    )  # fmt: skip


def _filters() -> Iterator[Question]:
    whats = {
        "equal": "n = 1",
        "not equal, some null": "m <> 3",
        "less, more": "n < 1 OR n >= 15",
        "text order": "note > 'a' AND note <= 'z'",
        "two columns": "n = m",
        "integer and number": "i >= n",
        "big integers": "i > 9007199254740991",
        "fraction": "i < 2.5",
        "not with nulls": "NOT (n > 5 AND ok = TRUE)",
        "or with nulls": "n > 5 OR ok = FALSE",
        "is null": "n IS NULL",
        "is not null": "done IS NOT NULL AND NOT day IS NULL",
        "unknown is null": "(n > m) IS NULL",
        "not is unknown": "(NOT ok) IS NULL",
        "null is no null": "(n IS NULL) = FALSE",
        "boolean": "ok",
        "not boolean": "NOT ok",
        "in texts": "note IN ('A', 'it''s', '100%', '路灯不亮', 'absent')",
        "in numbers": "i IN (1, 2, 7.5)",
        "not in": "note NOT IN ('A') AND m NOT IN (0, 3)",
        "between": "n BETWEEN 1 AND 10",
        "not between": "n NOT BETWEEN m AND 10",
        "like any": "note LIKE 'a%'",
        "like one": "note LIKE 'a_b'",
        "like escaped percent": r"note LIKE 'a\%b' OR note LIKE '%\%'",
        "like escaped underscore": r"note LIKE '\_' OR note LIKE 'a\_b'",
        "like backslash": r"note LIKE '%\\%'",
        "like lines": "note LIKE 'two%lines'",
        "like unicode": "note LIKE '路__亮' OR note LIKE '🚲%' OR note LIKE '_'",
        "not like": "note NOT LIKE '%a%'",
        "like nothing": "note LIKE ''",
        "quotes": "note = 'say \"hi\"' OR note = 'x''; DROP TABLE layer; --'",
        "arithmetic": "n + m * 2 > 10 - i / 4",
        "arithmetic with nulls": "n - n = 0",
        "division by zero": "n / m > 0",
        "division by zero is null": "(n / m) IS NULL",
        "tenths": "n + m = 0.3",
        "days": "day >= DATE('2024-03-01') AND day < DATE('2024-03-05')",
        "old days": "day < DATE('1970-01-01')",
        "instants": "done > TIMESTAMP('2024-03-01T00:00:00+08:00')",
        "an instant": "done = TIMESTAMP('1969-12-31T15:59:59Z')",
        "a day as an instant": "done >= DATE('2024-03-01') AND done <= DATE('2024-03-08')",
        "between a day and an instant": "done BETWEEN DATE('1900-01-01') AND TIMESTAMP('2024-03-01T00:00:00Z')",
        "nothing fits": "n > 1000000",
        "always": "TRUE",
        "never": "FALSE",
    }
    for name, what in whats.items():
        yield Question(f"what: {name}", "edges", what=(what,))
    both = ({"op": "not", "args": [{"op": "isNull", "args": [{"property": "i"}]}]}, "ok = TRUE")
    yield Question("what: several calls, JSON and text", "edges", what=both)
    yield Question("what: district", "district", what=("class_code = '06010' AND status <> 'closed'",))
    yield Question(
        "what: district, Chinese pattern",
        "district",
        what=("description LIKE '%垃圾%' AND closed_at IS NULL",),
    )


def _places() -> Iterator[Question]:
    wheres: dict[str, tuple[Places, ...]] = {
        "square": (Places((SQUARE,), CITY),),
        "hole": (Places((RING,), CITY),),
        "triangle": (Places((TRIANGLE,), CITY),),
        "two parts": (Places((APART,), CITY),),
        "touching polygons": (Places((SQUARE, APART), CITY),),
        "crossing polygons": (Places((TRIANGLE, RING), CITY),),
        "hole filled by a cell": (Places((RING, 14455000000), CITY),),
        "polygon twice": (Places((RING,), CITY), Places((TRIANGLE,), CITY)),
        "polygon and cell, chained": (Places((TRIANGLE,), CITY), Places(("cell:14455000000",))),
        "wkt": (Places(("wkt:" + SQUARE.wkt,), CITY),),
        "cell 10 m": (Places((1445500000000,)),),
        "cell 100 m": (Places((14455000000,)),),
        "cell 1 km": (Places(("cell:144550000",)),),
        "block 500 m": (Places((54455000000,)),),
        "block 250 m": (Places(("cell:24455000001",)),),
        "polygon and block": (Places((TRIANGLE, "cell:24455000000"), CITY),),
        "cells of several levels": (Places((1445500000000, 14455000011, 144550101, 1445511)),),
        "cells within one another": (Places((144550000, 14455000000)),),
        "cell 1000 km": (Places((144,)),),
        "cell that holds nothing": (Places((144990000,)),),
        "a cell on another continent": (Places((199,)),),
        "sea": (Places((SEA,)),),
    }
    for name, where in wheres.items():
        yield Question(f"where: {name}", "edges", where=where)
    star = shapely.geometry.mapping(STAR)
    feature = {"type": "Feature", "properties": {}, "geometry": star}
    district: dict[str, tuple[Places, ...]] = {
        "box": (Places((BOX,)),),
        "star with a hole": (Places((STAR,)),),
        "GeoJSON": (Places((feature,)),),
        "alternatives": (Places((STAR, BOX, 144550332)),),
        "chained": (Places((STAR,)), Places((BESIDE,))),
        "boxes that overlap": (Places((BOX, BESIDE)),),
        "sea": (Places((SEA,)),),
        "all of it": (Places(("bbox:116,31,118,33",)),),
    }
    for name, where in district.items():
        yield Question(f"where: district, {name}", "district", where=where, by=("channel",))
    yield Question("where: district, rows", "district", where=district["alternatives"], limit=200)


def _times() -> Iterator[Question]:
    whens = {
        "year": Times(("2024",)),
        "quarter": Times(("2024-Q2",)),
        "month": Times(("2024-03",)),
        "week": Times(("2024-W12",)),
        "day": Times(("2024-03-05",)),
        "hour": Times(("2024-03-05T07",)),
        "interval": Times(("2024-03-05T07:30/2024-03-06",)),
        "open start": Times(("../2024-02",)),
        "open end": Times(("2024-12-15/..",)),
        "offset": Times(("2024-03-05T00:00Z/2024-03-05T12:00-05:00",)),
        "alternatives that overlap": Times(("2024-01", "2024-W03", "2024-06-30/2024-07-02")),
        "weekdays": Times(("2024-03",), "mon-fri"),
        "over the weekend": Times(("2024-03",), "fri-mon"),
        "day numbers": Times(("2024-03",), (3, 7)),
        "hours": Times((), None, "07:00-09:00"),
        "over midnight": Times((), "sat,sun", "22:00-02:30"),
        "several hours": Times((), None, "07:00-08:00,17:30-24:00"),
        "months": Times((), months="6-8"),
        "months over the year's end": Times((), "mon-fri", months="nov-feb,6"),
        "month numbers": Times(("2024-01/2024-06",), months=(1, 5, 12)),
        "winter": Times((), seasons="winter"),
        "seasons and months": Times((), seasons="spring,summer", months="may-jun"),
        "working days, made up for": Times((), days="working", calendar="CN"),
        "free days": Times(("2024-02",), days="free", calendar="CN"),
        "free mornings": Times(("../2024-07",), None, "07:00-09:00", days="free", calendar="CN"),
        "working days of a part of a country": Times((), days="working", calendar="US-NY"),
        "working Saturdays": Times((), "sat", days="working", calendar="CN"),
        "no free Wednesday": Times(("2024-03",), "wed", days="free", calendar="CN"),
        "the last days": Times(("last 30 days",), now="2024-07-10T15:45"),
        "the last months": Times(("last 3 months",), now="2024-05-31T08:00"),
        "the last hours": Times(("last 36 hours",), now="2024-03-10"),
        "this and the last quarter": Times(("this quarter", "last quarter"), now="2024-08-01T00:00"),
        "whole weeks": Times(("previous 4 weeks",), "mon-wed", now="2024-07-10T15:45"),
        "today or in May": Times(("today", "2024-05"), None, "09:00-17:00", now="2024-07-10T15:45"),
        "another year": Times(("1999",)),
        "always": Times(("../..",)),
    }
    for name, when in whens.items():
        yield Question(f"when: {name}", "district", when=(when,), by=("day", "hour-of-day"))
    yield Question(
        "when: chained", "district", when=(Times(("2024-03/2024-06",)), Times((), "tue", "10:00-11:00"))
    )
    for text in (
        "1969",
        "../1970",
        "1900",
        "1940-06-01",
        "2100-12-31T23:59",
        "2024-03-03",
        "2024-03-03T23:59:59.999999",
    ):
        yield Question(f"when: {text}", "edges", when=(Times((text,)),))


def _beliefs() -> Iterator[Question]:
    known: dict[str, str | int] = {
        "before": "2024-12-31",
        "at the first": "2025-01-01T09:00",
        "between": "2025-01-14T23:00",
        "just before the second": 1_736_902_799_999_999,
        "at the second": "2025-01-15T09:00",
        "long after": "2030",
    }
    for name, at in known.items():
        yield Question(f"known: {name}", "district", known_at=at, by=("status",))
    late = ("request_id >= 'LT24-12000' OR lon IS NULL",)
    yield Question("known: between, late events", "district", what=late, known_at=known["between"])
    yield Question("known: long after, late events", "district", what=late, known_at=known["long after"])
    for day in (
        "2024-12-31",
        "2025-01-01T08:00",
        "2025-02-01T08:00",
        "2025-03-01T07:59:59",
        "2025-03-01T08:00",
    ):
        yield Question(f"known: edges at {day}", "edges", known_at=day)
    for day in ("2024-12-31", "2025-02-15"):
        yield Question(
            f"known: edges at {day}, in a place", "edges", where=(Places((RING,), CITY),), known_at=day
        )


def _groups() -> Iterator[Question]:
    for by in ("hour", "day", "week", "month", "quarter", "year", "weekday", "hour-of-day"):
        yield Question(f"count: {by}", "district", by=(by,))
    for by in ("hour", "week", "quarter", "weekday"):
        yield Question(f"count: edges, bin {by}", "edges", by=(by,))
    for level in ("10m", "100m", "250m", "500m", "1km", "10km", "100km", "1000km"):
        yield Question(f"count: edges, cell {level}", "edges", by=(f"cell:{level}",))
    for column in ("note", "n", "i", "ok", "day", "done"):
        yield Question(f"count: edges, {column}", "edges", by=(column,))
    yield Question("count: all", "district", by=())
    yield Question("count: none", "district", when=(Times(("1999",)),), by=())
    yield Question("count: no group", "district", when=(Times(("1999",)),), by=("month", "channel"))
    yield Question("count: three groups", "district", by=("cell:1km", "weekday", "status"))
    measures = tuple(MEASURES)
    groups: tuple[tuple[str, ...], ...] = ((), ("note",), ("cell:100m", "ok"), ("week",))
    for group in groups:
        name = f"measures: edges, {', '.join(group) or 'all'}"
        yield Question(name, "edges", by=group, measures=measures)
        yield Question(f"{name}, until", "edges", by=group, measures=measures, until=1_709_600_000_000_000)
    for limit in (0, 1, 7, 100_000):
        yield Question(f"rows: at most {limit}", "district", limit=limit, what=("channel = 'video'",))


def _nights() -> Iterator[Question]:
    for zone in ("America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"):
        yield Question(f"{zone}: rows", zone)
        for by in ("hour", "day", "weekday", "hour-of-day"):
            yield Question(f"{zone}: {by}", zone, by=(by,))
        for text in _NIGHTS:
            yield Question(f"{zone}: when {text}", zone, when=(Times((text,)),))
        yield Question(f"{zone}: yesterday", zone, when=(Times(("yesterday",), now="2024-03-11T00:30"),))
        again = Times(("2024",), months="mar,nov", days="free", calendar="US")
        yield Question(f"{zone}: on free days", zone, when=(again,), by=("day",))
        hours = "01:00-02:00,02:30-02:45,23:00-00:20"
        yield Question(f"{zone}: at hours", zone, when=(Times((), None, hours),))
        yield Question(f"{zone}: on days", zone, when=(Times((), None, "01:30-03:00"), Times((), "sat-mon")))
        yield Question(
            f"{zone}: a day as an instant",
            zone,
            what=("done BETWEEN DATE('2024-03-10') AND DATE('2024-03-11')",),
        )
        yield Question(f"{zone}: nothing there", zone, where=(Places((199,)),), by=("hour",))


def _together() -> Iterator[Question]:
    school = Question(
        "together: school parking",
        "district",
        what=("class_code = '09009'",),
        where=(Places(("bbox:117.03,31.905,117.04,31.912",)),),
        when=(Times(("2024-03/2024-07",), "mon-fri", "07:00-09:00"),),
        known_at="2025-01-10",
    )
    yield school
    yield replace(school, name="together: counted", by=("cell:100m", "week"))
    free = Times(("last 10 months",), months="mar-jul", days="free", calendar="CN", now="2024-12-01T12:00")
    yield replace(school, name="together: on free days", when=(free,))
    yield replace(
        school, name="together: two places", where=(*school.where, Places((STAR, 144550334))), limit=20
    )
    yield Question(
        "together: edges",
        "edges",
        what=("n > 5 OR n IS NULL", "ok IS NOT NULL"),
        where=(Places((RING, 14455000031), CITY), Places((TRIANGLE, "cell:1445500"), CITY)),
        when=(Times(("2024-03", "../1970"), None, "00:00-12:30"),),
        known_at="2025-02-15",
        by=("note", "cell:10m", "hour"),
    )


def _refined() -> Iterator[Question]:
    """Query what SQL cannot answer alone together with all else: limits and counts are those of the rows kept."""
    near = Question(
        "refined: a limit",
        "district",
        what=("casei(description) LIKE casei('%垃圾%') AND status = 'closed'",),
        limit=5,
    )
    yield near
    yield replace(near, name="refined: counted", limit=None, by=("week", "status"))
    yield replace(near, name="refined: in a place", where=(Places((STAR,)),))
    yield replace(
        near, name="refined: at times, as known", when=(Times(("2024-03",)),), known_at="2025-01-10"
    )
    polygon = f"S_INTERSECTS(geometry, {STAR.wkt})"
    yield replace(near, name="refined: a polygon", what=(polygon,), limit=None, by=("channel",))
    yield replace(
        near, name="refined: within a polygon, or not", what=(f"NOT {polygon}", "length(status) = 4")
    )
    yield replace(near, name="refined: a polygon and a place", what=(polygon,), where=(Places((BESIDE,)),))
    near_point = "S_INTERSECTS(buffer(POINT(117.03 31.9), 800), geometry)"
    yield replace(near, name="refined: around a point", what=(near_point,), limit=None, by=())
    yield Question("refined: nothing", "edges", what=("casei(note) = 'NO SUCH'",), by=("note",))
    yield Question("refined: far away", "edges", what=("S_WITHIN(geometry, BBOX(-60, -60, 60, 60))",), by=())
