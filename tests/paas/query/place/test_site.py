"""Sites one by one: codes, cells of duty grids and layers, against plain loops and distances."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.daas.table.schema import INSTANT
from stcloud.paas.query.place.extent import extent_near
from stcloud.paas.query.place.site import InCodes, NearLayer, OnCells, PlacedRows
from stcloud.paas.query.place.versions import History
from stcloud.space import Lattice
from stcloud.testing.examples import examples

ORIGIN = (500_000, 3_500_000)
LATTICE = Lattice.for_crs("EPSG:4548")
CODES = st.sampled_from(["11", "110", "12", "121", None])
TIMES = st.integers(0, 9)


def placed_rows(rows):
    codes, times = [code for code, _ in rows], np.array([at for _, at in rows], np.int64)
    nowhere = np.zeros(len(rows))
    return PlacedRows(
        np.zeros(len(rows), np.int64), nowhere, nowhere, times, pa.array(codes, pa.string()), times
    )


@settings(deadline=None)
@given(
    st.lists(st.tuples(CODES, TIMES), max_size=20),
    st.lists(
        st.tuples(CODES.filter(bool), st.one_of(st.none(), TIMES), st.one_of(st.none(), TIMES)), max_size=6
    ),
)
def test_a_row_is_on_cells_that_were_listed_at_its_time(rows, listed):
    """Half-open; a null start is ever since, a null end is not known."""
    unit, since, until = zip(*listed, strict=True) if listed else ((), (), ())
    cells = pa.table(
        {
            "unit": pa.array(unit, pa.string()),
            "since": pa.array(since, INSTANT),
            "until": pa.array(until, INSTANT),
        }
    )
    wanted = [
        any(
            one == code and (since is None or since <= at) and (until is None or at < until)
            for one, since, until in listed
        )
        for code, at in rows
    ]
    assert OnCells(cells).holds(placed_rows(rows)).tolist() == wanted


@settings(deadline=None)
@given(st.lists(st.tuples(CODES, TIMES), max_size=20))
def test_a_row_is_in_the_units_whose_codes_begin_so(rows):
    """What has no code, outside of the grid, begins with nothing."""
    found = InCodes((("11", "12"), ("121", "122"))).holds(placed_rows(rows))
    assert found.tolist() == [code in ("11", "110", "121") for code, _ in rows]


@settings(deadline=None, max_examples=examples(30))
@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=1, max_size=12),
    st.tuples(st.integers(0, 40), st.integers(0, 40)),
    st.sampled_from([0.0, 50.0, 120.0, 5_000.0]),
)
def test_of_a_layer_what_may_be_near_is_enough(places, around_here, metres):
    """However few versions are made ready for some points, those near one are among them."""
    shapes = np.array([shapely.Point(500_000 + 50 * x, 3_500_000 + 50 * y) for x, y in places], object)
    x, y = (
        np.array([50.0 * at, 50.0 * at + 49.0]) + start for at, start in zip(around_here, ORIGIN, strict=True)
    )
    count = len(shapes)
    past = History(pa.array(map(str, range(count))), np.zeros(count, np.int64), np.full(count, 9), shapes)
    site = NearLayer(past, metres, None, extent_near(shapes, metres, LATTICE))
    times = np.array([0, 8])
    found = site.holds(PlacedRows(LATTICE.cells(x, y), x, y, times, pa.nulls(2, pa.string()), times))
    wanted = shapely.distance(shapes[:, None], shapely.points(x, y)[None]) <= metres
    assert found.tolist() == wanted.any(axis=0).tolist()
