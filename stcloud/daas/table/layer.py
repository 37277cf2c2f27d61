"""Layers' tables: what is in them, and, of events, when they last changed and how files are written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from stcloud.daas.table.schema import INSTANT, PART, UNIT, Attribute, attributes, refuse_twins
from stcloud.errors import InvalidInput, NotFound
from stcloud.iaas.table.compaction import crowded
from stcloud.iaas.table.datafile import PIECE_ROWS, Written
from stcloud.iaas.table.sorter import in_order
from stcloud.iaas.table.table import File, Snapshot, Table
from stcloud.time import Bin

__all__ = [
    "LARGE_ROWS",
    "MERGED_ROWS",
    "MOST_ROWS",
    "EventLayer",
    "LayerTable",
    "kept_column",
    "month_text",
    "newest",
]

ORDER = ("st_cell", "st_time")
"""Rows lie by cell, then time, within a month: a neighbourhood reads a neighbourhood."""

_LEAST = 4
"""So many files of a size in a month are merged."""
LARGE_ROWS = 1 << 20
"""Files of so many rows are not merged any more: the rows of a full file were written two times more."""
MOST_ROWS = 1 << 22
"""A file has about so many rows at the most: whoever changes one row writes its file anew."""
MERGED_ROWS = 1 << 22
"""So many rows are merged at once at the most: what an older version left in many files is merged by and by."""

Placed = TypeVar("Placed", File, Written)


def month_text(month: int) -> str:
    """Return the partition's text of a month counted from 1970-01.

    >>> month_text(650)
    '2024-03'
    """
    return str(Bin.MONTH.label(month + 1970 * 12))


@dataclass(frozen=True, slots=True)
class LayerTable:
    """The table of one layer: whether it holds something, its columns, and those that a load brings."""

    name: str
    table: Table

    @property
    def exists(self) -> bool:
        """Whether anything was ever loaded."""
        return self.current() is not None

    def current(self) -> Snapshot | None:
        """Return the newest version, or None when nothing was ever loaded."""
        if not self.table.exists:
            return None
        try:
            snapshot = self.table.snapshot()
        except NotFound:  # it was deleted right now
            return None
        return snapshot if snapshot.sequence else None

    def attributes(self) -> tuple[Attribute, ...]:
        """Return the source's columns as the layer keeps them."""
        return attributes(self.table.snapshot().schema)

    def writable_schema(self, new: pa.Schema, partition: str, wanted: Sequence[Attribute]) -> pa.Schema:
        """Return the schema that rows with the wanted columns are written in; make the table if there is none.

        A table that no load ever committed to is what a failed or killed one left: it is made anew. Columns that
        the table lacks are part of the schema, and added by `extend`.

        Parameters
        ----------
        new, partition
            Schema of a new table, and the column that its files are partitioned by.
        wanted
            The columns that a load brings.

        Raises
        ------
        InvalidInput
            ``retyped-column``: a column came as another type than the layer keeps; ``ambiguous-column``: a
            new one differs from a kept one in case only.
        """
        if not self.exists:
            self.table.drop()
            self.table.create(new, partition_by=[partition])
        _refuse_retyped(self.name, self.attributes(), wanted)
        refuse_twins(self.attributes(), wanted)
        return pa.schema([*self.table.snapshot().schema, *self._lacking(wanted)])

    def extend(self, wanted: Sequence[Attribute]) -> None:
        """Add the wanted columns that the table lacks; what was written before has nulls in them."""
        self.table.add_columns(self._lacking(wanted))

    def last_recorded_us(self) -> int | None:
        """Return the newest instant at which the layer's content changed (recorded time)."""
        snapshot = self.current()
        return newest(snapshot.files) if snapshot else None

    def _lacking(self, wanted: Sequence[Attribute]) -> list[pa.Field]:
        known = {attribute.stored for attribute in self.attributes()}
        return [attribute.field for attribute in wanted if attribute.stored not in known]


