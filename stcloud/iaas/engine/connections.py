"""Connections to DuckDB, and statements run on them: no extension, nothing downloaded.

DuckDB and what writes its SQL are imported here only, when the first statement is run.

Tested by ``tests/iaas/engine/test_duck.py``.
"""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
import threading
import uuid
import warnings
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

import duckdb
import pyarrow as pa
from sqlglot import exp

from stcloud.errors import FormatError
from stcloud.iaas.engine.model import STAGE, Files, Relation, Sql
from stcloud.iaas.engine.stop import interruptible
from stcloud.iaas.spool import Pipe, spool
from stcloud.iaas.store.oserror import one_line, storage_error
from stcloud.iaas.table.checksum import verify_columns
from stcloud.iaas.table.missing import missing_in

__all__ = ["Connections", "Given", "connect", "file_errors", "literal"]

Given: TypeAlias = pa.Table | pa.RecordBatchReader | Pipe | None
"""What a stage gave to the next one."""
_BATCH_ROWS = 65_536
_QUIET = threading.Lock()
"""Filters of warnings belong to the process: two threads that set them would undo each other's."""
_SQL_TYPES = {
    pa.string(): "VARCHAR",
    pa.int64(): "BIGINT",
    pa.float64(): "DOUBLE",
    pa.bool_(): "BOOLEAN",
    pa.date32(): "DATE",
    pa.timestamp("us", "UTC"): "TIMESTAMPTZ",
    pa.binary(): "BLOB",
}


def connect(
    *, memory: str = "1GB", scratch: str | None = None, path: str = ":memory:"
) -> duckdb.DuckDBPyConnection:
    """Open a DuckDB that touches nothing but what it is given: no extensions, UTC, bounded memory.

    A table that was not registered is an error, never a variable of the same name.
    """
    connection = duckdb.connect(
        path,
        config={
            "memory_limit": memory,
            "temp_directory": scratch or f"{tempfile.gettempdir()}/stcloud-{uuid.uuid4().hex}",
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "python_enable_replacements": False,
            "validate_external_file_cache": "NO_VALIDATION",
        },
    )
    connection.execute("SET GLOBAL parquet_metadata_cache = true")
    connection.execute("SET GLOBAL TimeZone = 'UTC'")
    return connection


def literal(path: str | os.PathLike[str]) -> str:
    """Return a path as DuckDB must be given it, lest it take ``*``, ``?`` and ``[`` for a pattern.

    >>> literal("dump[1].json")
    'dump[[]1].json'
    """
    return re.sub(r"([*?\[])", r"[\1]", os.fspath(path))


@contextlib.contextmanager
def file_errors() -> Iterator[None]:
    """Turn DuckDB's errors about files that it reads or spills to into ours."""
    try:
        yield
    except duckdb.IOException as error:
        missing = missing_in(str(error))
        if missing is not None:
            raise missing from error
        raise storage_error("read or write a file of the layer", error) from error
    except duckdb.Error as error:
        if type(error) not in (duckdb.Error, duckdb.InvalidInputException):
            raise
        raise FormatError(
            "damaged-table", f"a file of the layer cannot be read: {one_line(error)}"
        ) from error


