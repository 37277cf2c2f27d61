"""A version of a table: its files with all that the log knows of them, and how they are read.

Tested by ``tests/iaas/table/test_table.py``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
from deltalake import DeltaTable

from stcloud.iaas.conversion import whole_numbers
from stcloud.iaas.store.mount import mount_of
from stcloud.iaas.store.oserror import storage_errors
from stcloud.iaas.store.traffic import NO_TRAFFIC, Traffic
from stcloud.iaas.table.blocks import has_checksum
from stcloud.iaas.table.checksum import parquet_errors, verify_columns
from stcloud.iaas.table.datafile import read_batches, read_pieces, read_whole

__all__ = ["File", "Snapshot", "snapshot_of"]

_FEW_ROWS = 1 << 16
"""Up to so many rows are read without a dataset, whose threads take longer to start than the rows to decode."""

_PLANE_1, _PLANE_2 = chr(0x10000), chr(0x20000)


@dataclass(frozen=True, slots=True)
class File:
    """One immutable Parquet file of a snapshot, with what the log knows of its content."""

    path: str
    rows: int
    bytes: int
    partition: Mapping[str, str | None]
    low: Mapping[str, Any] = field(default_factory=dict)
    high: Mapping[str, Any] = field(default_factory=dict)
    nulls: Mapping[str, int] = field(default_factory=dict)

    def lacks(self, column: str) -> bool:
        """Return whether the file was written before the table had this column."""
        return bool(self.nulls) and column not in self.nulls

    def all_null(self, column: str) -> bool:
        """Return whether the log proves that the column holds nothing but nulls here."""
        return self.lacks(column) or self.nulls.get(column) == self.rows

    def may_hold(self, column: str, low: Any = None, high: Any = None) -> bool:
        """Return whether some value of ``column`` may lie in the closed range [low, high].

        None is an open end. Without statistics the answer is yes.
        """
        if self.all_null(column):
            return False
        smallest, largest = self.low.get(column), self.high.get(column)
        if smallest is None or largest is None:
            return True
        if isinstance(largest, str):
            largest = _at_most(largest)
        return (high is None or smallest <= high) and (low is None or largest >= low)


def _at_most(largest: str) -> str:
    """Return a text that is no less than the one that a log has as the largest of a file.

    Where a log escapes ideographs of the supplementary plane (U+20000 on), as logs of older versions do, delta-rs
    reads characters that come 65,536 before them.
    """
    if all(character < _PLANE_1 for character in largest):
        return largest
    return "".join(
        chr(ord(character) + 0x10000) if _PLANE_1 <= character < _PLANE_2 else character
        for character in largest
    )


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One version of a table: its schema and its files."""

    root: Path
    version: int
    schema: pa.Schema
    files: tuple[File, ...]
    sequence: int = 0
    """Number of single-writer commits up to this version."""
    whole: bool = True
    """False: the files are all of some partitions, and who reads the table itself reads these alone."""

    @property
    def rows(self) -> int:
        """Number of rows, from the log."""
        return sum(file.rows for file in self.files)

    @property
    def bytes(self) -> int:
        """Size of the data files."""
        return sum(file.bytes for file in self.files)

    @property
    def in_bucket(self) -> bool:
        """Whether its files lie in a bucket."""
        return mount_of(self.root) is not None

    @property
    def traffic(self) -> Traffic:
        """What the bucket was asked for so far; nothing of a folder."""
        place = mount_of(self.root)
        return NO_TRAFFIC if place is None else place.store.traffic

    @property
    def address(self) -> str:
        """Where the table lies, for an engine that reads it itself: a path, or the URL in a bucket."""
        place = mount_of(self.root)
        return str(self.root.absolute()) if place is None else place.url(self.root)

    def paths(self, files: Iterable[File] | None = None) -> list[str]:
        """Return the places of ``files`` (default: all) for an engine to open."""
        wanted = self.files if files is None else list(files)
        place = mount_of(self.root)
        if place is not None:
            for file in wanted:
                if has_checksum(file.path):
                    place.expect(self.root / file.path, file.bytes)
        return [str(self.root / file.path) for file in wanted]

    def bring(self, paths: Sequence[str], columns: Iterable[str] | None = None) -> None:
        """Have here what this machine lacks of a bucket's files, for processes that know only the folder.

        Parameters
        ----------
        paths
            Of files of this version.
        columns
            What is going to be read of them; None: all.
        """
        if self.in_bucket:
            with storage_errors(f"read {self.root.name}"):
                verify_columns(paths, columns)

    def read(self, files: Sequence[File], columns: Sequence[str] | None = None) -> pa.Table:
        """Read whole files into memory, in order, without the partition columns."""
        schema = pa.schema([self.schema.field(name) for name in self._stored(columns)])
        with storage_errors(f"read {self.root.name}"), parquet_errors(self.root.name):
            verify_columns(self.paths(files), schema.names)
            if sum(file.rows for file in files) <= _FEW_ROWS:
                return read_whole(self.paths(files), schema)
            from pyarrow import dataset  # noqa: PLC0415  (slow to import, and a query needs it not)

            return dataset.dataset(self.paths(files), schema=schema, format="parquet").to_table()

    def pieces(self, file: File, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """Give the rows of a file as `read` does, in order, some hundred thousand at a time."""
        schema = pa.schema([self.schema.field(name) for name in self._stored(columns)])
        with storage_errors(f"read {self.root.name}"), parquet_errors(self.root.name):
            (path,) = self.paths([file])
            verify_columns([path], schema.names)
            yield from read_pieces(path, schema)

    def batches(self, files: Sequence[File], columns: Sequence[str] = ()) -> Iterator[pa.RecordBatch]:
        """Stream files without the partition columns; columns that a file has not yet are nulls."""
        if not files:
            return
        schema = pa.schema([self.schema.field(name) for name in self._stored(columns)])
        with storage_errors(f"read {self.root.name}"), parquet_errors(self.root.name):
            paths = self.paths(files)
            verify_columns(paths, schema.names)
            for path in paths:
                yield from read_batches(path, schema)

    def _stored(self, columns: Sequence[str] | None) -> list[str]:
        keys = set(self.files[0].partition) if self.files else set()
        return [name for name in (columns or self.schema.names) if name not in keys]


def snapshot_of(
    root: Path,
    delta: DeltaTable,
    application: str,
    *,
    earlier: Snapshot | None = None,
    sequence: int | None = None,
) -> Snapshot:
    """Return the version of a table that is at hand.

    Parameters
    ----------
    root, delta
        The table.
    application
        Numbers the commits of the table's one writer.
    earlier
        Another version of the same table: files of it are taken over, since a file never changes.
    sequence
        The number of the last commit, where the caller knows it: to look it up takes milliseconds.
    """
    actions = delta.get_add_actions(flatten=True)
    added = pa.RecordBatchReader.from_stream(actions).read_all()  # `pa.table` would import pandas
    known = {} if earlier is None else {file.path: file for file in earlier.files}
    paths = added["path"].to_pylist()
    fresh = [place for place, path in enumerate(paths) if path not in known]
    files = [known[path] for path in paths if path in known]
    files += _files(added.take(whole_numbers(np.array(fresh, np.int64))))
    schema = pa.schema(delta.schema().to_arrow())
    if sequence is None:
        sequence = delta.transaction_version(application) or 0
    return Snapshot(root, delta.version(), schema, tuple(sorted(files, key=lambda file: file.path)), sequence)


_START = datetime(
    1970, 1, 1, tzinfo=ZoneInfo("UTC")
)  # written out, it is part of the digest of the log's state


def _files(added: pa.Table) -> list[File]:
    parts = [
        {name: name.removeprefix(prefix) for name in added.schema.names if name.startswith(prefix)}
        for prefix in ("partition.", "min.", "max.", "null_count.")
    ]
    columns = {name: _values(column) for name, column in zip(added.schema.names, added.columns, strict=True)}
    rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    return [
        File(
            row["path"], row["num_records"], row["size_bytes"],
            *({bare: row[name] for name, bare in part.items() if row[name] is not None} for part in parts),
        )
        for row in rows
    ]  # fmt: skip


def _values(column: pa.ChunkedArray) -> list[Any]:
    """Return values as Python has them; pyarrow would import pandas to make instants of UTC."""
    if column.type != pa.timestamp("us", "UTC"):
        return list(column.to_pylist())
    numbers = column.cast(pa.int64()).to_pylist()
    return [None if number is None else _START + timedelta(microseconds=number) for number in numbers]
