"""Parquet files as the tables hold them: small row groups, light compression, statistics for the log."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

__all__ = ["ROW_GROUP_ROWS", "RowGroup", "Written", "row_groups", "write_parquet"]

ROW_GROUP_ROWS = 8192
"""Small enough that a neighbourhood reads a neighbourhood (measured best for DuckDB)."""


@dataclass(frozen=True, slots=True)
class Written:
    """A file that lies in a table's folder and waits for its commit."""

    path: str
    bytes: int
    rows: int
    partition: Mapping[str, str]
    stats: str
    modified_ms: int


def write_parquet(rows: pa.Table, folder: Path, name: str, partition: Mapping[str, str]) -> Written:
    """Write one file; a failure leaves none behind."""
    path = folder / name
    try:
        with pq.ParquetWriter(path, rows.schema, compression="zstd", compression_level=1) as writer:
            writer.write_table(rows, row_group_size=ROW_GROUP_ROWS)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    stat = path.stat()
    stats = json.dumps(_statistics(pq.read_metadata(path), rows.schema))
    return Written(name, stat.st_size, rows.num_rows, partition, stats, stat.st_mtime_ns // 1_000_000)


def _statistics(footer: pq.FileMetaData, schema: pa.Schema) -> dict[str, Any]:
    """Null counts of all columns, least and greatest of those worth pruning on (not of texts)."""
    low: dict[str, Any] = {}
    high: dict[str, Any] = {}
    nulls: dict[str, int] = {}
    for index, column in enumerate(schema):
        found = [footer.row_group(group).column(index).statistics for group in range(footer.num_row_groups)]
        nulls[column.name] = sum(one.null_count for one in found if one is not None)
        ranged = [one for one in found if one is not None and one.has_min_max]
        if ranged and _prunable(column.type):
            low[column.name] = _plain(min(one.min for one in ranged))
            high[column.name] = _plain(max(one.max for one in ranged))
    return {"numRecords": footer.num_rows, "minValues": low, "maxValues": high, "nullCount": nulls}


def _prunable(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_timestamp(kind))


def _plain(value: Any) -> Any:
    if not isinstance(value, datetime):
        return value
    return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


@dataclass(frozen=True, slots=True)
class RowGroup:
    """A row group as its file's footer describes it: the least that a reader can decode."""

    rows: int
    bytes: int
    low: Mapping[str, Any]
    high: Mapping[str, Any]


def row_groups(path: Path, columns: Iterable[str]) -> Iterator[RowGroup]:
    """Describe a file's row groups; ``bytes`` counts the compressed bytes of ``columns`` only."""
    footer = pq.read_metadata(path)
    wanted = set(columns)
    for number in range(footer.num_row_groups):
        group = footer.row_group(number)
        chunks = [group.column(index) for index in range(group.num_columns)]
        mine = [chunk for chunk in chunks if chunk.path_in_schema in wanted]
        ranged = [c for c in mine if c.statistics is not None and c.statistics.has_min_max]
        yield RowGroup(
            group.num_rows,
            sum(chunk.total_compressed_size for chunk in mine),
            {chunk.path_in_schema: chunk.statistics.min for chunk in ranged},
            {chunk.path_in_schema: chunk.statistics.max for chunk in ranged},
        )
