"""SQL that is built and compiled once for a database, and run many times.

SQLAlchemy takes longer to build, compare and bind a statement than SQLite to run it: it writes the SQL, and the
driver runs it.

Tested by `tests/iaas/records/test_appending.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from sqlalchemy import ClauseElement, Connection, Engine, bindparam, func, literal_column, select

from stcloud.iaas.records.schema import Tables

__all__ = ["DriverCursor", "SqlStatement", "SqlStatements", "cursor_of"]

Values = Mapping[str, Any]


class DriverCursor(Protocol):
    """What the cursors of both drivers have."""

    @property
    def rowcount(self) -> int:
        """How many rows a statement changed."""

    def execute(self, statement: str, values: Any = ..., /) -> object:
        """Run once."""

    def executemany(self, statement: str, rows: Any, /) -> object:
        """Run for each row."""

    def fetchone(self) -> Any:
        """Return the next row."""

    def fetchmany(self, size: int, /) -> Sequence[Any]:
        """Return the next rows."""

    def fetchall(self) -> Sequence[Any]:
        """Return all rows."""


def cursor_of(connection: Connection) -> DriverCursor:
    """Return a cursor of the driver: SQLAlchemy's own adds a multiple of what SQLite takes to run a statement."""
    cursor: DriverCursor = connection.connection.cursor()
    return cursor


class SqlStatement:
    """One statement with values by name; all are text, integers, floats or None, as the drivers take them."""

    __slots__ = ("_names", "_sql")

    def __init__(self, clause: ClauseElement, engine: Engine) -> None:
        compiled = clause.compile(engine)
        self._sql = str(compiled)
        self._names: Sequence[str] | None = compiled.positiontup  # type: ignore[attr-defined]

    def run(self, connection: Connection, values: Values) -> DriverCursor:
        """Run once."""
        cursor = cursor_of(connection)
        cursor.execute(self._sql, self._bound(values))
        return cursor

    def run_many(self, connection: Connection, rows: Sequence[Values]) -> DriverCursor:
        """Run for each row; the cursor knows how many rows were changed, when the statements have run."""
        cursor = cursor_of(connection)
        if len(rows) == 1:
            cursor.execute(self._sql, self._bound(rows[0]))
        else:
            cursor.executemany(self._sql, [self._bound(row) for row in rows])
        return cursor

    def _bound(self, values: Values) -> Any:
        return values if self._names is None else [values[name] for name in self._names]


class SqlStatements:
    """What an action needs."""

    def __init__(self, tables: Tables, engine: Engine, latest: Callable[..., Any], now: Any) -> None:
        about, entry = tables.about, tables.entry
        count = bindparam("count", type_=about.c.watermark_us.type)
        last = latest(about.c.watermark_us + count, now + count - literal_column("1"))
        stamp = about.update().values(watermark_us=last).returning(about.c.watermark_us)
        self.stamp = SqlStatement(stamp, engine)
        log = entry.select().where(entry.c.case == bindparam("case"))
        self.log = SqlStatement(log.order_by(entry.c.seq), engine)
        until = log.where(entry.c.recorded_us <= bindparam("until_us"))
        self.log_until = SqlStatement(until.order_by(entry.c.seq), engine)
        self.entry_of_id = SqlStatement(entry.select().where(entry.c.id == bindparam("id")), engine)
        summary = tables.summary
        self.links = SqlStatement(select(summary.c.number).where(summary.c.link == bindparam("link")), engine)
        self.latest_rule = SqlStatement(select(func.max(tables.rule.c.recorded_us)), engine)
        self.update_summary = SqlStatement(_update_summary(tables), engine)
        gram = tables.gram
        texts = gram.delete().where(gram.c.case == bindparam("case"), gram.c.ref == literal_column("''"))
        self.forget_text = SqlStatement(texts, engine)
        self.inserts = {
            table.name: SqlStatement(table.insert(), engine) for table in tables.metadata.tables.values()
        }


def _update_summary(tables: Tables) -> ClauseElement:
    """Return the update of a case that has the number that is expected; None keeps its text and its report."""
    table = tables.summary
    values: dict[str, Any] = {
        column.name: bindparam(f"new_{column.name}", type_=column.type)
        for column in table.columns
        if column.name != "number"
    }
    values |= {name: func.coalesce(values[name], table.c[name]) for name in ("text", "reported_us")}
    return (
        table.update()
        .values(values)
        .where(table.c.number == bindparam("new_number"), table.c.seq == bindparam("before"))
    )
