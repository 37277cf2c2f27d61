"""Values of a GeoPackage that are none of their column's type, as they are written.

SQLite keeps whatever it is given, whatever a column is declared to hold. GDAL makes 1970-01-01 of a date that is
none, 1 of 1.5 and false of `true`, and nothing of a geometry that is none.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from stcloud.iaas.source.geopackage import connected

__all__ = ["Affinity"]

_NO_GEOMETRY = b"\0"
_HEAD_BYTES = 8
_EMPTY = 0x10
_CONDITIONS = {
    pa.bool_(): "typeof({0}) <> 'integer' OR {0} NOT IN (0, 1)",
    pa.int16(): "typeof({0}) <> 'integer' OR {0} NOT BETWEEN -32768 AND 32767",
    pa.int32(): "typeof({0}) <> 'integer' OR {0} NOT BETWEEN -2147483648 AND 2147483647",
    pa.int64(): "typeof({0}) <> 'integer'",
    pa.float32(): "typeof({0}) NOT IN ('real', 'integer')",
    pa.float64(): "typeof({0}) NOT IN ('real', 'integer')",
    pa.date32(): "typeof({0}) <> 'text' OR date(substr({0}, 1, 10), '+0 days') IS NOT substr({0}, 1, 10)"
    " OR substr({0}, 11, 1) NOT IN ('', 'T', ' ')",
}
"""When a value is none of a type."""


class Affinity:
    """The odd values of a table.

    Parameters
    ----------
    path, table, id_column
        The GeoPackage, its table, and the column of its row ids.
    fields, kinds
        Columns as GDAL numbers them, and the types that they are declared to have.
    """

    def __init__(
        self, path: Path, table: str, id_column: str, fields: Sequence[str], kinds: Sequence[pa.DataType]
    ) -> None:
        self._path, self._table = path, table
        self._id = _quoted(id_column) if id_column else "_rowid_"
        self._odd = {
            at: f"({name} IS NOT NULL AND ({_CONDITIONS[kind].format(name)}))"
            for at, (name, kind) in enumerate(zip(map(_quoted, fields), kinds, strict=True))
            if kind in _CONDITIONS
        }
        self._names = [_quoted(name) for name in fields]
        self._known: tuple[int, int, int] | None = None
        self._values: Mapping[int, Mapping[int, str]] = {}

    def written(self, at: int, ids: np.ndarray, texts: pa.Array) -> pa.Array:
        """Return a column's texts, odd values as they are written.

        Parameters
        ----------
        at
            The number of the field.
        ids
            Row ids.
        texts
            What GDAL makes of the field.
        """
        if at not in self._odd or not len(ids):
            return texts
        batch = (int(ids.min()), int(ids.max()), len(ids))
        if batch != self._known:
            self._known, self._values = batch, self._read(*batch[:2])
        odd = {row: values[at] for row, values in self._values.items() if at in values}
        if not odd:
            return texts
        values = [odd.get(row, text) for row, text in zip(ids.tolist(), texts.to_pylist(), strict=True)]
        return pa.array(values, pa.string())

    def shapes(self, ids: np.ndarray, wkb: pa.Array) -> pa.Array:
        """Return geometries; a value that GDAL leaves out, as it is none, is a WKB that nobody can read."""
        silent = ids[wkb.is_null().to_numpy(zero_copy_only=False)]
        if not len(silent):
            return wkb
        odd = self._shapeless(int(silent.min()), int(silent.max()))
        mask = pa.array(wkb.is_null().to_numpy(zero_copy_only=False) & np.isin(ids, list(odd)))
        return pa.compute.if_else(mask, pa.scalar(_NO_GEOMETRY, pa.binary()), wkb)

    def _read(self, least: int, most: int) -> Mapping[int, Mapping[int, str]]:
        columns = ", ".join(
            f"CASE WHEN {odd} THEN CAST({self._names[at]} AS TEXT) END" for at, odd in self._odd.items()
        )
        rows = self._rows(f"SELECT {self._id}, {columns}", " OR ".join(self._odd.values()), least, most)
        return {
            row: {at: value for at, value in zip(self._odd, values, strict=True) if value is not None}
            for row, *values in rows
        }

    def _shapeless(self, least: int, most: int) -> set[int]:
        """Return ids of rows that hold something which is no geometry, and not an empty one."""
        with_column = "SELECT column_name FROM gpkg_geometry_columns WHERE table_name = ?"
        database = connected(self._path)
        try:
            (column,) = database.execute(with_column, (self._table,)).fetchone() or (None,)
        finally:
            database.close()
        if column is None:
            return set()
        name = _quoted(column)
        rows = self._rows(
            f"SELECT {self._id}, substr({name}, 1, {_HEAD_BYTES})", f"{name} IS NOT NULL", least, most
        )
        return {row for row, head in rows if not _is_empty(head)}

    def _rows(self, select: str, condition: str, least: int, most: int) -> list[tuple[Any, ...]]:
        database = connected(self._path)
        try:
            where = f"{self._id} BETWEEN ? AND ? AND ({condition})"
            return database.execute(
                f"{select} FROM {_quoted(self._table)} WHERE {where}", (least, most)
            ).fetchall()
        except sqlite3.Error:
            return []  # what cannot be read is for GDAL to say
        finally:
            database.close()


def _is_empty(head: object) -> bool:
    return (
        isinstance(head, bytes) and len(head) == _HEAD_BYTES and head[:2] == b"GP" and bool(head[3] & _EMPTY)
    )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
