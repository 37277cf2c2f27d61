"""Hypothesis strategies of questions: rows on the edges of everything, filters, places, times.

They fit the columns of `stcloud.testing.scenes.typed_events` in a city with CRS EPSG:4548.

Tested by `tests/properties/test_query.py`.
"""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely
from hypothesis import strategies as st

import stcloud
from stcloud.testing.engines import difference
from stcloud.testing.filter import DAYS, TEXTS, filters
from stcloud.testing.measures import MEASURES
from stcloud.testing.question import Places, Question, Times
from stcloud.testing.scenes import Delivery, Scene, typed_events
from stcloud.testing.time import instants, relative_texts
from stcloud.time import Zone

if TYPE_CHECKING:
    from stcloud.iaas.engine.model import Engine

__all__ = ["ask_both", "layer_rows", "places", "questions", "small_scenes", "times"]

EAST, NORTH = 500_000, 3_500_000
"""A corner of the lattice at every level down from 100 km."""

_STEPS = (-100, -0.001, 0, 50, 99.999, 100, 150, 200, 300, 300.001, 1_000, 10_000)
_NUMBERS = ("0", "-0.0", "1", "2.5", "-1.5", "1e3", "0.1", "0.2", "3", "7", "1e-9")
_INTEGERS = ("0", "1", "2", "3", "-5", "7", "9007199254740993", "-999999999999999999")
_BY = (
    "hour",
    "day",
    "week",
    "month",
    "quarter",
    "year",
    "weekday",
    "hour-of-day",
    "cell:10m",
    "cell:100m",
    "cell:250m",
    "cell:500m",
    "cell:1km",
    "cell:1000km",
    "note",
    "n",
    "i",
    "ok",
    "day",
    "done",
)
_CRS = "EPSG:4548"
_ZONES = ("Asia/Shanghai", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Sao_Paulo")
_HOURS = (
    "00:00-24:00",
    "07:00-10:00",
    "22:00-06:00",
    "01:30-02:30",
    "23:59-00:01",
    "00:00-00:01,02:00-03:00",
)
_MONTHS = (
    ("1-12", None),
    ("dec-feb", None),
    ((3, 10, 11), None),
    (None, "winter"),
    ("mar,11", "spring,autumn"),
)
_CALENDARS = (("working", "US-NY"), ("free", "US-NY"), ("working", "DK"), ("free", "DK"))
LAST_KNOWN = 2100
"""Last year whose working days these calendars know."""
_WEEKDAYS = ("mon-fri", "sat,sun", "fri-mon", (1,), (7, 3))


@st.composite
def layer_rows(
    draw: st.DrawFn, zone: str, *, first_year: int, last_year: int, least: int = 1, most: int = 12
) -> pd.DataFrame:
    """Draw rows of text with distinct keys: places on edges, times at the clock's changes, nulls.

    Parameters
    ----------
    zone
        Whose changes to come near to.
    first_year, last_year
        Both inside.
    least, most
        How many rows.
    """
    at = instants(Zone(zone), first_year=first_year, last_year=last_year).map(_written)
    row = st.fixed_dictionaries(
        {
            "at": at,
            "x": _along(EAST),
            "y": _along(NORTH),
            "note": _maybe(TEXTS),
            "n": _maybe(_NUMBERS),
            "m": _maybe(_NUMBERS),
            "i": _maybe(_INTEGERS),
            "ok": _maybe(("true", "false")),
            "day": _maybe(DAYS),
            "done": st.one_of(st.just(""), at),
        }
    )
    rows = draw(st.lists(row, min_size=least, max_size=most))
    return pd.DataFrame([{"id": f"k{number:02}"} | row for number, row in enumerate(rows)])


def _written(at_us: int) -> str:
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at_us)
    return at.isoformat().replace("+00:00", "Z")


def _maybe(words: tuple[str, ...]) -> st.SearchStrategy[str]:
    return st.sampled_from(("", *words))


