"""A log carried over whole: row for row to another database, or as a file that SQLite itself makes of its own.

All rows are read at one instant and written in one transaction, with their instants and the log's clock: what the log
says at any pin stays the same.

Tested by `tests/iaas/records/test_transfer.py`.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Row, Select, Table, select

from stcloud.errors import Conflict, FormatError, InternalError
from stcloud.iaas.records.database import Database
from stcloud.iaas.store.oserror import storage_errors

__all__ = ["back_up", "carry_over"]

_ROWS = 2_000
"""Rows held at a time."""


def carry_over(source: Database, target: Database) -> None:
    """Make a log of another database hold all that a log has; an earlier state of the same log is replaced.

    Raises
    ------
    Conflict
        ``records-exist``: another log is there, or the same one after it went on.
    """
    with _reading(source) as reading, target.write("carry a log over to") as writing:
        if target.dialect.create(writing):
            target.tables.metadata.create_all(writing, checkfirst=False)
        else:
            _refuse_another(source, reading, target, writing)
            for table in target.tables.metadata.sorted_tables:
                writing.execute(table.delete())
        for read, written in zip(_tables(source), _tables(target), strict=True):
            _copy(reading, read, target, writing, written)


def back_up(source: Database, path: Path) -> None:
    """Write a log of SQLite to a new file, as it is at one instant, while others may write to it.

    Raises
    ------
    FormatError
        ``damaged-records``: the file is damaged.
    """
    with source.read("copy") as connection:
        raw = connection.connection.driver_connection
        if not isinstance(raw, sqlite3.Connection):
            raise InternalError("records", f"{source.dialect.address} is no file")
        with contextlib.closing(sqlite3.connect(path)) as made:
            raw.backup(made)
    uri = f"file:{quote(str(path.absolute()))}?mode=ro&immutable=1"
    with (
        storage_errors(f"copy {source.dialect.address}"),
        contextlib.closing(sqlite3.connect(uri, uri=True)) as made,
    ):
        integrity = made.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if integrity != "ok":
        raise FormatError(
            "damaged-records", f"{source.dialect.address} is damaged", hint="restore it from a copy"
        )


def check_whole(source: Database) -> None:
    """Read all of a log; `FormatError` ``damaged-records``."""
    with source.read("check") as connection:
        whole = source.dialect.is_whole(connection)
        for table in _tables(source):  # a text that is none is found where it is read
            for _ in _rows(connection, select(table)):
                pass
    if not whole:
        raise FormatError(
            "damaged-records", f"{source.dialect.address} is damaged", hint="restore it from a copy"
        )


@contextlib.contextmanager
def _reading(database: Database) -> Iterator[Connection]:
    """Give a connection on which everything is as it was at one instant."""
    begin = "BEGIN" if database.dialect.schema is None else "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
    with database.read("copy") as connection:
        connection.exec_driver_sql(begin)
        try:
            yield connection
        finally:
            connection.exec_driver_sql("ROLLBACK")


def _tables(database: Database) -> list[Table]:
    return sorted(database.tables.metadata.tables.values(), key=lambda table: table.name)


def _rows(connection: Connection, statement: Select[Any]) -> Generator[Row[Any], None, None]:
    with connection.execute(statement, execution_options={"yield_per": _ROWS}) as result:
        yield from result


def _copy(reading: Connection, read: Table, target: Database, writing: Connection, written: Table) -> None:
    with reading.execute(select(read), execution_options={"yield_per": _ROWS}) as result:
        for rows in result.mappings().partitions(_ROWS):
            target.insert(writing, written, [dict(row) for row in rows])


def _refuse_another(source: Database, reading: Connection, target: Database, writing: Connection) -> None:
    """Refuse to replace what is no earlier state of the same log."""
    for name in ("entry", "rule"):
        ours, theirs = (getattr(database.tables, name) for database in (source, target))
        with (
            contextlib.closing(_rows(reading, select(ours).order_by(ours.c.recorded_us))) as known,
            contextlib.closing(_rows(writing, select(theirs).order_by(theirs.c.recorded_us))) as there,
        ):
            if any(tuple(row) != tuple(next(known, ())) for row in there):
                raise Conflict(
                    "records-exist",
                    f"another log of this name is in {target.dialect.address} already",
                    hint="choose another database",
                )
