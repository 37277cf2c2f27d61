"""Parquet files as the tables hold them: small row groups, light compression, statistics for the log.

Tested by ``tests/iaas/table/test_table.py``.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stcloud.iaas.store.oserror import storage_errors
from stcloud.iaas.table.blocks import add_block_digests, digest_name
from stcloud.iaas.table.checksum import parquet_errors, verify_columns
from stcloud.iaas.table.dictionary import compact

if TYPE_CHECKING:
    from stcloud.iaas.table.filestats import FileStatistics

__all__ = [
    "PIECE_ROWS", "ROW_GROUP_ROWS", "STAGED", "Written", "read_batches", "read_parquet", "read_pieces", "read_whole",
    "write_parquet", "write_pieces",
]  # fmt: skip

STAGED = "_staged"  # readers of Delta tables pass over folders that begin with an underscore
ROW_GROUP_ROWS = 8192
"""Small enough that a neighbourhood reads a neighbourhood (measured best for DuckDB)."""
PIECE_ROWS = 1 << 18
"""So many rows of a large file are in memory at once, where it is written anew."""

_BATCH_ROWS = 1 << 14
_FEW_ROWS, _DISTINCT = 512, 0.98
"""Where half of the values of a row group repeat, evenly, 95 of a hundred in so few rows do not."""


@dataclass(frozen=True, slots=True)
class Written:
    """A file that lies in a table's folder and waits for its commit."""

    path: str
    bytes: int
    rows: int
    partition: Mapping[str, str]
    stats: str
    modified_ms: int


def write_parquet(
    rows: pa.Table,
    folder: Path,
    name: str,
    partition: Mapping[str, str],
    *,
    group_rows: int = ROW_GROUP_ROWS,
    bounded: Sequence[str] = (),
) -> Written:
    """Write one file; see `write_pieces`."""
    written = write_pieces([rows], folder, name, partition, group_rows=group_rows, bounded=bounded)
    assert written is not None  # noqa: S101  (a piece came)
    return written


def write_pieces(
    pieces: Iterable[pa.Table],
    folder: Path,
    name: str,
    partition: Mapping[str, str],
    *,
    group_rows: int = ROW_GROUP_ROWS,
    bounded: Sequence[str] = (),
) -> Written | None:
    """Write one file, with checksums; a failure leaves none behind.

    Parameters
    ----------
    pieces
        Pieces of its rows, written as they come: only one is held.
    folder, name
        Where; the file is called ``name`` and a digest.
    partition
        Values of the columns that the file is partitioned by.
    group_rows
        Rows of a row group; the last one of a piece may have fewer.
    bounded
        Texts of these columns get statistics like numbers.

    Returns
    -------
    The file; None: no piece came, and nothing was written.
    """
    pieces = iter(pieces)
    first = next(pieces, None)
    if first is None:
        return None
    path = folder / name
    from stcloud.iaas.table.filestats import FileStatistics  # noqa: PLC0415  (questions write nothing)

    statistics = FileStatistics(
        [field.name for field in first.schema if _prunable(field.type) or field.name in bounded]
    )
    try:
        with _writer(path, first, statistics) as writer:
            for piece in chain([first], pieces):
                same = piece if piece.schema.equals(first.schema) else piece.cast(first.schema)
                statistics.add(same)
                for start in range(0, same.num_rows, group_rows):
                    writer.write_table(_row_group(same.slice(start, group_rows)))
            add_block_digests(writer, path)
        path = path.replace(digest_name(path))
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    stat = path.stat()
    modified_ms = stat.st_mtime_ns // 1_000_000
    return Written(path.name, stat.st_size, statistics.rows, partition, statistics.to_json(), modified_ms)


def _writer(path: Path, first: pa.Table, statistics: FileStatistics) -> pq.ParquetWriter:
    """Return what writes rows like those of the first piece."""
    codecs = {field.name: _codec(field.type) for field in first.schema}
    return pq.ParquetWriter(
        path,
        first.schema,
        compression=codecs,
        compression_level={name: 1 for name, codec in codecs.items() if codec == "zstd"},
        use_dictionary=_repetitive(first),
        write_statistics=list(statistics.bounded) or False,
        store_schema=False,
        write_page_checksum=True,
    )


