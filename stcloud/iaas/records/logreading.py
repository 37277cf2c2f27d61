"""Reads of logs: one case's entries, all logs as Arrow, what was recorded since.

No read of all entries holds a transaction open: a page begins after the last row of the page before, and what was
recorded until a pinned instant does not change meanwhile.

Tested by `tests/iaas/records/test_logreading.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import ColumnElement, Integer, bindparam, case, literal_column, or_, select, tuple_

from stcloud.errors import InvalidInput
from stcloud.iaas.records.database import Database
from stcloud.iaas.records.entry import CaseSummary, Entry, Medium
from stcloud.iaas.records.recordrows import entry_of, summary_of
from stcloud.iaas.records.statement import DriverCursor, SqlStatement

__all__ = [
    "ENTRY_TYPES",
    "cases_stating",
    "entry_of_id",
    "linked",
    "log",
    "logs",
    "logs_of",
    "media",
    "recorded",
    "summary",
    "whole_logs",
]

_AT_ONCE = 500
_FETCHED = 500  # fewer tuples than set the collector of garbage going

ENTRY_TYPES = {
    "case": pa.string(), "seq": pa.int32(), "id": pa.string(), "name": pa.string(), "happened_us": pa.int64(),
    "recorded_us": pa.int64(), "actor": pa.string(), "role": pa.string(), "post": pa.string(),
    "department": pa.string(), "lon": pa.float64(), "lat": pa.float64(), "fields": pa.string(),
}  # fmt: skip
"""Columns of entries in Arrow; ``fields`` is canonical JSON."""


def log(database: Database, case: str, until_us: int | None) -> list[Entry]:
    """Return a case's entries in order, recorded until an instant; one round trip."""
    statements = database.statements
    with database.read() as connection:
        if until_us is None:
            rows = statements.log.run(connection, {"case": case})
        else:
            rows = statements.log_until.run(connection, {"case": case, "until_us": until_us})
        return [entry_of(row) for row in rows.fetchall()]


def summary(database: Database, number: str) -> CaseSummary | None:
    """Return a case's present summary; None: there is no such case."""
    table = database.tables.summary
    with database.read() as connection:
        row = connection.execute(select(table).where(table.c.number == number)).one_or_none()
    return None if row is None else summary_of(row)


def logs_of(database: Database, cases: Iterable[str]) -> Iterator[Entry]:
    """Yield the entries of some cases, by case and number."""
    table, numbers = database.tables.entry, sorted(set(cases))
    for start in range(0, len(numbers), _AT_ONCE):
        chosen = table.c.case.in_(numbers[start : start + _AT_ONCE])
        with database.read() as connection:
            rows = connection.execute(select(table).where(chosen).order_by(table.c.case, table.c.seq)).all()
        yield from map(entry_of, rows)


def cases_stating(database: Database, names: Sequence[str], after_us: int) -> list[str]:
    """Return the cases that an entry after their first one states a field for, recorded after an instant."""
    table = database.tables.entry
    stated = or_(*(table.c.fields.contains(f'"{name}":', autoescape=True) for name in names))
    later = (table.c.recorded_us > after_us) & (table.c.seq > 1)
    with database.read() as connection:  # not ordered, so that the index of instants is used
        return sorted(set(connection.execute(select(table.c.case).where(later, stated)).scalars()))


def entry_of_id(database: Database, id_: str) -> Entry | None:
    """Return the entry of an id; None: there is none."""
    with database.read() as connection:
        row = database.statements.entry_of_id.run(connection, {"id": id_}).fetchone()
    return None if row is None else entry_of(row)


def linked(database: Database, case: str) -> list[str]:
    """Return the numbers of the cases that are linked to a case."""
    with database.read() as connection:
        rows = database.statements.links.run(connection, {"link": case}).fetchall()
    return [row[0] for row in rows]


def media(database: Database, case: str) -> list[Medium]:
    """Return a case's media by number of entry."""
    table = database.tables.media
    order = (table.c.seq, table.c.use, table.c.digest)
    with database.read() as connection:
        rows = connection.execute(select(table).where(table.c.case == case).order_by(*order)).all()
    return [Medium(**row._mapping) for row in rows]  # noqa: SLF001 -- SQLAlchemy's public name


def logs(
    database: Database, until_us: int, columns: Sequence[str] | None, rows: int
) -> Iterator[pa.RecordBatch]:
    """Yield all entries that were recorded until an instant, by case and number."""
    within = database.tables.entry.c.recorded_us <= bindparam("until_us")
    yield from _pages(database, _named(columns), ("case", "seq"), within, {"until_us": until_us}, rows)