def _along(start: int) -> st.SearchStrategy[str]:
    near = st.sampled_from(_STEPS).map(lambda step: str(start + step))
    return st.one_of(near, near, st.floats(start - 50, start + 350).map(str), st.sampled_from(["", "0"]))


@st.composite
def places(draw: st.DrawFn) -> Places:
    """Draw one call of ``where``: one to three boxes, polygons with holes, cells of any level."""
    return Places(
        tuple(draw(st.lists(st.one_of(_areas(), _cells(), _boxes()), min_size=1, max_size=3))), _CRS
    )


def _boxes() -> st.SearchStrategy[str]:
    corner = st.tuples(
        st.floats(116.999, 117.004), st.floats(31.62, 31.64), st.floats(1e-4, 0.01), st.floats(1e-4, 0.02)
    )
    return corner.map(lambda at: f"bbox:{at[0]},{at[1]},{at[0] + at[2]},{at[1] + at[3]}")


def _cells() -> st.SearchStrategy[int]:
    """Draw cells near the corner where the rows are, of every level."""
    near = st.tuples(st.integers(-1, 31), st.integers(-1, 31), st.integers(1, 6))
    return near.map(lambda at: int(str(_cell(EAST + 10 * at[0], NORTH + 10 * at[1]))[: 1 + 2 * at[2]]))


def _cell(x: int, y: int) -> int:
    column, row = f"{x + 4_000_000:07}", f"{y + 1_000_000:07}"
    return int("1" + "".join(east + north for east, north in zip(column[:6], row[:6], strict=True)))


@st.composite
def _areas(draw: st.DrawFn) -> shapely.Polygon:
    """Draw polygons, many with corners and edges on those of cells and on rows, some with a hole."""
    on_grid = st.tuples(st.integers(-2, 8), st.integers(-2, 8)).map(lambda at: (50 * at[0], 50 * at[1]))
    anywhere = st.tuples(st.floats(-120, 420), st.floats(-120, 420))
    corners = draw(st.lists(st.one_of(on_grid, on_grid, anywhere), min_size=3, max_size=7, unique=True))
    at = np.array(corners) + np.array((EAST, NORTH))
    if len(corners) == 3 or draw(st.booleans()):
        area = shapely.convex_hull(shapely.multipoints(at))
    else:
        area = shapely.box(*at.min(axis=0), *at.max(axis=0))
    if area.geom_type != "Polygon" or area.area < 1:
        area = shapely.box(EAST, NORTH, EAST + 300, NORTH + 300)
    low = draw(on_grid)
    hole = shapely.box(EAST + low[0], NORTH + low[1], EAST + low[0] + 50, NORTH + low[1] + 50)
    return shapely.Polygon(area.exterior, [hole.exterior]) if area.contains_properly(hole) else area


@st.composite
def times(draw: st.DrawFn, first_year: int, last_year: int) -> Times:
    """Draw one call of ``when``."""
    texts = draw(st.lists(st.one_of(_texts(first_year, last_year), relative_texts()), max_size=2))
    return Times(
        tuple(texts),
        draw(st.sampled_from([None, None, *_WEEKDAYS])),
        draw(st.sampled_from([None, None, *_HOURS])),
        *draw(st.sampled_from([(None, None), (None, None), *_MONTHS])),
        *draw(st.sampled_from([(None, None), *(_CALENDARS if last_year < LAST_KNOWN else [])])),
        now=draw(st.datetimes(datetime(first_year, 1, 1), datetime(last_year, 12, 31))).isoformat(),  # noqa: DTZ001
    )


@st.composite
def _texts(draw: st.DrawFn, first_year: int, last_year: int) -> str:
    at = draw(st.datetimes(datetime(first_year, 1, 1), datetime(last_year, 12, 31)))  # noqa: DTZ001
    at = draw(st.sampled_from([at, datetime(2024, 3, 10, 2, 30), datetime(2024, 11, 3, 1, 30)]))  # noqa: DTZ001
    year, week, _ = at.isocalendar()
    forms = [
        f"{at.year:04}",
        f"{at.year:04}-Q{(at.month + 2) // 3}",
        f"{at:%Y-%m}",
        f"{at:%Y-%m-%d}",
        f"{year:04}-W{week:02}",
        f"{at:%Y-%m-%dT%H:%M}",
        f"{at:%Y-%m-%dT%H:%M:%S}Z",
    ]
    text = draw(st.sampled_from(forms))
    return draw(st.sampled_from([text, text, f"{text}/..", f"../{text}"]))


