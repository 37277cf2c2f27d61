"""Few batches stay in memory, many go to a temporary table; the rows are the same, in order."""

import duckdb
import pyarrow as pa
import pytest

from stcloud.iaas import spool as room
from stcloud.iaas.spool import Pipe, spool

SCHEMA = pa.schema([("n", pa.int64())])


def batch(numbers, name="n"):
    return pa.record_batch({name: pa.array(numbers, pa.int64())})


def pipe(rows, size=7):
    return Pipe(SCHEMA, [batch(range(at, min(at + size, rows))) for at in range(0, rows, size)])


@pytest.mark.parametrize(("rows", "kept"), [(0, True), (1, True), (100, True), (101, False), (500, False)])
def test_rows_beyond_the_bound_go_to_a_table(rows, kept, monkeypatch):
    monkeypatch.setattr(room, "_ROWS", 50)
    cursor = duckdb.connect()
    table = spool(pipe(rows), cursor, "held", 100)
    assert (table is not None) is kept
    if table is None:
        numbers = [number for (number,) in cursor.execute("SELECT n FROM held").fetchall()]
    else:
        numbers = table["n"].to_pylist()
    assert numbers == list(range(rows))


def test_a_function_is_applied_as_they_are_read():
    doubled = pa.schema([("twice", pa.int64())])
    through = pipe(20).through(lambda rows: batch([2 * n for n in rows["n"].to_pylist()], "twice"), doubled)
    assert through.reader().read_all()["twice"].to_pylist() == list(range(0, 40, 2))