def whole_logs(
    database: Database, until_us: int, columns: Sequence[str] | None, rows: int
) -> Iterator[pa.RecordBatch]:
    """Yield what `logs` yields, with all entries of a case in one batch."""
    names = _named(columns)
    kept: list[pa.RecordBatch] = []
    for page in logs(database, until_us, ["case", *(name for name in names if name != "case")], rows):
        start = _start_of_last(page.column("case"))
        if start or (kept and kept[-1].column("case")[-1] != page.column("case")[0]):
            yield pa.concat_batches([*kept, page.slice(0, start)]).select(names)
            kept = []
        kept.append(page.slice(start))
    if kept:
        yield pa.concat_batches(kept).select(names)


def _start_of_last(cases: pa.StringArray) -> int:
    """Return the first row of the last case."""
    last = len(cases) - 1
    lower, upper = 0, last  # cases are in order
    while lower < upper:
        middle = (lower + upper) // 2
        if cases[middle].as_py() == cases[last].as_py():
            upper = middle
        else:
            lower = middle + 1
    return lower


def recorded(
    database: Database, after_us: int, until_us: int, columns: Sequence[str] | None, rows: int
) -> Iterator[pa.RecordBatch]:
    """Yield the entries that were recorded after an instant, until another, in the order of recording."""
    entry = database.tables.entry
    within = (entry.c.recorded_us > bindparam("after_us")) & (entry.c.recorded_us <= bindparam("until_us"))
    bounds = {"after_us": after_us, "until_us": until_us}
    yield from _pages(database, _named(columns), ("recorded_us",), within, bounds, rows)


def _named(columns: Sequence[str] | None) -> list[str]:
    names = [*(ENTRY_TYPES if columns is None else columns)]
    unknown = [name for name in names if name not in ENTRY_TYPES]
    if unknown:
        raise InvalidInput(
            "unknown-column",
            f"entries have no column {unknown[0]!r}",
            hint="they have " + ", ".join(ENTRY_TYPES),
        )
    return names


def _pages(
    database: Database,
    names: list[str],
    key_names: tuple[str, ...],
    within: ColumnElement[bool],
    bounds: Mapping[str, int],
    rows: int,
) -> Iterator[pa.RecordBatch]:
    """Yield pages of rows; drivers give plain tuples, as SQLAlchemy's rows take longer than all else here."""
    table, engine = database.tables.entry, database.dialect.engine
    read = [*names, *(name for name in key_names if name not in names)]
    order = [table.c[name] for name in key_names]
    by_case = key_names == ("case", "seq")
    columns: dict[str, ColumnElement[Any]] = {name: table.c[name] for name in read}
    if by_case:  # a number is read once for all entries of its case: texts are what takes long
        columns["case"] = case((table.c.seq == literal_column("1", Integer()), table.c.case)).label("case")
    statement = select(*columns.values()).where(within).order_by(*order)
    statement = statement.limit(literal_column(str(rows), Integer())).offset(literal_column("0", Integer()))
    last = tuple_(*(bindparam(f"last_{name}", type_=table.c[name].type) for name in key_names))
    first, following = SqlStatement(statement, engine), None
    values: dict[str, Any] = dict(bounds)
    while True:
        with database.read() as connection:
            page = _page((following or first).run(connection, values), read)
        if not page.num_rows:
            return
        if by_case:
            page = _with_numbers(page, values.get("last_case"))
        yield page.select(names)
        if page.num_rows < rows:
            return
        following = following or SqlStatement(statement.where(tuple_(*order) > last), engine)
        values |= {f"last_{name}": page.column(name)[-1].as_py() for name in key_names}


def _with_numbers(page: pa.RecordBatch, before: str | None) -> pa.RecordBatch:
    """Return a page with the number of the case in each row; ``before`` is that of the row before the page."""
    numbers = pa.concat_arrays([pa.array([before], pa.string()), page.column("case")])
    place = page.schema.get_field_index("case")
    return page.set_column(place, page.schema.field(place), pc.fill_null_forward(numbers).slice(1))


def _page(cursor: DriverCursor, names: list[str]) -> pa.RecordBatch:
    """Return all rows of a cursor, a few at a time: the collector of garbage goes through lists of many tuples."""
    schema = pa.schema([(name, ENTRY_TYPES[name]) for name in names])
    parts = []
    while rows := cursor.fetchmany(_FETCHED):
        columns = zip(zip(*rows, strict=True), schema.types, strict=True)
        parts.append(pa.record_batch([pa.array(values, kind) for values, kind in columns], schema=schema))
    return pa.concat_batches(parts) if parts else pa.record_batch([[] for _ in names], schema=schema)
