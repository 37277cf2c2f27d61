"""A log in one file of SQLite, write-ahead logged.

A commit is flushed to the disk when the last flush is older than half a second: at the pace of people every action
is durable when it is acknowledged. In a burst, commits between two flushes survive the death of the process, but a
loss of power may take those since the last flush; the file stays whole. A pin flushes.
``durable`` flushes every commit, which a disk does some hundred times a second.

Tested by `tests/iaas/records/test_opening.py` and `tests/reliability/test_records.py`.
"""

from __future__ import annotations

import errno
import os
import sqlite3
import threading
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Engine,
    QueuePool,
    Table,
    bindparam,
    create_engine,
    func,
)
from sqlalchemy.exc import DBAPIError, IntegrityError

from stcloud.errors import Conflict, FormatError, InternalError, StcloudError, StorageError
from stcloud.iaas.clock import Clock
from stcloud.iaas.records.statement import cursor_of
from stcloud.iaas.store.oserror import storage_errors

__all__ = ["WAIT_S", "SQLite"]

_APPLICATION = 0x53744372  # "StCr": PRAGMA application_id of our files
WAIT_S = 30.0
"""How long a writer waits for those before it."""
_FLUSH_S = 0.5
_PAUSE_S = 0.005
_READERS_MS = 3_000  # how long an erasure waits for who reads
_PRAGMAS = (
    "secure_delete=ON",
    "foreign_keys=ON",
    "synchronous=FULL",
    "cache_size=-16384",
    "wal_autocheckpoint=4000",
)
_KINDS = {
    sqlite3.SQLITE_FULL: ("disk-full", os.strerror(errno.ENOSPC)),
    sqlite3.SQLITE_READONLY: ("read-only", os.strerror(errno.EROFS)),
    sqlite3.SQLITE_PERM: ("no-permission", os.strerror(errno.EACCES)),
    sqlite3.SQLITE_CANTOPEN: ("storage", "it cannot be opened"),
}
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_DAMAGES = ("no such table", "Could not decode", "malformed database schema", "unsupported file format")
"""What SQLite, or Python, says of damage without a code of its own."""