def read_parquet(paths: Iterable[str], columns: Sequence[str]) -> pa.Table:
    """Read columns that every one of some files has, in order."""
    paths = list(paths)
    with storage_errors("read a layer"), parquet_errors("a part of it"):
        verify_columns(paths, columns)
        return pa.concat_tables(
            pq.ParquetFile(path).read(list(columns)).select(list(columns)) for path in paths
        )


def read_whole(paths: Iterable[str | os.PathLike[str]], schema: pa.Schema) -> pa.Table:
    """Read whole files in a schema, in order and without threads; columns that a file lacks are nulls.

    Checksums and errors are the caller's matter.
    """
    return pa.concat_tables([schema.empty_table(), *(_whole(path, schema) for path in paths)])


def read_pieces(
    path: str | os.PathLike[str], schema: pa.Schema, *, piece_rows: int = PIECE_ROWS
) -> Iterator[pa.Table]:
    """Give the rows of a file in a schema, as `read_whole` does, in pieces of about so many whole row groups."""
    with pq.ParquetFile(path) as source:
        names = [name for name in schema.names if name in source.schema_arrow.names]
        groups: list[int] = []
        held = 0
        for number in range(source.num_row_groups):
            groups.append(number)
            held += source.metadata.row_group(number).num_rows
            if held >= piece_rows or number == source.num_row_groups - 1:
                yield _complete(source.read_row_groups(groups, names, use_threads=False), schema)
                groups, held = [], 0


def read_batches(
    path: str | os.PathLike[str], schema: pa.Schema, *, batch_rows: int = _BATCH_ROWS
) -> Iterator[pa.RecordBatch]:
    """Give the rows of a file in a schema, as `read_whole` does, a batch at a time; nothing else is held."""
    from stcloud.iaas.parquetstream import open_streamed  # noqa: PLC0415  (questions read otherwise)

    with open_streamed(path) as source:
        names = [name for name in schema.names if name in source.schema_arrow.names]
        for rows in source.iter_batches(batch_rows, columns=names):
            yield from _complete(pa.Table.from_batches([rows]), schema).to_batches()


def _whole(path: str | os.PathLike[str], schema: pa.Schema) -> pa.Table:
    with pq.ParquetFile(path) as source:
        names = [name for name in schema.names if name in source.schema_arrow.names]
        return _complete(source.read(names, use_threads=False), schema)


def _complete(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    there = set(rows.schema.names)
    columns = [
        rows[field.name].cast(field.type) if field.name in there else pa.nulls(len(rows), field.type)
        for field in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def _codec(kind: pa.DataType) -> str:
    """Numbers and geometry gain little by zstd, and small questions wait for them to be unpacked."""
    return "lz4" if _prunable(kind) or pa.types.is_binary(kind) else "zstd"


def _row_group(rows: pa.Table) -> pa.Table:
    """Return rows whose dictionaries hold only their own words, since each row group stores its dictionary."""
    columns = [
        compact(column.combine_chunks()) if pa.types.is_dictionary(column.type) else column
        for column in rows.columns
    ]
    return pa.Table.from_arrays(columns, schema=rows.schema)


def _repetitive(rows: pa.Table) -> list[str]:
    """Return the columns whose first row group repeats values: only there a dictionary pays."""
    head = rows.slice(0, ROW_GROUP_ROWS)
    return [
        name
        for name, column in zip(head.schema.names, head.columns, strict=True)
        if pa.types.is_dictionary(column.type) or _repeats(column)
    ]


def _repeats(values: pa.ChunkedArray) -> bool:
    """Return whether values repeat; of a column of keys a few rows show that they do not."""
    few = values.slice(0, _FEW_ROWS)
    if len(values) > _FEW_ROWS and pc.count_distinct(few).as_py() > _DISTINCT * len(few):
        return False
    return bool(pc.count_distinct(values).as_py() * 2 < len(values))


def _prunable(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_timestamp(kind))
