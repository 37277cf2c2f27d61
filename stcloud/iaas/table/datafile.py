"""Parquet files as the tables hold them: small row groups, light compression, statistics for the log.

Tested by ``tests/iaas/table/test_table.py``.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stcloud.iaas.store.oserror import storage_errors
from stcloud.iaas.table.blocks import add_block_digests, digest_name
from stcloud.iaas.table.checksum import parquet_errors, verify_columns
from stcloud.iaas.table.dictionary import compact

__all__ = ["ROW_GROUP_ROWS", "STAGED", "Written", "read_parquet", "read_whole", "write_parquet"]

STAGED = "_staged"  # readers of Delta tables pass over folders that begin with an underscore
_LONGEST_BOUND = 64
"""Longer texts would make the log large."""
ROW_GROUP_ROWS = 8192
"""Small enough that a neighbourhood reads a neighbourhood (measured best for DuckDB)."""

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
    """Write one file, with checksums; a failure leaves none behind.

    Texts of the columns ``bounded`` get statistics like numbers. The file is called ``name`` and a digest.
    """
    path = folder / name
    prunable = [field.name for field in rows.schema if _prunable(field.type) or field.name in bounded]
    try:
        with pq.ParquetWriter(
            path,
            rows.schema,
            compression={field.name: _codec(field.type) for field in rows.schema},
            compression_level={field.name: 1 for field in rows.schema if _codec(field.type) == "zstd"},
            use_dictionary=_repetitive(rows),
            write_statistics=prunable or False,
            store_schema=False,
            write_page_checksum=True,
        ) as writer:
            for start in range(0, rows.num_rows, group_rows):
                writer.write_table(_row_group(rows.slice(start, group_rows)))
            add_block_digests(writer, path)
        path = path.replace(digest_name(path))
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    stat = path.stat()
    # Not escaped: delta-rs reads an escaped ideograph from U+20000 on as another character.
    stats = json.dumps(_statistics(rows, prunable), ensure_ascii=False)
    return Written(path.name, stat.st_size, rows.num_rows, partition, stats, stat.st_mtime_ns // 1_000_000)


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


def _whole(path: str | os.PathLike[str], schema: pa.Schema) -> pa.Table:
    with pq.ParquetFile(path) as source:
        there = set(source.schema_arrow.names)
        rows = source.read([name for name in schema.names if name in there], use_threads=False)
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


def _statistics(rows: pa.Table, prunable: Iterable[str]) -> dict[str, Any]:
    """Return the null counts of all columns, least and greatest of those worth pruning on (numbers and instants)."""
    low: dict[str, Any] = {}
    high: dict[str, Any] = {}
    for name in prunable:
        try:
            bounds = pc.min_max(_worded(rows[name])).as_py()
        except OverflowError:  # an instant before the year 1, after 9999: it bounds no file
            continue
        if _comparable(bounds["min"]) and _comparable(bounds["max"]):
            low[name], high[name] = _plain(bounds["min"]), _plain(bounds["max"])
    nulls = {name: column.null_count for name, column in zip(rows.schema.names, rows.columns, strict=True)}
    return {"numRecords": rows.num_rows, "minValues": low, "maxValues": high, "nullCount": nulls}


def _worded(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column


def _comparable(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) <= _LONGEST_BOUND
    return value is not None and not (isinstance(value, float) and not math.isfinite(value))


def _prunable(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_timestamp(kind))


def _plain(value: Any) -> Any:
    if not isinstance(value, datetime):
        return value
    return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