class SQLite:
    """One file."""

    schema = None
    errors = (sqlite3.Error,)

    def __init__(self, path: Path, *, clock: Clock, durable: bool = False) -> None:
        self._path = path
        self._clock = clock
        self._wait_s = WAIT_S
        self._every = durable
        self._flushed_s = float("-inf")
        self._turn = threading.Lock()
        self._engine = create_engine(
            "sqlite+pysqlite://", creator=self._connect, poolclass=QueuePool, pool_size=8, max_overflow=56,
            hide_parameters=True,
        )  # fmt: skip

    def prepare(self) -> None:
        """Make an empty file that will be write-ahead logged, unless there is something at its path."""
        with storage_errors(f"create {self._path}"):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.touch()
            empty = self._path.stat().st_size == 0
        if empty:
            with self._engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA journal_mode=WAL")

    @property
    def address(self) -> str:
        """Path of the file."""
        return str(self._path)

    @property
    def engine(self) -> Engine:
        """Pool of connections."""
        return self._engine

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"file:{quote(os.fspath(self._path.absolute()))}?{self._mode()}", uri=True, timeout=self._wait_s,
            isolation_level=None, check_same_thread=False, cached_statements=256,
        )  # fmt: skip
        try:
            for pragma in _PRAGMAS:
                connection.execute(f"PRAGMA {pragma}")
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    def _mode(self) -> str:
        """Return how the file is opened: where the file system is read-only, as one that nobody changes."""
        log = self._path.with_name(f"{self._path.name}-wal")
        with storage_errors(f"open {self._path}"):
            frozen = bool(os.statvfs(self._path).f_flag & os.ST_RDONLY)
            pending = log.exists() and log.stat().st_size > 0
        if not frozen:
            return "mode=rw"
        return "mode=ro" if pending else "mode=ro&immutable=1"

    def begin(self, connection: Connection, *, flush: bool = False) -> None:
        """Begin a transaction under the lock of the file.

        Threads of this process queue in order. Processes try again after a few milliseconds: SQLite itself lets who
        waits longer sleep longer, so that he starves where many write.
        """
        if not self._turn.acquire(timeout=self._wait_s):
            raise self._locked()
        try:
            due = flush or self._every or time.monotonic() - self._flushed_s > _FLUSH_S
            if connection.info.get("flushes") is not due:
                cursor_of(connection).execute(f"PRAGMA synchronous={'FULL' if due else 'NORMAL'}")
                connection.info["flushes"] = due
            self._take_turn(connection)
        except BaseException:
            self._turn.release()
            raise

    def _take_turn(self, connection: Connection) -> None:
        cursor, pause_s = cursor_of(connection), 0.001
        deadline_s = time.monotonic() + self._wait_s
        cursor.execute("PRAGMA busy_timeout=0")
        try:
            while True:
                try:
                    cursor.execute("BEGIN IMMEDIATE")
                except sqlite3.OperationalError as error:
                    if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline_s:
                        raise
                else:
                    return
                time.sleep(pause_s)
                pause_s = min(2 * pause_s, _PAUSE_S)
        finally:
            cursor.execute(f"PRAGMA busy_timeout={self._wait_s * 1000:.0f}")

    def commit(self, connection: Connection) -> None:
        """Commit, and flush when it is time."""
        cursor_of(connection).execute("COMMIT")
        if connection.info["flushes"]:
            self._flushed_s = time.monotonic()

    def together(self, connection: Connection) -> AbstractContextManager[object]:  # noqa: ARG002
        """Do nothing: a statement takes no way."""
        return nullcontext()

    def end(self, connection: Connection) -> None:
        """Undo what was not committed, and let the next thread begin."""
        try:
            raw = connection.connection.driver_connection
            if isinstance(raw, sqlite3.Connection) and raw.in_transaction:
                raw.rollback()
        finally:
            self._turn.release()

    def now(self) -> ColumnElement[int]:
        """Return the clock's present instant."""
        return bindparam("now_us", type_=BigInteger)

    def clock_values(self) -> dict[str, int]:
        """Return the clock's present instant."""
        return {"now_us": self._clock()}

    def latest(self, left: ColumnElement[int], right: ColumnElement[int]) -> ColumnElement[int]:
        """Return the later of two instants."""
        return func.max(left, right)

    def copy(self, connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> bool:  # noqa: ARG002
        """Return False: nothing is faster than one prepared statement."""
        return False

    def exists(self) -> bool:
        """Return whether there is a file."""
        with storage_errors(f"open {self._path}"):
            return self._path.exists()

    def is_whole(self, connection: Connection) -> bool:
        """Return whether the file is as SQLite wrote it, as far as can be told; what was cut off reads as zeros."""
        pages, bytes_ = (
            int(connection.exec_driver_sql(f"PRAGMA {name}").scalar_one())
            for name in ("page_count", "page_size")
        )
        if self._path.stat().st_size % bytes_ or not pages:
            return False
        return bool(connection.exec_driver_sql("PRAGMA integrity_check(1)").scalar_one() == "ok")

    def create(self, connection: Connection) -> bool:
        """Give an empty file its identity."""
        if self.format(connection) is not None:
            return False
        connection.exec_driver_sql(f"PRAGMA application_id={_APPLICATION}")
        return True

    def format(self, connection: Connection) -> int | None:
        """Return the number of the file's format; None: the file is empty."""
        identity = connection.exec_driver_sql("PRAGMA application_id").scalar_one()
        tables = connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar_one()
        if identity == 0 and tables == 0:
            return None
        if identity != _APPLICATION:
            raise FormatError(
                "foreign-records", f"{self.address} is no log of stcloud's", hint="choose another name"
            )
        return int(connection.exec_driver_sql('SELECT max(format) FROM "about"').scalar_one() or 0)

    def wipe(self, connection: Connection) -> bool:
        """Write the file anew without what was erased, and empty the write-ahead log."""
        connection.exec_driver_sql("VACUUM")
        connection.exec_driver_sql(f"PRAGMA busy_timeout={_READERS_MS}")
        try:
            busy = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()[0]
        finally:
            connection.exec_driver_sql(f"PRAGMA busy_timeout={self._wait_s * 1000:.0f}")
        return not busy

    def refusal(self, error: BaseException, doing: str) -> StcloudError | None:
        """Return what an error of SQLite is here; None: rows violate a key."""
        if isinstance(error, IntegrityError | sqlite3.IntegrityError):
            return None
        origin = error.orig if isinstance(error, DBAPIError) else error
        code = getattr(origin, "sqlite_errorcode", sqlite3.SQLITE_INTERNAL) & 0xFF
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return self._locked()
        if code in _DAMAGED or any(words in str(origin) for words in _DAMAGES):
            return FormatError(
                "damaged-records",
                f"{self.address} is damaged, or no log of stcloud's",
                hint="restore it from a copy",
            )
        if code in _KINDS:
            kind, text = _KINDS[code]
            return StorageError(kind, f"could not {doing} {self.address}: {text}")
        if code == sqlite3.SQLITE_IOERR:
            return StorageError("storage", f"could not {doing} {self.address}: the disk refused")
        return InternalError("records", f"could not {doing} {self.address}: {type(origin).__name__} {code}")

    def _locked(self) -> Conflict:
        return Conflict(
            "locked",
            f"another writer held {self.address} for longer than {self._wait_s:g} s",
            hint="try again when it is done",
        )
