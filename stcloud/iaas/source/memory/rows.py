"""Rows in memory, of whatever library: streamed to a Parquet file block by block, and identified by their values.

Tested by `tests/iaas/source/memory/test_spooling.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stcloud.errors import InvalidInput
from stcloud.iaas.source.jsontext import check_columns
from stcloud.iaas.source.memory.contentdigest import ContentDigest
from stcloud.iaas.source.memory.frame import frame_rows, is_frame
from stcloud.iaas.source.sourcefile import SourceFile

__all__ = ["RowStream", "has_rows", "in_blocks", "rows_of", "spool_rows"]

_BLOCK_ROWS = 32_768
_REFUSED = ("pandas.period", "pandas.interval")
"""Types that mean something else than what they are stored as."""


@dataclass(frozen=True, slots=True)
class RowStream:
    """Rows of an object in memory: their schema, and their batches, which are read once."""

    schema: pa.Schema
    batches: Iterator[pa.RecordBatch]


def has_rows(given: object) -> bool:
    """Return whether an object is a frame, or gives its rows as an Arrow stream."""
    return is_frame(given) or hasattr(given, "__arrow_c_stream__") or hasattr(given, "__arrow_c_array__")


def rows_of(given: Any) -> RowStream:
    """Return the rows of an object in columns that can be loaded.

    Raises
    ------
    InvalidInput
        ``unsupported-column``, ``mixed-column``, ``repeated-column``, ``too-many-columns``, ``unreadable-source``.

    Examples
    --------
    >>> rows = rows_of(pa.table({"id": pa.array(["a", "a"]).dictionary_encode()}))
    >>> rows.schema.field("id").type, next(rows.batches).to_pydict()
    (DataType(string), {'id': ['a', 'a']})
    """
    kind = type(given).__name__
    if is_frame(given):
        table = frame_rows(given)
        stream = pa.RecordBatchReader.from_batches(table.schema, table.to_batches())
    elif hasattr(given, "__arrow_c_stream__"):
        stream = _stream(given, kind)
    else:
        batch = pa.record_batch(given)
        stream = pa.RecordBatchReader.from_batches(batch.schema, [batch])
    names = stream.schema.names
    check_columns(f"the {kind}", len(names))
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InvalidInput("repeated-column", f"the {kind} has two columns called {twice!r}")
    fields = [field.with_type(_kept_type(field.name, field.type, kind)) for field in stream.schema]
    schema = pa.schema(fields, stream.schema.metadata)
    return RowStream(schema, (_as(batch, schema) for batch in stream))


def _stream(given: Any, kind: str) -> pa.RecordBatchReader:
    try:
        return pa.RecordBatchReader.from_stream(given)
    except (pa.ArrowException, TypeError) as error:
        raise InvalidInput(
            "unreadable-source", f"the {kind} gives no rows: {str(error).splitlines()[0]}",
            hint="give a table, a frame or a reader of record batches",
        ) from error  # fmt: skip


def _kept_type(name: str, kind: pa.DataType, owner: str) -> pa.DataType:
    """Return the type under which a column is spooled; refuse what has no text of its own."""
    if pa.types.is_dictionary(kind):
        return _kept_type(name, kind.value_type, owner)
    if pa.types.is_run_end_encoded(kind):
        return _kept_type(name, kind.value_type, owner)
    if pa.types.is_string_view(kind):
        return pa.large_string()
    if pa.types.is_binary_view(kind):
        return pa.large_binary()
    extension = kind.extension_name if isinstance(kind, pa.BaseExtensionType) else None
    if extension in _REFUSED or pa.types.is_union(kind) or pa.types.is_interval(kind):
        raise InvalidInput(
            "unsupported-column", f"column {name!r} of the {owner} is of type {extension or kind}: no layer has it",
            hint="make it text, a number, a date or an instant first",
        )  # fmt: skip
    return kind


def _as(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    columns = [_converted(column, field.type) for column, field in zip(batch.columns, schema, strict=True)]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _converted(column: pa.Array, kind: pa.DataType) -> pa.Array:
    if pa.types.is_run_end_encoded(column.type):
        column = pc.run_end_decode(column)
    if pa.types.is_dictionary(column.type):
        meant = _converted(column.dictionary, kind)
        column = pa.DictionaryArray.from_arrays(column.indices, meant).dictionary_decode()
    return column if column.type == kind else column.cast(kind)


def spool_rows(given: Any, folder: Path, tell: Callable[[int], object]) -> SourceFile:
    """Write the rows of an object to a Parquet file; memory holds a block of them.

    Parameters
    ----------
    given
        A frame, or an object with an Arrow stream, which is read once.
    folder
        Where the file is put.
    tell
        Called with the number of rows that are written.

    Raises
    ------
    InvalidInput
        As `rows_of`.
    """
    path, kind, count = folder / "rows.parquet", type(given).__name__, 0
    rows = rows_of(given)
    digest = ContentDigest(rows.schema)
    try:
        with pq.ParquetWriter(path, rows.schema, compression="none", use_dictionary=False) as writer:
            for block in in_blocks(rows.batches):
                digest.add(block)
                writer.write_batch(block)
                count += block.num_rows
                tell(count)
    except pa.ArrowException as error:
        raise InvalidInput(
            "unreadable-source",
            f"the {kind} cannot be read after {count:,} rows: {str(error).splitlines()[0]}",
        ) from error
    name = f"{kind} of {count:,} row{'s' * (count != 1)}"
    return SourceFile(path, name, f"rows:{digest.text()}", "parquet")


def in_blocks(batches: Iterable[pa.RecordBatch], rows: int = _BLOCK_ROWS) -> Iterator[pa.RecordBatch]:
    """Give the rows in blocks of one size, but for the last, whatever pieces they come in."""
    held: list[pa.RecordBatch] = []
    count = 0
    for batch in batches:
        start = 0
        while start < batch.num_rows:
            piece = batch.slice(start, rows - count)
            held.append(piece)
            count += piece.num_rows
            start += piece.num_rows
            if count == rows:
                yield pa.concat_batches(held)
                held, count = [], 0
    if held:
        yield pa.concat_batches(held)
