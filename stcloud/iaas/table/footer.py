"""Footers of Parquet files, kept: which row groups a question needs, and those read.

Files never change once they are written, so a footer is parsed once for as long as it is remembered.

Tested by ``tests/iaas/engine/test_duck.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from stcloud.iaas.conversion import scalar
from stcloud.iaas.store.oserror import storage_errors
from stcloud.iaas.table.checksum import Checked, checked, each_file, parquet_errors
from stcloud.iaas.table.table import File, Snapshot

__all__ = [
    "VARIES", "Meets", "RowGroups", "Sift", "fetch", "forecast", "read_groups", "row_groups", "wanted_groups",
]  # fmt: skip

_KEPT = 512
"""Footers remembered; one weighs some hundred kilobytes at most."""
VARIES = object()
"""Stands for the values of a column that has several."""
_ENDLESS = (-np.inf, np.inf)


@dataclass(frozen=True, slots=True)
class Sift:
    """A quick look at rows by few columns: those that do not pass are not wanted, whatever their other columns hold.

    Parameters
    ----------
    columns
        What the test looks at.
    test
        Gives each row whether it passes.
    """

    columns: tuple[str, ...]
    test: Callable[[pa.RecordBatch], NDArray[np.bool_]]


Meets: TypeAlias = Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.bool_]]


_NONE: Mapping[str, Meets] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class _Footer:
    file: Checked
    metadata: pq.FileMetaData
    places: Mapping[str, int]
    rows: Sequence[int]
    """Of each row group."""
    statistics: Mapping[str, Sequence[pq.Statistics | None]]
    """Of each row group, for the columns whose bounds are looked at."""
    bounds: Mapping[str, NDArray[np.float64]]
    """Least and greatest number of each row group, ``(2, n)``; not known: endless."""
    constants: Mapping[str, Sequence[Any]]
    """The one value, maybe None, that all rows of a row group have; else `VARIES`."""

    def meeting(self, meets: Mapping[str, Meets]) -> list[int]:
        """Return the row groups that may hold a wanted row by the bounds of all these columns."""
        wanted = np.ones(len(self.rows), np.bool_)
        endless = np.broadcast_to([[-np.inf], [np.inf]], (2, len(self.rows)))
        for name, test in meets.items():
            wanted &= test(*self.bounds.get(name, endless))
        return np.flatnonzero(wanted).tolist()

    def groups(self) -> Iterator[File]:
        """Describe the row groups as if each were a file."""
        for number, rows in enumerate(self.rows):
            bounds = {name: of_groups[number] for name, of_groups in self.statistics.items()}
            known = {
                name: statistics
                for name, statistics in bounds.items()
                if statistics is not None and statistics.has_min_max
            }
            low, high = (
                {name: getattr(values, side) for name, values in known.items()} for side in ("min", "max")
            )
            yield File("", rows, 0, {}, low, high)

    def constant(self, name: str, numbers: Sequence[int]) -> Any:
        """Return the one value that a column has in some row groups, or `VARIES`."""
        if name not in self.places:
            return None
        values = self.constants.get(name)
        first = VARIES if values is None else values[numbers[0]]
        same = values is not None and all(values[number] == first for number in numbers)
        return first if same else VARIES


@dataclass(frozen=True, slots=True)
class RowGroups:
    """Some row groups of a file, at least one, by their numbers."""

    footer: _Footer
    numbers: Sequence[int]

    @property
    def rows(self) -> list[int]:
        """How many rows each has."""
        return [self.footer.rows[number] for number in self.numbers]

    def verify(self, schema: pa.Schema) -> None:
        """Check the bytes of columns; of one value the footer alone suffices."""
        wanted = [
            self.footer.places[name]
            for name in schema.names
            if name in self.footer.places and self.footer.constant(name, self.numbers) is VARIES
        ]
        if wanted:
            self.footer.file.verify(wanted, self.numbers)

    def read(self, schema: pa.Schema) -> pa.Table:
        """Read columns, which were verified; those that the file has not yet are nulls, and constants are known."""
        constants = {name: self.footer.constant(name, self.numbers) for name in schema.names}
        wanted = [name for name, value in constants.items() if value is VARIES]
        file = pq.ParquetFile(self.footer.file.path, metadata=self.footer.metadata, pre_buffer=False)
        rows = file.read_row_groups(self.numbers, columns=wanted, use_threads=False) if wanted else None
        count = sum(self.rows)
        columns = [
            _typed(rows.column(field.name), field.type)
            if rows is not None and constants[field.name] is VARIES
            else pa.repeat(scalar(constants[field.name], field.type), count)
            for field in schema
        ]
        return pa.Table.from_arrays(columns, schema=schema)

    def split(self, passed: NDArray[np.bool_]) -> tuple[RowGroups | None, NDArray[np.bool_]]:
        """Return the row groups in which a row passes, and which of their rows do."""
        pieces = np.split(passed, np.cumsum(self.rows)[:-1])
        kept = [place for place, piece in enumerate(pieces) if piece.any()]
        if not kept:
            return None, passed[:0]
        return replace(self, numbers=[self.numbers[place] for place in kept]), np.concatenate(
            [pieces[place] for place in kept]
        )


def row_groups(
    snapshot: Snapshot, file: File, bounded: tuple[str, ...], columns: Iterable[str]
) -> Iterator[File]:
    """Describe a file's row groups as if each were a file, with bounds of the columns ``bounded``.

    Bytes are the compressed ones of ``columns``.
    """
    footer = _footer(checked(*snapshot.paths([file])), bounded)
    places = [footer.places[name] for name in columns if name in footer.places]
    for number, group in enumerate(footer.groups()):
        chunks = footer.metadata.row_group(number)
        yield replace(group, bytes=sum(chunks.column(place).total_compressed_size for place in places))


def forecast(
    snapshot: Snapshot, file: File, numbers: Sequence[int], columns: Iterable[str]
) -> tuple[int, int]:
    """Return how many requests to a bucket, and how many bytes, columns of row groups of a file will take."""
    footer = _footer(checked(*snapshot.paths([file])), ())
    requests = footer.file.lacking(
        [footer.places[name] for name in columns if name in footer.places], numbers
    )
    return len(requests), sum(length for _, length in requests)


def fetch(
    snapshot: Snapshot,
    files: Iterable[File],
    columns: Sequence[str],
    wants: Callable[[File], bool],
    *,
    bounded: tuple[str, ...],
    most_rows: int,
    meets: Mapping[str, Meets] = _NONE,
    sift: Sift | None = None,
) -> pa.Table | None:
    """Read the wanted row groups of some files; None when they hold more than ``most_rows`` rows.

    ``wants`` is shown the files, then, but for ``meets``, their row groups as `row_groups` describes them.
    Columns that a file has not yet come as nulls. With ``sift``, rows that do not pass are left out.
    """
    parts: list[RowGroups] = []
    rows = 0
    with storage_errors(f"read {snapshot.root.name}"), parquet_errors(snapshot.root.name):
        for part in wanted_groups(snapshot, files, wants, bounded, meets):
            rows += sum(part.rows)
            if rows > most_rows:
                return None
            parts.append(part)
        schema = pa.schema([snapshot.schema.field(name) for name in columns])
        return read_groups(parts, schema) if sift is None else _sifted(parts, schema, sift)


def wanted_groups(
    snapshot: Snapshot, files: Iterable[File], wants: Callable[[File], bool], bounded: tuple[str, ...],
    meets: Mapping[str, Meets],
) -> Iterator[RowGroups]:  # fmt: skip
    """Give the row groups of each file that may hold a wanted row."""
    paths = snapshot.paths(file for file in files if wants(file))
    known: dict[str, Checked] = {}
    each_file(lambda path: known.update({path: checked(path)}), paths)
    for path in paths:
        footer = _footer(known[path], bounded)
        numbered = enumerate(footer.groups())
        wanted = footer.meeting(meets) if meets else [at for at, group in numbered if wants(group)]
        if wanted:
            yield RowGroups(footer, wanted)


def read_groups(parts: Iterable[RowGroups], schema: pa.Schema) -> pa.Table:
    """Return columns of row groups, whose bytes are verified first."""
    parts = list(parts)
    each_file(lambda part: part.verify(schema), parts)
    tables = [part.read(schema) for part in parts]
    return pa.concat_tables(tables) if tables else pa.Table.from_batches([], schema)  # `empty_table`: pandas


def _sifted(parts: Sequence[RowGroups], schema: pa.Schema, sift: Sift) -> pa.Table:
    """Read the columns by which rows pass, then the others where some do."""
    quick = read_groups(parts, pa.schema([schema.field(name) for name in sift.columns])).combine_chunks()
    passed = sift.test(quick.to_batches()[0]) if quick.num_rows else np.empty(0, np.bool_)
    cuts = np.cumsum([sum(part.rows) for part in parts])[:-1]
    split = (
        [part.split(passing) for part, passing in zip(parts, np.split(passed, cuts), strict=True)]
        if parts
        else []
    )
    rest = pa.schema([field for field in schema if field.name not in sift.columns])
    others = read_groups((part for part, _ in split if part is not None), rest)
    if split:
        others = others.filter(pa.array(np.concatenate([passing for _, passing in split])))
    quick = quick.filter(pa.array(passed))
    columns = [(quick if name in sift.columns else others).column(name) for name in schema.names]
    return pa.Table.from_arrays(columns, schema=schema)


def _typed(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    return column if column.type == kind else column.cast(kind)


@lru_cache(_KEPT)
def _footer(file: Checked, bounded: tuple[str, ...]) -> _Footer:
    metadata = file.metadata
    places = {metadata.schema.column(place).path: place for place in range(metadata.num_columns)}
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    statistics: dict[str, list[pq.Statistics | None]] = {}
    constants = {}
    for name in places.keys() & set(bounded):
        chunks = [group.column(places[name]) for group in groups]
        statistics[name] = [chunk.statistics for chunk in chunks]
        counts = [chunk.num_values for chunk in chunks]
        constants[name] = [_constant(*column) for column in zip(statistics[name], counts, strict=True)]
    bounds = {name: _numbers(column) for name, column in statistics.items()}
    return _Footer(
        file, metadata, places, [group.num_rows for group in groups], statistics, bounds, constants
    )


def _constant(statistics: pq.Statistics | None, count: int) -> Any:
    if statistics is None or not statistics.has_null_count:
        return VARIES
    if statistics.null_count == count:
        return None
    same = statistics.null_count == 0 and statistics.has_min_max and statistics.min_raw == statistics.max_raw
    return (
        statistics.min if same and not isinstance(statistics.min, float) else VARIES
    )  # 0.0 may have been -0.0


def _numbers(statistics: Sequence[pq.Statistics | None]) -> NDArray[np.float64]:
    """Return bounds as numbers; of other columns none are known."""
    raw = [
        (group.min_raw, group.max_raw) if group is not None and group.has_min_max else _ENDLESS
        for group in statistics
    ]
    numeric = all(isinstance(end, int | float) for pair in raw for end in pair)
    return np.array(raw if numeric else [_ENDLESS] * len(raw), np.float64).reshape(-1, 2).T
