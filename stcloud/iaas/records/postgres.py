"""A log in one schema of a PostgreSQL database, reached with psycopg.

A commit under the lock does not wait for the disk: it is flushed right after, together with the commits of others,
and acknowledged then. So the lock is held shortly, and what is acknowledged is durable. Who reads may see an entry
some milliseconds before; a pin waits for the flush.

A password comes from PGPASSWORD, a password file or the URL given at run time; it is in no address, error or log.

Tested by `tests/iaas/records/test_opening.py` and `tests/reliability/test_records.py`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from select import POLLIN, poll
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Engine,
    Table,
    column,
    create_engine,
    event,
    func,
    literal_column,
    select,
    table,
)
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, DisconnectionError

from stcloud.errors import (
    Conflict,
    FormatError,
    InternalError,
    InvalidInput,
    MissingExtra,
    NotFound,
    StcloudError,
    StorageError,
)
from stcloud.iaas.records.statement import cursor_of
from stcloud.iaas.store.oserror import one_line

try:
    import psycopg
    from psycopg import sql
except ImportError:
    raise MissingExtra(
        "missing-postgres", "records on PostgreSQL need psycopg", hint="pip install 'stcloud[postgres]'"
    ) from None

__all__ = ["Postgres"]

_WAIT_S = 30
_SETTINGS = (
    "SET synchronous_commit = off",
    f"SET lock_timeout = '{_WAIT_S}s'",
    f"SET idle_in_transaction_session_timeout = '{_WAIT_S}s'",
    "SET client_encoding = 'UTF8'",
)
_COMMIT = "COMMIT; SELECT set_config('synchronous_commit', 'on', true), pg_logical_emit_message(true, 'stcloud', '')"
_NOW = "(extract(epoch from clock_timestamp()) * 1000000)::bigint"
_STATES = {
    "53100": ("disk-full", "no space is left"),
    "25006": ("read-only", "the database is read-only"),
    "42501": ("no-permission", "the user may not"),
    "28P01": ("no-permission", "user or password are refused"),
    "28000": ("no-permission", "the user is refused"),
    "53300": ("connection-lost", "the server has no connection left"),
}
_DAMAGED = {"42P01", "42703", "3F000", "XX001", "XX002"}
_LOCKED = {"55P03", "40001", "40P01", "57014"}
_GONE = {"08", "25", "57"}
_AGAIN = "try again: an entry of the same id is not written twice"
_HOST = re.compile(r"[\w.:,%-]*")
_SECRETS = ("password", "sslpassword")
_HINT = "write postgresql://user@host:port/database"
_TABLES = table("tables", column("table_schema"), column("table_name"), schema="information_schema")


class Postgres:
    """One schema."""

    errors = (psycopg.Error,)

    def __init__(self, url: str, name: str) -> None:
        self._url = _parsed(url)
        self.schema = f"stcloud_{name}"
        self._key = int.from_bytes(hashlib.sha256(self.schema.encode()).digest()[:8], signed=True)
        self._engine = create_engine(
            self._url, isolation_level="AUTOCOMMIT", pool_size=8, max_overflow=24, hide_parameters=True,
            connect_args={} if "connect_timeout" in self._url.query else {"connect_timeout": 10},
        )  # fmt: skip
        event.listen(self._engine, "connect", _prepare)
        event.listen(self._engine, "checkout", _require_alive)

    def prepare(self) -> None:
        """Do nothing: the schema is created with its tables."""

    @property
    def address(self) -> str:
        """URL without password."""
        kept = {name: value for name, value in self._url.query.items() if name not in _SECRETS}
        parts = (self._url.username, None, self._url.host, self._url.port, self._url.database)
        return URL.create("postgresql", *parts, kept).render_as_string(hide_password=True)

    @property
    def engine(self) -> Engine:
        """Pool of connections."""
        return self._engine

    def begin(self, connection: Connection, *, flush: bool = False) -> None:  # noqa: ARG002 -- always
        """Begin a transaction under the schema's lock, in one round trip.

        Every statement must see what was committed before the lock was taken, whatever the server's default.
        """
        cursor_of(connection).execute(
            f"BEGIN ISOLATION LEVEL READ COMMITTED; SELECT pg_advisory_xact_lock({self._key})"
        )

    def commit(self, connection: Connection) -> None:
        """Commit, which gives the lock to the next; then wait until it is flushed, together with others."""
        cursor_of(connection).execute(_COMMIT)

    def together(self, connection: Connection) -> AbstractContextManager[object]:
        """Send statements without waiting for the answer to each, for others wait for the lock meanwhile."""
        raw = connection.connection.driver_connection
        assert isinstance(raw, psycopg.Connection)  # noqa: S101 -- for the type
        return raw.pipeline() if psycopg.Pipeline.is_supported() else nullcontext()

    def end(self, connection: Connection) -> None:
        """Undo what was not committed."""
        raw = connection.connection.driver_connection
        if isinstance(raw, psycopg.Connection) and not raw.closed:
            raw.rollback()

    def now(self) -> ColumnElement[int]:
        """Return the server's present instant."""
        return literal_column(_NOW, BigInteger)

    def latest(self, left: ColumnElement[int], right: ColumnElement[int]) -> ColumnElement[int]:
        """Return the later of two instants."""
        return func.greatest(left, right)

    def clock_values(self) -> dict[str, int]:
        """Return nothing: the server has a clock."""
        return {}

    def copy(self, connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> bool:
        """Insert rows with COPY."""
        names = [column.name for column in table.columns]
        target = sql.Identifier(self.schema, table.name)
        columns = sql.SQL(", ").join(map(sql.Identifier, names))
        raw = connection.connection.driver_connection
        assert isinstance(raw, psycopg.Connection)  # noqa: S101 -- for the type
        with (
            raw.cursor() as cursor,
            cursor.copy(sql.SQL("COPY {} ({}) FROM STDIN").format(target, columns)) as copy,
        ):
            for row in rows:
                copy.write_row([row[name] for name in names])
        return True

    def exists(self) -> bool:
        """Return True: only the server knows, and is asked for the format."""
        return True

    def is_whole(self, connection: Connection) -> bool:  # noqa: ARG002
        """Return whether a file is as it was written; a server checks what it reads itself."""
        return True

    def create(self, connection: Connection) -> bool:
        """Create the schema."""
        if self.format(connection) is not None:
            return False
        connection.exec_driver_sql(f'CREATE SCHEMA IF NOT EXISTS "{self.schema}"')
        return True

    def format(self, connection: Connection) -> int | None:
        """Return the number of the log's format; None: there is no schema, or nothing in it."""
        names = set(
            connection.scalars(select(_TABLES.c.table_name).where(_TABLES.c.table_schema == self.schema))
        )
        if not names:
            return None
        if not {"about", "entry", "summary"} <= names:
            raise FormatError(
                "foreign-records",
                f"schema {self.schema} of {self.address} is no log of stcloud's",
                hint="choose another name",
            )
        statement = f'SELECT max(format) FROM "{self.schema}"."about"'  # noqa: S608 -- a checked name
        return int(connection.exec_driver_sql(statement).scalar_one() or 0)

    def wipe(self, connection: Connection) -> bool:
        """Write the tables anew that held what was erased; the server's own log and copies keep it for their time."""
        connection.exec_driver_sql(f'VACUUM (FULL) "{self.schema}"."private", "{self.schema}"."gram"')
        return True

    def refusal(self, error: BaseException, doing: str) -> StcloudError | None:
        """Return what an error of PostgreSQL is here; None: rows violate a key.

        No text of the server is repeated: it may quote a value.
        """
        origin = error.orig if isinstance(error, DBAPIError) else error
        if isinstance(origin, psycopg.IntegrityError):
            return None
        state = getattr(origin, "sqlstate", None) or ""
        place = f"{self.schema} of {self.address}"
        if state in _DAMAGED:
            return FormatError("damaged-records", f"{place} is damaged or was removed")
        if state in _LOCKED:
            text = f"another writer held {place} for longer than {_WAIT_S} s"
            return Conflict("locked", text, hint="try again when it is done")
        if not state and isinstance(origin, psycopg.OperationalError):
            return self._unreachable(f"could not {doing} {place}", one_line(origin))
        return _storage(state, f"could not {doing} {place}", origin)

    def _unreachable(self, failed: str, text: str) -> StcloudError:
        """Return the error of a connection that cannot be made, or broke; the client's text has no values."""
        for secret in (self._url.password, *(self._url.query.get(name) for name in _SECRETS)):
            if secret:
                text = text.replace(str(secret), "***")
        if "database" in text and "does not exist" in text:
            return NotFound("no-records", f"{failed}: there is no such database")
        if "authentication failed" in text or "pg_hba.conf" in text:
            return StorageError("no-permission", f"{failed}: {text}")
        return StorageError("connection-lost", f"{failed}: {text}", hint=_AGAIN)


def _storage(state: str, failed: str, origin: object) -> StcloudError:
    """Return the error of a server that refuses."""
    if state in _STATES:
        kind, text = _STATES[state]
        return StorageError(kind, f"{failed}: {text}")
    if state[:2] in _GONE:
        return StorageError("connection-lost", f"{failed}: the server ended the connection", hint=_AGAIN)
    return InternalError("records", f"{failed}: {type(origin).__name__} {state}".strip())


def _parsed(url: str) -> URL:
    try:
        parts = make_url(url)
    except (ArgumentError, ValueError):
        raise InvalidInput("bad-address", "this is no address of a PostgreSQL database", hint=_HINT) from None
    if parts.host is not None and not _HOST.fullmatch(parts.host):
        raise InvalidInput("bad-address", "its host is no name of a machine", hint=_HINT)
    if parts.drivername not in ("postgresql", "postgres", "postgresql+psycopg"):
        raise InvalidInput(
            "bad-address", f"{parts.drivername!r} is no kind of database for records", hint=_HINT
        )
    return parts.set(drivername="postgresql+psycopg")


def _prepare(connection: Any, _record: object) -> None:
    """Set what a session promises: acknowledged is durable, and who stops in the middle does not stop others."""
    was, connection.autocommit = connection.autocommit, True
    connection.execute("; ".join(_SETTINGS))
    connection.autocommit = was


def _has_something(descriptor: int) -> bool:
    """Return whether there is something to read; `select` would refuse descriptors from 1,024 on."""
    waiting = poll()
    waiting.register(descriptor, POLLIN)
    return bool(waiting.poll(0))


def _require_alive(connection: Any, _record: object, _proxy: object) -> None:
    """Refuse a connection that the server has closed: it has something to read while nothing was sent."""
    if connection.closed or _has_something(connection.fileno()):
        raise DisconnectionError