@st.composite
def questions(draw: st.DrawFn, known: list[int], *, first_year: int, last_year: int) -> Question:
    """Draw questions about rows of `layer_rows`.

    Parameters
    ----------
    known
        Recorded instants of the loads, UTC microseconds; the question may ask for one, or just before it.
    first_year, last_year
        Both inside.
    """
    by = draw(
        st.one_of(st.none(), st.none(), st.lists(st.sampled_from(_BY), max_size=3, unique=True).map(tuple))
    )
    measures = (
        draw(st.lists(st.sampled_from(sorted(MEASURES)), max_size=4, unique=True)) if by is not None else []
    )
    lasting = any("done - at" in measure for measure in measures)
    return Question(
        "drawn",
        "drawn",
        what=tuple(draw(st.lists(st.one_of(filters(), _beyond_sql()), max_size=2))),
        where=tuple(draw(st.lists(places(), max_size=2))),
        when=tuple(draw(st.lists(times(first_year, last_year), max_size=1))),
        known_at=draw(st.one_of(st.none(), st.sampled_from([at + by for at in known for by in (-1, 0, 1)]))),
        by=by,
        limit=None if by is not None else draw(st.one_of(st.none(), st.integers(0, 5))),
        measures=tuple(measures),
        until=draw(st.one_of(st.none(), st.integers(0, 2_000_000_000_000_000))) if lasting else None,
        what_crs=_CRS,
    )


@st.composite
def _beyond_sql(draw: st.DrawFn) -> Any:
    """Draw a filter part of which no SQL can say: of places, of spellings."""
    area = draw(_areas()).__geo_interface__
    shape = {"type": area["type"], "coordinates": [[list(at) for at in ring] for ring in area["coordinates"]]}
    relation = draw(st.sampled_from(("s_intersects", "s_intersects", "s_within", "s_disjoint", "s_touches")))
    of_place = {"op": relation, "args": [{"property": "geometry"}, shape]}
    spelled = {"op": "=", "args": [{"op": "casei", "args": [{"property": "note"}]}, "a"]}
    part = draw(st.sampled_from([of_place, of_place, spelled]))
    joined = draw(st.sampled_from(["alone", "not", "and", "or"]))
    if joined == "alone":
        return part
    return {"op": joined, "args": [part] if joined == "not" else [draw(filters(depth=1)), part]}


@st.composite
def small_scenes(draw: st.DrawFn) -> tuple[Scene, tuple[int, int]]:
    """Draw a city of two loads, and the years that its events are of."""
    zone = draw(st.sampled_from(_ZONES))
    years = draw(st.sampled_from([(1900, 2100), (2023, 2025), (1965, 1972), (2024, 2024)]))
    first = draw(layer_rows(zone, first_year=years[0], last_year=years[1]))
    second = draw(layer_rows(zone, first_year=years[0], last_year=years[1], most=5))
    loads = (Delivery(first, 1_700_000_000_000_000), Delivery(second, 1_700_000_100_000_000))
    return Scene("drawn", _CRS, zone, typed_events(_CRS), loads), years


def ask_both(engine: Engine, data: st.DataObject, *, times: int = 15) -> None:
    """Draw a city and questions; an engine's answers must be the oracle's."""
    scene, years = data.draw(small_scenes())
    oracle = scene.oracle()
    scene.load_all(oracle)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "city")
        scene.build(path)
        city = stcloud.open(path, engine=engine)
        for _ in range(times):
            question = data.draw(questions(oracle.recorded_us, first_year=years[0], last_year=years[1]))
            fault = difference(question.ask(city, scene.layer).table, oracle.answer(question))
            assert fault is None, fault
