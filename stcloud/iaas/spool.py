"""Batches set aside until all are there: few stay in memory, many go to a table that DuckDB may keep on disk."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    import duckdb

__all__ = ["Pipe", "spool"]

_ROWS = 1 << 19
"""So many rows are set aside at once."""


@dataclass(frozen=True, slots=True)
class Pipe:
    """Batches still to be made, of a schema; functions are applied as they are read, in the thread that reads."""

    schema: pa.Schema
    batches: Iterable[pa.RecordBatch]

    def through(self, function: Callable[[pa.RecordBatch], pa.RecordBatch], schema: pa.Schema) -> Pipe:
        """Return what a function makes of each."""
        return Pipe(schema, map(function, self.batches))

    def reader(self) -> pa.RecordBatchReader:
        """Return them as a stream."""
        return pa.RecordBatchReader.from_batches(self.schema, self.batches)


def spool(pipe: Pipe, cursor: duckdb.DuckDBPyConnection, name: str, most_rows: int) -> pa.Table | None:
    """Read a pipe to its end.

    Parameters
    ----------
    pipe
        What is read: here, since threads of an engine may not call Python.
    cursor, name
        More than ``most_rows`` rows become a temporary table of this name there.
    most_rows
        Up to so many stay in memory.

    Returns
    -------
    The rows; None: they are in the temporary table.
    """
    pieces = _pieces(pipe, max(_ROWS, most_rows + 1))
    first = next(pieces)
    if first.num_rows <= most_rows:
        return first
    cursor.unregister(name)  # what an earlier question may have left
    into = f"CREATE OR REPLACE TEMP TABLE {name} AS"
    for piece in chain([first], pieces):
        cursor.register("piece", piece)
        cursor.execute(f"{into} SELECT * FROM piece")  # noqa: S608  (all our own names)
        cursor.unregister("piece")
        into = f"INSERT INTO {name}"
    return None


def _pieces(pipe: Pipe, rows: int) -> Iterator[pa.Table]:
    """Give tables of at least so many rows, but for the last, which may be empty."""
    held: list[pa.RecordBatch] = []
    count = 0
    for batch in pipe.batches:
        held.append(batch)
        count += batch.num_rows
        if count >= rows:
            yield pa.Table.from_batches(held, pipe.schema)
            held, count = [], 0
    yield pa.Table.from_batches(held, pipe.schema)
