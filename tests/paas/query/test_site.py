"""Sites one by one: codes and cells of duty grids, against a plain loop over periods."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.daas.schema import INSTANT
from stcloud.paas.query.site import InCodes, OnCells, Spots

CODES = st.sampled_from(["11", "110", "12", "121", None])
TIMES = st.integers(0, 9)


def spots(rows):
    codes, times = [code for code, _ in rows], np.array([at for _, at in rows], np.int64)
    nowhere = np.zeros(len(rows))
    return Spots(np.zeros(len(rows), np.int64), nowhere, nowhere, times, pa.array(codes, pa.string()), times)


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
    assert OnCells(cells).holds(spots(rows)).tolist() == wanted


@settings(deadline=None)
@given(st.lists(st.tuples(CODES, TIMES), max_size=20))
def test_a_row_is_in_the_units_whose_codes_begin_so(rows):
    """What has no code, outside of the grid, begins with nothing."""
    found = InCodes((("11", "12"), ("121", "122"))).holds(spots(rows))
    assert found.tolist() == [code in ("11", "110", "121") for code, _ in rows]
