"""Private values: read by those who give name and reason, which is written down first; erased everywhere.

Tested by `tests/iaas/records/test_privacy.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, select

from stcloud.errors import Conflict, InvalidInput, StorageError
from stcloud.iaas.records.database import Database
from stcloud.iaas.records.entry import Audit, Erased, PrivateValue
from stcloud.iaas.records.values import check_row

__all__ = ["audited", "erase", "private_of", "readings"]


def private_of(
    database: Database, reader: Audit, *, case: str | None, refs: Sequence[str] | None
) -> list[PrivateValue]:
    """Return private values of a case, or by reference, and write down who read them, in one transaction."""
    _check_audit(reader)
    table = database.tables.private
    if (case is None) == (refs is None):
        raise InvalidInput("bad-scope", "name a case, or references", hint="give one of the two")
    wanted = table.c.case == case if case is not None else table.c.ref.in_(list(refs or ()))
    with database.write("read") as connection:
        rows = connection.execute(select(table).where(wanted).order_by(table.c.case, table.c.ref)).all()
        _write_down(database, connection, [(row.ref, row.case) for row in rows], reader)
    return [PrivateValue(**row._mapping) for row in rows]  # noqa: SLF001 -- SQLAlchemy's public name


def audited(database: Database, refs: Sequence[str], reader: Audit) -> None:
    """Write down that a search has matched private values."""
    _check_audit(reader)
    table = database.tables.private
    with database.write("read") as connection:
        rows = connection.execute(select(table.c.ref, table.c.case).where(table.c.ref.in_(list(refs))))
        _write_down(database, connection, [(row.ref, row.case) for row in rows], reader)


def erase(
    database: Database, by: Audit, *, case: str | None, person: str | None, before_us: int | None
) -> Erased:
    """Remove private values and what they are searched by; then rewrite what is left, so that no byte stays."""
    _check_audit(by)
    table, gram, erasure = database.tables.private, database.tables.gram, database.tables.erasure
    scope, wanted = _scope(table, case=case, person=person, before_us=before_us)
    with database.write("erase in") as connection:
        now_us = database.stamp(connection)
        gone = select(table.c.case, table.c.ref).where(wanted).subquery()
        connection.execute(
            gram.delete().where(
                gram.c.ref != "",
                select(gone.c.ref).where(gone.c.case == gram.c.case, gone.c.ref == gram.c.ref).exists(),
            )
        )
        removed = connection.execute(table.delete().where(wanted)).rowcount
        connection.execute(
            erasure.insert().values(recorded_us=now_us, scope=scope, who=by.who, why=by.why, removed=removed)
        )
    return Erased(removed, _wiped(database))


def _wiped(database: Database) -> bool:
    """Rewrite files without what was erased; returns False where that was refused, which undoes no erasing."""
    try:
        with database.read("erase in") as connection:
            return database.dialect.wipe(connection)
    except (Conflict, StorageError):
        return False


def readings(database: Database) -> list[dict[str, str | int]]:
    """Return who read which private values, when and why, in the order of reading."""
    table = database.tables.reading
    with database.read() as connection:
        rows = connection.execute(select(table).order_by(table.c.recorded_us, table.c.ref)).all()
    return [dict(row._mapping) for row in rows]  # noqa: SLF001 -- SQLAlchemy's public name


def _scope(
    table: Any, *, case: str | None, person: str | None, before_us: int | None
) -> tuple[str, ColumnElement[bool]]:
    """Return how a scope is written down, which names no person, and its condition."""
    given = [
        (f"case {case}", table.c.case == case) if case is not None else None,
        ("a person", table.c.person == person) if person is not None else None,
        (f"before {before_us}", table.c.recorded_us < before_us) if before_us is not None else None,
    ]
    scopes = [scope for scope in given if scope is not None]
    if len(scopes) != 1:
        raise InvalidInput("bad-scope", "name a case, a person or an instant", hint="give one of the three")
    return scopes[0]


def _write_down(
    database: Database, connection: Connection, values: Sequence[tuple[str, str]], reader: Audit
) -> None:
    if values:
        now_us = database.stamp(connection)
        rows = [
            {"recorded_us": now_us, "ref": ref, "case": case, "who": reader.who, "why": reader.why}
            for ref, case in values
        ]
        database.insert(connection, database.tables.reading, rows)


def _check_audit(reader: Audit) -> None:
    check_row({"who": reader.who, "why": reader.why}, "the reader")
    if not reader.who.strip() or not reader.why.strip():
        raise InvalidInput(
            "no-reason", "private values are given to who says his name and why", hint="give both"
        )
