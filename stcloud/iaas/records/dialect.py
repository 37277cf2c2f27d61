"""What the two databases do differently: lock, clock, bulk insert, errors. All else is one code path.

Tested by `tests/iaas/records/test_opening.py` and `tests/iaas/records/test_appending.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from sqlalchemy import ColumnElement, Connection, Engine, Table

from stcloud.errors import StcloudError

__all__ = ["Dialect"]


class Dialect(Protocol):
    """One log's database.

    Connections commit every statement by themselves; a transaction is begun and ended in SQL, so that a read is one
    round trip and the lock is taken together with the beginning.
    """

    @property
    def address(self) -> str:
        """Where the log lies, without a password: it may be shown and kept."""

    @property
    def schema(self) -> str | None:
        """Schema of the log's tables."""

    @property
    def engine(self) -> Engine:
        """Pool of connections."""

    @property
    def errors(self) -> tuple[type[BaseException], ...]:
        """Classes of the driver's own errors."""

    def prepare(self) -> None:
        """Make the place where a log is to be created."""

    def begin(self, connection: Connection, *, flush: bool = False) -> None:
        """Begin a transaction under the log's one lock: waits for the writers before it.

        ``flush``: the commit is to be durable, and all before it, whatever `Records` promises of others.
        """

    def commit(self, connection: Connection) -> None:
        """Commit; returns when the transaction is as durable as `Records` promises."""

    def together(self, connection: Connection) -> AbstractContextManager[object]:
        """Send statements together, where the database takes them so; they have run, or failed, at the end."""

    def end(self, connection: Connection) -> None:
        """Undo what was begun and not committed."""

    def now(self) -> ColumnElement[int]:
        """Return the present instant as an expression, of the server or of `clock_values`."""

    def clock_values(self) -> dict[str, int]:
        """Return the values that `now` needs: the present instant, where the database has no clock of its own."""

    def latest(self, left: ColumnElement[int], right: ColumnElement[int]) -> ColumnElement[int]:
        """Return the later of two instants."""

    def copy(self, connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> bool:
        """Insert many rows with all columns; returns False where nothing is faster than a statement for each."""

    def exists(self) -> bool:
        """Return whether there may be a log."""

    def is_whole(self, connection: Connection) -> bool:
        """Return whether a file is as it was written; a server checks what it reads itself."""

    def create(self, connection: Connection) -> bool:
        """Make ready for the tables, within a transaction; returns False where there is something already."""

    def format(self, connection: Connection) -> int | None:
        """Return the number of the log's format; None: there is nothing.

        Raises
        ------
        FormatError
            ``foreign-records``: it was written by something else.
        """

    def wipe(self, connection: Connection) -> bool:
        """Remove the bytes of erased rows from the files; returns False where a reader is in the way."""

    def refusal(self, error: BaseException, doing: str) -> StcloudError | None:
        """Return what an error of the driver is here, without any value of a row; None: rows violate a key."""
