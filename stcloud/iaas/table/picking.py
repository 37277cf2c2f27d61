"""Rows picked by one column, of columns that are kept in memory: what is wanted again soon is decoded once.

Rows are taken from single row groups, from the rows of a neighbourhood of all files, or, of a layer of few rows, from
all rows of several files: the more files are kept together, the fewer are looked into for each question. Of a bucket
nothing is read that is not wanted.

Tested by `tests/iaas/table/test_kept.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
import pyarrow as pa

from stcloud.iaas.conversion import numbers_of, scalar, whole_numbers
from stcloud.iaas.store.oserror import storage_errors
from stcloud.iaas.table.checksum import each_file, parquet_errors
from stcloud.iaas.table.footer import VARIES, Meets, RowGroups, read_groups, wanted_groups
from stcloud.iaas.table.kept import KeptColumns, Picks
from stcloud.iaas.table.table import File, Snapshot

__all__ = ["picked"]

_MOST_NEAR = 300_000
"""Rows of a neighbourhood that are kept together."""
_MOST_WHOLE = 1_000_000
"""Up to so many rows, all are kept, wherever they lie."""
_BUNDLE_ROWS = 1 << 18
"""So many rows of several files are kept as one: a load changes some files, and the others stay."""
_BUNDLE_FILES = 8
"""Fewer files are looked into one by one: other questions want others of them."""
_FILE_ROWS = 1 << 16
"""Of a file of so few rows all row groups are kept as one."""


def picked(
    snapshot: Snapshot,
    files: Sequence[File],
    columns: Sequence[str],
    *,
    bounded: tuple[str, ...],
    most_rows: int,
    meets: Mapping[str, Meets],
    picks: Picks,
    kept: KeptColumns,
) -> pa.Table | None:
    """Return the rows that ``picks`` names, of columns that are kept from one call to the next; else as `fetch`.

    ``files`` are those alone that may hold one.
    """
    schema = pa.schema([snapshot.schema.field(name) for name in columns])
    picking = _Picking(snapshot, schema, bounded, picks, kept)
    with storage_errors(f"read {snapshot.root.name}"), parquet_errors(snapshot.root.name):
        if picks.wider is None:
            return picking.gathered(files, meets, picks, most_rows)
        if sum(file.rows for file in files) <= _MOST_WHOLE and not snapshot.in_bucket:
            return picking.of_bundles(files, meets, most_rows)
        return picking.near(files, meets, most_rows)


class _Picking:
    """Picks rows of one version of a table."""

    def __init__(
        self, snapshot: Snapshot, schema: pa.Schema, bounded: tuple[str, ...], picks: Picks, kept: KeptColumns
    ) -> None:
        self._snapshot, self._schema, self._bounded = snapshot, schema, bounded
        self._picks, self._kept = picks, kept

    def gathered(
        self, files: Iterable[File], meets: Mapping[str, Meets], picks: Picks, most_rows: int
    ) -> pa.Table | None:
        """Return the rows of the row groups that may hold one; None where they are too many."""
        parts: Iterable[RowGroups] = wanted_groups(self._snapshot, files, _any, self._bounded, meets)
        if picks.of_few:
            parts = list(parts)
            if sum(sum(part.rows) for part in parts) > most_rows:
                return None
        if self._snapshot.in_bucket:  # what is wanted of a file is fetched at once, not for each row group
            parts = list(parts)
            each_file(lambda part: part.verify(self._schema), parts)
        pieces: list[pa.Table] = []
        left = most_rows
        for part in parts:
            for piece in self._of_file(part, picks):
                left -= piece.num_rows
                if left < 0:
                    return None
                pieces.append(piece)
        return pa.concat_tables(pieces) if pieces else pa.Table.from_batches([], self._schema)

    def _of_file(self, part: RowGroups, picks: Picks) -> Iterator[pa.Table]:
        """Give the picked rows of a file, of all its row groups at once if they hold few."""
        footer = part.footer
        if sum(footer.rows) > _FILE_ROWS or self._snapshot.in_bucket:
            for number in part.numbers:
                piece = self._of_group(RowGroups(footer, [number]), picks)
                if piece is not None:
                    yield piece
            return
        groups = RowGroups(footer, range(len(footer.rows)))
        key = ("file", footer.file.path, tuple(self._schema.names))
        whole = self._kept.table(key, lambda: self._sorted(read_groups([groups], self._schema)))
        yield self._picked(whole, picks)

    def near(self, files: Sequence[File], meets: Mapping[str, Meets], most_rows: int) -> pa.Table | None:
        """Return the rows, of those of the neighbourhood, which are kept together if they are not too many."""
        wider = self._picks.wider
        assert wider is not None  # noqa: S101  (who has none is given single row groups)
        known = {self._picks.column: wider.meets}

        def make() -> pa.Table:
            rows = self.gathered(files, known, Picks(self._picks.column, wider.rows), _MOST_NEAR)
            return pa.table({}) if rows is None else self._sorted(rows)

        whole = self._kept.table(self._key(files, wider.key), make)
        if not whole.num_columns:
            return self.gathered(files, meets, self._picks, most_rows)
        return self._picked(whole)

    def of_bundles(
        self, files: Sequence[File], meets: Mapping[str, Meets], most_rows: int
    ) -> pa.Table | None:
        """Return the rows, of all rows of several files, which are kept together wherever they lie."""
        pieces: list[pa.Table] = []
        for bundle in _bundles(files):
            if len(bundle) < _BUNDLE_FILES:
                piece = self.gathered(bundle, meets, self._picks, most_rows)
                if piece is None:
                    return None
            else:
                piece = self._picked(self._kept.table(self._key(bundle, None), lambda: self._whole(bundle)))  # noqa: B023  (called at once)
            pieces.append(piece)
        rows = pa.concat_tables(pieces) if pieces else pa.Table.from_batches([], self._schema)
        return rows if rows.num_rows <= most_rows else None

    def _key(self, files: Sequence[File], near: object) -> tuple[object, ...]:
        paths = tuple(file.path for file in files)
        return ("together", self._snapshot.root, paths, tuple(self._schema.names), near)

    def _whole(self, files: Sequence[File]) -> pa.Table:
        return self._sorted(
            read_groups(wanted_groups(self._snapshot, files, _any, self._bounded, {}), self._schema)
        )

    def _sorted(self, rows: pa.Table) -> pa.Table:
        rows = rows.combine_chunks()
        numbers = numbers_of(rows.column(self._picks.column).fill_null(scalar(0, pa.int64())))
        return rows.take(whole_numbers(np.argsort(numbers, kind="stable")))

    def _picked(self, rows: pa.Table, picks: Picks | None = None) -> pa.Table:
        if not rows.num_rows:
            return rows
        picks = picks or self._picks
        return rows.take(picks.rows(rows.column(picks.column).chunk(0)))

    def _of_group(self, part: RowGroups, picks: Picks) -> pa.Table | None:
        """Return the picked rows of one row group, if there are any; a column of one value is not kept, but made."""
        schema = self._schema
        constants = {
            name: part.footer.constant(name, part.numbers)
            for name in schema.names
            if name in part.footer.constants or name not in part.footer.places
        }
        names = [name for name in schema.names if constants.get(name, VARIES) is VARIES]

        def read(lacking: Sequence[str]) -> Mapping[str, pa.Array]:
            whole = pa.schema([schema.field(name) for name in lacking])
            part.verify(whole)
            rows = part.read(whole).combine_chunks()
            return {name: rows.column(name).chunk(0) for name in lacking}

        def repeated(name: str, count: int) -> pa.Array:
            return pa.repeat(scalar(constants[name], schema.field(name).type), count)

        known = self._kept.columns(part.footer.file.path, part.numbers[0], names, read)
        decisive = known[picks.column] if picks.column in known else repeated(picks.column, part.rows[0])
        at = picks.rows(decisive)
        if not len(at):
            return None
        rows = pa.RecordBatch.from_arrays([known[name] for name in names], names).take(at)
        columns = [
            rows.column(field.name) if field.name in known else repeated(field.name, len(at))
            for field in schema
        ]
        return pa.Table.from_arrays(columns, schema=schema)


def _bundles(files: Sequence[File]) -> Iterator[list[File]]:
    """Give files that follow each other, of not too many rows together."""
    bundle: list[File] = []
    rows = 0
    for file in files:
        if bundle and rows + file.rows > _BUNDLE_ROWS:
            yield bundle
            bundle, rows = [], 0
        bundle.append(file)
        rows += file.rows
    if bundle:
        yield bundle


def _any(_: File) -> bool:
    return True
