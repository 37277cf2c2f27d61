"""Footers of Parquet files, kept: which row groups a question needs, and those read.

Files never change once they are written, so a footer is parsed once for as long as it is remembered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from stcloud.iaas.folder import storage_errors
from stcloud.iaas.table import File, Snapshot

__all__ = ["fetch", "row_groups"]

_KEPT = 512
"""Footers remembered; one weighs some hundred kilobytes at most."""


@dataclass(frozen=True, slots=True)
class _Footer:
    metadata: pq.FileMetaData
    places: Mapping[str, int]
    groups: tuple[File, ...]


def row_groups(path: Path, bounded: tuple[str, ...], columns: Iterable[str]) -> Iterator[File]:
    """Describe a file's row groups as if each were a file, with bounds of the columns ``bounded``.

    Bytes are the compressed ones of ``columns``.
    """
    footer = _footer(str(path), bounded)
    places = [footer.places[name] for name in columns if name in footer.places]
    for number, group in enumerate(footer.groups):
        chunks = footer.metadata.row_group(number)
        yield replace(group, bytes=sum(chunks.column(place).total_compressed_size for place in places))


def fetch(
    snapshot: Snapshot,
    files: Iterable[File],
    columns: Sequence[str],
    wants: Callable[[File], bool],
    *,
    bounded: tuple[str, ...],
    most_rows: int,
) -> pa.Table | None:
    """Read the wanted row groups of some files; None when they hold more than ``most_rows`` rows.

    ``wants`` is shown row groups as `row_groups` describes them. Columns that a file has not yet come as nulls.
    """
    chosen: list[tuple[str, _Footer, list[int]]] = []
    rows = 0
    with storage_errors(f"read {snapshot.root.name}"):
        for path in snapshot.paths(files):
            footer = _footer(path, bounded)
            wanted = [number for number, group in enumerate(footer.groups) if wants(group)]
            rows += sum(footer.groups[number].rows for number in wanted)
            if rows > most_rows:
                return None
            if wanted:
                chosen.append((path, footer, wanted))
        schema = pa.schema([snapshot.schema.field(name) for name in columns])
        parts = [_read(path, footer, wanted, schema) for path, footer, wanted in chosen]
    return pa.concat_tables(parts) if parts else schema.empty_table()


def _read(path: str, footer: _Footer, numbers: Sequence[int], schema: pa.Schema) -> pa.Table:
    file = pq.ParquetFile(path, metadata=footer.metadata)
    there = [name for name in schema.names if name in footer.places]
    found = file.read_row_groups(numbers, columns=there, use_threads=False)
    columns = [
        found.column(name).cast(kind) if name in there else pa.nulls(found.num_rows, kind)
        for name, kind in zip(schema.names, schema.types, strict=True)
    ]
    return pa.Table.from_arrays(columns, schema=schema)


@lru_cache(_KEPT)
def _footer(path: str, bounded: tuple[str, ...]) -> _Footer:
    metadata = pq.read_metadata(path)
    places = {metadata.schema.column(place).path: place for place in range(metadata.num_columns)}
    told = {name: places[name] for name in bounded if name in places}
    groups = tuple(_row_group(metadata.row_group(number), told) for number in range(metadata.num_row_groups))
    return _Footer(metadata, places, groups)


def _row_group(group: pq.RowGroupMetaData, places: Mapping[str, int]) -> File:
    told = {name: group.column(place).statistics for name, place in places.items()}
    bounds = {name: one for name, one in told.items() if one is not None and one.has_min_max}
    low, high = ({name: getattr(one, side) for name, one in bounds.items()} for side in ("min", "max"))
    return File("", group.num_rows, 0, {}, low, high)