class Connections:
    """Connections to one DuckDB, kept, since a new one doubles the latency.

    A connection serves one result at a time: who reads two answers at once has two, and one whose result was
    not read to its end (a limit, a reader that was dropped) is let go of.

    Parameters
    ----------
    memory
        The most that DuckDB may hold before it spills to disk.
    small_rows
        A result of a statement over so many rows is fetched whole.
    """

    def __init__(self, *, memory: str, small_rows: int) -> None:
        self._root = connect(memory=memory)
        self._small_rows = small_rows
        self._idle: deque[duckdb.DuckDBPyConnection] = deque()

    def close(self) -> None:
        """Let go of the connections."""
        while self._idle:
            self._idle.pop().close()
        self._root.close()

    def run(self, stage: Sql, relations: Mapping[str, Relation], given: Given) -> Given:
        """Run a statement over named relations, and over what the stage before gave."""
        cursor = self._connection()
        with interruptible(cursor), file_errors():
            if isinstance(given, Pipe):
                given = spool(given, cursor, STAGE, self._small_rows)
            text = self._bound(cursor, stage, relations, given)
            if not isinstance(given, pa.Table) or given.num_rows > self._small_rows:
                return self._kept(
                    cursor, cursor.sql(text, params=dict(stage.values)).to_arrow_reader(_BATCH_ROWS)
                )
            rows = _fetched(cursor, text, stage.values)
        self._idle.append(cursor)
        return rows

    def _connection(self) -> duckdb.DuckDBPyConnection:
        """Return an idle connection, or a new one: of threads that call at once none gets that of another."""
        try:
            return self._idle.pop()
        except IndexError:
            return self._root.cursor()

    def _kept(self, cursor: duckdb.DuckDBPyConnection, reader: pa.RecordBatchReader) -> pa.RecordBatchReader:
        """Stream a result, and keep its connection once it was read to its end."""

        def batches() -> Iterator[pa.RecordBatch]:
            with file_errors():
                yield from _heeding(reader, cursor)
                cursor.unregister(STAGE)  # and with it what the stage before may have left unread
                cursor.execute(f"DROP TABLE IF EXISTS temp.{STAGE}")
            self._idle.append(cursor)

        return pa.RecordBatchReader.from_batches(reader.schema, batches())

    def _bound(
        self,
        cursor: duckdb.DuckDBPyConnection,
        stage: Sql,
        relations: Mapping[str, Relation],
        given: Given,
    ) -> str:
        """Give the statement's tables their meaning; return its text."""
        views: dict[str, str] = {}
        columns = _columns(stage.query)
        for name in {table.name for table in stage.query.find_all(exp.Table)}:
            relation = given if name == STAGE else relations.get(name)
            if isinstance(relation, Files) and relation.files:
                verify_columns(relation.snapshot.paths(relation.files), columns)
                views[name] = _selection(relation)
            elif relation is not None:
                cursor.register(name, _arrow(relation))
        return _with(views) + stage.query.sql(dialect="duckdb", copy=False)


def _heeding(reader: pa.RecordBatchReader, cursor: duckdb.DuckDBPyConnection) -> Iterator[pa.RecordBatch]:
    """Give the batches of a result until there are no more, or its question is given up."""
    while True:
        with interruptible(cursor):
            batch = next(reader, None)
        if batch is None:
            return
        yield batch


def _columns(query: exp.Query) -> set[str] | None:
    """Return the names of all columns that a query reads; None: all that there are."""
    if any(not isinstance(star.parent, exp.Count) for star in query.find_all(exp.Star)):
        return None
    return {column.name for column in query.find_all(exp.Column)}


def _arrow(relation: Relation | pa.RecordBatchReader) -> pa.Table | pa.RecordBatchReader:
    return relation.snapshot.schema.empty_table() if isinstance(relation, Files) else relation


def _with(views: Mapping[str, str]) -> str:
    """Write ``WITH`` for relations that are read from files, so that the query itself need not be copied."""
    parts = [f"{_quoted(name)} AS ({view})" for name, view in views.items()]
    return f"WITH {', '.join(parts)} " if parts else ""


def _quoted(name: str) -> str:
    return exp.to_identifier(name, quoted=True).sql(dialect="duckdb")


def _selection(relation: Files) -> str:
    """Select all columns; those that none of the files has yet are null."""
    nulls = [
        f", CAST(NULL AS {_SQL_TYPES[field.type]}) AS {_quoted(field.name)}"
        for field in relation.snapshot.schema
        if all(file.lacks(field.name) and field.name not in file.partition for file in relation.files)
    ]
    return f"SELECT *{''.join(nulls)} FROM {_read_parquet(relation).sql(dialect='duckdb')}"  # noqa: S608  (all quoted)


def _read_parquet(relation: Files) -> exp.Expression:
    """Return ``read_parquet([...])``; files that lack a newer column give nulls for it."""
    paths = relation.snapshot.paths(relation.files)
    columns = relation.snapshot.schema.names
    uneven = any(
        file.lacks(name) for file in relation.files for name in columns if name not in file.partition
    )
    arguments: list[exp.Expression] = [
        exp.Array(expressions=[exp.Literal.string(literal(path)) for path in paths])
    ]
    if uneven:
        arguments.append(exp.PropertyEQ(this=exp.to_identifier("union_by_name"), expression=exp.true()))
    return exp.Anonymous(this="read_parquet", expressions=arguments)


def _fetched(cursor: duckdb.DuckDBPyConnection, text: str, values: Mapping[str, Any]) -> pa.Table:
    """Run a statement and fetch its rows; it binds once where a relation binds twice: half a small question."""
    result = cursor.execute(text, dict(values))
    with _QUIET, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Arrow output on a DB-API result", UserWarning)  # the copy is small
        reader: pa.RecordBatchReader = result.to_arrow_reader(_BATCH_ROWS)
    return reader.read_all()
