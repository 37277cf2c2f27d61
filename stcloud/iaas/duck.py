"""The embedded engine: DuckDB over the files that the log names, no extension, nothing downloaded."""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
import uuid
from collections.abc import Iterator, Mapping, Sequence

import duckdb
import pyarrow as pa
from sqlglot import exp

from stcloud.errors import FormatError, InternalError, StorageError
from stcloud.iaas.engine import STAGE, Files, Refine, Relation, Sql, Stage

__all__ = ["Duck", "connect", "file_errors", "literal"]

_BATCH_ROWS = 65_536
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
    """Open a DuckDB that touches nothing but what it is told to: no extensions, UTC, bounded memory."""
    connection = duckdb.connect(
        path,
        config={
            "memory_limit": memory,
            "temp_directory": scratch or f"{tempfile.gettempdir()}/stcloud-{uuid.uuid4().hex}",
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "validate_external_file_cache": "NO_VALIDATION",
        },
    )
    connection.execute("SET GLOBAL parquet_metadata_cache = true")
    connection.execute("SET GLOBAL TimeZone = 'UTC'")
    return connection


def literal(path: str | os.PathLike[str]) -> str:
    """Return a path as DuckDB must be told it, lest it take ``*``, ``?`` and ``[`` for a pattern.

    >>> literal("dump[1].json")
    'dump[[]1].json'
    """
    return re.sub(r"([*?\[])", r"[\1]", os.fspath(path))


@contextlib.contextmanager
def file_errors() -> Iterator[None]:
    """Turn what DuckDB says of files that it reads or spills to into our errors."""
    try:
        yield
    except duckdb.IOException as error:
        raise StorageError("storage", f"a file of the layer could not be read or written: {error}") from error
    except duckdb.Error as error:
        if type(error) not in (duckdb.Error, duckdb.InvalidInputException):
            raise
        raise FormatError("damaged-table", f"a file of the layer cannot be read: {error}") from error


class Duck:
    """DuckDB in this process; connections are kept, since a new one doubles the latency.

    A connection serves one result at a time: who reads two answers at once has two, and one whose result was
    not read to its end (a limit, a reader that was dropped) is let go of.

    Parameters
    ----------
    memory
        The most that DuckDB may hold before it spills to disk.
    """

    name = "duckdb"

    def __init__(self, *, memory: str = "1GB") -> None:
        self._root = connect(memory=memory)
        self._idle: list[duckdb.DuckDBPyConnection] = []

    def run(self, stages: Sequence[Stage], relations: Mapping[str, Relation]) -> pa.RecordBatchReader:
        """Run stages over named relations and stream what the last one gives."""
        reader: pa.RecordBatchReader | None = None
        for stage in stages:
            if isinstance(stage, Sql):
                cursor = self._idle.pop() if self._idle else self._root.cursor()
                reader = self._kept(cursor, self._sql(cursor, stage, relations, reader))
            elif reader is not None:
                reader = _refine(stage, reader)
        if reader is None:
            raise InternalError("no-stage", "a plan gave no SQL stage to run")
        return reader

    def close(self) -> None:
        """Let go of the connections."""
        for cursor in self._idle:
            cursor.close()
        self._root.close()

    def _kept(self, cursor: duckdb.DuckDBPyConnection, reader: pa.RecordBatchReader) -> pa.RecordBatchReader:
        """Stream a result, and keep its connection once it was read to its end."""

        def batches() -> Iterator[pa.RecordBatch]:
            with file_errors():
                yield from reader
                cursor.unregister(STAGE)  # and with it what the stage before may have left unread
            self._idle.append(cursor)

        return pa.RecordBatchReader.from_batches(reader.schema, batches())

    def _sql(
        self,
        cursor: duckdb.DuckDBPyConnection,
        stage: Sql,
        relations: Mapping[str, Relation],
        previous: pa.RecordBatchReader | None,
    ) -> pa.RecordBatchReader:
        views: dict[str, str] = {}
        for name in {table.name for table in stage.query.find_all(exp.Table)}:
            relation = previous if name == STAGE else relations.get(name)
            if isinstance(relation, Files) and relation.files:
                views[name] = _selection(relation)
            elif relation is not None:
                cursor.register(name, _arrow(relation))
        text = _with(views) + stage.query.sql(dialect="duckdb")
        with file_errors():
            return cursor.sql(text, params=dict(stage.values)).to_arrow_reader(_BATCH_ROWS)


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
    """``read_parquet([...])``; files that lack a newer column give nulls for it."""
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


def _refine(stage: Refine, reader: pa.RecordBatchReader) -> pa.RecordBatchReader:
    """Apply the function to what was fetched; whole, since the next stage's threads may not call Python."""
    schema = pa.schema([field for field in reader.schema if field.name not in stage.drops])
    return pa.Table.from_batches([stage.function(batch) for batch in reader], schema).to_reader()