@dataclass(frozen=True, slots=True)
class EventLayer(LayerTable):
    """The table of one layer of events, by months of the city's clock."""

    def write(
        self, chunks: Iterable[pa.RecordBatch], month: int, schema: pa.Schema, stamp: Mapping[str, Any]
    ) -> Written | None:
        """Write cleaned rows of one month, which come sorted in chunks, as one file; None: no row came.

        ``schema`` is what `writable_schema` gave; ``stamp`` fills the columns of the load.
        """
        schema = _stored(schema)
        return self._write(
            (_stamped(rows, schema, stamp) for rows in chunks if rows.num_rows), {PART: month_text(month)}
        )

    def close_rows(self, snapshot: Snapshot, file: File, keys: pa.Array, at_us: int) -> Written:
        """Write a file anew with the current rows of ``keys`` believed until ``at_us`` only."""
        return self.end_rows(
            snapshot, file, keys, pa.repeat(pa.scalar(at_us, pa.int64()).cast(INSTANT), len(keys))
        )

    def end_rows(self, snapshot: Snapshot, file: File, keys: pa.Array, at: pa.Array) -> Written:
        """Write a file anew with the current rows of ``keys`` believed until the instant of each only."""

        def closed(rows: pa.Table) -> pa.Table:
            place = pc.index_in(rows["st_key"], keys)
            hit = pc.and_(pc.is_valid(place), pc.is_null(rows["st_recorded_to"]))
            where = rows.schema.get_field_index("st_recorded_to")
            ended = pc.if_else(hit, pc.take(at, place), rows["st_recorded_to"])
            return rows.set_column(where, rows.schema.field(where), ended)

        written = self.write_anew(file, map(closed, snapshot.pieces(file)))
        assert written is not None  # noqa: S101  (the file has a row that ends)
        return written

    def write_anew(self, file: File, pieces: Iterable[pa.Table]) -> Written | None:
        """Write a file's rows, changed, as a file that is to stand for it; None: none are left."""
        return self._write((rows for rows in pieces if rows.num_rows), _partition(file))

    def merged(
        self,
        base: Snapshot,
        removed: Sequence[File],
        written: Sequence[Written],
        schema: pa.Schema,
        folder: Path,
        *,
        large_rows: int = LARGE_ROWS,
    ) -> tuple[list[Written], list[File]]:
        """Merge files that a commit is about to add with others of their month, where these become many.

        Parameters
        ----------
        base, removed
            The version that the commit follows, and the files of it that it removes.
        written, schema
            The files that it adds, as `write` gave them, and the schema that they were written in.
        folder
            Where rows may spill; the owner removes it.
        large_rows
            Files of so many rows stay as they are.

        Returns
        -------
        The files to add and to remove instead: no file is committed only to be merged.
        """
        gone = {file.path for file in removed}
        new = _by_month(written)
        old = _by_month(file for file in base.files if file.path not in gone)
        add: list[Written] = []
        remove = list(removed)
        room = MERGED_ROWS
        for month, files in new.items():
            many = _at_once(crowded([*old.get(month, ()), *files], least=_LEAST, large_rows=large_rows), room)
            room -= sum(file.rows for file in many)
            merge = {file.path for file in many}
            add += [file for file in files if file.path not in merge]
            if many:
                remove += [file for file in many if isinstance(file, File)]
                add += self._merge(many, _stored(schema), month, folder)
        return add, remove

    def compact(self, folder: Path, *, least: int = _LEAST, large_rows: int = LARGE_ROWS) -> int:
        """Merge the files of each month that has ``least`` or more of a size; return of how many months some were.

        Rows and what every past instant shows stay as they are. The writer must hold the layer's lock; rows may
        spill in ``folder``, which the owner removes. Files of ``large_rows`` rows stay as they are.
        """
        snapshot = self.table.snapshot()
        merged: dict[str, list[File]] = {}
        room = MERGED_ROWS
        for month, files in _by_month(snapshot.files).items():
            many = _at_once(crowded(files, least=least, large_rows=large_rows), room)
            merged |= {month: many} if many else {}
            room -= sum(file.rows for file in many)
        if merged:
            written = [
                file
                for month, files in merged.items()
                for file in self._merge(files, _stored(snapshot.schema), month, folder)
            ]
            removed = [file for files in merged.values() for file in files]
            self.table.commit(add=written, remove=removed, after=snapshot.sequence, changes_data=False)
        return len(merged)

    def _merge(
        self, files: Sequence[File | Written], schema: pa.Schema, month: str, folder: Path
    ) -> list[Written]:
        """Write the rows of files in order: as one file, or a few of the largest size."""
        if sum(file.rows for file in files) <= PIECE_ROWS:
            tables = [in_order(self.table.read(files, schema), ORDER)]
            return [file for file in [self._write(tables, {PART: month})] if file]
        from stcloud.iaas.table.merging import merged_rows  # noqa: PLC0415  (questions merge nothing)

        with merged_rows(self.table.pieces(files, schema), ORDER, folder, most_rows=MOST_ROWS) as portions:
            written = [self._write(pieces, {PART: month}) for pieces in portions]
        return [file for file in written if file]

    def _write(self, pieces: Iterable[pa.Table], partition: Mapping[str, str]) -> Written | None:
        return self.table.write_pieces(pieces, partition, bounded=(UNIT, "st_key"))


