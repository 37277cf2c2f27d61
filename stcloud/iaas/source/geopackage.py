"""GeoPackages, looked at before GDAL opens them: only real tables are read, nothing that computes.

A GeoPackage is a database: a virtual table in it may read other files, a view may never end, a generated column
may call functions.

Tested by ``tests/iaas/source/test_vector.py``.
"""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path
from urllib.parse import quote

from stcloud.errors import InvalidInput

__all__ = ["connected", "readable_tables"]

_HEAD = b"SQLite format 3\x00"
_RTREE = re.compile(r"(?is)create\s+virtual\s+table\s+\S+\s+using\s+rtree\s*\(")
_MOST_STEPS = 20_000_000
_STEPS = 100_000
_GENERATED = {2, 3}


def readable_tables(path: Path, name: str) -> frozenset[str]:
    """Return the tables of a GeoPackage that may be read as layers.

    Raises
    ------
    InvalidInput
        ``unreadable-source``: it is none, or holds a virtual table, or views where the standard has tables.
    """
    with path.open("rb") as file:
        if file.read(len(_HEAD)) != _HEAD:
            raise _unreadable(name, "it is no GeoPackage")
    try:
        database = connected(path)
        try:
            _limit(database)
            return _tables(database, name)
        finally:
            database.close()
    except sqlite3.Error as error:
        raise _unreadable(name, str(error)) from error


def connected(path: Path) -> sqlite3.Connection:
    """Open a GeoPackage to be read; bytes that are no text are shown as escapes."""
    alone = "" if path.with_name(f"{path.name}-wal").exists() else "&immutable=1"
    database = sqlite3.connect(f"file:{quote(str(path.resolve()))}?mode=ro{alone}", uri=True)
    database.text_factory = lambda raw: raw.decode("utf-8", "backslashreplace")
    return database


def _limit(database: sqlite3.Connection) -> None:
    """End what takes too many steps."""
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += _STEPS
        return int(steps > _MOST_STEPS)

    database.set_progress_handler(count, _STEPS)
    database.execute("PRAGMA trusted_schema = OFF")


def _tables(database: sqlite3.Connection, name: str) -> frozenset[str]:
    texts = dict(database.execute("SELECT name, sql FROM sqlite_master WHERE type IN ('table', 'view')"))
    kinds = {row[1]: row[2] for row in database.execute("PRAGMA table_list") if row[0] == "main"}
    for table, kind in kinds.items():
        if kind == "virtual" and not _RTREE.match(texts.get(table) or ""):
            raise _unreadable(name, f"it holds the virtual table {table!r}, which may read other files")
        if table.lower().startswith("gpkg_") and (kind != "table" or _computes(database, table)):
            raise _unreadable(name, f"{table!r} in it is no plain table")
    return frozenset(
        table for table, kind in kinds.items() if kind == "table" and not _computes(database, table)
    )


def _computes(database: sqlite3.Connection, table: str) -> bool:
    """Return whether a table has generated columns."""
    columns = database.execute("SELECT hidden FROM pragma_table_xinfo(?)", (table,))
    return any(hidden in _GENERATED for (hidden,) in columns)


def _unreadable(name: str, why: str) -> InvalidInput:
    return InvalidInput("unreadable-source", f"{name} cannot be read: {why}")
