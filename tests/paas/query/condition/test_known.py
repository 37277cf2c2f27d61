"""Law: what was believed is the same as a mask, as SQL and for the oracle; bounds leave out no row of it."""

from __future__ import annotations

import duckdb
import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlglot import exp

from stcloud.iaas.table.snapshot import File
from stcloud.paas.query.condition.known import Known, may_be_believed
from stcloud.paas.query.plan.resolved import Writing
from stcloud.paas.query.sql.binder import Binder, instant
from stcloud.paas.query.sql.tree import select, table
from stcloud.testing.examples import examples

INSTANT = pa.timestamp("us", "UTC")
TIMES = st.integers(-3, 3)
ROWS = st.lists(st.tuples(TIMES, st.none() | TIMES), min_size=1, max_size=9)
CONNECTION = duckdb.connect()


def batch_of(rows: list[tuple[int, int | None]]) -> pa.RecordBatch:
    columns = [pa.array([row[at] for row in rows], pa.int64()).cast(INSTANT) for at in range(2)]
    return pa.RecordBatch.from_arrays(
        [*columns, pa.array(range(len(rows)))], ["st_recorded_from", "st_recorded_to", "n"]
    )


def believed(row: tuple[int, int | None], at: int) -> bool:
    return row[0] <= at and (row[1] is None or at < row[1])


def described(rows: list[tuple[int, int | None]]) -> File:
    """A file's description as a log has it."""
    from stcloud.iaas.table.table import File

    ends = [row[1] for row in rows if row[1] is not None]
    low = {"st_recorded_from": instant(min(row[0] for row in rows))}
    high = {"st_recorded_from": instant(max(row[0] for row in rows))}
    if ends:
        low["st_recorded_to"], high["st_recorded_to"] = instant(min(ends)), instant(max(ends))
    nulls = {"st_recorded_from": 0, "st_recorded_to": len(rows) - len(ends)}
    return File("f", len(rows), 1, {}, low, high, nulls)


def in_sql(rows: list[tuple[int, int | None]], at: int) -> list[int]:
    binder = Binder()
    query = select({"n": exp.column("n")}, table("layer"), where=Known(at).sql(Writing(binder, "layer")))
    layer = pa.Table.from_batches([batch_of(rows)])
    CONNECTION.register("layer", layer)
    found = CONNECTION.execute(query.sql(dialect="duckdb"), dict(binder.values)).fetchall()
    CONNECTION.unregister("layer")
    return sorted(number for (number,) in found)


@settings(deadline=None, max_examples=examples(60))
@given(rows=ROWS, at=TIMES)
def test_mask_sql_and_bounds_tell_one_truth(rows: list[tuple[int, int | None]], at: int) -> None:
    expected = [number for number, row in enumerate(rows) if believed(row, at)]
    known = Known(at)
    assert np.flatnonzero(known.mask(batch_of(rows))).tolist() == expected
    assert in_sql(rows, at) == expected
    assert may_be_believed(described(rows), at) or not expected
    assert not known.holds_all([described(rows)]) or len(expected) == len(rows)


def test_bounds_leave_out_what_began_later_or_ended() -> None:
    assert not may_be_believed(described([(1, None), (2, 3)]), 0)
    assert not may_be_believed(described([(1, 4), (2, 5)]), 5)
    assert may_be_believed(described([(1, 4), (2, 6)]), 5)
    assert Known(2).holds_all([described([(1, None), (2, None)])])
    assert not Known(1).holds_all([described([(1, None), (2, None)])])


def test_it_describes_itself() -> None:
    assert str(Known(0, "1970-01-01T08:00+08:00")) == "known at 1970-01-01T08:00+08:00"
    assert Known.columns == {"st_recorded_from", "st_recorded_to"}
