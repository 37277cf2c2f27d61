"""Connections to one log's database: reads, and transactions under the log's one lock.

Tested by `tests/iaas/records/test_opening.py` and `tests/reliability/test_records.py`.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

from sqlalchemy import Connection, Table, select
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from stcloud.errors import Conflict, InvalidInput
from stcloud.iaas.records.dialect import Dialect
from stcloud.iaas.records.schema import tables_of
from stcloud.iaas.records.statement import SqlStatements

__all__ = ["Database", "KeyTaken"]

_SETTLED_US = 60_000_000  # after so long every system has written what it kept in memory
_COPIED = 50  # rows from which a copy may be faster than a statement for each


class KeyTaken(Exception):
    """Rows violate a key: another writer was faster, or the caller wrote them before."""


class Database:
    """One log's tables and the way to them."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self.tables = tables_of(dialect.schema)
        self.statements = SqlStatements(self.tables, dialect.engine, dialect.latest, dialect.now())
        self._held = threading.local()

    def prepare(self) -> None:
        """Make the place where a log is to be created."""
        with self._refusals("create"):
            self.dialect.prepare()

    def format(self) -> int | None:
        """Return the number of the log's format; None: there is no log."""
        if not self.dialect.exists():
            return None
        with self.read("open") as connection:
            return self.dialect.format(connection)

    @contextlib.contextmanager
    def read(self, doing: str = "read") -> Iterator[Connection]:
        """Give a connection on which every statement is one round trip and sees what is committed."""
        with self._refusals(doing), self._connected() as connection:
            yield connection

    @contextlib.contextmanager
    def hold(self) -> Iterator[None]:
        """Let all that this thread reads and writes meanwhile go over one connection of the pool."""
        if self._connection is not None:
            yield
            return
        with self._refusals("read"):
            connection = self.dialect.engine.connect()
        self._held.connection = connection
        try:
            yield
        finally:
            self._held.connection = None
            connection.close()

    @property
    def _connection(self) -> Connection | None:
        """The connection that this thread holds; None: it takes one for each read or transaction."""
        return getattr(self._held, "connection", None)

    @contextlib.contextmanager
    def _connected(self) -> Iterator[Connection]:
        held = self._connection
        if held is not None:
            yield held
            return
        with self.dialect.engine.connect() as connection:
            yield connection

    @contextlib.contextmanager
    def write(self, doing: str = "write to", *, flush: bool = False) -> Iterator[Connection]:
        """Give a connection in a transaction under the log's lock; commits at the end, undoes after an error.

        Raises
        ------
        KeyTaken
            Rows violate a key.
        """
        with self._refusals(doing), self._begun(flush=flush) as connection:
            try:
                yield connection
                self.dialect.commit(connection)
            finally:
                self.dialect.end(connection)

    @contextlib.contextmanager
    def _begun(self, *, flush: bool) -> Iterator[Connection]:
        """Give a connection that has the lock; a connection that broke while it lay idle is replaced once."""
        with self._connected() as connection:
            try:
                self.dialect.begin(connection, flush=flush)
            except DBAPIError as error:
                if not error.connection_invalidated:
                    raise
                connection.invalidate()
                self.dialect.begin(connection, flush=flush)
            yield connection

    @contextlib.contextmanager
    def _refusals(self, doing: str) -> Iterator[None]:
        """Turn errors of drivers into ours; theirs may quote values, so that they are not chained."""
        try:
            yield
        except PoolTimeout:
            raise Conflict(
                "locked", f"too many at once read or write {self.dialect.address}", hint="try again"
            ) from None
        except SQLAlchemyError as error:
            self._refuse(error, doing)
        except UnicodeEncodeError:
            raise InvalidInput("bad-value", "a text has half a character in it") from None
        except self.dialect.errors as error:
            self._refuse(error, doing)

    def _refuse(self, error: BaseException, doing: str) -> NoReturn:
        refusal = self.dialect.refusal(error, doing)
        if refusal is None:
            raise KeyTaken from None
        raise refusal from None

    def stamp(self, connection: Connection, count: int = 1) -> int:
        """Return the first of so many instants after every one that was ever stamped or evaluated; under the lock."""
        values = {"count": count, **self.dialect.clock_values()}
        return int(self.statements.stamp.run(connection, values).fetchone()[0]) - count + 1

    def insert(self, connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
        """Insert rows with all columns, many as fast as the database takes them."""
        if not rows:
            return
        if len(rows) < _COPIED or not self.dialect.copy(connection, table, rows):
            self.statements.inserts[table.name].run_many(connection, rows)

    def together(
        self, connection: Connection, *inserted: Sequence[dict[str, Any]]
    ) -> contextlib.AbstractContextManager[object]:
        """Send a few statements together, where the database takes them so; what many rows need goes by itself."""
        if any(len(rows) >= _COPIED for rows in inserted):
            return contextlib.nullcontext()
        return self.dialect.together(connection)

    def watermark(self, connection: Connection) -> int:
        """Return the greatest instant that was stamped or evaluated."""
        return int(connection.execute(self.tables.about.select()).one().watermark_us)

    def present(self, connection: Connection) -> int:
        """Return the present instant by the log's clock, never before its watermark."""
        about, dialect = self.tables.about, self.dialect
        statement = select(dialect.latest(about.c.watermark_us, dialect.now()))
        return int(connection.execute(statement, dialect.clock_values()).scalar_one())

    def is_settled(self, instant_us: int) -> bool:
        """Return whether an instant was stamped or evaluated so long ago that it is on the disk."""
        with self.read("pin") as connection:
            return instant_us <= min(self.watermark(connection), self.present(connection) - _SETTLED_US)

    def pin(self, instant_us: int | None) -> int:
        """Let nothing be stamped at or before an instant any more, None: the present; return the instant.

        All that was recorded until then is on the disk afterwards.
        """
        about = self.tables.about
        with self.write("pin", flush=True) as connection:
            now_us = self.present(connection)
            pinned_us = now_us if instant_us is None else instant_us
            if pinned_us > now_us:
                raise InvalidInput(
                    "future-instant",
                    f"instant {pinned_us} is {pinned_us - now_us} µs after now",
                    hint="what will be recorded is not known yet",
                )
            raised = max(pinned_us, self.watermark(connection))
            connection.execute(about.update().values(watermark_us=raised))
        return pinned_us