def newest(files: Iterable[File]) -> int | None:
    """Return the newest recorded instant that the log knows of in ``files``."""
    newest_of = [
        file.high[name]
        for file in files
        for name in ("st_recorded_from", "st_recorded_to")
        if name in file.high
    ]
    return int(pa.scalar(max(newest_of), INSTANT).cast(pa.int64()).as_py()) if newest_of else None


def _at_once(files: Sequence[Placed], most_rows: int) -> list[Placed]:
    """Return the smallest of some files, as many as have no more rows than that; of fewer than two, none."""
    ordered = sorted(files, key=lambda file: file.rows)
    chosen = [
        file
        for file, rows in zip(ordered, accumulate(file.rows for file in ordered), strict=True)
        if rows <= most_rows
    ]
    return chosen if len(chosen) > 1 else []


def _stored(schema: pa.Schema) -> pa.Schema:
    """Return a schema without the column that files are partitioned by."""
    return pa.schema([field for field in schema if field.name != PART])


def _by_month(files: Iterable[Placed]) -> dict[str, list[Placed]]:
    months: dict[str, list[Placed]] = {}
    for file in files:
        months.setdefault(file.partition[PART] or "", []).append(file)
    return months


def _partition(file: File) -> dict[str, str]:
    return {name: value or "" for name, value in file.partition.items()}


def kept_column(column: pa.Array, kind: pa.DataType) -> pa.Array:
    """Return a column as the table keeps it; dictionary-encoded text is written as it is."""
    return column if pa.types.is_dictionary(column.type) else column.cast(kind)


def _stamped(rows: pa.RecordBatch, schema: pa.Schema, stamp: Mapping[str, Any]) -> pa.Table:
    """Return rows in a schema, the columns of the load filled."""
    columns = [
        kept_column(rows.column(field.name), field.type)
        if field.name in rows.schema.names
        else _constant(stamp.get(field.name), field.type, rows.num_rows)
        for field in schema
    ]
    return pa.Table.from_arrays(columns, schema.names)


def _constant(value: Any, kind: pa.DataType, count: int) -> pa.Array:
    if value is None:
        return pa.nulls(count, kind)
    scalar = (
        pa.scalar(value, pa.int64()).cast(kind) if pa.types.is_timestamp(kind) else pa.scalar(value, kind)
    )
    return pa.repeat(scalar, count)


def _refuse_retyped(layer: str, known: Sequence[Attribute], wanted: Sequence[Attribute]) -> None:
    kept = {new.stored: new for new in known}
    for new in wanted:
        before = kept.get(new.stored)
        if before is not None and before.type != new.type:
            raise InvalidInput(
                "retyped-column",
                f"layer '{layer}' keeps column {new.name!r} as {before.type}, the definition now says {new.type}",
                hint="keep the type, or give the column another name (rename)",
            )
