"""A feature layer's table: beliefs as rows, and ends that say until when a row was believed.

A load writes the beliefs that begin and one short row for each that ends; nothing that lies there is written anew.
When files become many they are merged, and ends become part of the rows they end.

Tested by `tests/daas/load/test_feature_load.py` and `tests/reliability/test_kill_features.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from stcloud.daas.table.layer import LayerTable
from stcloud.daas.table.schema import FEATURE_PART, INSTANT
from stcloud.daas.table.timeline import FOREVER, Ints
from stcloud.iaas.conversion import numbers_of, whole_number
from stcloud.iaas.table.compaction import crowded
from stcloud.iaas.table.datafile import Written, read_parquet
from stcloud.iaas.table.sorter import Sorter
from stcloud.iaas.table.table import File, Snapshot

__all__ = [
    "Believed",
    "Ends",
    "FeatureLayer",
    "VersionRows",
    "end_files",
    "instants",
    "known_snapshots",
    "lanes",
    "micros",
    "read_ends",
    "row_files",
]

ROWS, ENDS = "rows", "ends"
_GROUP_ROWS = 1024
"""Features weigh more than events: a neighbourhood should read no more than it must."""
_NUMBERS = 1 << 32
"""So many beliefs may begin in one load."""
_SORT_PART = "st_sort"
_RECENT = 8
"""Commits whose notes are looked at first for what all of them hold."""


def micros(column: pa.Array | pa.ChunkedArray, null: int) -> Ints:
    """Return instants as int64 UTC microseconds, nulls as ``null``."""
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    numbers = whole.cast(pa.int64())
    return numbers_of(numbers.fill_null(whole_number(null, pa.int64())) if numbers.null_count else numbers)


def instants(times_us: Ints, null: int | None = None) -> pa.Array:
    """Return int64 UTC microseconds as instants, ``null`` as null."""
    mask = None if null is None else times_us == null
    return pa.array(times_us, pa.int64(), mask=mask).cast(INSTANT)


@dataclass(frozen=True, slots=True, eq=False)
class Ends:
    """Which beliefs ended when.

    Attributes
    ----------
    row
        ``(n,)`` int64, numbers of beliefs, ascending.
    at_us
        ``(n,)`` int64, UTC microseconds.
    """

    row: Ints
    at_us: Ints

    def of(self, row: Ints, own_us: Ints) -> Ints:
        """Return until when beliefs were believed: ``own_us`` by their own rows, or else by an end."""
        place = np.minimum(np.searchsorted(self.row, row), max(len(self.row) - 1, 0))
        hit = self.row[place] == row if len(self.row) else np.zeros(len(row), np.bool_)
        until_us: Ints = np.where(
            hit & (own_us == FOREVER), self.at_us[place] if len(self.row) else own_us, own_us
        )
        return until_us

    def table(self) -> pa.Table:
        """Return the columns ``st_row`` and ``st_recorded_to``."""
        return pa.table({"st_row": self.row, "st_recorded_to": instants(self.at_us)})


@dataclass(frozen=True, slots=True, eq=False)
class Believed:
    """What a layer believes at one recorded instant, without the content.

    Attributes
    ----------
    key
        Text.
    start_us, end_us
        ``(n,)`` int64; `FOREVER` where no end is known.
    digest
        ``(n, 2)`` uint64.
    row
        ``(n,)`` int64, numbers of the beliefs.
    load
        The load that stated the content.
    """

    key: pa.Array
    start_us: Ints
    end_us: Ints
    digest: np.ndarray
    row: Ints
    load: pa.Array

    def __len__(self) -> int:
        return len(self.row)

    def take(self, chosen: np.ndarray) -> Believed:
        """Return some of the beliefs."""
        at = pa.array(np.flatnonzero(chosen) if chosen.dtype == np.bool_ else chosen)
        return Believed(
            self.key.take(at), self.start_us[chosen], self.end_us[chosen], self.digest[chosen],
            self.row[chosen], self.load.take(at),
        )  # fmt: skip


class VersionRows:
    """Whole rows of some beliefs, read when they are first wanted.

    Parameters
    ----------
    layer, snapshot
        Where they lie.
    row
        ``(n,)`` int64, numbers of the beliefs.
    """

    def __init__(self, layer: FeatureLayer, snapshot: Snapshot, row: Ints) -> None:
        self._layer = layer
        self._snapshot = snapshot
        self._row = np.unique(row)
        self._rows: pa.Table | None = None

    def rows(self, row: Ints) -> pa.Table:
        """Return the rows of these beliefs, in this order."""
        if not len(row):
            return self._layer.content(self._snapshot, row)
        if self._rows is None:
            self._rows = self._layer.content(self._snapshot, self._row)
        return self._rows.take(pa.array(np.searchsorted(self._row, row)))


_BELIEVED = (
    "st_key", "st_digest", "st_valid_from", "st_valid_to", "st_recorded_from", "st_recorded_to", "st_row", "st_load",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class FeatureLayer(LayerTable):
    """The table of one layer of features."""

    def believed(self, snapshot: Snapshot, at_us: int | None = None) -> Believed:
        """Return what was believed at a recorded instant; None: now."""
        ends = read_ends(snapshot)
        rows = snapshot.read(row_files(snapshot, open_only=at_us is None), _BELIEVED).combine_chunks()
        row = rows["st_row"].to_numpy()
        until = ends.of(row, micros(rows["st_recorded_to"], FOREVER))
        at = FOREVER - 1 if at_us is None else at_us
        hit = (micros(rows["st_recorded_from"], 0) <= at) & (until > at)
        rows = rows.filter(pa.array(hit)).combine_chunks()
        return Believed(
            _unchunked(rows["st_key"]), micros(rows["st_valid_from"], 0), micros(rows["st_valid_to"], FOREVER),
            lanes(_unchunked(rows["st_digest"])), rows["st_row"].to_numpy(), _unchunked(rows["st_load"]),
        )  # fmt: skip

    def content(self, snapshot: Snapshot, row: Ints, columns: Sequence[str] | None = None) -> pa.Table:
        """Return rows by the numbers of their beliefs, in that order: whole, or some columns and ``st_row``."""
        wanted = np.sort(row)
        wanted_names = snapshot.schema.names if columns is None else ["st_row", *columns]
        names = [name for name in wanted_names if name != FEATURE_PART]
        schema = pa.schema([snapshot.schema.field(name) for name in names])
        if not len(row):
            return schema.empty_table()
        files = [file for file in row_files(snapshot) if _may_hold(file, wanted)]
        batches = snapshot.batches(files, names)
        parts = (batch.filter(_in(batch.column("st_row").to_numpy(), wanted)) for batch in batches)
        rows = pa.Table.from_batches(parts, schema).combine_chunks()
        number = rows["st_row"].to_numpy()
        order = np.argsort(number)
        return rows.take(pa.array(order[np.searchsorted(number[order], row)]))

    def numbers(self, count: int) -> Ints:
        """Return numbers for beliefs that the next commit begins."""
        first = (self.table.sequence() + 1) * _NUMBERS
        return np.arange(first, first + count, dtype=np.int64)

    def write_rows(self, rows: pa.Table) -> Written:
        """Write beliefs, sorted by cell, as one file."""
        return self.table.write(rows, {FEATURE_PART: ROWS}, group_rows=_GROUP_ROWS)

    def write_left(self, pieces: Iterable[pa.Table]) -> Written | None:
        """Write what is left of a file of beliefs, which comes in pieces; None: nothing is."""
        tables = list(pieces)
        return self.write_rows(pa.concat_tables(tables)) if tables else None

    def write_ends(self, row: Ints, at_us: int, schema: pa.Schema) -> Written:
        """Write that beliefs end at an instant of recorded time."""
        return self.write_all_ends(Ends(np.sort(row), np.full(len(row), at_us)), schema)

    def without_ends(self, snapshot: Snapshot, row: Ints) -> tuple[list[Written], list[File]]:
        """Write files of ends anew without the ends of some beliefs; return files to add and to remove."""
        schema = pa.schema([field for field in snapshot.schema if field.name != FEATURE_PART])
        add: list[Written] = []
        remove: list[File] = []
        for file in _files(snapshot, ENDS):
            ends = _read_ends(snapshot, [file])
            stays = ~np.isin(ends.row, row)
            if not stays.all():
                remove.append(file)
                add += (
                    [self.write_all_ends(Ends(ends.row[stays], ends.at_us[stays]), schema)]
                    if stays.any()
                    else []
                )
        return add, remove

    def compact(self, folder: Path) -> int:
        """Merge files that have become many; return how many went.

        Rows and what every past instant shows stay as they are. The writer must hold the layer's lock.

        Parameters
        ----------
        folder
            Where rows may spill; the owner removes it.
        """
        snapshot = self.table.snapshot()
        ends = read_ends(snapshot)
        many = crowded(row_files(snapshot))
        if len(ends.row) * 2 > sum(file.rows for file in row_files(snapshot)):
            many = row_files(snapshot)  # every other row has an end: time to write them as one
        crowded_ends = crowded(_files(snapshot, ENDS))
        folded = len(many) == len(row_files(snapshot)) and bool(many)
        if folded:
            crowded_ends = _files(snapshot, ENDS)
        if not many and not crowded_ends:
            return 0
        schema = pa.schema([field for field in snapshot.schema if field.name != FEATURE_PART])
        written = list(self._merged(snapshot, many, ends, schema, folder))
        if crowded_ends and not folded:
            written.append(self.write_all_ends(_read_ends(snapshot, crowded_ends), schema))
        self.table.commit(
            add=written, remove=[*many, *crowded_ends], after=snapshot.sequence, changes_data=False
        )
        return len(many) + len(crowded_ends)

    def write_all_ends(self, ends: Ends, schema: pa.Schema) -> Written:
        """Write that beliefs end, each at an instant of its own."""
        given = {"st_row": pa.array(ends.row), "st_recorded_to": instants(ends.at_us)}
        fields = [field for field in schema if field.name != FEATURE_PART]
        columns = [given.get(field.name, pa.nulls(len(ends.row), field.type)) for field in fields]
        return self.table.write(
            pa.Table.from_arrays(columns, [field.name for field in fields]), {FEATURE_PART: ENDS}
        )

    def _merged(
        self, snapshot: Snapshot, files: Sequence[File], ends: Ends, schema: pa.Schema, folder: Path
    ) -> Iterator[Written]:
        """Write rows of files anew with their ends, those that are believed apart from the others."""
        if not files:
            return
        sorter = Sorter(folder, part=_SORT_PART, order=("st_cell", "st_row"))
        try:
            for batch in snapshot.batches(files):
                sorter.add(_ended(batch, ends, schema))
            sorter.flush()
            for part in sorter.parts:
                for chunk in sorter.chunks(part):
                    rows = pa.Table.from_batches([chunk.drop_columns([_SORT_PART])]).select(schema.names)
                    yield self.write_rows(rows)
        finally:
            sorter.close()


def row_files(snapshot: Snapshot, *, open_only: bool = False) -> list[File]:
    """Return the files of beliefs; ``open_only`` leaves out those that hold only ended ones."""
    files = _files(snapshot, ROWS)
    return [file for file in files if file.nulls.get("st_recorded_to") != 0] if open_only else files


def end_files(snapshot: Snapshot) -> list[File]:
    """Return the files of ends that are not part of rows."""
    return _files(snapshot, ENDS)


def read_ends(snapshot: Snapshot) -> Ends:
    """Return the ends that are not part of rows."""
    return _read_ends(snapshot, end_files(snapshot))


def lanes(digests: pa.Array) -> np.ndarray:
    """Return digests of 16 bytes as ``(n, 2)`` uint64."""
    fixed = digests.cast(pa.binary(16))
    return np.frombuffer(fixed.buffers()[1], np.uint64)[fixed.offset * 2 :][: len(fixed) * 2].reshape(-1, 2)


def _read_ends(snapshot: Snapshot, files: Sequence[File]) -> Ends:
    return _ends_in(tuple(snapshot.paths(files)))


@lru_cache(4)
def _ends_in(paths: tuple[str, ...]) -> Ends:
    """Read ends once for as long as they are remembered: files never change."""
    if not paths:
        return Ends(np.empty(0, np.int64), np.empty(0, np.int64))
    rows = read_parquet(paths, ("st_row", "st_recorded_to"))
    row, at_us = rows["st_row"].to_numpy(), micros(rows["st_recorded_to"], FOREVER)
    order = np.argsort(row)
    return Ends(row[order], at_us[order])


def _files(snapshot: Snapshot, part: str) -> list[File]:
    return [file for file in snapshot.files if file.partition.get(FEATURE_PART) == part]


def _may_hold(file: File, row: Ints) -> bool:
    low, high = file.low.get("st_row"), file.high.get("st_row")
    if low is None or high is None:
        return True
    place = int(np.searchsorted(row, low))
    return place < len(row) and bool(row[place] <= high)


def _in(row: Ints, wanted: Ints) -> pa.Array:
    place = np.minimum(np.searchsorted(wanted, row), len(wanted) - 1)
    return pa.array(wanted[place] == row)


def _ended(batch: pa.RecordBatch, ends: Ends, schema: pa.Schema) -> pa.RecordBatch:
    """Return rows with all columns of ``schema``, their ends, and the part they are sorted into."""
    until = ends.of(batch.column("st_row").to_numpy(), micros(batch.column("st_recorded_to"), FOREVER))
    given: Mapping[str, Any] = {"st_recorded_to": instants(until, FOREVER)}
    columns = [given.get(field.name, batch.column(field.name)) for field in schema]
    part = pa.array((until == FOREVER).astype(np.int64))
    return pa.RecordBatch.from_arrays([*columns, part], [*schema.names, _SORT_PART])


def _unchunked(column: pa.ChunkedArray) -> pa.Array:
    array = column.combine_chunks()
    return array.chunk(0) if isinstance(array, pa.ChunkedArray) else array


def known_snapshots(layer: FeatureLayer) -> list[int]:
    """Return the instants of the snapshots that the layer knows, UTC microseconds, from its newest commit's note."""
    if not layer.exists:
        return []
    for most in (_RECENT, None):  # reading the whole log takes longer every night
        for note in layer.table.notes(most):
            if "snapshots" in note:
                return list(note["snapshots"])
    return []
